// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Synchronization

/// Tools that send something back, for tests of faithful relaying and for benchmarks.
enum EchoTools {
    static var all: [Tool] {
        [echo, echoArguments, large, streamedEcho, chunkedEcho]
    }

    private static let textInput = Schema.object(["text": Schema.string("Text to send back.")], required: ["text"])

    private static func text(of call: Call) throws -> Reply {
        guard let text = call.arguments?["text"], text.kind == .string else {
            throw ToolFailure("The argument \"text\" is missing or not a string.")
        }
        return Reply(payload: .text(text))
    }

    private static let echo = Tool(
        "echo", "Answers with the text it was given.", input: textInput, handler: .answering(text(of:)))

    private static let echoArguments = Tool.answering(
        "echo_arguments",
        "Answers with two texts: the bytes of `arguments` and the bytes of `_meta`, exactly as they arrived."
    ) { call in
        func exact(_ slice: JSONSlice?) -> JSONValue { Content.text(slice.map { String(buffer: $0.bytes) } ?? "") }
        return ToolResult([exact(call.arguments), exact(call.meta)])
    }

    private static let streamedEcho = Tool(
        "sse_echo", "Like echo, answered as a stream with one event over HTTP.",
        input: Schema.object(
            [
                "text": Schema.string("Text to send back."),
                "format": Schema.string("How the event is spelled.", oneOf: EventFormat.allCases.map(\.rawValue)),
            ], required: ["text"]),
        handler: .answering { call in
            var reply = try text(of: call)
            var format = EventFormat.plain
            if call.arguments?["format"] != nil {
                let name = try call.string("format")
                guard let known = EventFormat(rawValue: name) else { throw ToolFailure("Unknown format \(name).") }
                format = known
            }
            reply.delivery = .stream(format)
            return reply
        })

    private static let chunkedEcho = Tool(
        "chunked_echo", "Like echo, answered in chunks without a length over HTTP.", input: textInput,
        handler: .answering { call in
            var reply = try text(of: call)
            reply.delivery = .chunked
            return reply
        })

    // MARK: Large answers

    private static let largest = 64 << 20
    private static let rendered = Mutex<[Int: JSONSlice]>([:])

    private static let large = Tool(
        "large", "Answers with one text of the given size.",
        input: Schema.object(
            ["bytes": Schema.integer("Size of the text.", in: 0...largest)], required: ["bytes"]),
        handler: .answering { call in
            Reply(payload: .text(largeText(try call.integer("bytes", in: 0...largest))))
        })

    /// A JSON string of so many characters; the sizes asked for first are kept, 16 of them and 1 MiB each at most.
    private static func largeText(_ size: Int) -> JSONSlice {
        if let kept = rendered.withLock({ $0[size] }) { return kept }
        let line = "The quick brown fox jumps over the lazy dog, and then it does so again. "
        var buffer = ByteBuffer()
        buffer.reserveCapacity(size + line.utf8.count + 2)
        buffer.writeStaticString("\"")
        while buffer.readableBytes < size + 1 { buffer.writeString(line) }
        buffer.moveWriterIndex(to: size + 1)
        buffer.writeStaticString("\"")
        let text = JSONSlice(trusted: buffer)
        if size <= 1 << 20 {
            rendered.withLock { if $0.count < 16 { $0[size] = text } }
        }
        return text
    }
}
