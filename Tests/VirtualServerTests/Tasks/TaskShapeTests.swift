// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import VirtualServer

/// Tasks between the core form of 2025-11-25 and the extension of 2026-07-28 (§4.6).
@Suite struct TaskShapeTests {
    private func json(_ text: String) throws -> JSONSlice { try JSONSlice(validating: ByteBuffer(string: text)) }

    @Test("an extension task becomes a core task, under our id")
    func toLegacy() throws {
        let task = try json(
            #"{"resultType":"task","taskId":"b","status":"working","createdAt":"c","lastUpdatedAt":"u","ttlMs":5,"pollIntervalMs":7,"statusMessage":"m"}"#
        )
        #expect(
            TaskShape.legacy(task, id: "ours").description
                == #"{"taskId":"ours","status":"working","statusMessage":"m","createdAt":"c","lastUpdatedAt":"u","ttl":5,"pollInterval":7}"#
        )
    }

    @Test("a completed extension task whose tool reports an error has failed as a core task")
    func failed() throws {
        let task = try json(#"{"taskId":"b","status":"completed","ttlMs":null,"result":{"isError":true}}"#)
        let legacy = TaskShape.legacy(task, id: "ours")
        #expect(legacy["status"]?.string == "failed")
        #expect(legacy["ttl"]?.isNull == true)
    }

    @Test("a core task becomes an extension task, under our id")
    func toModern() throws {
        let task = try json(#"{"taskId":"b","status":"input_required","createdAt":"c","lastUpdatedAt":"u","ttl":null}"#)
        #expect(
            JSONSlice(.object(TaskShape.modern(task, id: "ours"))).description
                == #"{"taskId":"ours","status":"input_required","createdAt":"c","lastUpdatedAt":"u","ttlMs":null}"#)
    }

    @Test("the id is replaced where a message says it, and nothing else changes")
    func renamed() throws {
        let message = try json(
            #"{"taskId":"b","x":1.0,"_meta":{"v/k":[1],"io.modelcontextprotocol/related-task":{"taskId":"b"}}}"#)
        #expect(
            TaskShape.renamed(message, to: "ours").description
                == #"{"taskId":"ours","x":1.0,"_meta":{"v/k":[1],"io.modelcontextprotocol/related-task":{"taskId":"ours"}}}"#
        )
        let plain = try json(#"{"a":{"taskId":"b"}}"#)
        #expect(TaskShape.renamed(plain, to: "ours").description == plain.description)
    }

    @Test("the mark of a task is taken out for those who know of none, and nothing else")
    func unrelated() throws {
        let key = "io.modelcontextprotocol/related-task"
        let only = try json(#"{"x":1.0,"_meta":{"\#(key)":{"taskId":"b"}}}"#)
        #expect(TaskShape.unrelated(only).description == #"{"x":1.0}"#)
        let more = try json(#"{"_meta":{"v/k":[1],"\#(key)":{"taskId":"b"}},"y":2}"#)
        #expect(TaskShape.unrelated(more).description == #"{"_meta":{"v/k":[1]},"y":2}"#)
        let none = try json(#"{"_meta":{},"y":2}"#)
        #expect(TaskShape.unrelated(none).description == none.description)
    }

    @Test(
        "an id that cannot be one is none", arguments: [#"{"taskId":""}"#, #"{"taskId":7}"#, #"{"task":"b"}"#])
    func ids(_ text: String) throws {
        #expect(TaskShape.id(of: try json(text)) == nil)
    }
}
