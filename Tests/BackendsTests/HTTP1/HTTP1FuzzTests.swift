// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore
import TestSupport
import Testing

@Suite("Responses of arbitrary bytes")
struct HTTP1FuzzTests {
    private static let seeds = (HTTP1Rule.accepted + HTTP1Rule.refused).map(\.bytes)
    private static let alphabet = Array("\r\n\r\n: \t\u{0}0123456789abcdefF;,=HTTP/".utf8)

    @Test("yield the same parts and the same error however they are cut", arguments: [1, 2] as [UInt64])
    func mutations(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        var refused = 0
        for _ in 0..<ByteChunks.iterations {
            let base =
                (Self.seeds.randomElement(using: &generator) ?? [])
                + (Self.seeds.randomElement(using: &generator) ?? [])
            let bytes = ByteChunks.mutate(base, alphabet: Self.alphabet, using: &generator)
            let chunks = ByteChunks.random(bytes, longest: 40, using: &generator)
            let limits = HTTP1ResponseLimits(
                bodyBytes: .random(in: 0...40, using: &generator), headBytes: .random(in: 40...300, using: &generator),
                fields: .random(in: 1...6, using: &generator), chunkLineBytes: .random(in: 4...40, using: &generator),
                trailerBytes: .random(in: 2...30, using: &generator))
            let expectNoBody = Int.random(in: 0..<4, using: &generator) == 0
            let closes = Bool.random(using: &generator)
            let outcomes = HTTP1Drain.allCases.map {
                $0.parse(chunks, limits: limits, expectNoBody: expectNoBody, closes: closes)
            }
            let whole = HTTP1Drain.afterEachChunk.parse(
                [ByteBuffer(bytes: bytes)], limits: limits, expectNoBody: expectNoBody, closes: closes)
            guard outcomes.allSatisfy({ $0 == whole }), Self.isWellFormed(whole, limits: limits) else {
                Issue.record("seed \(seed): \(bytes) in \(chunks.map(\.readableBytes)) with \(limits)")
                return
            }
            if whole.error == nil { accepted += 1 } else { refused += 1 }
        }
        #expect(accepted > 0)
        #expect(refused > 0)
    }

    /// Interim responses, head, body and end come in this order, and no body exceeds its bound.
    private static func isWellFormed(_ outcome: HTTP1Outcome, limits: HTTP1ResponseLimits) -> Bool {
        var hasHead = false
        var isClosed = false
        for part in outcome.parts {
            guard !isClosed else { return false }
            switch part {
            case .informational(let status):
                guard !hasHead, 100..<200 ~= status else { return false }
            case .head(let head):
                guard !hasHead, 200..<600 ~= head.status, head.headers.count <= limits.fields else { return false }
                hasHead = true
            case .body(let bytes):
                guard hasHead, 1...limits.bodyBytes ~= bytes.readableBytes else { return false }
            case .end(let keepAlive):
                guard hasHead else { return false }
                hasHead = false
                isClosed = !keepAlive
            }
        }
        return true
    }

    @Test("that were written from a model are read back as the model", arguments: [3] as [UInt64])
    func model(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<ByteChunks.iterations {
            var text = ""
            var trace: [String] = []
            var fields: [String] = []
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                Self.write(&text, trace: &trace, fields: &fields, using: &generator)
            }
            let chunks = ByteChunks.random(Array(text.utf8), longest: 40, using: &generator)
            let outcome = HTTP1Drain.afterEachChunk.parse(chunks)
            let headers: [String] = outcome.parts.flatMap { part -> [String] in
                guard case .head(let head) = part else { return [] }
                return head.headers.map { "\($0.name)=\($0.value)" }
            }
            guard outcome.error == nil, outcome.trace == trace, headers == fields else {
                Issue.record("seed \(seed): \(text.debugDescription)")
                return
            }
        }
    }

    private static func write(
        _ text: inout String, trace: inout [String], fields: inout [String], using generator: inout SeededGenerator
    ) {
        let status = [200, 202, 400, 404, 500, 503].randomElement(using: &generator) ?? 200
        text += "HTTP/1.1 \(status) Reason\r\n"
        let names = ["X-A", "mcp-session-id", "Vary", "date", "!#$%&'*+-.^_`|~"]
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let name = names.randomElement(using: &generator) ?? "x"
            let value = ["", "a", "a b", "\"q\": é", "a,b;c"].randomElement(using: &generator) ?? ""
            let space = ["", " ", "\t ", "  "].randomElement(using: &generator) ?? ""
            text += "\(name):\(space)\(value)\(space)\r\n"
            fields.append("\(name)=\(value)")
        }
        trace.append("head \(status)")
        let body = String(repeating: "b\r\n0;", count: Int.random(in: 0...8, using: &generator))
        if Bool.random(using: &generator) {
            text += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            fields.append("Content-Length=\(body.utf8.count)")
        } else {
            text += "Transfer-Encoding: chunked\r\n\r\n"
            fields.append("Transfer-Encoding=chunked")
            var rest = Array(body.utf8)[...]
            while !rest.isEmpty {
                let size = Int.random(in: 1...rest.count, using: &generator)
                let spelling = String(size, radix: 16, uppercase: Bool.random(using: &generator))
                text += "\(spelling)\(Bool.random(using: &generator) ? ";x=y" : "")\r\n"
                text += String(decoding: rest.prefix(size), as: UTF8.self) + "\r\n"
                rest = rest.dropFirst(size)
            }
            text += "0\r\n\(Bool.random(using: &generator) ? "Trailer: dropped\r\n" : "")\r\n"
        }
        if !body.isEmpty { trace.append("body \(body)") }
        trace.append("end keep-alive")
    }
}
