// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Which encodings of Ed25519 public keys are points worth trusting.
///
/// Verification does not look at the order of the key. Under a key of small order a signature can be made without any
/// private key, and a second spelling of a point would be a second thumbprint of one key (RFC 8032 section 5.1.3).
enum EdwardsPoint {
    /// The y coordinates, little-endian, of the eight points whose order divides the cofactor.
    private static let smallOrder: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
    ]

    static func isUsable(_ encoded: [UInt8]) -> Bool {
        guard encoded.count == 32 else { return false }
        var y = encoded
        y[31] &= 0x7F
        return isReduced(y) && !smallOrder.contains(y)
    }

    /// Whether y is below 2^255 - 19.
    private static func isReduced(_ y: [UInt8]) -> Bool {
        y[31] != 0x7F || y[0] < 0xED || !y[1..<31].allSatisfy { $0 == 0xFF }
    }
}
