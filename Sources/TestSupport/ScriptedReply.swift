// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What a script can do with one request: answer well, badly, in pieces, or not at all.
package struct ScriptedReply: Sendable {
    /// The JSON spelling of the request's id, for answers that carry it.
    package let id: String
    let channel: any Channel

    // MARK: Whole answers

    package func respond(
        _ status: Int, _ fields: [(String, String)] = [], type: String? = nil, body: String = ""
    ) {
        var head = "HTTP/1.1 \(status) Scripted\r\n"
        if let type { head += "Content-Type: \(type)\r\n" }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        raw(head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
    }

    package func json(_ body: String, status: Int = 200, _ fields: [(String, String)] = []) {
        respond(status, fields, type: "application/json", body: body)
    }

    /// The JSON-RPC answer to this very request.
    package func result(_ result: String, _ fields: [(String, String)] = []) {
        json(response(result), fields)
    }

    package func error(_ code: Int, _ message: String, status: Int = 200) {
        json(#"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"message":"\#(message)"}}"#, status: status)
    }

    /// The text of a JSON-RPC answer to this request.
    package func response(_ result: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"#
    }

    package func accepted() { respond(202) }

    // MARK: Event streams, chunked

    package func openStream(_ fields: [(String, String)] = []) {
        var head = "HTTP/1.1 200 Scripted\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        raw(head + "\r\n")
    }

    package func event(_ data: String?, id: String? = nil, event: String? = nil, retry: String? = nil) {
        var text = ""
        if let event { text += "event: \(event)\n" }
        if let id { text += "id: \(id)\n" }
        if let retry { text += "retry: \(retry)\n" }
        if let data { text += "data: \(data)\n" }
        chunk(text + "\n")
    }

    package func chunk(_ text: String) {
        raw(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
    }

    package func endStream() { raw("0\r\n\r\n") }

    // MARK: Bytes and connections

    package func raw(_ text: String) {
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }

    /// Closes the connection after what was written.
    package func close() {
        channel.eventLoop.execute { channel.close(promise: nil) }
    }

    package var isOpen: Bool { channel.isActive }

    /// Waits until the connection is gone, whoever ended it.
    package func closed() async {
        try? await channel.closeFuture.get()
    }
}
