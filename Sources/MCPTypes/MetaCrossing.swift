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
    mutating func written() -> ByteBuffer? {
        guard text.first == UInt8(ascii: "{") else { return nil }
        guard let meta else {
            guard own != nil || token != nil || leading != nil else { return nil }
            return writtenWithout()
        }
        var output = buffer()
        copyStart(to: meta.valueStart, &output)
        output.writeInteger(UInt8(ascii: "{"))
        var isFirst = true
        if let own {
            output.writeImmutableBuffer(own)
            isFirst = false
        }
        let members = UnsafeRawBufferPointer(rebasing: text[meta.valueStart..<meta.valueEnd])
        var isChanged = own != nil || members.first != UInt8(ascii: "{")
        var hasToken = false
        JSONSlice.visitMembers(of: members) { range in
            let isToken = range.hasKey("progressToken", in: members)
            guard isToken ? token != nil : !MetaOwnership.endsHere(range, in: members) else {
                isChanged = true
                return
            }
            if !isFirst { output.writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            guard isToken, let token else {
                output.writeBytes(UnsafeRawBufferPointer(rebasing: members[range.keyStart - 1..<range.valueEnd]))
                return
            }
            isChanged = true
            hasToken = true
            Self.write(token, &output)
        }
        if let token, !hasToken {
            if !isFirst { output.writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            isChanged = true
            Self.write(token, &output)
        }
        guard isChanged || leading != nil else { return nil }
        // What was empty before stays; what has become so goes.
        if isFirst, isChanged { return writtenWithout(meta) }
        output.writeInteger(UInt8(ascii: "}"))
        output.writeBytes(UnsafeRawBufferPointer(rebasing: text[meta.valueEnd...]))
        return output
    }

    private func buffer() -> ByteBuffer {
        ByteBufferAllocator().buffer(
            capacity: text.count + (own?.readableBytes ?? 0) + (leading?.utf8CodeUnitCount ?? 0) + 48)
    }

    private static func write(_ token: Int, _ output: inout ByteBuffer) {
        output.writeStaticString(#""progressToken":"#)
        output.writeInteger(asText: token)
    }

    /// Copies up to `limit`, what goes before all others put in.
    ///
    /// - Parameter goesOn: whether members follow.
    private func copyStart(to limit: Int, goesOn: Bool = true, _ output: inout ByteBuffer) {
        guard let leading else {
            output.writeBytes(UnsafeRawBufferPointer(rebasing: text[..<limit]))
            return
        }
        output.writeInteger(UInt8(ascii: "{"))
        output.writeStaticString(leading)
        if goesOn { output.writeInteger(UInt8(ascii: ",")) }
        output.writeBytes(UnsafeRawBufferPointer(rebasing: text[1..<limit]))
    }

    /// The object that had no `_meta`.
    private func writtenWithout() -> ByteBuffer {
        var output = buffer()
        let position = end ?? 1
        copyStart(to: position, goesOn: end != nil, &output)
        if own != nil || token != nil {
            output.writeStaticString(end == nil && leading == nil ? #""_meta":{"# : #","_meta":{"#)
            if let own { output.writeImmutableBuffer(own) }
            if let token {
                if own != nil { output.writeInteger(UInt8(ascii: ",")) }
                Self.write(token, &output)
            }
            output.writeInteger(UInt8(ascii: "}"))
        }
        output.writeBytes(UnsafeRawBufferPointer(rebasing: text[position...]))
        return output
    }

    /// The object without the member `meta`, nor the comma that belongs to it.
    private func writtenWithout(_ meta: JSONMemberRange) -> ByteBuffer {
        var output = buffer()
        let start = before ?? meta.keyStart - 1
        copyStart(to: start, goesOn: before != nil || after != nil, &output)
        let rest = before == nil ? after ?? meta.valueEnd : meta.valueEnd
        output.writeBytes(UnsafeRawBufferPointer(rebasing: text[rest...]))
        return output
    }
}
