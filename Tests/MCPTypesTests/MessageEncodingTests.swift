// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@Suite struct MessageEncodingTests {
    @Test(
        "A request's length is known before it is written",
        arguments: [
            MCPMethod.toolsCall, .initialize, .resourcesRead, .setLevel, .other("odd \"name\" é\n"), .other(""),
        ], [0, 7, 10, 99, 100, 12_345, Int.max, -1, -10, Int.min])
    func requestLength(_ method: MCPMethod, _ id: Int) {
        for params in [nil, JSONSlice.emptyObject, JSONSlice(["text": "é😀"])] {
            let message = RequestMessage(id: id, method: method, params: params)
            #expect(message.count == message.bytes.readableBytes)
        }
    }

    private func written(_ write: (inout ByteBuffer) -> Void) throws -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        // Whatever is written is one message.
        #expect(throws: Never.self) { try MCPMessage(parsing: buffer) }
        return String(buffer: buffer)
    }

    private func slice(_ json: String) throws -> JSONSlice { try JSONSlice(validating: ByteBuffer(string: json)) }

    @Test("A request")
    func request() throws {
        #expect(
            try written { $0 = RequestMessage(id: 12, method: .elicit, params: JSONSlice(["a": 1])).bytes }
                == #"{"jsonrpc":"2.0","id":12,"method":"elicitation/create","params":{"a":1}}"#)
        #expect(
            try written { $0 = RequestMessage(id: 0, method: .toolsCall, params: nil).bytes }
                == #"{"jsonrpc":"2.0","id":0,"method":"tools/call"}"#)
    }

    @Test("A notification has no id, and no params when there are none")
    func notification() throws {
        #expect(
            try written { $0.writeNotification(method: .toolsListChanged, params: nil) }
                == #"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
    }

    @Test("A method's name is escaped")
    func escapedMethod() throws {
        #expect(
            try written { $0.writeNotification(method: .other("a\"\n"), params: nil) }
                == #"{"jsonrpc":"2.0","method":"a\"\n"}"#)
    }

    @Test("BP-01: a result carries the id as it was spelled", arguments: ["1", #""1""#, #""a_b""#, #""\u0061""#, "-5"])
    func result(_ id: String) throws {
        let requestID = try #require(RequestID(try slice(id)))
        #expect(
            try written { $0.writeResult(id: requestID, result: ByteBuffer(string: #"{"n":1.0 }"#)) }
                == #"{"jsonrpc":"2.0","id":"# + id + #","result":{"n":1.0 }}"#)
    }

    @Test("BP-03: an error without a readable id has no id member")
    func errorWithoutID() throws {
        let text = try written { $0.writeError(id: nil, error: RequestError(.parseError, "no")) }
        #expect(text == #"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#)
    }

    @Test("An error carries code, message and data")
    func error() throws {
        let error = RequestError(.overloaded, "a \"b\"\u{7}", data: JSONSlice(["uri": "x"]))
        #expect(
            try written { $0.writeError(id: RequestID(3), error: error) }
                == #"{"jsonrpc":"2.0","id":3,"error":{"code":4004,"message":"a \"b\"\u0007","data":{"uri":"x"}}}"#)
    }

    @Test(
        "Integers are written as their digits",
        arguments: [0, 1, 9, 10, -1, -9, 100, 65_535, -32_700, Int.max, Int.min])
    func integers(_ value: Int) {
        var buffer = ByteBuffer()
        buffer.writeInteger(asText: value)
        #expect(String(buffer: buffer) == String(value))
    }
}

@Suite struct RequestErrorTests {
    @Test(
        "A backend's error is relayed with its code, message and data",
        arguments: [
            (#"{"code":-32002,"message":"gone","data":{"uri":"x"}}"#, -32002, "gone", #"{"uri":"x"}"#),
            (#"{"code":7,"message":"no"}"#, 7, "no", nil),
            (#"{"code":7}"#, 7, "The backend reported an error without a message", nil),
            (#"{"message":"no code"}"#, -32603, "no code", nil),
        ])
    func relaying(_ json: String, _ code: Int, _ message: String, _ data: String?) throws {
        let error = RequestError(relaying: try JSONSlice(validating: ByteBuffer(string: json)))
        #expect(error.code.rawValue == code)
        #expect(error.message == message)
        #expect(error.data?.description == data)
        #expect(error.httpStatus == 200)
    }

    @Test("HL-24: an unknown method is an application error at 200, and its name is bounded")
    func methodNotFound() {
        let error = RequestError.methodNotFound(String(repeating: "m", count: 1000))
        #expect(error.code == .methodNotFound)
        #expect(error.httpStatus == 200)
        #expect(error.message.utf8.count < 120)
    }

    @Test("Text from a peer is cut to a length", arguments: [("", 3, ""), ("abc", 3, "abc"), ("abcd", 3, "abc…")])
    func bounded(_ text: String, _ count: Int, _ expected: String) {
        #expect(text.bounded(to: count) == expected)
    }

    @Test(
        "BP-14: our own codes lie outside the ranges of JSON-RPC and MCP",
        arguments: [
            ErrorCode.outcomeUnknown, .backendUnavailable, .backendTimeout, .overloaded, .invalidBackendResponse,
            .clientDeclined,
        ])
    func ownCodes(_ code: ErrorCode) {
        #expect(!(-32768 ... -32000).contains(code.rawValue))
    }
}

@Suite struct MCPMethodTests {
    @Test(
        "Each method of MCP is known by its name",
        arguments: [
            ("initialize", MCPMethod.initialize), ("notifications/initialized", .initialized), ("ping", .ping),
            ("notifications/cancelled", .cancelled), ("notifications/progress", .progress),
            ("notifications/message", .message),
            ("tools/list", .toolsList), ("tools/call", .toolsCall), ("resources/list", .resourcesList),
            ("resources/templates/list", .resourceTemplatesList), ("resources/read", .resourcesRead),
            ("resources/subscribe", .resourcesSubscribe), ("resources/unsubscribe", .resourcesUnsubscribe),
            ("prompts/list", .promptsList), ("prompts/get", .promptsGet), ("completion/complete", .complete),
            ("logging/setLevel", .setLevel), ("sampling/createMessage", .createMessage),
            ("elicitation/create", .elicit),
            ("roots/list", .rootsList), ("notifications/roots/list_changed", .rootsListChanged),
            ("notifications/tools/list_changed", .toolsListChanged),
            ("notifications/resources/list_changed", .resourcesListChanged),
            ("notifications/prompts/list_changed", .promptsListChanged),
            ("notifications/resources/updated", .resourceUpdated),
            ("notifications/elicitation/complete", .elicitationComplete), ("server/discover", .discover),
            ("tools/CALL", .other("tools/CALL")), ("", .other("")), ("x", .other("x")),
        ])
    func names(_ name: String, _ method: MCPMethod) {
        #expect(MCPMethod(name) == method)
        #expect(method.name == name)
        #expect(MCPMethod(JSONSlice(string: name)) == method)
    }

    @Test("Log levels order by severity")
    func levels() {
        let names = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
        #expect(LogLevel.allCases.map(\.rawValue) == names)
        #expect(LogLevel.allCases.sorted() == LogLevel.allCases)
        #expect(LogLevel.debug < .emergency)
        #expect(LogLevel(JSONSlice(string: "warning")) == .warning)
        #expect(LogLevel(JSONSlice(string: "WARNING")) == nil)
        #expect(LogLevel(JSONSlice(5)) == nil)
        #expect(LogLevel(nil) == nil)
    }
}
