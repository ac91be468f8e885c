// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore
import Testing

/// One rule of WHATWG HTML, section 9.2, and a stream that shows it.
struct SSERule: Sendable, CustomTestStringConvertible {
    let rule: String
    let stream: [UInt8]
    let events: [SSEEvent]
    var lastEventID: String?
    var retry: Int?

    init(_ rule: String, _ stream: String, _ events: [SSEEvent], lastEventID: String? = nil, retry: Int? = nil) {
        self.init(rule, bytes: Array(stream.utf8), events, lastEventID: lastEventID, retry: retry)
    }

    init(_ rule: String, bytes: [UInt8], _ events: [SSEEvent], lastEventID: String? = nil, retry: Int? = nil) {
        self.rule = rule
        self.stream = bytes
        self.events = events
        self.lastEventID = lastEventID
        self.retry = retry
    }

    var testDescription: String { rule }

    private static func data(_ text: String, event: String? = nil, id: String? = nil, retry: Int? = nil) -> SSEEvent {
        SSEEvent(event: event, data: ByteBuffer(string: text), id: id, retry: retry)
    }

    static let all: [SSERule] = [
        SSERule("an empty stream has no events", "", []),
        SSERule("LF ends lines", "data: a\n\ndata: b\n\n", [data("a"), data("b")]),
        SSERule("CR ends lines", "data: a\r\rdata: b\r\r", [data("a"), data("b")]),
        SSERule("CRLF ends lines", "data: a\r\n\r\ndata: b\r\n\r\n", [data("a"), data("b")]),
        SSERule(
            "line ends may be mixed", "data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", [data("a"), data("b"), data("c")]),
        SSERule("LF CR is two line ends", "data: a\n\rdata: b\n\r", [data("a"), data("b")]),
        SSERule("data lines join with LF", "data: a\ndata: b\r\ndata:c\n\n", [data("a\nb\nc")]),
        SSERule("empty data lines join too", "data:\ndata\ndata: \n\n", [data("\n\n")]),
        SSERule("one empty data line is empty data", "data:\n\n", [data("")]),
        SSERule("a data line without colon is empty data", "data\n\n", [data("")]),
        SSERule("comments are ignored", ": hi\ndata: a\n:\n:data: b\n\n: bye\n\n", [data("a")]),
        SSERule("one leading space is dropped", "data:  a \n\n", [data(" a ")]),
        SSERule("a leading tab stays", "data:\ta\n\n", [data("\ta")]),
        SSERule("a leading space may be missing", "data:a\n\n", [data("a")]),
        SSERule("only the first colon splits", "data: a: b:c\n\n", [data("a: b:c")]),
        SSERule(
            "a byte order mark at the start is dropped", bytes: [0xEF, 0xBB, 0xBF] + Array("data: a\n\n".utf8),
            [data("a")]),
        SSERule(
            "a second byte order mark is part of a name",
            bytes: [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF] + Array("data: a\n\ndata: b\n\n".utf8), [data("b")]),
        SSERule(
            "a later byte order mark is part of a name",
            bytes: Array("data: a\n\n".utf8) + [0xEF, 0xBB, 0xBF] + Array("data: b\n\n".utf8), [data("a")]),
        SSERule("half a byte order mark is part of a name", bytes: [0xEF, 0xBB] + Array("data: a\n\n".utf8), []),
        SSERule("unknown fields are ignored", "foo: x\ndata: a\nbar\n\n", [data("a")]),
        SSERule("field names are case-sensitive", "Data: a\nDATA: b\ndata: c\n\n", [data("c")]),
        SSERule("a field name must match whole", "dat: a\ndatas: b\ndata : c\n data: d\nid2: e\n\n", []),
        SSERule("the event type is handed out", "event: endpoint\ndata: /m\n\n", [data("/m", event: "endpoint")]),
        SSERule("the last event type counts", "event: a\nevent: b\ndata: x\n\n", [data("x", event: "b")]),
        SSERule("message is the default type", "event: message\ndata: a\n\n", [data("a")]),
        SSERule("an empty event type is the default type", "event: a\nevent:\ndata: x\n\n", [data("x")]),
        SSERule(
            "the event type does not persist", "event: a\ndata: x\n\ndata: y\n\n", [data("x", event: "a"), data("y")]),
        SSERule("an event type alone is no event", "event: a\n\ndata: x\n\n", [data("x")]),
        SSERule(
            "an id persists", "id: 1\ndata: a\n\ndata: b\n\n", [data("a", id: "1"), data("b")], lastEventID: "1"),
        SSERule(
            "an id counts once its event is complete", "id: 1\ndata: a\n\nid: 2\ndata: b\n", [data("a", id: "1")],
            lastEventID: "1"),
        SSERule("an id without data is reported", "id: 1\n\n", [SSEEvent(id: "1")], lastEventID: "1"),
        SSERule("a priming event is reported", "id: 1\ndata:\n\n", [data("", id: "1")], lastEventID: "1"),
        SSERule(
            "an empty id resets the last id", "id: 1\ndata: a\n\nid\ndata: b\n\n",
            [data("a", id: "1"), data("b", id: "")]),
        SSERule("an id with NUL is ignored", "id: 1\nid: 2\0\ndata: a\n\n", [data("a", id: "1")], lastEventID: "1"),
        SSERule("retry is remembered without an event", "retry: 500\n\n", [], retry: 500),
        SSERule("retry counts at once", "retry: 500\n", [], retry: 500),
        SSERule(
            "retry is reported with its event", "id: 7\nretry: 500\ndata:\n\ndata: x\n\n",
            [data("", id: "7", retry: 500), data("x")], lastEventID: "7", retry: 500),
        SSERule(
            "retry takes digits only", "retry: 1s\nretry: -1\nretry: +1\nretry: 1.0\nretry:  1\nretry\nretry:\n\n", []),
        SSERule("a wrong retry keeps the earlier one", "retry: 9\nretry: x\n\n", [], retry: 9),
        SSERule("retry may have leading zeros", "retry:007\n\n", [], retry: 7),
        SSERule("a huge retry is clamped", "retry: 99999999999999999999999\n\n", [], retry: 2_147_483_647),
        SSERule("an event that the end cuts off is dropped", "data: a\n\ndata: b\n", [data("a")]),
        SSERule("a line that the end cuts off is dropped", "data: a\n\ndata: b", [data("a")]),
        SSERule("blank lines alone are no events", "\n\r\n\r\r\n\n", []),
        SSERule("Unicode line separators are content", "data: a\u{2028}b\u{85}c\n\n", [data("a\u{2028}b\u{85}c")]),
        SSERule(
            "bytes that are no UTF-8 are passed on as data", bytes: Array("data: ".utf8) + [0xFF, 0xC0, 0x0A, 0x0A],
            [SSEEvent(data: ByteBuffer(bytes: [0xFF, 0xC0]))]),
        SSERule(
            "bytes that are no UTF-8 are repaired in ids", bytes: Array("id: ".utf8) + [0xFF, 0x0A, 0x0A],
            [SSEEvent(id: "\u{FFFD}")], lastEventID: "\u{FFFD}"),
        SSERule(
            "control characters are content", "data: \u{1}\u{B}\u{C}\u{7F}\t\u{8}aaaaaaaa\u{9}bbbb\n\n",
            [data("\u{1}\u{B}\u{C}\u{7F}\t\u{8}aaaaaaaa\u{9}bbbb")]),
    ]
}
