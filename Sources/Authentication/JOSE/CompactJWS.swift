// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// A JWS in compact serialization (RFC 7515 section 3.1) with a JSON payload, parsed but not verified.
///
/// Nothing in it may be believed before `isSigned(by:)` has said yes. Parsing is strict: exactly three parts of
/// canonical base64url, JSON objects without repeated members at any depth, and no extension that changes what the
/// signature means: `crit` (section 4.1.11) and `b64` (RFC 7797) are refused.
package struct CompactJWS: Sendable {
    /// Enough for tokens; proofs have a limit of their own.
    package static let maximumBytes = 16 * 1024

    package let header: JSONSlice
    package let payload: JSONSlice
    /// The header's `alg`, or nil for `none`, HMAC and everything else that we never accept.
    package let algorithm: SigningAlgorithm?
    package let keyID: String?
    /// The header's `typ` as sent; compare it with `hasType(_:)`.
    package let type: String?
    /// The ASCII bytes that were signed.
    package let signingInput: [UInt8]
    package let signature: [UInt8]

    package init(parsing text: String, maximumBytes: Int = Self.maximumBytes) throws(JWSError) {
        let bytes = [UInt8](text.utf8)
        guard bytes.count <= maximumBytes else { throw .tooLarge(limit: maximumBytes) }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .notThreeParts }
        header = try Self.object(parts[0], part: .header)
        guard header["crit"] == nil else { throw .criticalExtension }
        if let encoded = header["b64"], encoded.bool != true { throw .unencodedPayload }
        algorithm = SigningAlgorithm(rawValue: try Self.string("alg", required: true, in: header) ?? "")
        keyID = try Self.string("kid", in: header)
        type = try Self.string("typ", in: header)
        payload = try Self.object(parts[1], part: .payload)
        guard let signature = Base64URL.decode(parts[2]) else { throw .invalidBase64URL(.signature) }
        self.signature = signature
        signingInput = [UInt8](bytes[..<parts[1].endIndex])
    }

    /// Whether the signature is `key`'s, under the algorithm that the header names and the key allows.
    package func isSigned(by key: PublicKey) -> Bool {
        guard let algorithm else { return false }
        return key.isValid(signature: signature, for: signingInput, algorithm: algorithm)
    }

    /// Whether `typ` is this media type, compared without case, with or without `application/` (section 4.1.9).
    package func hasType(_ name: String) -> Bool {
        guard var type = type?.lowercased() else { return false }
        let prefix = "application/"
        if type.hasPrefix(prefix), !type.dropFirst(prefix.count).contains("/") { type.removeFirst(prefix.count) }
        return type == name.lowercased()
    }

    private static func object(_ part: ArraySlice<UInt8>, part name: JWSError.Part) throws(JWSError) -> JSONSlice {
        guard let bytes = Base64URL.decode(part) else { throw .invalidBase64URL(name) }
        let limits = JSONLimits(depth: 32, stringBytes: bytes.count, values: 10_000)
        let slice: JSONSlice
        do throws(JSONError) {
            slice = try JSONSlice(validating: ByteBuffer(bytes: bytes), limits: limits)
        } catch {
            throw .invalidJSON(name, error.reason)
        }
        guard slice.kind == .object else { throw .notAnObject(name) }
        guard !hasRepeatedMember(slice) else { throw .repeatedMember(name) }
        return slice
    }

    /// Looks into every object; the limit on depth bounds the recursion.
    private static func hasRepeatedMember(_ slice: JSONSlice) -> Bool {
        switch slice.kind {
        case .object: slice.duplicateKey() != nil || slice.members.contains { hasRepeatedMember($0.value) }
        case .array: slice.elements.contains { hasRepeatedMember($0) }
        case .string, .number, .boolean, .null: false
        }
    }

    private static func string(
        _ name: String, required: Bool = false, in header: JSONSlice
    ) throws(JWSError) -> String? {
        guard let member = header.member(name) else {
            guard !required else { throw .malformedHeader(member: name) }
            return nil
        }
        guard let value = member.string else { throw .malformedHeader(member: name) }
        return value
    }
}
