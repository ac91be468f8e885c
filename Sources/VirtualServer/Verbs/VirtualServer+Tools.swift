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
        let request = try ToolRequest(params)
        try admit(caller.principal, tool: request.name)
        guard let route = routedAtOnce?.tool(named: request.name) else { return try await callLate(request, caller) }
        return try await interact(try call(request, to: route, caller), caller)
    }

    /// What few calls need, not inlined so that the others wait in less memory.
    @inline(never)
    private func callLate(_ request: ToolRequest, _ caller: Caller) async throws(RequestError) -> JSONSlice {
        guard let route = await tool(named: request.name, for: caller) else {
            throw .invalidParams("Unknown tool: \(request.name.bounded(to: 128))")
        }
        return try await interact(try call(request, to: route, caller), caller)
    }

    @inline(never)
    private func call(
        _ request: ToolRequest, to route: ToolRoute, _ caller: Caller
    ) throws(RequestError) -> BackendCall {
        if let check = caller.checkParameters, !route.parameterHeaders.fields.isEmpty {
            try check(route.parameterHeaders, request.arguments)
        }
        var call = BackendCall(
            method: .toolsCall, target: request.name, backend: try backend(route.backend),
            original: route.originalNameJSON,
            params: route.renamed ? request.renamed(to: route.originalNameJSON) : request.params,
            isRepeatable: route.readOnly || route.idempotent, parameterHeaders: route.parameterHeaders,
            needsTask: route.taskSupport == .required, mayHaveRound: request.hasRound)
        call.wantsTask = request.hasTask && caller.revision == .v2025_11_25
        if request.hasTask, !call.wantsTask { call.withoutTask() }
        return call
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

/// The parameters of a tool call, what is interpreted of them found in one pass.
private struct ToolRequest {
    let params: JSONSlice
    let name: String
    private let nameRange: JSONMemberRange
    private let argumentsRange: JSONMemberRange?
    /// Whether it has members that answer an earlier round.
    let hasRound: Bool
    let hasTask: Bool

    init(_ params: JSONSlice?) throws(RequestError) {
        let params = try VirtualServer.parameters(params)
        var nameRange: JSONMemberRange?
        var argumentsRange: JSONMemberRange?
        var hasRound = false
        var hasTask = false
        let duplicate = params.duplicateKey { text, range in
            if range.hasKey("name", in: text) {
                nameRange = range
            } else if range.hasKey("arguments", in: text) {
                argumentsRange = range
            } else if range.hasKey("task", in: text) {
                hasTask = true
            } else if range.hasKey("requestState", in: text) || range.hasKey("inputResponses", in: text) {
                hasRound = true
            }
        }
        try VirtualServer.refuseDuplicate(duplicate)
        guard let nameRange, let name = JSONSlice(valueOf: nameRange, in: params.bytes).string else {
            throw .invalidParams("name must be a string")
        }
        if let argumentsRange, JSONSlice(valueOf: argumentsRange, in: params.bytes).kind != .object {
            throw .invalidParams("arguments must be an object")
        }
        self.params = params
        self.name = name
        self.nameRange = nameRange
        self.argumentsRange = argumentsRange
        self.hasRound = hasRound
        self.hasTask = hasTask
    }

    var arguments: JSONSlice? { argumentsRange.map { JSONSlice(valueOf: $0, in: params.bytes) } }

    func renamed(to name: JSONSlice) -> JSONSlice {
        params.replacing(nameRange.valueStart..<nameRange.valueEnd, with: name)
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
