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

    private static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

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
                Self.chunked, "HTTP/1.0 204\r\ncontent-length:0\r\n\r\n",
            ].map { Array($0.utf8) }
        var accepted = 0
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
            if second != first, case .success(let parts) = alone, !parts.isEmpty { accepted += 1 }
        }
        #expect(accepted > 0)
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

    private static func read(_ text: String, with reader: inout HTTP1HeadReader) throws {
        let limits = HTTP1ResponseLimits(bodyBytes: 100)
        let length = try ByteBuffer(string: text).withUnsafeReadableBytes { (bytes) throws(HTTP1ParseError) in
            try reader.read(bytes, limits: limits)
        }
        #expect(length == text.utf8.count)
    }

    @Test("Of the last head no more than 4 KiB are kept, and nothing of one whose length is not said once")
    func room() throws {
        var reader = HTTP1HeadReader()
        try Self.read(Self.json, with: &reader)
        #expect(reader.knownBytes == Self.json.utf8.count)
        let filler = String(repeating: "x", count: 4096 - Self.json.utf8.count)
        let longest = Self.json.replacing("2026", with: "2026" + filler)
        try Self.read(longest, with: &reader)
        #expect(reader.knownBytes == 4096)
        try Self.read(longest.replacing("2026", with: "2026x"), with: &reader)
        #expect(reader.knownBytes == 0)
        for text in [Self.json.replacing("Date: Sun, 22 Nov 2026", with: "Content-Length: 12"), Self.chunked] {
            try Self.read(Self.json, with: &reader)
            try Self.read(text, with: &reader)
            #expect(reader.knownBytes == 0)
        }
    }

    @Test("A connection whose heads all differ keeps none after a while")
    func patience() throws {
        var reader = HTTP1HeadReader()
        func differ(_ numbers: Range<Int>) throws {
            for number in numbers {
                try Self.read(Self.json.replacing("2026", with: "\(1000 + number)"), with: &reader)
            }
        }
        try differ(0..<16)
        #expect(reader.knownBytes > 0)
        // A repetition is what it is for.
        try differ(15..<16)
        try differ(16..<32)
        #expect(reader.knownBytes > 0)
        try differ(32..<33)
        #expect(reader.knownBytes == 0)
    }

    @Test("Letters in place of the digits are refused as ever")
    func letters() {
        let text = Array(Self.json.replacing("12", with: "1x").utf8)
        #expect(Self.read(text, after: Array(Self.json.utf8)) == .failure(.invalidContentLength))
    }
}
