// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// One object on its way across, its `_meta` spelled anew while the rest is copied around it.
struct MetaCrossing: ~Copyable {
    /// Where an object has its `_meta`.
    struct Places {
        fileprivate var meta: JSONMemberRange?
        /// Whether there is more than one.
        private(set) var isAmbiguous = false
        /// Where the member before it ends, where the one after it begins, and where the last one ends.
        fileprivate var before: Int?
        fileprivate var after: Int?
        fileprivate var end: Int?

        init() {}

        init(in text: UnsafeRawBufferPointer) {
            JSONSlice.visitMembers(of: text) { note($0, in: text) }
        }

        /// Takes the next member of the object.
        mutating func note(_ range: JSONMemberRange, in text: UnsafeRawBufferPointer) {
            if range.hasKey("_meta", in: text) {
                if meta != nil { isAmbiguous = true }
                meta = range
                before = end
            } else if meta != nil, after == nil {
                after = range.keyStart - 1
            }
            end = range.valueEnd
        }
    }

    private let text: UnsafeRawBufferPointer
    private let places: Places
    private let own: ByteBuffer?
    private let token: Int?
    private let leading: StaticString?

    /// - Parameter places: those of `text`.
    init(_ text: UnsafeRawBufferPointer, _ places: Places, own: ByteBuffer?, token: Int?, leading: StaticString?) {
        self.text = text
        self.places = places
        self.own = own
        self.token = token
        self.leading = leading
    }

    /// The object as it goes on; `nil` when nothing about it changes.
    func written() -> ByteBuffer? {
        guard text.first == UInt8(ascii: "{") else { return nil }
        guard let meta = places.meta else {
            guard own != nil || token != nil || leading != nil else { return nil }
            return buffer { writeWithout(&$0) }
        }
        let members = UnsafeRawBufferPointer(rebasing: text[meta.valueStart..<meta.valueEnd])
        var isChanged = own != nil || members.first != UInt8(ascii: "{")
        var isEmpty = true
        let output = buffer { writer in
            copyStart(to: meta.valueStart, &writer)
            isEmpty = !write(members, isChanged: &isChanged, &writer)
            writer.write(UnsafeRawBufferPointer(rebasing: text[meta.valueEnd...]))
        }
        guard isChanged || leading != nil else { return nil }
        // What was empty before stays; what has become so goes.
        return isEmpty && isChanged ? buffer { writeWithout(meta, &$0) } : output
    }

    /// Writes the members of `_meta` that go on, with the braces around them.
    ///
    /// - Returns: whether there are any.
    private func write(_ members: UnsafeRawBufferPointer, isChanged: inout Bool, _ writer: inout PieceWriter) -> Bool {
        writer.write(UInt8(ascii: "{"))
        var isFirst = true
        if let own {
            writer.write(own)
            isFirst = false
        }
        var hasToken = false
        JSONSlice.visitMembers(of: members) { range in
            let isToken = range.hasKey("progressToken", in: members)
            guard isToken ? token != nil : !MetaOwnership.endsHere(range, in: members) else {
                isChanged = true
                return
            }
            if !isFirst { writer.write(UInt8(ascii: ",")) }
            isFirst = false
            guard isToken, let token else {
                writer.write(UnsafeRawBufferPointer(rebasing: members[range.keyStart - 1..<range.valueEnd]))
                return
            }
            isChanged = true
            hasToken = true
            Self.write(token, &writer)
        }
        if let token, !hasToken {
            if !isFirst { writer.write(UInt8(ascii: ",")) }
            isFirst = false
            isChanged = true
            Self.write(token, &writer)
        }
        writer.write(UInt8(ascii: "}"))
        return !isFirst
    }

    /// Room for the object, what is ours, a token, and the braces, commas and key around them.
    private func buffer(_ pieces: (inout PieceWriter) -> Void) -> ByteBuffer {
        let capacity = text.count + (own?.readableBytes ?? 0) + (leading?.utf8CodeUnitCount ?? 0) + 64
        var output = ByteBufferAllocator().buffer(capacity: capacity)
        output.writePieces(capacity: capacity, pieces)
        return output
    }

    private static func write(_ token: Int, _ writer: inout PieceWriter) {
        writer.write(#""progressToken":"# as StaticString)
        writer.write(token)
    }

    /// Copies up to `limit`, what goes before all others put in.
    ///
    /// - Parameter goesOn: whether members follow.
    private func copyStart(to limit: Int, goesOn: Bool = true, _ writer: inout PieceWriter) {
        guard let leading else {
            writer.write(UnsafeRawBufferPointer(rebasing: text[..<limit]))
            return
        }
        writer.write(UInt8(ascii: "{"))
        writer.write(leading)
        if goesOn { writer.write(UInt8(ascii: ",")) }
        writer.write(UnsafeRawBufferPointer(rebasing: text[1..<limit]))
    }

    /// Writes the object that had no `_meta`.
    private func writeWithout(_ writer: inout PieceWriter) {
        let position = places.end ?? 1
        copyStart(to: position, goesOn: places.end != nil, &writer)
        if own != nil || token != nil {
            writer.write(places.end == nil && leading == nil ? #""_meta":{"# : #","_meta":{"# as StaticString)
            if let own { writer.write(own) }
            if let token {
                if own != nil { writer.write(UInt8(ascii: ",")) }
                Self.write(token, &writer)
            }
            writer.write(UInt8(ascii: "}"))
        }
        writer.write(UnsafeRawBufferPointer(rebasing: text[position...]))
    }

    /// Writes the object without the member `meta`, nor the comma that belongs to it.
    private func writeWithout(_ meta: JSONMemberRange, _ writer: inout PieceWriter) {
        let start = places.before ?? meta.keyStart - 1
        copyStart(to: start, goesOn: places.before != nil || places.after != nil, &writer)
        let rest = places.before == nil ? places.after ?? meta.valueEnd : meta.valueEnd
        writer.write(UnsafeRawBufferPointer(rebasing: text[rest...]))
    }
}
