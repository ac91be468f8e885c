// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// One HTTP request as a scripted backend received it: the bytes are not interpreted beyond the end of the body.
package struct ScriptedRequest: Sendable {
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    /// Counted from 1 in the order in which connections were accepted.
    package let connection: Int
    package let method: String
    package let target: String
    /// Everything before the body, as received.
    package let head: String
    package let fields: [Field]
    package let body: ByteBuffer
    package let arrived: ContinuousClock.Instant

    /// The value of the first field of that name; `nil` when there is none.
    package func header(_ name: String) -> String? { headers(name).first }

    package func headers(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// The body, when it is JSON.
    package var json: JSONSlice? { try? JSONSlice(validating: body) }

    /// The JSON-RPC method.
    package var verb: String? { json?["method"]?.string }

    /// The JSON spelling of the JSON-RPC id.
    package var id: String? { json?["id"]?.description }

    package var params: JSONSlice? { json?["params"] }

    /// The name of the tool or prompt, or the URI of the resource, that is asked for.
    package var subject: String? { params?["name"]?.string ?? params?["uri"]?.string }

    package var sessionID: String? { header("Mcp-Session-Id") }
}

/// Cuts requests out of what one connection received.
struct ScriptedRequestReader {
    let connection: Int
    private var bytes = ByteBuffer()

    init(connection: Int) { self.connection = connection }

    mutating func append(_ more: ByteBuffer) { bytes.writeImmutableBuffer(more) }

    mutating func next() -> ScriptedRequest? {
        let view = bytes.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: view[view.startIndex..<end.lowerBound], as: UTF8.self)
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let requestLine = lines.removeFirst().split(separator: " ", maxSplits: 2)
        let fields = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return ScriptedRequest.Field(
                name: String(parts[0]), value: parts.count > 1 ? String(parts[1].trimmingPrefix(" ")) : "")
        }
        let length = fields.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        let headLength = view.distance(from: view.startIndex, to: end.upperBound)
        guard bytes.readableBytes >= headLength + length else { return nil }
        bytes.moveReaderIndex(forwardBy: headLength)
        let body = bytes.readSlice(length: length) ?? ByteBuffer()
        return ScriptedRequest(
            connection: connection, method: requestLine.first.map(String.init) ?? "",
            target: requestLine.dropFirst().first.map(String.init) ?? "", head: head, fields: fields, body: body,
            arrived: .now)
    }
}
