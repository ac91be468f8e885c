// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends

/// Responses that must be accepted.
extension HTTP1Rule {
    static let accepted: [HTTP1Rule] = messages + persistence + bodiless + chunkedBodies

    private static let messages = [
        HTTP1Rule("no bytes are no response", "", []),
        HTTP1Rule("no bytes before the connection ends are no response", "", [], closes: true),
        HTTP1Rule(
            "Content-Length delimits the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            ["head 200", "body hello", "end keep-alive"]),
        HTTP1Rule(
            "Content-Length 0 is an empty body", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
            ["head 202", "end keep-alive"]),
        HTTP1Rule(
            "leading zeros are digits", "HTTP/1.1 200 OK\r\nContent-Length: 002\r\n\r\nhi",
            ["head 200", "body hi", "end keep-alive"]),
        HTTP1Rule(
            "the same Content-Length may be repeated",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2, 02\r\n\r\nhi",
            ["head 200", "body hi", "end keep-alive"]),
        HTTP1Rule(
            "field names are case-insensitive, white space around values is dropped",
            "HTTP/1.1 200 OK\r\nCONTENT-length:\t 2 \t\r\ntransfer-x:\r\n\r\nhi",
            ["head 200", "body hi", "end keep-alive"]),
        HTTP1Rule(
            "a reason phrase may be empty", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
            ["head 200", "end keep-alive"]),
        HTTP1Rule(
            "the space before no reason may be missing", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
            ["head 200", "end keep-alive"]),
        HTTP1Rule(
            "a reason phrase may hold spaces, tabs and obs-text", "HTTP/1.1 599 a b\tc é\r\nContent-Length: 0\r\n\r\n",
            ["head 599", "end keep-alive"]),
        HTTP1Rule(
            "field values may hold obs-text", "HTTP/1.1 200 OK\r\nx: é\r\nContent-Length: 0\r\n\r\n",
            ["head 200", "end keep-alive"]),
        HTTP1Rule(
            "responses may follow each other",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 204 No Content\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n"
                + "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\nConnection: close\r\n\r\nc",
            [
                "head 200", "body a", "end keep-alive", "head 204", "end keep-alive", "head 200", "body b",
                "end keep-alive", "head 404", "body c", "end close",
            ]),
        HTTP1Rule(
            "interim responses come before the final one",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\nContent-Length: 5\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            ["100", "103", "head 200", "body a", "end keep-alive"]),
    ]

    private static let persistence = [
        HTTP1Rule(
            "close ends the connection", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
            ["head 200", "body a", "end close"]),
        HTTP1Rule(
            "options are a list in any case, and close wins",
            "HTTP/1.1 200 OK\r\nConnection: Keep-Alive , x\r\nConnection: y,CLOSE\r\nContent-Length: 1\r\n\r\na",
            ["head 200", "body a", "end close"]),
        HTTP1Rule(
            "an option must match whole",
            "HTTP/1.1 200 OK\r\nConnection: closed, not close\r\nContent-Length: 0\r\n\r\n",
            ["head 200", "end keep-alive"]),
        HTTP1Rule(
            "nothing is read after close",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n",
            ["head 200", "body a", "end close"], closes: true),
        HTTP1Rule(
            "HTTP/1.0 closes", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", ["head 200", "body a", "end close"]),
        HTTP1Rule(
            "HTTP/1.0 persists when it says so",
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
            ["head 200", "body a", "end keep-alive"]),
        HTTP1Rule(
            "without framing the body lasts as long as the connection", "HTTP/1.1 200 OK\r\n\r\nhello",
            ["head 200", "body hello", "end close"], closes: true),
        HTTP1Rule(
            "a body without framing may be empty", "HTTP/1.0 200 OK\r\n\r\n", ["head 200", "end close"], closes: true),
        HTTP1Rule(
            "a body without framing is not over before", "HTTP/1.1 200 OK\r\n\r\nhello", ["head 200", "body hello"]),
        HTTP1Rule(
            "the connection may end between responses", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            ["head 200", "body a", "end keep-alive"], closes: true),
    ]

    private static let bodiless = [
        HTTP1Rule("204 has no body", "HTTP/1.1 204 No Content\r\n\r\n", ["head 204", "end keep-alive"]),
        HTTP1Rule(
            "204 with length 0 has no body", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
            ["head 204", "end keep-alive"]),
        HTTP1Rule(
            "204 that announces a body ends the connection", "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc",
            ["head 204", "end close"]),
        HTTP1Rule(
            "204 that announces chunks ends the connection",
            "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ["head 204", "end close"]),
        HTTP1Rule(
            "a 304 is bare", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", ["head 304", "end keep-alive"]),
        HTTP1Rule(
            "a response to HEAD has no body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
            ["head 200", "end keep-alive"], expectNoBody: true),
        HTTP1Rule(
            "a chunked response to HEAD has no body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            ["head 200", "end keep-alive"], expectNoBody: true),
        HTTP1Rule(
            "a response to HEAD without framing has no body", "HTTP/1.1 200 OK\r\n\r\n",
            ["head 200", "end keep-alive"], expectNoBody: true),
        HTTP1Rule(
            "no body is expected of one response, interim ones not counted",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
            ["100", "head 200", "end keep-alive", "head 200", "body a", "end keep-alive"], expectNoBody: true),
    ]

    private static let chunkedBodies = [
        chunked("chunks are joined", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", ["body abcde", "end keep-alive"]),
        chunked("a chunked body may be empty", "0\r\n\r\n", ["end keep-alive"]),
        chunked(
            "chunk sizes are hexadecimal in any case", "a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n",
            ["body 01234567890123456789", "end keep-alive"]),
        chunked(
            "leading zeros are digits", "0000000000000000000001\r\na\r\n000\r\n\r\n", ["body a", "end keep-alive"]),
        chunked(
            "chunk data may look like framing", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
            ["body \r\n0\r\n\r\n", "end keep-alive"]),
        chunked(
            "extensions are ignored", "1;a\r\nx\r\n1 ; a=\"b\"\t;c\r\ny\r\n0;z\r\n\r\n", ["body xy", "end keep-alive"]),
        chunked(
            "trailers are dropped", "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 7\r\n\r\n", ["body x", "end keep-alive"]),
        HTTP1Rule(
            "chunked is case-insensitive", "HTTP/1.1 200 OK\r\ntransfer-ENCODING: Chunked\r\n\r\n0\r\n\r\n",
            ["head 200", "end keep-alive"]),
        HTTP1Rule(
            "a chunked response may close",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ["head 200", "end close"]),
    ]
}
