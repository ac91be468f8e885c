// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import NIOCore
import NIOHTTP1
import Observability

/// What a replica puts on a request to a peer, so that the peer knows it for one of its own.
///
/// HMAC-SHA-256 over all that the peer acts on, the peer's own name and the time among it. Bodies are not encrypted by
/// it: the network between replicas is to be nobody else's.
struct ResumeFields: Sendable, Hashable {
    /// Whom the request is for: a copy sent to another peer is worth nothing.
    var instance: String
    /// Seconds since 1970.
    var time: Int
    /// 16 random bytes, base64url.
    var nonce: String
    /// What the client takes for an answer.
    var accept: String

    static let hopName = "X-Vmcp-Hop"
    static let instanceName = "X-Vmcp-Instance"
    static let timeName = "X-Vmcp-Time"
    static let nonceName = "X-Vmcp-Nonce"
    static let signatureName = "X-Vmcp-Signature"
    private static let nonceBytes = 16

    static func newNonce() -> String { Base64URL.random(bytes: nonceBytes) }

    init(instance: String, time: Int, nonce: String, accept: String) {
        self.instance = instance
        self.time = time
        self.nonce = nonce
        self.accept = accept
    }

    /// From a request; `nil` when a field is missing, there twice, or spelled otherwise than it is written.
    init?(_ headers: HTTPHeaders) {
        func one(_ name: String) -> String? {
            let values = headers[name]
            return values.count == 1 ? values[0] : nil
        }
        guard let instance = one(Self.instanceName), let text = one(Self.timeName), let time = Int(text),
            String(time) == text, let nonce = one(Self.nonceName),
            Base64URL.decode(nonce)?.count == Self.nonceBytes, let accept = one("Accept")
        else { return nil }
        self.init(instance: instance, time: time, nonce: nonce, accept: accept)
    }

    /// The fields and the body in one text that can be read in one way only: no field has a line break.
    fileprivate func text(_ body: ByteBuffer) -> [UInt8] {
        let digest = Base64URL.encode(SHA256.hash(data: body.readableBytesView))
        return Array("vmcp park resume 1\n\(instance)\n\(time)\n\(nonce)\n\(accept)\n\(digest)".utf8)
    }
}

/// The secrets that replicas know each other by: the first one signs, every one of them is believed.
struct ResumeKeys: Sendable {
    private let keys: [SymmetricKey]

    init(_ secrets: [Secret]) {
        keys = secrets.map { secret in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: secret.withExposed { SymmetricKey(data: Array($0.utf8)) },
                info: Array("vmcp park resume 1 hmac".utf8), outputByteCount: 32)
        }
    }

    /// `nil` without any secret.
    func signature(of fields: ResumeFields, _ body: ByteBuffer) -> String? {
        keys.first.map { Base64URL.encode(HMAC<SHA256>.authenticationCode(for: fields.text(body), using: $0)) }
    }

    /// Takes the same time wherever a wrong signature differs.
    func isValid(_ signature: String, of fields: ResumeFields, _ body: ByteBuffer) -> Bool {
        guard let code = Base64URL.decode(signature), code.count == SHA256.byteCount else { return false }
        let text = fields.text(body)
        return keys.contains { HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: text, using: $0) }
    }
}

/// The requests of peers that have been seen, for as long as they would be believed again.
struct NonceMemory: Sendable {
    /// How far the clocks of replicas may be apart, and how old a request may be, in seconds.
    static let window = 30
    /// Two windows: from as much too early to as much too late.
    private static let generation = 2 * window + 1
    static let maximum = 200_000

    private var recent: Set<String> = []
    private var older: Set<String> = []
    private var began = 0

    /// Whether a request that says it is of `time` is believed at `now`; any number may be said.
    static func believes(_ time: Int, now: Int) -> Bool {
        let (age, isBeyond) = now.subtractingReportingOverflow(time)
        return !isBeyond && age.magnitude <= UInt(window)
    }

    /// - Returns: whether the nonce is new; `false`, too, when more have come than can be remembered.
    mutating func take(_ nonce: String, now: Int) -> Bool {
        if now - began >= Self.generation {
            older = now - began >= 2 * Self.generation ? [] : recent
            recent = []
            began = now
        }
        guard !older.contains(nonce), recent.count < Self.maximum else { return false }
        return recent.insert(nonce).inserted
    }
}
