// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport
import Testing

@testable import Backends

@Suite("Response heads that repeat the last one of their connection")
struct HTTP1RepeatedHeadTests {
    private static let json =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\nDate: Sun, 22 Nov 2026\r\n\r\n"

    /// What a reader says that has read `earlier` before, of a head alone.
    private static func read(_ text: [UInt8], after earlier: [UInt8]) -> Result<[String], HTTP1ParseError> {
        let limits = HTTP1ResponseLimits(bodyBytes: 100, headBytes: 400, fields: 6)
        var reader = HTTP1HeadReader()
        do throws(HTTP1ParseError) {
            let length = try ByteBuffer(bytes: earlier).withUnsafeReadableBytes { (bytes) throws(HTTP1ParseError) in
                try reader.read(bytes, limits: limits)
            }
            guard earlier.isEmpty || length != nil else { return .failure(.truncated) }
            let end = try ByteBuffer(bytes: text).withUnsafeReadableBytes { (bytes) throws(HTTP1ParseError) in
                try reader.read(bytes, limits: limits)
            }
            guard let end else { return .success([]) }
            let head = reader.head(ByteBuffer(bytes: text[..<end]))
            let framing = reader.framing
            return .success(
                ["\(end)", "\(head.status)", "\(head.minorVersion)", head.reason, head.headers.contentType ?? "-"]
                    + ["\(framing.contentLength ?? -1)", "\(framing.isChunked)", "\(framing.closes)"]
                    + ["\(framing.keepsAlive)"] + head.headers.map { "\($0.name)=\($0.value)" })
        } catch {
            return .failure(error)
        }
    }

    @Test("A head means what it means alone, whatever came before it", arguments: [1, 2] as [UInt64])
    func agreement(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let seeds =
            [
                Self.json, Self.json.replacing("12", with: "9"),
                Self.json.replacing("\r\n\r\n", with: "\r\nA: é\r\n\r\n"),
                Self.json.replacing("Date: ", with: "Connection: "), Self.json.replacing("12", with: "12, 12"),
                Self.json.replacing("Date", with: "Content-Length"), Self.json.replacing("200 OK", with: "100 Go"),
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0 204\r\ncontent-length:0\r\n\r\n",
            ].map { Array($0.utf8) }
        var repetitions = 0
        for _ in 0..<ByteChunks.iterations {
            let first = seeds.randomElement(using: &generator) ?? []
            var second = seeds.randomElement(using: &generator) ?? []
            if Int.random(in: 0..<4, using: &generator) > 0 { second = first }
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let place = Int.random(in: 0..<second.count, using: &generator)
                second[place] = Array("0123456789:,;\r\nAa \u{FF}\u{80}".utf8).randomElement(using: &generator) ?? 0
            }
            guard case .success = Self.read([], after: first) else { continue }
            let alone = Self.read(second, after: [])
            #expect(Self.read(second, after: first) == alone, "\(first) then \(second)")
            if second != first, case .success(let parts) = alone, !parts.isEmpty { repetitions += 1 }
        }
        #expect(repetitions > 0)
    }

    @Test(
        "Only the digits of the length may differ",
        arguments: [
            ("12", "34", 34), ("12", "00", 0), ("12", "9", 9), ("12", "345", 345), ("Nov", "Dec", 12),
            ("application/json", "Application/json", 12), ("Content-Type", "content-type", 12),
        ])
    func length(_ old: String, _ new: String, _ length: Int) throws {
        let text = Array(Self.json.replacing(old, with: new).utf8)
        let parts = try Self.read(text, after: Array(Self.json.utf8)).get()
        #expect(parts[5] == "\(length)")
        #expect(try parts == Self.read(text, after: []).get())
    }

    @Test("Letters in place of the digits are refused as ever")
    func letters() {
        let text = Array(Self.json.replacing("12", with: "1x").utf8)
        #expect(Self.read(text, after: Array(Self.json.utf8)) == .failure(.invalidContentLength))
    }
}
