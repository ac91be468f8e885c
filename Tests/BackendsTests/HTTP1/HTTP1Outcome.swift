// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore

/// Everything that can be observed of parsed bytes, with neighbouring body parts joined.
struct HTTP1Outcome: Equatable {
    var parts: [HTTP1ResponsePart] = []
    var error: HTTP1ParseError?
    /// Whether all bytes were taken, and the last response was whole.
    var isIdle = false

    /// The parts in a short form: `100`, `head 200`, `body text`, `end keep-alive`, `end close`.
    var trace: [String] {
        parts.map { part in
            switch part {
            case .informational(let status): "\(status)"
            case .head(let head): "head \(head.status)"
            case .body(let bytes): "body \(String(buffer: bytes))"
            case .end(let keepAlive): keepAlive ? "end keep-alive" : "end close"
            }
        }
    }

    fileprivate mutating func append(_ part: HTTP1ResponsePart) {
        if case .body(let bytes) = part, case .body(var joined) = parts.last {
            joined.writeImmutableBuffer(bytes)
            parts[parts.count - 1] = .body(joined)
        } else {
            parts.append(part)
        }
    }
}

/// When the parser is asked for parts while chunks arrive.
enum HTTP1Drain: CaseIterable {
    case afterEachChunk, atTheEnd, onceAfterEachChunk

    func parse(
        _ chunks: [ByteBuffer], limits: HTTP1ResponseLimits = HTTP1ResponseLimits(bodyBytes: 1 << 20),
        expectNoBody: Bool = false, closes: Bool = false
    ) -> HTTP1Outcome {
        var parser = HTTP1ResponseParser(limits: limits)
        parser.expectNoBody = expectNoBody
        var outcome = HTTP1Outcome()
        do throws(HTTP1ParseError) {
            for chunk in chunks {
                parser.append(chunk)
                switch self {
                case .afterEachChunk: while let part = try parser.next() { outcome.append(part) }
                case .onceAfterEachChunk: if let part = try parser.next() { outcome.append(part) }
                case .atTheEnd: break
                }
            }
            while let part = try parser.next() { outcome.append(part) }
            outcome.isIdle = parser.isIdle
            if closes {
                while let part = try parser.connectionClosed() { outcome.append(part) }
            }
        } catch {
            outcome.error = error
            outcome.isIdle = false
        }
        return outcome
    }
}

/// One rule, bytes that show it, and what must come of them.
struct HTTP1Rule: Sendable, CustomStringConvertible {
    let description: String
    let bytes: [UInt8]
    var trace: [String] = []
    var error: HTTP1ParseError?
    var expectNoBody = false
    var closes = false

    init(
        _ rule: String, _ text: String, _ trace: [String] = [], error: HTTP1ParseError? = nil,
        expectNoBody: Bool = false, closes: Bool = false
    ) {
        description = rule
        bytes = Array(text.utf8)
        self.trace = trace
        self.error = error
        self.expectNoBody = expectNoBody
        self.closes = closes
    }

    /// A response whose head holds `lines` between the status line and the empty line.
    static func head(_ rule: String, _ lines: String..., error: HTTP1ParseError) -> HTTP1Rule {
        HTTP1Rule(rule, "HTTP/1.1 200 OK\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n", error: error)
    }

    /// A chunked response whose body is `body`.
    static func chunked(
        _ rule: String, _ body: String, _ trace: [String] = [], error: HTTP1ParseError? = nil, closes: Bool = false
    ) -> HTTP1Rule {
        HTTP1Rule(
            rule, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, ["head 200"] + trace, error: error,
            closes: closes)
    }
}
