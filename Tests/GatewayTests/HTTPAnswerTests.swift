// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite struct HTTPAnswerTests {
    @Test(
        "Each status that is used has its own reason",
        arguments: [
            (200, "200 OK"), (202, "202 Accepted"), (400, "400 Bad Request"), (401, "401 Unauthorized"),
            (403, "403 Forbidden"),
            (404, "404 Not Found"), (405, "405 Method Not Allowed"), (406, "406 Not Acceptable"),
            (408, "408 Request Timeout"),
            (409, "409 Conflict"), (413, "413 Content Too Large"), (415, "415 Unsupported Media Type"),
            (429, "429 Too Many Requests"), (431, "431 Request Header Fields Too Large"),
            (503, "503 Service Unavailable"),
        ])
    func reasons(_ status: Int, _ line: String) {
        #expect("\(HTTPAnswer.reason(status))" == line)
    }

    @Test("BP-03: an error answer without an id has no id member, and takes the error's status")
    func error() {
        let answer = HTTPAnswer.error(RequestError(.parseError, "no", httpStatus: 400), id: nil)
        #expect(answer.status == 400)
        #expect(
            String(buffer: answer.body?.contiguous ?? ByteBuffer())
                == #"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#)
    }

    @Test(
        "A result is the same message whether it is copied or written beside",
        arguments: [0, 100, 16_383, 16_384, 16_385, 100_000])
    func outgoing(_ size: Int) throws {
        let result = ByteBuffer(string: "\"" + String(repeating: "x", count: size) + "\"")
        let message = OutgoingMessage(id: RequestID(5), result: result)
        var expected = ByteBuffer(string: #"{"jsonrpc":"2.0","id":5,"result":"#)
        expected.writeImmutableBuffer(result)
        expected.writeStaticString("}")
        #expect(message.contiguous == expected)
        #expect(message.count == expected.readableBytes)
    }
}
