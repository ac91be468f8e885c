// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

/// A text and the message that it is, in a form that tables can hold.
struct MessageCase: Sendable, CustomTestStringConvertible {
    let rule: String
    let text: String
    let shape: String

    init(_ rule: String, _ text: String, _ shape: String) {
        self.rule = rule
        self.text = text
        self.shape = shape
    }

    var testDescription: String { rule }
}

/// A text that is no message, the code that answers it and the id that the answer carries.
struct RefusedCase: Sendable, CustomTestStringConvertible {
    let rule: String
    let bytes: [UInt8]
    let code: ErrorCode
    let id: String?

    init(_ rule: String, _ text: String, _ code: ErrorCode, id: String? = nil) {
        self.init(rule, bytes: Array(text.utf8), code, id: id)
    }

    init(_ rule: String, bytes: [UInt8], _ code: ErrorCode, id: String? = nil) {
        self.rule = rule
        self.bytes = bytes
        self.code = code
        self.id = id
    }

    var testDescription: String { rule }
}

extension MCPMessage {
    /// Kind, id, method and payload bytes, separated by spaces; `-` for what is absent.
    var shape: String {
        func text(_ slice: JSONSlice?) -> String { slice?.description ?? "-" }
        return switch self {
        case .request(let id, let method, let params): "request \(id) \(method.name) \(text(params))"
        case .notification(let method, let params): "notification \(method.name) \(text(params))"
        case .response(let id, .result(let result)): "result \(id?.json ?? "-") \(text(result))"
        case .response(let id, .error(let error)): "error \(id?.json ?? "-") \(text(error))"
        }
    }
}

