// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
import Observability

/// What one secret of the key ring becomes (HKDF-SHA-256).
struct StateKey: Sendable {
    static let idBytes = 8

    /// Tells the keys of a ring apart; says nothing about the key.
    let id: [UInt8]
    let sealing: SymmetricKey
    private let naming: SymmetricKey

    init(_ secret: Secret) {
        self.init(secret.withExposed { SymmetricKey(data: Array($0.utf8)) })
    }

    /// A key that no other process has.
    init() {
        self.init(SymmetricKey(size: .bits256))
    }

    private init(_ material: SymmetricKey) {
        func derived(_ use: String, _ count: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: material, info: Array("vmcp request state 1 \(use)".utf8), outputByteCount: count)
        }
        id = derived("id", Self.idBytes).withUnsafeBytes { Array($0) }
        sealing = derived("seal", 32)
        naming = derived("principal", 32)
    }

    /// Names a principal to us and to nobody else.
    func name(of principal: Principal) -> String {
        if principal == .anonymous { return "anonymous" }
        let text = Array(principal.issuer.utf8) + [0] + Array(principal.subject.utf8)
        return Base64URL.encode(HMAC<SHA256>.authenticationCode(for: text, using: naming))
    }
}
