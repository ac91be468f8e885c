// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite("_meta that repeats the last one of its connection")
struct KnownMetaTests {
    private static func slice(_ text: String) throws -> JSONSlice {
        try JSONSlice(validating: ByteBuffer(string: text))
    }

    private static func meta(_ more: String = "", capabilities: String = "{}") throws -> JSONSlice {
        try slice(
            #"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#
                + #""io.modelcontextprotocol/clientInfo":{"name":"a"},"#
                + #""io.modelcontextprotocol/clientCapabilities":\#(capabilities)\#(more)}"#)
    }

    private static func place(of slice: JSONSlice?) throws -> UnsafeRawPointer? {
        try #require(slice).bytes.withUnsafeReadableBytes { $0.baseAddress }
    }

    @Test("What is said again is told from its bytes, and what is said otherwise is read")
    func repetition() throws {
        let known = KnownMeta()
        let first = try known.meta(try Self.meta(capabilities: #"{"roots":{}}"#))
        let second = try known.meta(try Self.meta(capabilities: #"{"roots":{}}"#))
        #expect(first.capabilities.roots != nil && second.capabilities.roots != nil)
        #expect(try Self.place(of: second.clientInfo) == Self.place(of: first.clientInfo))
        #expect(try known.meta(try Self.meta(capabilities: #"{"sampling":{}}"#)).capabilities.roots == nil)
        #expect(try known.meta(try Self.meta()).capabilities == .none)
        #expect(try known.meta(try Self.meta(#","io.modelcontextprotocol/logLevel":"error""#)).logLevel == .error)
        #expect(try known.meta(try Self.meta()).logLevel == nil)
    }

    @Test("Each request has the progress token that it came with")
    func tokens() throws {
        let known = KnownMeta()
        #expect(try known.meta(try Self.meta()).progressToken == nil)
        #expect(try known.meta(try Self.meta(#","progressToken":1"#)).progressToken?.int == 1)
        #expect(try known.meta(try Self.meta(#","progressToken":2"#)).progressToken?.int == 2)
        #expect(try known.meta(try Self.meta()).progressToken == nil)
    }

    @Test("What is wrong stays wrong, and takes the place of nothing")
    func errors() throws {
        let known = KnownMeta()
        let good = try known.meta(try Self.meta())
        for _ in 0..<2 {
            #expect(throws: RequestError.self) { try known.meta(nil) }
            #expect(throws: RequestError.self) { try known.meta(try Self.slice("{}")) }
            #expect(throws: RequestError.self) {
                try known.meta(try Self.meta(#","io.modelcontextprotocol/clientCapabilities":{}"#))
            }
        }
        #expect(try known.meta(try Self.meta()).revision == good.revision)
    }

    @Test("Long ones are read each time, and the memory of no request is kept")
    func room() throws {
        let known = KnownMeta()
        let long = String(repeating: "x", count: 8 << 10)
        let read = try known.meta(try Self.meta(#","com.example/long":"\#(long)""#))
        #expect(read.revision == "2026-07-28")
        let request = try Self.slice(#"{"_meta":\#(try Self.meta().bytes.text),"arguments":{"text":"\#(long)"}}"#)
        let kept = try known.meta(request["_meta"])
        #expect(try #require(kept.clientInfo).bytes.storageCapacity < 4 << 10)
        #expect(try #require(try known.meta(request["_meta"]).clientInfo).bytes.storageCapacity < 4 << 10)
    }
}

extension ByteBuffer {
    fileprivate var text: String { String(buffer: self) }
}
