// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import Aggregation

@Suite("Pages and cursors")
struct CursorTests {
    static func snapshot(_ names: [String], pageSize: Int = 3) -> CapabilitySnapshot {
        let catalog = BackendCatalog.of("b", tools: names, resources: names.map { "x:\($0)" }, prompts: names)
        return CapabilitySnapshot(catalogs: [catalog], settings: .init(prefixFormat: "", pageSize: pageSize))
    }

    static func names(_ range: Range<Int>) -> [String] { range.map { "t\(1000 + $0)" } }

    func cursor(_ snapshot: CapabilitySnapshot, _ kind: ListKind = .tools) throws -> String {
        try #require(try JSONSlice(validating: snapshot.page(kind, cursor: nil))["nextCursor"]?.string)
    }

    @Test("an empty list is one page with no cursor", arguments: ListKind.allCases)
    func empty(_ kind: ListKind) throws {
        let page = try CapabilitySnapshot(catalogs: [], settings: .init()).page(kind, cursor: nil)
        #expect(String(buffer: page) == #"{"\#(kind.rawValue)":[]}"#)
    }

    @Test("D15, D16, GB-45, GB-47 every item comes once, in order, and the last page has no cursor", arguments: 0...10)
    func roundTrip(_ count: Int) throws {
        let names = Self.names(0..<count)
        let snapshot = Self.snapshot(names.shuffled())
        let pages = try snapshot.pages(.tools)
        #expect(pages.flatMap { $0.identities(.tools) } == names)
        #expect(pages.count == max(1, (count + 2) / 3))
        #expect(pages.last?["nextCursor"] == nil)
        #expect(pages.allSatisfy { $0.members.map { $0.key.string ?? "" }.first == "tools" })
    }

    @Test("GB-48 the same request gives the same bytes, and so does another snapshot of the same catalogs")
    func deterministic() throws {
        let first = Self.snapshot(Self.names(0..<7))
        let second = Self.snapshot(Self.names(0..<7).reversed())
        for kind in ListKind.allCases {
            #expect(try first.pages(kind) == second.pages(kind))
        }
    }

    @Test(
        "D15, GB-46 what we did not issue is refused",
        arguments: [
            ("", .malformed), ("null", .malformed), ("garbage!", .malformed), ("AAAAAAAAAAAAAAAAAAAA", .malformed),
            ("=", .malformed), ("é", .malformed), ("A", .malformed), (String(repeating: "A", count: 512), .malformed),
            (String(repeating: "A", count: 513), .tooLong), (String(repeating: "é", count: 300), .tooLong),
        ] as [(String, InvalidCursor.Reason)])
    func invalid(_ cursor: String, _ reason: InvalidCursor.Reason) {
        let snapshot = Self.snapshot(Self.names(0..<7))
        #expect(throws: InvalidCursor(reason: reason)) { try snapshot.page(.tools, cursor: cursor) }
    }

    @Test("D15, GB-46 a cursor is for one list")
    func wrongKind() throws {
        let snapshot = Self.snapshot(Self.names(0..<7))
        for kind in [ListKind.tools, .resources, .prompts] {
            let cursor = try cursor(snapshot, kind)
            for other in ListKind.allCases where other != kind {
                #expect(throws: InvalidCursor(reason: .wrongKind)) { try snapshot.page(other, cursor: cursor) }
            }
        }
    }

    @Test("no cursor survives a changed character, a cut or an addition")
    func damaged() throws {
        let snapshot = Self.snapshot(Self.names(0..<7))
        let cursor = try cursor(snapshot)
        for index in cursor.indices {
            let other: Character = cursor[index] == "A" ? "B" : "A"
            let changed = cursor.replacingCharacter(at: index, with: other)
            #expect(throws: InvalidCursor(reason: .malformed)) { try snapshot.page(.tools, cursor: changed) }
            #expect(throws: InvalidCursor.self) { try snapshot.page(.tools, cursor: String(cursor[..<index])) }
        }
        for added in ["A", "=", "==", " ", "\n"] {
            #expect(throws: InvalidCursor.self) { try snapshot.page(.tools, cursor: cursor + added) }
        }
    }

