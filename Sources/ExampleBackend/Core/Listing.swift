// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// Something that a list method shows.
package protocol Listed: Sendable {
    var key: String { get }
    func definition(for revision: Revision) -> JSONObject
    /// The revisions that know the item at all.
    var eras: Eras { get }
}

extension Listed {
    package var eras: Eras { .both }
}

/// Where something exists.
package enum Eras: Sendable {
    case both
    case legacy
    case modern

    package func contains(_ revision: Revision) -> Bool {
        switch self {
        case .both: true
        case .legacy: !revision.isModern
        case .modern: revision.isModern
        }
    }
}

/// An ordered list of definitions that is rendered once per revision and page.
struct Listing<Item: Listed>: Sendable {
    /// The member of the result that holds the items, for example `tools`.
    let member: String
    let pageSize: Int
    let endless: Bool
    /// `ttlMs` of the Modern revision.
    let cacheMilliseconds: Int
    private(set) var items: [Item]
    /// How many items came after the first ones.
    private(set) var additions = 0
    private var positions: [String: Int]
    private var pages: [Page: ByteBuffer] = [:]
    /// The items of one era.
    private var shown: [Bool: [Item]] = [:]

    private struct Page: Hashable {
        let revision: Revision
        let offset: Int
    }

    init(_ member: String, pageSize: Int, endless: Bool, cacheMilliseconds: Int, items: [Item]) {
        self.member = member
        self.pageSize = pageSize
        self.endless = endless
        self.cacheMilliseconds = cacheMilliseconds
        self.items = items
        positions = Dictionary(
            items.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(key: String) -> Item? {
        positions[key].map { items[$0] }
    }

    /// False when the key is taken.
    mutating func append(_ item: Item) -> Bool {
        guard positions[item.key] == nil else { return false }
        positions[item.key] = items.count
        items.append(item)
        additions += 1
        forgetPages()
        return true
    }

    /// False when there is no item with this key.
    mutating func replace(_ item: Item) -> Bool {
        guard let position = positions[item.key] else { return false }
        items[position] = item
        forgetPages()
        return true
    }

    private mutating func forgetPages() {
        pages.removeAll()
        shown.removeAll()
    }

    /// The items that the revision knows.
    private mutating func items(for revision: Revision) -> [Item] {
        if let known = shown[revision.isModern] { return known }
        let known = items.filter { $0.eras.contains(revision) }
        shown[revision.isModern] = known
        return known
    }

    /// False when there is no such item.
    mutating func remove(_ key: String) -> Bool {
        guard let position = positions[key] else { return false }
        items.remove(at: position)
        additions = max(0, additions - 1)
        positions = Dictionary(
            items.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { first, _ in first })
        forgetPages()
        return true
    }

    /// The result of the list method for one page; throws `-32602` for a cursor that this list did not issue.
    mutating func page(_ cursor: JSONSlice?, revision: Revision) throws(RPCError) -> ByteBuffer {
        let items = items(for: revision)
        let offset = try offset(of: cursor, count: items.count)
        let page = Page(revision: revision, offset: min(offset, items.count))
        if !endless, let rendered = pages[page] { return rendered }
        let end = pageSize == 0 ? items.count : min(offset + pageSize, items.count)
        let shown = items[min(offset, items.count)..<end].map { JSONValue.object($0.definition(for: revision)) }
        var result: JSONObject = [:]
        result[member] = .array(shown)
        if endless {
            result["nextCursor"] = .string("\(member)-\(offset + max(shown.count, 1))")
        } else if end < items.count {
            result["nextCursor"] = .string("\(member)-\(end)")
        }
        if revision.isModern {
            result["ttlMs"] = .number(JSONNumber(cacheMilliseconds))
            result["cacheScope"] = "public"
        }
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(result))
        if !endless { pages[page] = buffer }
        return buffer
    }

    private func offset(of cursor: JSONSlice?, count: Int) throws(RPCError) -> Int {
        guard let cursor else { return 0 }
        guard let text = cursor.string, text.hasPrefix("\(member)-"),
            let offset = Int(text.dropFirst(member.count + 1)), offset > 0, endless || offset < count
        else { throw .invalidParams("Unknown cursor") }
        return min(offset, Int.max / 2)
    }
}