@Suite struct MessageParsingTests {
    @Test(
        "A well-formed message is taken apart at its top level and keeps the sender's bytes",
        arguments: [
            MessageCase("BP-01 integer id", #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "request 1 ping -"),
            MessageCase("BP-01 string id", #"{"jsonrpc":"2.0","id":"1","method":"ping"}"#, #"request "1" ping -"#),
            MessageCase("BP-01 word id", #"{"jsonrpc":"2.0","id":"a_b","method":"ping"}"#, #"request "a_b" ping -"#),
            MessageCase("BP-01 empty string id", #"{"jsonrpc":"2.0","id":"","method":"ping"}"#, #"request "" ping -"#),
            MessageCase("BP-01 negative id", #"{"jsonrpc":"2.0","id":-7,"method":"ping"}"#, "request -7 ping -"),
            MessageCase("BP-01 zero id", #"{"jsonrpc":"2.0","id":0,"method":"ping"}"#, "request 0 ping -"),
            MessageCase(
                "BP-01 escaped id keeps its spelling", #"{"jsonrpc":"2.0","id":"\u0061","method":"ping"}"#,
                #"request "\u0061" ping -"#),
            MessageCase(
                "BP-09 unknown members are ignored",
                #"{"x":[1,{"id":5}],"jsonrpc":"2.0","id":1,"method":"ping","extra":{"method":"no"}}"#,
                "request 1 ping -"),
            MessageCase(
                "BP-09 unknown members may repeat", #"{"x":1,"x":2,"jsonrpc":"2.0","id":1,"method":"ping"}"#,
                "request 1 ping -"),
            MessageCase(
                "BP-10 params keep every byte",
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"n":9007199254740993, "f":1.0,"e":1e400}}"#,
                #"request 1 tools/call {"n":9007199254740993, "f":1.0,"e":1e400}"#),
            MessageCase(
                "members in any order, with white space",
                " {\r\n\t\"params\" : {} , \"method\":\"ping\",\"id\":1,\"jsonrpc\":\"2.0\"} \n",
                "request 1 ping {}"),
            MessageCase(
                "an escaped key is the key", #"{"jsonrpc":"2.0","\u0069d":1,"meth\u006fd":"ping"}"#, "request 1 ping -"),
            MessageCase(
                "an escaped method is the method", #"{"jsonrpc":"2.0","id":1,"method":"tools\/c\u0061ll"}"#,
                "request 1 tools/call -"),
            MessageCase("a notification has no id", #"{"jsonrpc":"2.0","method":"x/y"}"#, "notification x/y -"),
            MessageCase(
                "a notification with params",
                #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
                #"notification notifications/cancelled {"requestId":1}"#),
            MessageCase("a result", #"{"jsonrpc":"2.0","id":3,"result":{"a":[ ]}}"#, #"result 3 {"a":[ ]}"#),
            MessageCase("a result of any kind", #"{"jsonrpc":"2.0","id":3,"result":null}"#, "result 3 null"),
            MessageCase(
                "an error", #"{"jsonrpc":"2.0","id":"q","error":{"code":-1,"message":"no"}}"#,
                #"error "q" {"code":-1,"message":"no"}"#),
            MessageCase(
                "2.7 a peer that could not read the id sends none",
                #"{"jsonrpc":"2.0","error":{"code":-32700,"message":"?"}}"#,
                #"error - {"code":-32700,"message":"?"}"#),
            MessageCase(
                "2.7 or null", #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}"#,
                #"error - {"code":-32700,"message":"?"}"#),
            MessageCase(
                "BP-11 depth 128 is allowed",
                #"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"# + String(repeating: "[", count: 126)
                    + String(repeating: "]", count: 126) + "}}",
                #"request 1 ping {"a":"# + String(repeating: "[", count: 126) + String(repeating: "]", count: 126) + "}"
            ),
        ])
    func accepted(_ row: MessageCase) throws {
        #expect(try MCPMessage(parsing: ByteBuffer(string: row.text)).shape == row.shape)
    }

    @Test(
        "What is no message is refused with its code and, where readable, its id",
        arguments: [
            RefusedCase("BP-02 id null", #"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, .invalidRequest),
            RefusedCase(
                "BP-02 id null, escaped key", #"{"jsonrpc":"2.0","i\u0064":null,"method":"ping"}"#, .invalidRequest),
            RefusedCase("id true", #"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, .invalidRequest),
            RefusedCase("id fraction", #"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, .invalidRequest),
            RefusedCase("id object", #"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, .invalidRequest),
            RefusedCase("id array", #"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, .invalidRequest),
            RefusedCase(
                "id of 513 bytes",
                #"{"jsonrpc":"2.0","id":""# + String(repeating: "a", count: 511) + #"","method":"ping"}"#,
                .invalidRequest),
            RefusedCase("BP-03/BP-04 brace", "{", .parseError),
            RefusedCase("BP-04 empty", "", .parseError),
            RefusedCase("BP-04 white space", " \n", .parseError),
            RefusedCase("BP-04 two values", "{} {}", .parseError),
            RefusedCase("BP-04 trailing comma", #"{"jsonrpc":"2.0","id":1,"method":"ping",}"#, .parseError),
            RefusedCase("BP-04 half a message", #"{"jsonrpc":"2.0","id":1,"method":"pi"#, .parseError),
            RefusedCase("BP-05 number", "5", .invalidRequest),
            RefusedCase("BP-05 string", #""x""#, .invalidRequest),
            RefusedCase("BP-05 true", "true", .invalidRequest),
            RefusedCase("BP-05 null", "null", .invalidRequest),
            RefusedCase("BP-05 version 1.0", #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, .invalidRequest, id: "1"),
            RefusedCase(
                "BP-05 version as number", #"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, .invalidRequest, id: "1"),
            RefusedCase("BP-05 no version", #"{"id":"a","method":"ping"}"#, .invalidRequest, id: #""a""#),
            RefusedCase("BP-05 empty object", "{}", .invalidRequest),
            RefusedCase("BP-05 only a version", #"{"jsonrpc":"2.0"}"#, .invalidRequest),
            RefusedCase("BP-05 only an id", #"{"jsonrpc":"2.0","id":1}"#, .invalidRequest, id: "1"),
            RefusedCase("method is no string", #"{"jsonrpc":"2.0","id":1,"method":5}"#, .invalidRequest, id: "1"),
            RefusedCase("method null", #"{"jsonrpc":"2.0","id":1,"method":null}"#, .invalidRequest, id: "1"),
            RefusedCase(
                "params array", #"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, .invalidRequest, id: "1"),
            RefusedCase(
                "params string", #"{"jsonrpc":"2.0","id":1,"method":"ping","params":"a"}"#, .invalidRequest, id: "1"),
            RefusedCase(
                "BP-06 method and result", #"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, .invalidRequest,
                id: "1"),
            RefusedCase(
                "BP-06 method and error", #"{"jsonrpc":"2.0","id":1,"method":"ping","error":{"code":1}}"#,
                .invalidRequest, id: "1"),
            RefusedCase(
                "BP-06 result and error", #"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
                .invalidRequest, id: "1"),
            RefusedCase(
                "BP-06 error is no object", #"{"jsonrpc":"2.0","id":1,"error":"no"}"#, .invalidRequest, id: "1"),
            RefusedCase(
                "BP-06 error without code", #"{"jsonrpc":"2.0","id":1,"error":{"message":"no"}}"#, .invalidRequest,
                id: "1"),
            RefusedCase(
                "BP-06 fractional code", #"{"jsonrpc":"2.0","id":1,"error":{"code":1.5}}"#, .invalidRequest, id: "1"),
            RefusedCase("response id true", #"{"jsonrpc":"2.0","id":true,"result":{}}"#, .invalidRequest),
            RefusedCase("BP-08 0xFF", bytes: [0xFF], .parseError),
            RefusedCase(
                "BP-08 0xFF in a string",
                bytes: Array(#"{"jsonrpc":"2.0","id":1,"method":"a"#.utf8) + [0xFF] + Array("\"}".utf8),
                .parseError),
            RefusedCase(
                "BP-08 overlong NUL",
                bytes: Array(#"{"jsonrpc":"2.0","id":1,"method":"a"#.utf8) + [0xC0, 0x80] + Array("\"}".utf8),
                .parseError),
            RefusedCase("BP-08 UTF-16", bytes: [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], .parseError),
            RefusedCase(
                "BP-11 depth 129",
                #"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"# + String(repeating: "[", count: 127)
                    + String(repeating: "]", count: 127) + "}}", .parseError),
            RefusedCase("BP-11 depth 10 000", String(repeating: "[", count: 10_000), .parseError),
            RefusedCase("BP-11 depth 10 000 of objects", String(repeating: #"{"a":"#, count: 10_000), .parseError),
            RefusedCase("L22 batch", "[]", .invalidRequest),
            RefusedCase("L22 batch of one", #"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, .invalidRequest),
        ])
    func refused(_ row: RefusedCase) {
        let error = #expect(throws: MCPMessageError.self) { try MCPMessage(parsing: ByteBuffer(bytes: row.bytes)) }
        #expect(error?.requestError.code == row.code)
        #expect(error?.requestError.httpStatus == 400)
        #expect(error?.id?.json == row.id)
    }

    @Test(
        "An interpreted member that occurs twice is refused, however it is spelled",
        arguments: [
            "jsonrpc", "id", "method", "params", "result", "error",
        ])
    func duplicates(_ key: String) throws {
        let values = [
            "jsonrpc": #""2.0""#, "id": "1", "method": #""ping""#, "params": "{}", "result": "{}",
            "error": #"{"code":1}"#,
        ]
        let others: [String] =
            switch key {
            case "result", "error": ["jsonrpc", "id"]
            default: ["jsonrpc", "id", "method"].filter { $0 != key }
            }
        let value = try #require(values[key])
        let code = try #require(key.unicodeScalars.first).value
        let escaped = "\\u00" + String(code, radix: 16) + key.dropFirst()
        let raised = "\\u00" + String(code, radix: 16, uppercase: true) + key.dropFirst()
        for spelling in [key, escaped, raised] {
            for pair in [[key, spelling], [spelling, key]] {
                let members = others.map { "\"\($0)\":\(values[$0] ?? "")" } + pair.map { "\"\($0)\":\(value)" }
                let text = "{" + members.joined(separator: ",") + "}"
                let error = #expect(throws: MCPMessageError.self) { try MCPMessage(parsing: ByteBuffer(string: text)) }
                #expect(error?.requestError.code == .invalidRequest, "\(text)")
                #expect(error?.requestError.message.contains("twice") == true, "\(text)")
            }
        }
    }

    @Test("Each member alone is no duplicate")
    func noFalseDuplicates() throws {
        let text = #"{"jsonrpc":"2.0","id":1,"ids":2,"Id":3,"method":"ping","params":{"id":1,"id":2},"i\u0064s":4}"#
        #expect(try MCPMessage(parsing: ByteBuffer(string: text)).shape == #"request 1 ping {"id":1,"id":2}"#)
    }

    @Test("BP-11: the limits of the caller apply")
    func limits() {
        let message = ByteBuffer(string: #"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":{}}}"#)
        #expect(throws: Never.self) { try MCPMessage(parsing: message, limits: JSONLimits(depth: 3)) }
        #expect(throws: MCPMessageError.self) { try MCPMessage(parsing: message, limits: JSONLimits(depth: 2)) }
        #expect(throws: MCPMessageError.self) { try MCPMessage(parsing: message, limits: JSONLimits(values: 4)) }
        #expect(throws: MCPMessageError.self) { try MCPMessage(parsing: message, limits: JSONLimits(stringBytes: 5)) }
    }

    @Test("A buffer whose reader has moved is read from there")
    func movedReader() throws {
        var buffer = ByteBuffer(string: #"garbage{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        buffer.moveReaderIndex(forwardBy: 7)
        #expect(try MCPMessage(parsing: buffer).shape == "request 1 ping -")
    }

    @Test("No truncation of a message is a message")
    func truncations() {
        let text = Array(
            #"{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"name":"a\u00e9","arguments":{"x":[1,2]}}}"#.utf8
        )
        for length in 0..<text.count {
            #expect(throws: MCPMessageError.self, "\(length) bytes") {
                try MCPMessage(parsing: ByteBuffer(bytes: text[..<length]))
            }
        }
    }
}
