// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A position in a sorted list: after the item with this key.
///
/// It names a key and not an offset, so it keeps its meaning when the list changes between two pages: what sorts
/// behind the key is still to come. Keys that are too long for a cursor are cut; such a cursor tells items with the
/// same beginning apart by a digest of the last key and, should that item be gone, by how many were delivered.
///
/// On the wire it is base64url of: version, kind, count (4 bytes), digest (8 bytes, only if the key has the maximum
/// length), key, checksum (4 bytes). The checksum detects damage; a cursor grants nothing, so it is not signed.
struct ListCursor: Hashable {
    static let maximumLength = 512
    static let maximumKeyLength = 320
    private static let version: UInt8 = 1

    let kind: ListKind
    /// At most ``maximumKeyLength`` bytes.
    let key: [UInt8]
    /// How many items with this ``key`` have been delivered; at least one.
    let delivered: UInt32
    /// The hash of the whole last key, if ``key`` may be only its beginning.
    let digest: UInt64?

    /// The cursor after an item, which is the `delivered`th of those that share the (cut) key.
    init(kind: ListKind, after key: String, delivered: Int) {
        self.kind = kind
        self.key = Array(key.utf8.prefix(Self.maximumKeyLength))
        self.delivered = UInt32(clamping: delivered)
        self.digest = self.key.count == Self.maximumKeyLength ? StableHash.of(key.utf8) : nil
    }

    init(_ text: String, kind: ListKind) throws(InvalidCursor) {
        guard text.utf8.count <= Self.maximumLength else { throw InvalidCursor(reason: .tooLong) }
        guard let bytes = Base64URL.decode(text), bytes.count > 10 else { throw InvalidCursor(reason: .malformed) }
        let content = bytes.dropLast(4)
        guard Self.integer(bytes.suffix(4)) == UInt64(Self.checksum(content)), content[0] == Self.version else {
            throw InvalidCursor(reason: .malformed)
        }
        guard content[1] == kind.cursorByte else { throw InvalidCursor(reason: .wrongKind) }
        self.kind = kind
        delivered = UInt32(truncatingIfNeeded: Self.integer(content[2..<6]))
        let rest = content.dropFirst(6)
        if rest.count >= Self.maximumKeyLength + 8 {
            digest = Self.integer(rest.prefix(8))
            key = Array(rest.dropFirst(8))
        } else {
            digest = nil
            key = Array(rest)
        }
        let length = Self.maximumKeyLength
        guard delivered > 0, digest == nil ? key.count < length : key.count == length else {
            throw InvalidCursor(reason: .malformed)
        }
    }

    var text: String {
        var bytes = [Self.version, kind.cursorByte]
        Self.append(UInt64(delivered), width: 4, to: &bytes)
        if let digest { Self.append(digest, width: 8, to: &bytes) }
        bytes += key
        Self.append(UInt64(Self.checksum(bytes[...])), width: 4, to: &bytes)
        return Base64URL.encode(bytes)
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        UInt32(truncatingIfNeeded: StableHash.of(bytes))
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func append(_ value: UInt64, width: Int, to bytes: inout [UInt8]) {
        for index in (0..<width).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)))
        }
    }
}
