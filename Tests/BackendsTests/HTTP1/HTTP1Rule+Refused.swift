// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends

/// Responses that must be refused, each for its reason.
extension HTTP1Rule {
    static let refused: [HTTP1Rule] = statusLines + fieldLines + framing + chunks + truncations

    private static let statusLines = [
        HTTP1Rule("another protocol is refused at its first wrong byte", "SSH-2.0-OpenSSH", error: .invalidStatusLine),
        HTTP1Rule(
            "an empty line before the status is refused", "\r\nHTTP/1.1 200 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("the version is case-sensitive", "http/1.1 200 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("HTTP/2 is refused", "HTTP/2 200\r\n\r\n", error: .unsupportedVersion),
        HTTP1Rule("HTTP/1.2 is refused", "HTTP/1.2 200 OK\r\n\r\n", error: .unsupportedVersion),
        HTTP1Rule("two digits are no version", "HTTP/1.10 200 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("a status must be there", "HTTP/1.1\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("two digits are no status", "HTTP/1.1 20 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("four digits are no status", "HTTP/1.1 2000 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("a second space is no status", "HTTP/1.1  200 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("a tab is no space", "HTTP/1.1\t200 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("a tab after the status is no space", "HTTP/1.1 200\tOK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("a sign is no digit", "HTTP/1.1 +20 OK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("statuses below 100 are refused", "HTTP/1.1 099 OK\r\n\r\n", error: .invalidStatusCode(99)),
        HTTP1Rule("statuses above 599 are refused", "HTTP/1.1 600 OK\r\n\r\n", error: .invalidStatusCode(600)),
        HTTP1Rule("a reason phrase with CR is refused", "HTTP/1.1 200 O\rK\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("a reason phrase with NUL is refused", "HTTP/1.1 200 O\0K\r\n\r\n", error: .invalidStatusLine),
        HTTP1Rule("a status line that ends with LF is refused", "HTTP/1.1 200 OK\n\n", error: .bareLineFeed),
        HTTP1Rule(
            "101 is refused", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", error: .switchingProtocols),
    ]

    private static let fieldLines =
        [
            HTTP1Rule(
                "a field line that ends with LF is refused", "HTTP/1.1 200 OK\r\na: b\n\r\n", error: .bareLineFeed),
            HTTP1Rule(
                "an empty line that ends with LF is refused", "HTTP/1.1 200 OK\r\na: b\r\n\n", error: .bareLineFeed),
            head("folding with a space is refused", "a: b", " c", error: .obsoleteFolding),
            head("folding with a tab is refused", "a: b", "\tc: d", error: .obsoleteFolding),
            head("white space before the first field is refused", " a: b", error: .obsoleteFolding),
            head("a space before the colon is refused", "Content-Length : 5", error: .whitespaceBeforeColon),
            head("a tab before the colon is refused", "a\t: b", error: .whitespaceBeforeColon),
            head("a space in a name is refused", "a b: c", error: .invalidFieldName),
            head("an empty name is refused", ": b", error: .invalidFieldName),
            head("a missing colon is refused", "abc", error: .invalidFieldName),
            head("a missing colon before white space is refused", "abc ", error: .invalidFieldName),
            head("a CR for an empty line is refused", "\r", error: .invalidFieldName),
            head("CR in a value is refused", "a: b\rc", error: .invalidFieldValue(name: "a")),
            head("CR at the end of a value is refused", "a: b\r", error: .invalidFieldValue(name: "a")),
            head("NUL in a value is refused", "Ab: b\0c", error: .invalidFieldValue(name: "Ab")),
            head("other control characters in a value are refused", "a: \u{1}", error: .invalidFieldValue(name: "a")),
            head("DEL in a value is refused", "a: \u{7F}", error: .invalidFieldValue(name: "a")),
        ]
        + Array("\0\u{1}\u{7F}\"(),/;<=>?@[\\]{}é\r").map { character in
            head("no token: \(String(character).debugDescription)", "x\(character)y: z", error: .invalidFieldName)
        }

    private static let framing =
        [
            "", "+5", "-5", "5 5", "5;", "0x5", "5.0", "5,", ",5", "a", "٥", "9223372036854775808",
            "99999999999999999999",
        ]
        .map { head("no Content-Length: \($0)", "Content-Length: \($0)", error: .invalidContentLength) } + [
            head(
                "differing Content-Length lines are refused", "Content-Length: 5", "Content-Length: 6",
                error: .conflictingContentLengths),
            head(
                "a differing Content-Length list", "Content-Length: 5, 6", error: .conflictingContentLengths),
            head(
                "Content-Length before Transfer-Encoding is refused", "Content-Length: 5", "Transfer-Encoding: chunked",
                error: .contentLengthWithTransferEncoding),
            head(
                "Content-Length after Transfer-Encoding is refused", "Transfer-Encoding: chunked", "Content-Length: 5",
                error: .contentLengthWithTransferEncoding),
            HTTP1Rule(
                "both are refused in a 304, too",
                "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                error: .contentLengthWithTransferEncoding),
            HTTP1Rule(
                "Transfer-Encoding is refused in HTTP/1.0",
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", error: .transferEncodingInHTTP10),
            head(
                "doubled chunked is refused", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked",
                error: .unsupportedTransferEncoding),
        ]
        + [
            "", "gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked,", "xchunked",
            "chunked;a",
            "\"chunked\"",
        ]
        .map { head("no Transfer-Encoding: \($0)", "Transfer-Encoding: \($0)", error: .unsupportedTransferEncoding) }

    private static let chunks =
        ["", " 1", "1 ", "1 x", "-1", "+1", "0x1", "g", "1,", ";a", "1;a\rb", "1;\0", "1\r"]
        .map { chunked("no chunk size: \($0.debugDescription)", "\($0)\r\nx\r\n0\r\n\r\n", error: .invalidChunkSize) }
        + [
            chunked("a chunk size beyond 64 bits is refused", "10000000000000001\r\n", error: .chunkSizeOverflow),
            chunked("a chunk size beyond 63 bits is refused", "8000000000000000\r\n", error: .chunkSizeOverflow),
            chunked(
                "the largest chunk size is too large a body", "7fffffffffffffff\r\n",
                error: .bodyTooLarge(limit: 1 << 20)),
            chunked("a chunk-size line that ends with LF is refused", "1\nx\r\n0\r\n\r\n", error: .bareLineFeed),
            chunked(
                "a chunk longer than its size is refused", "1\r\nxy\r\n0\r\n\r\n", ["body x"], error: .missingChunkEnd),
            chunked("a chunk that ends with LF is refused", "1\r\nx\n0\r\n\r\n", ["body x"], error: .missingChunkEnd),
            chunked("a chunk that ends with CR is refused", "1\r\nx\r0\r\n\r\n", ["body x"], error: .missingChunkEnd),
            chunked(
                "a trailer with a space before the colon is refused", "0\r\na : b\r\n\r\n",
                error: .whitespaceBeforeColon),
            chunked("a folded trailer is refused", "0\r\na: b\r\n c\r\n\r\n", error: .obsoleteFolding),
            chunked("a trailer with CR is refused", "0\r\na: b\rc\r\n\r\n", error: .invalidFieldValue(name: "a")),
            chunked("a trailer that ends with LF is refused", "0\r\na: b\n\r\n", error: .bareLineFeed),
            chunked("trailers that end with LF are refused", "0\r\na: b\r\n\n", error: .bareLineFeed),
        ]

    private static let truncations = [
        HTTP1Rule("a cut status line", "HTTP/1.1 200", error: .truncated, closes: true),
        HTTP1Rule("a cut head", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", error: .truncated, closes: true),
        HTTP1Rule(
            "a cut body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", ["head 200", "body hell"],
            error: .truncated, closes: true),
        HTTP1Rule(
            "a missing body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ["head 200"], error: .truncated,
            closes: true),
        HTTP1Rule(
            "a missing final response", "HTTP/1.1 100 Continue\r\n\r\n", ["100"], error: .truncated, closes: true),
        chunked("a missing chunk", "", error: .truncated, closes: true),
        chunked("a cut chunk size", "5", error: .truncated, closes: true),
        chunked("a cut chunk", "5\r\nabc", ["body abc"], error: .truncated, closes: true),
        chunked("a missing chunk end", "3\r\nabc", ["body abc"], error: .truncated, closes: true),
        chunked("a missing last chunk", "3\r\nabc\r\n", ["body abc"], error: .truncated, closes: true),
        chunked("missing trailers", "0\r\n", error: .truncated, closes: true),
        chunked("a cut trailer", "0\r\na: b", error: .truncated, closes: true),
    ]
}
