// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
package import JSONTypes
package import MCPTypes
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension VirtualServer {
    package func callTool(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let params = try Self.interpreted(params)
        let members = CallMembers(params)
        guard let name = members.name.flatMap({ JSONSlice(valueOf: $0, in: params.bytes).string }),
            let nameRange = members.name
        else { throw .invalidParams("name must be a string") }
        if let arguments = members.arguments, JSONSlice(valueOf: arguments, in: params.bytes).kind != .object {
            throw .invalidParams("arguments must be an object")
        }
        try admit(caller.principal, tool: name)
        guard let route = await tool(named: name, for: caller) else {
            throw .invalidParams("Unknown tool: \(name.bounded(to: 128))")
        }
        if let check = caller.checkParameters, !route.parameterHeaders.fields.isEmpty {
            try check(route.parameterHeaders, members.arguments.map { JSONSlice(valueOf: $0, in: params.bytes) })
        }
        let renamed =
            route.renamed
            ? params.replacing(nameRange.valueStart..<nameRange.valueEnd, with: route.originalNameJSON) : params
        let call = BackendCall(
            method: .toolsCall, target: name, backend: try backend(route.backend), original: route.originalNameJSON,
            params: renamed, isRepeatable: route.readOnly || route.idempotent,
            parameterHeaders: route.parameterHeaders, needsTask: route.taskSupport == .required,
            mayHaveRound: members.hasRound, mayHaveTask: members.hasTask)
        if members.hasTask, caller.revision == .v2025_11_25 { return try await startTask(call, caller: caller) }
        return try await interact(call, caller)
    }

    /// A result may point to resources that no list holds; they must stay readable.
    func rememberLinks(in result: JSONSlice, of backend: String, _ caller: Caller) {
        guard result.bytes.readableBytes < 1 << 20, result.bytes.mentionsResourceLinks else { return }
        guard let content = result["content"] else { return }
        for block in content.elements where block["type"]?.isString("resource_link") == true {
            if let uri = block["uri"]?.string, uri.utf8.count <= 4096 {
                caller.sessions.remember(link: uri, of: backend)
            }
        }
    }
}

/// The members of a tool call that are interpreted here, found in one pass.
private struct CallMembers {
    private(set) var name: JSONMemberRange?
    private(set) var arguments: JSONMemberRange?
    private(set) var hasTask = false
    private(set) var hasRound = false

    init(_ params: JSONSlice) {
        params.bytes.withUnsafeReadableBytes { text in
            JSONSlice.visitMembers(of: text) { range in
                if range.hasKey("name", in: text) {
                    name = range
                } else if range.hasKey("arguments", in: text) {
                    arguments = range
                } else if range.hasKey("task", in: text) {
                    hasTask = true
                } else if range.hasKey("requestState", in: text) || range.hasKey("inputResponses", in: text) {
                    hasRound = true
                }
            }
        }
    }
}

extension ByteBuffer {
    /// Whether `resource_link` occurs; its underscore is rare enough to search for.
    fileprivate var mentionsResourceLinks: Bool {
        withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            let before: StaticString = "resource"
            let after: StaticString = "_link"
            var offset = before.utf8CodeUnitCount
            while offset + after.utf8CodeUnitCount <= bytes.count {
                guard let hit = memchr(base + offset, Int32(UInt8(ascii: "_")), bytes.count - offset) else {
                    return false
                }
                let found = base.distance(to: UnsafeRawPointer(hit))
                if found + after.utf8CodeUnitCount <= bytes.count,
                    memcmp(base + found - before.utf8CodeUnitCount, before.utf8Start, before.utf8CodeUnitCount) == 0,
                    memcmp(base + found, after.utf8Start, after.utf8CodeUnitCount) == 0
                {
                    return true
                }
                offset = found + 1
            }
            return false
        }
    }
}