    @Test("a cursor continues behind its key when the list changed")
    func changedList() throws {
        let cursor = try cursor(Self.snapshot(Self.names(0..<9)))
        func next(_ names: [String]) throws -> [String] {
            try JSONSlice(validating: Self.snapshot(names).page(.tools, cursor: cursor)).identities(.tools)
        }
        #expect(try next(Self.names(0..<9)) == Self.names(3..<6))
        #expect(try next(["t0", "t1"] + Self.names(0..<9)) == Self.names(3..<6), "items before it were added")
        #expect(try next(Self.names(1..<9)) == Self.names(3..<6), "an item before it was removed")
        #expect(try next(Self.names(3..<9)) == Self.names(3..<6), "its own item was removed")
        #expect(try next(Self.names(0..<3) + ["t10021"] + Self.names(3..<9)) == ["t10021"] + Self.names(3..<5))
        #expect(try next(Self.names(0..<3)) == [])
        #expect(try next([]) == [])
        #expect(try next(Self.names(5..<6)) == Self.names(5..<6))
    }

    @Test("a cursor works with another page size")
    func otherPageSize() throws {
        let cursor = try cursor(Self.snapshot(Self.names(0..<9)))
        let page = try JSONSlice(validating: Self.snapshot(Self.names(0..<9), pageSize: 2).page(.tools, cursor: cursor))
        #expect(page.identities(.tools) == Self.names(3..<5))
    }

    @Test("a page size below one counts as one", arguments: [0, -5])
    func pageSize(_ size: Int) throws {
        #expect(try Self.snapshot(["a", "b"], pageSize: size).pages(.tools).count == 2)
    }

    private func allItems(_ pages: ListPages) throws -> [String] {
        var seen: [String] = []
        var cursor: String?
        repeat {
            let page = try JSONSlice(validating: pages.page(after: cursor))
            seen += page["tools"]?.elements.map(\.description) ?? []
            cursor = page["nextCursor"]?.string
            #expect((cursor ?? "").utf8.count <= 512)
        } while cursor != nil
        return seen
    }

    @Test("D17 equal keys across a page boundary are all delivered", arguments: 1...5)
    func equalKeys(_ pageSize: Int) throws {
        let items = (0..<9).map {
            ListItem(key: (1...6).contains($0) ? "same" : "k\($0)", backend: "b", item: JSONSlice($0))
        }
        let pages = ListPages(kind: .tools, items: items, pageSize: pageSize)
        #expect(try allItems(pages) == ["0", "7", "8", "1", "2", "3", "4", "5", "6"])
    }

    @Test(
        "long keys fit into cursors, and items that differ only far behind are told apart",
        arguments: [319, 320, 321, 8000])
    func longKeys(_ length: Int) throws {
        let start = String(repeating: "x", count: length)
        let keys = (0..<10).map { start + "\($0)" }
        func pages(_ keys: [String]) -> ListPages {
            ListPages(
                kind: .tools,
                items: keys.map { ListItem(key: $0, backend: "b", item: JSONSlice(string: String($0.suffix(1)))) },
                pageSize: 4)
        }
        #expect(try allItems(pages(keys)) == (0..<10).map { "\"\($0)\"" })
        let cursor = try #require(try JSONSlice(validating: pages(keys).page(after: nil))["nextCursor"]?.string)
        func next(_ keys: [String]) throws -> [String] {
            let page = try JSONSlice(validating: pages(keys).page(after: cursor))
            return page["tools"]?.elements.compactMap(\.string) ?? []
        }
        #expect(try next(Array(keys.dropFirst(2))) == ["4", "5", "6", "7"], "two delivered items are gone")
        #expect(
            try next(keys.filter { !$0.hasSuffix("3") }) == ["4", "5", "6", "7"], "the last delivered item is gone")
    }

    @Test(
        "a cursor reads back what it says",
        arguments: ["a", "é", String(repeating: "k", count: 319), String(repeating: "k", count: 900)])
    func coding(_ key: String) throws {
        let cursor = ListCursor(kind: .prompts, after: key, delivered: 70_000)
        #expect(cursor.text.utf8.count <= ListCursor.maximumLength)
        #expect(try ListCursor(cursor.text, kind: .prompts) == cursor)
    }

    @Test(
        "base64url is the RFC 4648 one, canonical and without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"), ("\u{3FF}\u{3FF}", "z7_Pvw"),
        ])
    func base64URL(_ plain: String, _ encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
        #expect(Base64URL.decode(encoded + "=") == nil)
    }

    @Test("base64url refuses other spellings", arguments: ["Zh", "Zm9", "+A", "/A", "A", "Zg==", "Z g", "é"])
    func base64URLRefuses(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}

extension String {
    fileprivate func replacingCharacter(at index: Index, with character: Character) -> String {
        String(self[..<index]) + String(character) + String(self[self.index(after: index)...])
    }
}
