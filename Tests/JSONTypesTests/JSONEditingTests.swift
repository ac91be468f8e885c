// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("JSON editing")
struct JSONEditingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let edits: [JSONEdit]
        let expected: String

        init(_ text: String, _ edits: [(String, String?)], _ expected: String) {
            self.text = text
            self.edits = edits.map { key, value in
                JSONEdit(key: key, value: value.map { JSONSlice(trusted: ByteBuffer(string: $0)) })
            }
            self.expected = expected
        }

        var testDescription: String { "\(text) \(edits.map { "\($0.key)=\($0.value?.description ?? "–")" })" }
    }

    static let replacing: [Row] = [
        Row(#"{"a":1}"#, [("a", "2")], #"{"a":2}"#),
        Row(#"{"a":1,"b":2,"c":3}"#, [("b", #""x""#)], #"{"a":1,"b":"x","c":3}"#),
        Row(#"{ "a" : 1 , "b" : 2 }"#, [("a", "[ ]")], #"{ "a" : [ ] , "b" : 2 }"#),
        Row(#"{"a":1,"b":2}"#, [("b", "4"), ("a", "3")], #"{"a":3,"b":4}"#),
        Row(#"{"\u0061":1}"#, [("a", "2")], #"{"\u0061":2}"#),
        Row(#"{"a\nb":1}"#, [("a\nb", "2")], #"{"a\nb":2}"#),
        Row(#"{"a":{"a":1},"b":["a"]}"#, [("a", "0")], #"{"a":0,"b":["a"]}"#),
        Row(#"{"a":1,"b":0,"a":2}"#, [("a", "9")], #"{"a":9,"b":0,"a":9}"#),
        Row(#"{"a":1,"b":0,"\u0061":2}"#, [("a", "9")], #"{"a":9,"b":0,"\u0061":9}"#),
        Row(#"{"a":1}"#, [("a", "2"), ("a", "3")], #"{"a":3}"#),
        Row(#"{"a":1}"#, [("a", nil), ("a", "3")], #"{"a":3}"#),
    ]

    static let removing: [Row] = [
        Row(#"{"a":1}"#, [("a", nil)], "{}"),
        Row(#"{ "a" : 1 }"#, [("a", nil)], "{  }"),
        Row(#"{"a":1,"b":2,"c":3}"#, [("a", nil)], #"{"b":2,"c":3}"#),
        Row(#"{"a":1,"b":2,"c":3}"#, [("b", nil)], #"{"a":1,"c":3}"#),
        Row(#"{"a":1,"b":2,"c":3}"#, [("c", nil)], #"{"a":1,"b":2}"#),
        Row(#"{"a":1,"b":2,"c":3}"#, [("a", nil), ("b", nil)], #"{"c":3}"#),
        Row(#"{"a":1,"b":2,"c":3}"#, [("a", nil), ("c", nil)], #"{"b":2}"#),
        Row(#"{"a":1,"b":2,"c":3}"#, [("c", nil), ("b", nil), ("a", nil)], "{}"),
        Row("{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", [("a", nil)], "{\n  \"b\": 2,\n  \"c\": 3\n}"),
        Row("{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", [("b", nil)], "{\n  \"a\": 1,\n  \"c\": 3\n}"),
        Row("{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", [("c", nil)], "{\n  \"a\": 1,\n  \"b\": 2\n}"),
        Row(#"{"a":1,"b":0,"a":2}"#, [("a", nil)], #"{"b":0}"#),
        Row(#"{"a":1,"a":2}"#, [("a", nil)], "{}"),
        Row(#"{"a":1,"b":2}"#, [("a", nil), ("b", "3")], #"{"b":3}"#),
        Row(#"{"a":1}"#, [("b", nil)], #"{"a":1}"#),
        Row(#"{"a":1}"#, [("a", "2"), ("a", nil)], "{}"),
    ]

    static let appending: [Row] = [
        Row("{}", [("a", "1")], #"{"a":1}"#),
        Row("{ }", [("a", "1")], #"{ "a":1}"#),
        Row(#"{"a":1}"#, [("b", "2")], #"{"a":1,"b":2}"#),
        Row("{\n  \"a\": 1\n}", [("b", "2")], "{\n  \"a\": 1,\"b\":2\n}"),
        Row(#"{"a":1}"#, [("b", "2"), ("c", "3")], #"{"a":1,"b":2,"c":3}"#),
        Row(#"{"a":1}"#, [("c", "3"), ("a", nil), ("b", "2")], #"{"c":3,"b":2}"#),
        Row(#"{"a":1}"#, [("k\"\n", "2")], #"{"a":1,"k\"\n":2}"#),
        Row(#"{"a":1}"#, [("b", "2"), ("b", "3")], #"{"a":1,"b":3}"#),
        Row(#"{"a":1}"#, [("b", "2"), ("b", nil)], #"{"a":1}"#),
        Row(#"{"a":1,"b":2}"#, [("a", nil), ("b", nil), ("c", "3")], #"{"c":3}"#),
        Row("{\"\u{E9}\":1}", [("e\u{301}", "2")], "{\"\u{E9}\":1,\"e\u{301}\":2}"),
    ]

    @Test(
        "Members are replaced, removed and appended; the rest keeps its bytes",
        arguments: replacing + removing + appending)
    func edits(_ row: Row) throws {
        let edited = try json(row.text).editing(row.edits)
        #expect(Array(edited.description.utf8) == Array(row.expected.utf8))
        #expect(try JSONSlice(validating: edited.bytes) == edited)
    }

    @Test("Without appending, missing members stay missing", arguments: replacing + removing)
    func editsWithoutAppending(_ row: Row) throws {
        let absent = JSONEdit(key: "absent", value: .true)
        let edited = try json(row.text).editing(row.edits + [absent], appendMissing: false)
        #expect(edited.description == row.expected)
    }

    @Test("Slices that are not objects are returned as they are", arguments: ["[]", #"["a"]"#, "1", #""a""#, "null"])
    func leavesOthersAlone(_ text: String) throws {
        let slice = try json(text)
        #expect(slice.editing([JSONEdit(key: "a", value: .true)]) == slice)
    }

    @Test("No byte outside the edited value changes")
    func keepsEveryByte() throws {
        let text = """
            {  "z" : 1.0,\t"a":1e400 ,"big":9007199254740993,\r\n "id":"\\u0041\\/é\\uD800",
              "unknown/x":{ "k" : [ 1 , 2.50 , -0 ] , "k" : null } , "target" : [ 1 ] , "e":1E+05, "last":"" }
            """
        let slice = try json(text)
        let members = [
            ("z", "1.0"), ("a", "1e400"), ("big", "9007199254740993"), ("target", "[ 1 ]"), ("e", "1E+05"),
        ]
        for (key, old) in members {
            let edited = slice.editing([JSONEdit(key: key, value: JSONSlice(string: "new"))])
            let range = try #require(text.firstRange(of: old))
            var expected = text
            expected.replaceSubrange(range, with: "\"new\"")
            #expect(edited.description == expected)
            let restored = edited.editing([JSONEdit(key: key, value: JSONSlice(trusted: ByteBuffer(string: old)))])
            #expect(restored == slice)
        }
    }

    @Test("Edits at depth compose: a tool call is renamed with its arguments untouched")
    func composes() throws {
        let call = try json(
            #"{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"github_list","arguments":{"n":1e2}}}"#)
        let params = try #require(call["params"])
        let renamed = params.editing([JSONEdit(key: "name", value: JSONSlice(string: "list"))])
        #expect(
            call.editing([JSONEdit(key: "params", value: renamed)]).description
                == #"{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":"list","arguments":{"n":1e2}}}"#)
    }

    @Test("Many edits of a big object are all applied")
    func appliesMany() throws {
        let keys = (0..<200).map { "key\($0)" }
        let object = JSONSlice(.object(JSONObject(keys.map { ($0, 0) })))
        let edits = keys.enumerated().map { index, key in
            JSONEdit(key: key, value: index % 3 == 0 ? nil : JSONSlice(index))
        }
        let edited = object.editing(edits + [JSONEdit(key: "new", value: .null)])
        let expected = keys.enumerated().filter { $0.offset % 3 != 0 }.map { "\"\($0.element)\":\($0.offset)" }
        #expect(edited.description == "{" + expected.joined(separator: ",") + ",\"new\":null}")
    }
}
