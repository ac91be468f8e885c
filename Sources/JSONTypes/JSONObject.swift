// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// An object's members in the order they are written.
package struct JSONObject: Sendable {
    private var members: [(key: String, value: JSONValue)] = []

    package init() {}

    /// Keeps all members, repeated keys included.
    package init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = members.map { (key: $0.0, value: $0.1) }
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    /// The first member with this key, compared byte by byte.
    ///
    /// Setting replaces it where it stands, or appends it, and removes repetitions, so that what was set is all that a
    /// reader can find; nil removes the key.
    package subscript(key: String) -> JSONValue? {
        get {
            index(of: key).map { members[$0].value }
        }
        set {
            guard let first = index(of: key) else {
                if let newValue { append(key, newValue) }
                return
            }
            var kept = first
            if let newValue {
                members[first].value = newValue
                kept += 1
            }
            let repeated = members[kept...].indices.filter { members[$0].key.utf8.elementsEqual(key.utf8) }
            for index in repeated.reversed() { members.remove(at: index) }
        }
    }

    /// Adds a member at the end without looking for an earlier one.
    package mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key: key, value: value))
    }

    private func index(of key: String) -> Int? {
        members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }
}

extension JSONObject: Sequence {
    package typealias Element = (key: String, value: JSONValue)

    package func makeIterator() -> IndexingIterator<[Element]> {
        members.makeIterator()
    }

    package var underestimatedCount: Int { members.count }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.elementsEqual(right) { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        for member in members {
            hasher.combine(exactly: member.key)
            hasher.combine(member.value)
        }
    }
}
