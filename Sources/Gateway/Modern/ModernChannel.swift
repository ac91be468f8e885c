// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import VirtualServer

/// The way to a Modern client during one of its requests: what it asked to be told, and nothing else.
///
/// Modern servers send no requests of their own, so nobody can be asked here; what a backend asks in a call that can
/// wait is answered by the client's next request, which is the bridge's business (2026-07-28, Multi Round-Trip
/// Requests). In all other requests it is refused, so that the backend can tell a client that knows no such question
/// from one that cannot be asked now.
final class ModernChannel: ClientChannel {
    private let meta: ModernMeta
    private let output: @Sendable (ByteBuffer) -> Void

    /// - Parameter output: takes a notification that belongs to the request.
    init(_ meta: ModernMeta, output: @escaping @Sendable (ByteBuffer) -> Void) {
        self.meta = meta
        self.output = output
    }

    var capabilities: ClientCapabilities { meta.capabilities }

    func notify(_ method: MCPMethod, params: JSONSlice?) {
        guard let params else { return }
        var message = ByteBuffer()
        switch method {
        case .progress:
            guard let progressToken = meta.progressToken else { return }
            message.writeNotification(
                method: method, params: params.editing([JSONEdit(key: "progressToken", value: progressToken)]))
        case .message:
            // A level that cannot be read is below every one that was asked for.
            guard let logLevel = meta.logLevel, let level = LogLevel(params["level"]), level >= logLevel else { return }
            message.writeNotification(method: method, params: params)
        default: return
        }
        output(message)
    }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        guard let need = CapabilityNeed(method, params) else { throw .methodNotFound(method.name) }
        guard need.isMet(by: capabilities) else { throw need.refusal(to: method, declared: capabilities) }
        switch need {
        case .forms, .urls: return JSONSlice(["action": "cancel"])
        case .sampling, .samplingTools:
            throw RequestError(ErrorCode(rawValue: -1), "User rejected sampling request")
        case .roots: throw RequestError(.internalError, "The client's roots are not available")
        }
    }
}
