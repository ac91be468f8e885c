// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// One object on its way across, its `_meta` spelled anew while the rest is copied around it.
struct MetaCrossing {
    private let text: UnsafeRawBufferPointer
    private let own: ByteBuffer?
    private let token: Int?
    private let leading: StaticString?
    private var meta: JSONMemberRange?
    /// Whether there is more than one `_meta`.
    private(set) var isAmbiguous = false
    /// Where the member before `_meta` ends, where the one after it begins, and where the last one ends.
    private var before: Int?
    private var after: Int?
    private var end: Int?

    init(_ text: UnsafeRawBufferPointer, own: ByteBuffer?, token: Int?, leading: StaticString?) {
        self.text = text
        self.own = own
        self.token = token
        self.leading = leading
        JSONSlice.visitMembers(of: text) { range in
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

    /// The object as it goes on; `nil` when nothing about it changes.
    func written() -> ByteBuffer? {
        guard text.first == UInt8(ascii: "{") else { return nil }
        guard let meta else {
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
        let position = end ?? 1
        copyStart(to: position, goesOn: end != nil, &writer)
        if own != nil || token != nil {
            writer.write(end == nil && leading == nil ? #""_meta":{"# : #","_meta":{"# as StaticString)
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
        let start = before ?? meta.keyStart - 1
        copyStart(to: start, goesOn: before != nil || after != nil, &writer)
        let rest = before == nil ? after ?? meta.valueEnd : meta.valueEnd
        writer.write(UnsafeRawBufferPointer(rebasing: text[rest...]))
    }
}
