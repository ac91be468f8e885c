// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import MCPTypes
import NIOCore

/// A complete answer of the MCP endpoint.
struct HTTPAnswer {
    var status: Int
    var contentType: StaticString?
    var body: OutgoingMessage?
    var fields: [(StaticString, String)] = []
    /// Whether the connection must end because the request was not read to its end.
    var closesConnection = false

    static func json(_ body: OutgoingMessage, status: Int = 200) -> HTTPAnswer {
        HTTPAnswer(status: status, contentType: "application/json", body: body)
    }

    static func text(_ status: Int, _ text: String) -> HTTPAnswer {
        HTTPAnswer(
            status: status, contentType: "text/plain; charset=utf-8",
            body: OutgoingMessage(ByteBuffer(string: text + "\n")))
    }

    static func error(_ error: RequestError, id: RequestID?) -> HTTPAnswer {
        var answer = HTTPAnswer.json(OutgoingMessage(id: id, error: error), status: error.httpStatus)
        if let seconds = error.retryAfter { answer.fields.append(("Retry-After", "\(seconds)")) }
        return answer
    }

    static let accepted = HTTPAnswer(status: 202, contentType: nil, body: nil)

    static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "200 OK"
        case 202: "202 Accepted"
        case 204: "204 No Content"
        case 400: "400 Bad Request"
        case 401: "401 Unauthorized"
        case 403: "403 Forbidden"
        case 404: "404 Not Found"
        case 405: "405 Method Not Allowed"
        case 406: "406 Not Acceptable"
        case 408: "408 Request Timeout"
        case 409: "409 Conflict"
        case 413: "413 Content Too Large"
        case 415: "415 Unsupported Media Type"
        case 429: "429 Too Many Requests"
        case 431: "431 Request Header Fields Too Large"
        case 503: "503 Service Unavailable"
        default: "500 Internal Server Error"
        }
    }
}

extension HTTPAnswer {
    /// The challenge that a request without a sufficient token gets.
    init(_ refusal: AuthenticationRefusal) {
        status = refusal.status
        contentType = "application/json"
        body = OutgoingMessage(ByteBuffer(string: refusal.body))
        for (name, value) in refusal.headers {
            switch name.lowercased() {
            case "www-authenticate": fields.append(("WWW-Authenticate", value))
            case "dpop-nonce": fields.append(("DPoP-Nonce", value))
            case "retry-after": fields.append(("Retry-After", value))
            default: break
            }
        }
        fields.append(("Cache-Control", "no-store"))
    }
}
