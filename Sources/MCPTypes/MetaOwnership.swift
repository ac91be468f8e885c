// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// Which `_meta` keys belong to one hop and which travel end to end (2026-07-28, Base Protocol, `_meta`).
///
/// Reserved keys speak about the two parties of one connection, so a gateway ends them; trace context and vendor
/// keys pass. `progressToken` belongs to a hop too and is replaced by the caller of these functions.
package enum MetaOwnership {
    /// Whether the prefix of `key` is reserved for MCP.
    ///
    /// 2025-06-18 reserves prefixes by their last label but one, later revisions by their second; both are treated
    /// as reserved.
    package static func isReserved(_ key: String) -> Bool {
        guard let slash = key.utf8.firstIndex(of: UInt8(ascii: "/")) else { return false }
        let labels = key[..<slash].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2 else { return false }
        func isProtocolLabel(_ label: Substring) -> Bool { label == "modelcontextprotocol" || label == "mcp" }
        return isProtocolLabel(labels[1]) || isProtocolLabel(labels[labels.count - 2])
    }

    /// Reserved keys that refer to end-to-end things and therefore pass.
    private static let endToEnd: Set<String> = [
        "io.modelcontextprotocol/related-task", "io.modelcontextprotocol/model-immediate-response",
    ]

    private static func endsHere(_ key: String) -> Bool { isReserved(key) && !endToEnd.contains(key) }

    /// `object` with the hop's keys of its `_meta` removed and `progressToken` set to `token` (removed when `nil`).
    ///
    /// Returns the same bytes when there is nothing to change.
    ///
    /// - Parameters:
    ///   - own: members that are ours on the next hop, as text; `nil` when there are none.
    ///   - leading: members that go before all others of the object, as text.
    package static func crossing(
        _ object: JSONSlice, own: ByteBuffer? = nil, progressToken token: Int? = nil, leading: StaticString? = nil
    ) -> JSONSlice {
        crossing(object, at: nil, own: own, progressToken: token, leading: leading)
    }

    /// The same for an object whose `_meta` has been looked for already.
    ///
    /// - Parameter known: its places.
    static func crossing(
        _ object: JSONSlice, at known: MetaCrossing.Places?, own: ByteBuffer?, progressToken token: Int? = nil,
        leading: StaticString?
    ) -> JSONSlice {
        var isAmbiguous = false
        let crossed = object.bytes.withUnsafeReadableBytes { text -> ByteBuffer? in
            let places = known ?? MetaCrossing.Places(in: text)
            isAmbiguous = places.isAmbiguous
            return isAmbiguous
                ? nil : MetaCrossing(text, places, own: own, token: token, leading: leading).written()
        }
        guard isAmbiguous else { return crossed.map { JSONSlice(trusted: $0) } ?? object }
        // Two parties could read different ones, so none of them passes.
        return crossing(
            object.editing([JSONEdit(key: "_meta", value: nil)]), own: own, progressToken: token, leading: leading)
    }

    /// The members of a `_meta` that travel end to end, as text without braces; `nil` when there are none.
    static func onward(_ meta: JSONSlice) -> ByteBuffer? {
        meta.bytes.withUnsafeReadableBytes { text in
            var members: ByteBuffer?
            JSONSlice.visitMembers(of: text) { range in
                guard !range.hasKey("progressToken", in: text), !endsHere(range, in: text) else { return }
                if members == nil { members = ByteBuffer() } else { members?.writeInteger(UInt8(ascii: ",")) }
                members?.writeBytes(UnsafeRawBufferPointer(rebasing: text[range.keyStart - 1..<range.valueEnd]))
            }
            return members
        }
    }

    /// Whether a member of `_meta` belongs to one hop.
    ///
    /// - Parameter range: the key in `text`.
    static func endsHere(_ range: JSONMemberRange, in text: UnsafeRawBufferPointer) -> Bool {
        guard range.keyBegins(with: "io.modelcontextprotocol/", in: text) else {
            let isPlain = !range.keyIsEscaped && !text[range.keyStart..<range.keyEnd].contains(UInt8(ascii: "/"))
            return isPlain ? false : endsHere(range.key(in: text))
        }
        return !range.hasKey("io.modelcontextprotocol/related-task", in: text)
            && !range.hasKey("io.modelcontextprotocol/model-immediate-response", in: text)
    }
}
