// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import JSONTypes

/// Typed access to client metadata in JSON (RFC 7591 §2): `null` counts as absent, a wrong type is an error.
struct ClientMetadataFields {
    static let maximumNameBytes = 256

    struct WrongType: Error {
        let member: String
    }

    private let object: JSONSlice

    init(_ object: JSONSlice) { self.object = object }

    func string(_ name: String) throws(WrongType) -> String? {
        guard let value = present(name) else { return nil }
        guard let text = value.string else { throw WrongType(member: name) }
        return text
    }

    func bool(_ name: String) throws(WrongType) -> Bool? {
        guard let value = present(name) else { return nil }
        guard let flag = value.bool else { throw WrongType(member: name) }
        return flag
    }

    func strings(_ name: String) throws(WrongType) -> [String]? {
        guard let value = present(name) else { return nil }
        guard value.kind == .array else { throw WrongType(member: name) }
        var texts: [String] = []
        for element in value.elements {
            guard let text = element.string else { throw WrongType(member: name) }
            texts.append(text)
        }
        return texts
    }

    /// The `scope` member: a list in one string, as it is specified, or an array, as some clients send it.
    func scopes() throws(WrongType) -> [String]? {
        guard present("scope")?.kind == .string else { return try strings("scope") }
        return try string("scope")?.split(separator: " ").map(String.init)
    }

    private func present(_ name: String) -> JSONSlice? {
        object.member(name).flatMap { $0.isNull ? nil : $0 }
    }
}
