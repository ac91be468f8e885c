// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// A resource and how it is read.
package struct Resource: Sendable {
    package let uri: String
    package let definition: JSONObject
    /// The entries of `contents`.
    package let read: @Sendable () -> [JSONValue]
    /// Asks the client first, where reading needs an answer.
    let ask: (@Sendable (Peer) async throws -> [JSONValue])?

    init(
        _ uri: String, name: String, description: String, type: String,
        ask: (@Sendable (Peer) async throws -> [JSONValue])? = nil, read: @escaping @Sendable () -> [JSONValue]
    ) {
        self.uri = uri
        self.read = read
        self.ask = ask
        definition = [
            "uri": .string(uri), "name": .string(name), "description": .string(description),
            "mimeType": .string(type),
        ]
    }

    /// A resource of fixed or computed text.
    static func text(
        _ uri: String, name: String, description: String, type: String = "text/plain",
        _ text: @escaping @Sendable () -> String
    ) -> Resource {
        Resource(uri, name: name, description: description, type: type) {
            [Content.contents(uri, text: text(), type: type)]
        }
    }
}

extension Resource: Listed {
    package var key: String { uri }
    /// Legacy clients may read it too, but those that read everything should not stumble over a question.
    package var eras: Eras { ask == nil ? .both : .modern }
    package func definition(for revision: Revision) -> JSONObject { definition }
}

/// A URI template with one variable.
package struct ResourceTemplate: Sendable {
    let prefix: String
    let variable: String
    let suffix: String
    /// False for URIs that can be read but appear in no list.
    let isListed: Bool
    package let definition: JSONObject
    /// The entries of `contents` for a URI and the value of its variable; nil when there is no such resource.
    package let read: @Sendable (_ uri: String, _ value: String) -> [JSONValue]?
    /// Values of the variable that start with the given text.
    let complete: @Sendable (_ prefix: String) -> [String]

    init(
        prefix: String, variable: String, suffix: String = "", name: String, description: String, type: String,
        isListed: Bool = true, complete: @escaping @Sendable (String) -> [String] = { _ in [] },
        read: @escaping @Sendable (String, String) -> [JSONValue]?
    ) {
        self.prefix = prefix
        self.variable = variable
        self.suffix = suffix
        self.isListed = isListed
        self.complete = complete
        self.read = read
        definition = [
            "uriTemplate": .string("\(prefix){\(variable)}\(suffix)"), "name": .string(name),
            "description": .string(description), "mimeType": .string(type),
        ]
    }

    /// The decoded value of the variable when the URI fits; it may not be empty nor contain a slash.
    func value(in uri: String) -> String? {
        guard uri.utf8.count > prefix.utf8.count + suffix.utf8.count, uri.hasPrefix(prefix), uri.hasSuffix(suffix)
        else { return nil }
        let value = uri.dropFirst(prefix.count).dropLast(suffix.count)
        return value.contains("/") ? nil : percentDecoded(value)
    }

    /// Nil for a broken escape or for bytes that are not UTF-8.
    private func percentDecoded(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let decoded = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(decoded)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension ResourceTemplate: Listed {
    package var key: String { "\(prefix){\(variable)}\(suffix)" }
    package func definition(for revision: Revision) -> JSONObject { definition }
}
