// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication

/// The first block of a PEM text (RFC 7468), read leniently as to lines and strictly as to base64.
struct PEMBlock {
    let label: String
    let bytes: [UInt8]
    /// Whether it has RFC 1421 headers, which only encrypted PKCS#1 and SEC1 keys have.
    let hasHeaders: Bool

    /// Text before the block is skipped; what comes after it is not looked at. Nil when there is no complete block.
    init?(firstIn text: [UInt8]) {
        var lines = text.split(omittingEmptySubsequences: true) { $0 == 0x0A || $0 == 0x0D }
            .map(Self.trimmed)[...]
        while let line = lines.first, Self.label(of: line, "BEGIN") == nil { lines.removeFirst() }
        guard let label = lines.popFirst().flatMap({ Self.label(of: $0, "BEGIN") }) else { return nil }
        guard let end = lines.firstIndex(where: { Self.label(of: $0, "END") != nil }),
            Self.label(of: lines[end], "END") == label
        else { return nil }
        let body = lines[..<end]
        self.label = label
        hasHeaders = body.contains { $0.contains(UInt8(ascii: ":")) }
        if hasHeaders {
            bytes = []
        } else {
            guard let decoded = Self.base64(body.joined()), !decoded.isEmpty else { return nil }
            bytes = decoded
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, last == 0x20 || last == 0x09 { line.removeLast() }
        while let first = line.first, first == 0x20 || first == 0x09 { line.removeFirst() }
        return line
    }

    private static func label(of line: ArraySlice<UInt8>, _ word: String) -> String? {
        let prefix = Array("-----\(word) ".utf8)
        let suffix = Array("-----".utf8)
        guard line.count > prefix.count + suffix.count, line.starts(with: prefix), line.suffix(5) == suffix[...] else {
            return nil
        }
        return String(decoding: line.dropFirst(prefix.count).dropLast(suffix.count), as: UTF8.self)
    }

    /// Plain base64 with padding (RFC 4648 section 4), nothing else between.
    private static func base64(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var characters = Array(text)
        guard characters.count % 4 == 0, !characters.contains(where: { "-_".utf8.contains($0) }) else { return nil }
        for _ in 0..<2 where characters.last == UInt8(ascii: "=") { characters.removeLast() }
        for index in characters.indices {
            switch characters[index] {
            case UInt8(ascii: "+"): characters[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): characters[index] = UInt8(ascii: "_")
            default: break
            }
        }
        return Base64URL.decode(characters)
    }
}
