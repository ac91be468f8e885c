// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct MessageTests {
    private func message(_ text: String) throws -> Message {
        try Message(JSONSlice(validating: ByteBuffer(string: text)))
    }

    @Test(
        "The three kinds of message are told apart",
        arguments: [
            (#"{"jsonrpc":"2.0","id":1,"method":"a"}"#, "request"),
            (#"{"jsonrpc":"2.0","id":"1","method":"a","params":{}}"#, "request"),
            (#"{"jsonrpc":"2.0","method":"a"}"#, "notification"),
            (#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "answer"),
            (#"{"error":{},"id":1,"jsonrpc":"2.0"}"#, "answer"),
        ])
    func kinds(text: String, kind: String) throws {
        let found =
            switch try message(text) {
            case .request: "request"
            case .notification: "notification"
            case .answer: "answer"
            }
        #expect(found == kind)
    }

    @Test(
        "Anything else is an invalid request",
        arguments: [
            "1", "[]", "{}", #"{"id":1,"method":"a"}"#, #"{"jsonrpc":"1.0","id":1,"method":"a"}"#,
            #"{"jsonrpc":"2.0","id":null,"method":"a"}"#, #"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#,
            #"{"jsonrpc":"2.0","id":{},"method":"a"}"#, #"{"jsonrpc":"2.0","id":1,"method":7}"#,
            #"{"jsonrpc":"2.0","id":1}"#, #"{"jsonrpc":"2.0","result":{}}"#,
        ])
    func invalid(text: String) {
        let error = #expect(throws: RPCError.self) { try message(text) }
        #expect(error?.code == -32600)
    }

    @Test func `An error without an id has no id member`() {
        #expect(
            String(buffer: RPCError.parse("x").message(id: nil))
                == #"{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}"#)
    }
}
