// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// The header fields of a Modern POST that repeat parts of its body.
package struct RoutingFields: Sendable {
    /// Every value of the field with this lower-case name.
    let values: @Sendable (_ name: String) -> [String]

    package init(values: @escaping @Sendable (_ name: String) -> [String]) {
        self.values = values
    }

    /// Throws `-32020` unless `MCP-Protocol-Version` is there and equals the version of the body.
    func checkVersion(_ declared: String) throws(RPCError) {
        let values = values("mcp-protocol-version")
        guard values.count == 1, HeaderValue.says(values[0], declared) else {
            throw .headerMismatch("MCP-Protocol-Version is missing or differs from _meta")
        }
    }

    /// Throws `-32020` unless `Mcp-Method` and, for methods that have one, `Mcp-Name` are those of the body.
    func checkRoute(_ request: ClientRequest) throws(RPCError) {
        let methods = values("mcp-method")
        guard methods.count == 1, HeaderValue.says(methods[0], request.method) else {
            throw .headerMismatch("Mcp-Method is missing or differs from the method")
        }
        guard let name = Self.name(of: request) else { return }
        let names = values("mcp-name")
        guard names.count == 1, HeaderValue.says(names[0], name) else {
            throw .headerMismatch("Mcp-Name is missing or differs from the body")
        }
    }

    /// Throws `-32020` unless the annotated arguments of a tool are repeated exactly.
    func checkParameters(_ parameters: [HeaderParameter], _ arguments: JSONSlice?) throws(RPCError) {
        for parameter in parameters { try parameter.check(arguments, values(parameter.field)) }
    }

    /// What `Mcp-Name` repeats; nil when the method has none, and when the body lacks it, which is another error.
    private static func name(of request: ClientRequest) -> String? {
        switch request.method {
        case "tools/call", "prompts/get": request.name?.string
        case "resources/read": request.params?["uri"]?.string
        case "tasks/get", "tasks/update", "tasks/cancel": request.params?["taskId"]?.string
        default: nil
        }
    }
}
