// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@Suite("JSON slices")
struct JSONSliceTests {
    static let document = """
        { "jsonrpc" : "2.0", "id": 12, "params":{"name":"echo","arguments":{"name":"inner","list":[1,[2],"a,]}b"]}},
          "\\u006dethod":"tools/call" , "empty":{}, "nothing":null,"name":"outer" }
        """

    @Test("A key finds the member of this object and of no object inside it")
    func findsMembers() throws {
        let slice = try json(Self.document)
        #expect(slice["jsonrpc"]?.description == #""2.0""#)
        #expect(slice["id"]?.int == 12)
        #expect(slice["params"]?["name"]?.string == "echo")
        #expect(slice["params"]?["arguments"]?["name"]?.string == "inner")
        #expect(slice["params"]?["arguments"]?["list"]?.description == #"[1,[2],"a,]}b"]"#)
        #expect(slice["method"]?.string == "tools/call")
        #expect(slice["empty"] == .emptyObject)
        #expect(slice["nothing"]?.isNull == true)
        #expect(slice["name"]?.string == "outer")
        #expect(slice["arguments"] == nil)
        #expect(slice["echo"] == nil)
        #expect(slice[""] == nil)
        #expect(slice["nam"] == nil)
        #expect(slice["names"] == nil)
        #expect(slice.member("method")?.string == "tools/call")
        #expect(slice.member("missing") == nil)
    }

    @Test("The first of repeated members is found")
    func findsFirst() throws {
        #expect(try json(#"{"a":1,"a":2}"#)["a"]?.int == 1)
    }

    @Test(
        "A key is compared unescaped",
        arguments: [
            #"{"a/b\"c":1}"#, #"{"a\/b\"c":1}"#, #"{"\u0061/b\u0022c":1}"#, #"{"\u0061\u002F\u0062\"\u0063":1}"#,
        ])
    func comparesUnescaped(_ text: String) throws {
        #expect(try json(text)["a/b\"c"]?.int == 1)
        #expect(try json(text).member("a/b\"c")?.int == 1)
        #expect(try json(text)["a/b\"cd"] == nil)
        #expect(try json(text)["a/b\""] == nil)
    }

    @Test("A key is compared byte by byte, so composed and decomposed letters differ")
    func comparesBytes() throws {
        let slice = try json("{\"e\u{301}\":1,\"\u{E9}\":2}")
        #expect(slice["e\u{301}"]?.int == 1)
        #expect(slice["\u{E9}"]?.int == 2)
        #expect(slice.member("\u{E9}")?.int == 2)
        #expect(try json(#"{"\u00e9":3,"\uD83D\uDE00":4}"#)["é"]?.int == 3)
        #expect(try json(#"{"\u00e9":3,"\uD83D\uDE00":4}"#)["😀"]?.int == 4)
    }

    @Test("Long keys are compared to the last byte")
    func comparesLongKeys() throws {
        let slice = try json(#"{"io.modelcontextprotocol/relatedTask":1,"io.modelcontextprotocol/relatedTasK":2}"#)
        #expect(slice["io.modelcontextprotocol/relatedTasK"]?.int == 2)
        #expect(slice["io.modelcontextprotocol/relatedTas"] == nil)
    }

    @Test("Members are listed in order with quoted keys, repetitions included")
    func listsMembers() throws {
        let members = Array(try json(#" {"b" : 1,"a":[ 2 ] , "b":"x","\u0061":{}} "#).members)
        #expect(members.map(\.key.description) == [#""b""#, #""a""#, #""b""#, #""\u0061""#])
        #expect(members.map(\.value.description) == ["1", "[ 2 ]", #""x""#, "{}"])
        #expect(members.map(\.key.string) == ["b", "a", "b", "a"])
    }

    @Test("Elements are listed in order without the white space around them")
    func listsElements() throws {
        let elements = try json(#"[ 1 , "a,]" ,[],{"x":[1,2]},null ,-2.5e3 , true]"#).elements
        let spelled = [#"1"#, #""a,]""#, "[]", #"{"x":[1,2]}"#, "null", "-2.5e3", "true"]
        #expect(elements.map(\.description) == spelled)
    }

    @Test(
        "Objects have no elements, arrays no members, scalars neither",
        arguments: ["{}", "[]", "1", "\"[1]\"", "null"])
    func listsNothing(_ text: String) throws {
        let slice = try json(text)
        #expect(Array(slice.members).isEmpty)
        #expect(Array(slice.elements).isEmpty)
        #expect(slice["a"] == nil)
    }

    @Test("A slice of a slice keeps working after its message was read past")
    func outlivesReading() throws {
        var buffer = ByteBuffer(string: "xx")
        buffer.writeString(#"{"a":{"b":[10,20]}}"#)
        buffer.moveReaderIndex(forwardBy: 2)
        let list = try #require(try JSONSlice(validating: buffer)["a"]?["b"])
        buffer.clear()
        buffer.writeString("something else entirely")
        #expect(list.elements.map(\.int) == [10, 20])
    }

    @Test("Slices are equal when they are spelled alike, wherever they lie")
    func equality() throws {
        let slice = try json(#"{"a":[1,2],"b":[1,2],"c":[1, 2]}"#)
        #expect(slice["a"] == slice["b"])
        #expect(slice["a"]?.hashValue == slice["b"]?.hashValue)
        #expect(slice["a"] != slice["c"])
    }

    @Test("Slices are built from strings, integers, values and constants")
    func builds() {
        #expect(JSONSlice(string: "a\"\n😀").description == #""a\"\n😀""#)
        #expect(JSONSlice(-7).description == "-7")
        #expect(JSONSlice(["a": [1, nil, true]]).description == #"{"a":[1,null,true]}"#)
        #expect(JSONSlice(.slice(.emptyArray)) == .emptyArray)
        let constants: [JSONSlice] = [.null, .true, .false, .emptyObject, .emptyArray]
        #expect(constants.map(\.description) == ["null", "true", "false", "{}", "[]"])
        #expect(constants.map(\.kind) == [.null, .boolean, .boolean, .object, .array])
    }
}
