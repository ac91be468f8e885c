// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// One item of a list, with what sorts it and who owns it.
package struct ListItem: Sendable, Hashable {
    /// The advertised name or the URI.
    package let key: String
    package let backend: String
    package let item: JSONSlice

    package init(key: String, backend: String, item: JSONSlice) {
        self.key = key
        self.backend = backend
        self.item = item
    }
}

/// A sorted list and its pages, rendered once.
///
/// A page is the bytes of a whole list result, so following the cursors of this list costs a dictionary lookup each.
/// A cursor from another state of the list finds its place by binary search, and its page is rendered then.
package struct ListPages: Sendable {
    package let kind: ListKind
    /// Sorted by key in byte order; items with equal keys keep the order in which they were given.
    package let items: [ListItem]
    let pageSize: Int
    private var rendered: [ByteBuffer] = []
    private var indexByCursor: [String: Int] = [:]

    /// A page size below one counts as one.
    package init(kind: ListKind, items: [ListItem], pageSize: Int) {
        self.kind = kind
        self.pageSize = max(1, pageSize)
        self.items = items.enumerated()
            .map { (key: ExactText($0.element.key), offset: $0.offset) }
            .sorted { ($0.key, $0.offset) < ($1.key, $1.offset) }
            .map { items[$0.offset] }
        var start = 0
        repeat {
            let (page, next) = render(from: start)
            rendered.append(page)
            start += self.pageSize
            if let next { indexByCursor[next] = rendered.count }
        } while start < self.items.count
    }

    /// The result object for a list request; nil asks for the first page.
    package func page(after cursor: String?) throws(InvalidCursor) -> ByteBuffer {
        guard let cursor else { return rendered[0] }
        if let index = indexByCursor[cursor] { return rendered[index] }
        return render(from: position(after: try ListCursor(cursor, kind: kind))).page
    }

    /// The result object with the items from `start` on, and the cursor in it.
    private func render(from start: Int) -> (page: ByteBuffer, next: String?) {
        let end = min(start + pageSize, items.count)
        let next = end < items.count ? cursor(afterItemAt: end - 1) : nil
        let size = items[start..<end].reduce(64 + (next?.utf8.count ?? 0)) { $0 + $1.item.bytes.readableBytes + 1 }
        var page = ByteBuffer()
        page.reserveCapacity(size)
        page.writeString("{\"\(kind.resultKey)\":[")
        for index in start..<end {
            if index > start { page.writeInteger(UInt8(ascii: ",")) }
            page.writeJSON(items[index].item)
        }
        page.writeInteger(UInt8(ascii: "]"))
        if let next { page.writeString(",\"nextCursor\":\"\(next)\"") }
        page.writeInteger(UInt8(ascii: "}"))
        return (page, next)
    }

    private func cursor(afterItemAt index: Int) -> String {
        let prefix = cutKey(at: index)
        let first = lowerBound(of: Array(prefix))
        return ListCursor(kind: kind, after: items[index].key, delivered: index - first + 1).text
    }

    /// The index of the first item that the cursor has not delivered.
    private func position(after cursor: ListCursor) -> Int {
        let first = lowerBound(of: cursor.key)
        var end = first
        while end < items.count, cutKey(at: end).elementsEqual(cursor.key) { end += 1 }
        guard let digest = cursor.digest else {
            return min(first + Int(cursor.delivered), end)
        }
        if let last = (first..<end).last(where: { StableHash.of(items[$0].key.utf8) == digest }) {
            return last + 1
        }
        return min(first + Int(cursor.delivered) - 1, end)
    }

    private func cutKey(at index: Int) -> Substring.UTF8View {
        items[index].key.utf8.prefix(ListCursor.maximumKeyLength)
    }

    /// The first index whose cut key does not come before `key`.
    private func lowerBound(of key: [UInt8]) -> Int {
        var low = 0
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if cutKey(at: middle).lexicographicallyPrecedes(key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
