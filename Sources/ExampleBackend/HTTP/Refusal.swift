// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HummingbirdCore
import NIOCore

/// A request that the HTTP edge does not serve: a status and a JSON-RPC error without an id.
struct Refusal: Error {
    let status: HTTPResponse.Status
    let message: String
    let code: Int
    let allow: String?
    /// The rest of the body is not worth reading.
    let closes: Bool

    init(
        _ status: HTTPResponse.Status, _ message: String, code: Int = -32600, allow: String? = nil,
        closes: Bool = false
    ) {
        self.status = status
        self.message = message
        self.code = code
        self.allow = allow
        self.closes = closes
    }

    func response(_ channel: any Channel) -> Response {
        let body = RPCError(code: code, message: message).message(id: nil)
        var response = Response.json(body, status: status)
        if let allow { response.headers[.allow] = allow }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if closes {
            response.headers[.connection] = "close"
            response.body = ResponseBody(contentLength: body.readableBytes) { writer in
                try await writer.write(body)
                try await writer.finish(nil)
                // The answer first, then the end: a close with unread bytes could overtake it.
                channel.close(mode: .output, promise: nil)
                channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
            }
        }
        return response
    }
}
