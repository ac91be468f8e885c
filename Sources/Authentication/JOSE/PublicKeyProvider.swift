// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Who knows the public keys that verify this process's own tokens.
///
/// The protocol is public by type: a verifier, a metadata document or a middleware gets this and nothing more.
package protocol PublicKeyProvider: Sendable {
    /// All keys that verify, the one that signs first.
    func publicKeys() -> [PublicKey]

    /// Counts the times that keys came or went, never ahead of `publicKeys`: what was verified at one count is not to
    /// be believed at the next.
    var generation: UInt64 { get }
}
