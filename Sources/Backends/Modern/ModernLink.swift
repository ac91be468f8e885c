// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// A way to a backend that speaks the Modern era: each request says everything by itself.
protocol ModernLink: SessionLink {
    /// Sends a request whose answer completes `call`. Called on `call.shard`'s loop.
    func send(_ request: ModernRequest, for call: PendingCall)

    /// Whether another server may take the place of the one that was asked, as behind an address but not in a process.
    var mayChangeEra: Bool { get }

    /// Keeps what is listened for.
    var listener: ModernListener { get }
}

extension SessionLink {
    var modern: (any ModernLink)? { nil }
    var hasSingleChannel: Bool { false }
}

/// A request to a Modern backend before it gets its place on a transport.
struct ModernRequest: Sendable {
    var method: MCPMethod
    /// Without the keys of our hop in `_meta`, which the link adds.
    var params: JSONSlice?
    var logLevel: LogLevel?
    var parameterHeaders = ParameterHeaders.none
    /// The client's and the credential's.
    var headers = ForwardedHeaders.none
    /// Whether the answer may be a task.
    var declaresTasks = false

    /// The headers that say what the body says (2026-07-28, Transports, Standard Request Headers and Custom Headers).
    var fields: [(name: String, value: String)] {
        var fields = [(name: "Mcp-Method", value: HeaderText.encoded(method.name))]
        if let subject { fields.append((name: "Mcp-Name", value: HeaderText.encoded(subject))) }
        if method == .toolsCall, !parameterHeaders.fields.isEmpty {
            for field in parameterHeaders.headers(for: params?["arguments"]) {
                fields.append((name: field.name, value: field.value))
            }
        }
        return fields
    }

    private var subject: String? {
        switch method {
        case .toolsCall, .promptsGet: params?["name"]?.string
        case .resourcesRead: params?["uri"]?.string
        case .tasksGet, .tasksUpdate, .tasksCancel: params?["taskId"]?.string
        default: nil
        }
    }
}
