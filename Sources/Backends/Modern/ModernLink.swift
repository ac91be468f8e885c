// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// A way to a backend that speaks the Modern era: each request says everything by itself.
protocol ModernLink: SessionLink {
    /// Sends a request whose answer completes `call`. Called on `call.shard`'s loop.
    func send(_ request: ModernRequest, for call: PendingCall)

    /// Whether another server may take the place of the one that was asked, as behind an address but not in a process.
    var mayChangeEra: Bool { get }

    /// Keeps what is listened for.
    var listener: ModernListener { get }
}

extension SessionLink {
    var modern: (any ModernLink)? { nil }
    var hasSingleChannel: Bool { false }
}

/// A request to a Modern backend before it gets its place on a transport.
struct ModernRequest: Sendable {
    var method: MCPMethod
    /// The keys of our hop in `_meta` are the link's to write, whatever stands here.
    var params: RequestParameters
    var logLevel: LogLevel?
    /// `nil` when no progress is wanted.
    var progressToken: Int?
    var parameterHeaders = ParameterHeaders.none
    /// The client's and the credential's.
    var headers = ForwardedHeaders.none
    /// Whether the answer may be a task.
    var declaresTasks = false

    /// Writes the headers that say what the body says (2026-07-28, Transports, Standard Request Headers and Custom
    /// Headers).
    func writeFields(_ head: inout PieceWriter) {
        if case .toolsCall = method {
            head.write("Mcp-Method: tools/call\r\n" as StaticString)
        } else {
            head.write("Mcp-Method: \(HeaderText.encoded(method.name))\r\n")
        }
        if let subject {
            head.write("Mcp-Name: " as StaticString)
            if !head.writePlainText(of: subject) { head.write(HeaderText.encoded(subject.string ?? "")) }
            head.write("\r\n" as StaticString)
        }
        guard method == .toolsCall, !parameterHeaders.fields.isEmpty else { return }
        for field in parameterHeaders.headers(for: params.text?["arguments"]) {
            head.write("\(field.name): \(field.value)\r\n")
        }
    }

    private var subject: JSONSlice? {
        if let name = params.knownName { return name }
        let subject: JSONSlice? =
            switch method {
            case .toolsCall, .promptsGet: params.text?["name"]
            case .resourcesRead: params.text?["uri"]
            case .tasksGet, .tasksUpdate, .tasksCancel: params.text?["taskId"]
            default: nil
            }
        return subject?.kind == .string ? subject : nil
    }
}

extension PieceWriter {
    /// Writes a JSON string's text when it is spelled with nothing but visible ASCII that no header reads in another
    /// way, as names usually are.
    ///
    /// - Returns: whether it was.
    fileprivate mutating func writePlainText(of string: JSONSlice) -> Bool {
        string.bytes.withUnsafeReadableBytes { text in
            guard text.count > 2 else { return false }
            let content = UnsafeRawBufferPointer(rebasing: text[1..<text.count - 1])
            // A backslash begins an escape, and an equals sign may begin what looks like base64.
            guard content.first != UInt8(ascii: "="),
                content.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
            else { return false }
            write(content)
            return true
        }
    }
}
