// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("Repeated keys")
struct JSONDuplicateKeyTests {
    @Test(
        "The first key that repeats an earlier one is found, however it is spelled",
        arguments: [
            (#"{"a":1,"a":2}"#, "a"), (#"{"a":1,"b":2,"c":3,"b":4,"a":5}"#, "b"), (#"{"":1,"":2}"#, ""),
            (#"{"name":1,"\u006eame":2}"#, "name"), (#"{"\u006eame":1,"name":2}"#, "name"),
            (#"{"\u006eame":1,"n\u0061me":2}"#, "name"), (#"{"a/b":1,"a\/b":2}"#, "a/b"),
            (#"{"é":1,"\u00e9":2}"#, "é"), (#"{"\uD83D\uDE00":1,"😀":2}"#, "😀"), (#"{"a\n":1,"a\u000a":2}"#, "a\n"),
            (#"{"\uD800":1,"\uDC00":2}"#, "\u{FFFD}"), (#"{ "a" : {"b":1,"b":2} , "c":0 , "c" : 0 }"#, "c"),
        ])
    func finds(_ text: String, _ key: String) throws {
        #expect(try json(text).duplicateKey() == key)
    }

    @Test(
        "Objects whose keys differ, and other kinds, have none",
        arguments: [
            "{}", #"{"a":1}"#, #"{"a":1,"b":1}"#, #"{"a":1,"A":2}"#, #"{"a":1,"aa":2,"":3}"#, #"{"a":{"a":{"a":1}}}"#,
            #"{"a":"a","b":["a","a"]}"#, #"{"\\u0061":1,"a":2}"#, "{\"e\u{301}\":1,\"\u{E9}\":2}",
            #"{"e\u0301":1,"\u00e9":2}"#, "[]", #"["a","a"]"#, "1", #""a""#, "null",
        ])
    func findsNone(_ text: String) throws {
        #expect(try json(text).duplicateKey() == nil)
    }

    @Test(
        "Every member is visited once and in order on the way, whatever is found",
        arguments: [
            "{}", "[]", "1", #"{"a":1,"b":{"c":2}}"#, #"{"a":1,"a":2,"b":3}"#, #"{"\u0061":1,"a":2,"b":3,"b":4}"#,
            "{" + (0..<40).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}",
        ])
    func visits(_ text: String) throws {
        let object = try json(text)
        var visited: [String] = []
        let found = object.duplicateKey { text, range in
            visited.append("\(range.key(in: text)) \(JSONSlice(valueOf: range, in: object.bytes))")
        }
        #expect(found == object.duplicateKey())
        #expect(visited == object.members.map { "\($0.key.string ?? "") \($0.value)" })
    }

    @Test("The repetition is found in objects of every size", arguments: [2, 3, 15, 16, 17, 18, 100, 1000])
    func findsInAnySize(_ count: Int) throws {
        let keys = (0..<count).map { "k\($0)" }
        let unique = JSONSlice(.object(JSONObject(keys.map { ($0, 0) })))
        #expect(unique.duplicateKey() == nil)
        for repeated in [0, (count - 1) / 2, count - 2] {
            let object = JSONSlice(.object(JSONObject((keys.dropLast() + [keys[repeated]]).map { ($0, 0) })))
            #expect(object.duplicateKey() == keys[repeated])
        }
    }
}
