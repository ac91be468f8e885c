// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite struct MessageBatchTests {
    private func batch(_ text: String, limit: Int = 100, depth: Int = 128) throws(RequestError) -> MessageBatch {
        var limits = GatewayLimits()
        limits.batchMessages = limit
        limits.json = JSONLimits(depth: depth)
        return try MessageBatch(ByteBuffer(string: text), limits: limits)
    }

    private static let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
    private static let note = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
    private static let answer = #"{"jsonrpc":"2.0","id":1,"result":{}}"#

    @Test("HL-20: a mixed batch is taken apart by kind and in order")
    func mixed() throws {
        let second = #"{"jsonrpc":"2.0","id":"b","method":"tools/list"}"#
        let batch = try batch("[\(Self.ping), \(Self.note),\n\(Self.answer),\(second)]")
        #expect(batch.requests.map(\.id.json) == ["1", #""b""#])
        #expect(batch.requests.map(\.method) == [.ping, .toolsList])
        #expect(batch.notifications.map(\.method) == [.initialized])
        #expect(batch.responses.map { $0.id?.json } == ["1"])
        #expect(batch.refusals.isEmpty)
        #expect(batch.expectsAnswer)
    }

    @Test(
        "HL-21: a batch of notifications and responses alone expects no answer",
        arguments: [
            "[\(note)]", "[\(note),\(note)]", "[\(answer)]", "[\(answer),\(note)]",
        ])
    func silent(_ text: String) throws {
        #expect(try !batch(text).expectsAnswer)
    }

    @Test("HL-22: initialize inside a batch is refused, and the others are served")
    func initialize() throws {
        let opening = #"{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}"#
        let batch = try batch("[\(opening),\(Self.ping)]")
        #expect(batch.requests.map(\.method) == [.ping])
        #expect(batch.refusals.map(\.error.code) == [.invalidRequest])
    }

    @Test("HL-22, 2.7: the refusal of initialize carries its id")
    func initializeID() throws {
        let batch = try batch(#"[{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}]"#)
        #expect(batch.refusals.map { $0.id?.json } == ["7"])
    }

    @Test(
        "JSON-RPC 2.0 §6: each element that is no message gets an error of its own",
        arguments: [
            ("1", nil), ("null", nil), (#"{"jsonrpc":"2.0","id":5}"#, "5"), (#"{"id":"x","method":"ping"}"#, #""x""#),
            ("[]", nil), ("[[\(ping)]]", nil),
        ])
    func refusal(_ element: String, _ id: String?) throws {
        let batch = try batch("[\(element),\(Self.ping)]")
        #expect(batch.refusals.map { $0.id?.json } == [id])
        #expect(batch.refusals.map(\.error.code) == [.invalidRequest])
        #expect(batch.requests.count == 1)
        #expect(batch.expectsAnswer)
    }

    @Test("JSON-RPC 2.0 §6: an empty batch is invalid", arguments: ["[]", " [ ] "])
    func empty(_ text: String) {
        let error = #expect(throws: RequestError.self) { try batch(text) }
        #expect(error?.code == .invalidRequest)
        #expect(error?.httpStatus == 400)
    }

    @Test("SE-04: the messages of a batch are bounded")
    func bound() throws {
        let three = "[\(Self.ping),\(Self.note),1]"
        #expect(throws: Never.self) { try batch(three, limit: 3) }
        let error = #expect(throws: RequestError.self) { try batch(three, limit: 2) }
        #expect(error?.code == .invalidRequest)
        #expect(error?.httpStatus == 400)
    }

    @Test(
        "BP-11: a batch is as bounded as a message",
        arguments: ["[[[[[[[[[[", "[" + String(repeating: "[", count: 9) + String(repeating: "]", count: 9) + "]"])
    func depth(_ text: String) {
        let error = #expect(throws: RequestError.self) { try batch(text, depth: 8) }
        #expect(error?.code == .parseError)
    }
}
