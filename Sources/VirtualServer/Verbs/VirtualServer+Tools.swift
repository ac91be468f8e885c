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
    /// - Parameter members: of the parameters, in which `name` is what is named.
    package func callTool(_ members: RequestMembers, caller: Caller) async throws(RequestError) -> JSONSlice {
        let request = try ToolRequest(members)
        try admit(caller.principal, tool: request.name)
        guard let route = routedAtOnce?.tool(named: request.name) else { return try await callLate(request, caller) }
        return try await interact(try call(request, to: route, caller), caller)
    }

    /// Counts and checks a Modern client's call and, where nothing has to be waited for before it, makes it. Called on
    /// the caller's loop.
    ///
    /// - Returns: `nil` where nothing has been done yet; `callTool` does it all.
    package func startTool(_ members: RequestMembers, caller: Caller) throws(RequestError) -> StartedTool? {
        guard !members.layout.hasRound, !members.layout.hasTask, let routed = routedAtOnce else { return nil }
        let request = try ToolRequest(members)
        guard let route = routed.tool(named: request.name), route.taskSupport != .required else { return nil }
        try admit(caller.principal, tool: request.name)
        return try start(try call(request, to: route, caller), caller)
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
            parameters: request.named(route.renamed ? route.originalNameJSON : nil, caller.meta),
            isRepeatable: route.readOnly || route.idempotent, parameterHeaders: route.parameterHeaders,
            needsTask: route.taskSupport == .required, mayHaveRound: request.members.layout.hasRound)
        call.wantsTask = request.members.layout.hasTask && caller.revision == .v2025_11_25
        if request.members.layout.hasTask, !call.wantsTask { call.withoutTask() }
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
