// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// Clients whose id is the URL of a document about them.
    package struct ClientIDMetadataDocuments: Sendable, Hashable {
        package let isEnabled: Bool
        /// How many documents are kept.
        package let cacheMaximumSize: Int
        /// How long a document is kept that does not say so itself.
        package let cacheFallbackLifetime: Duration

        static var placeholder: Self { Self(reading: .empty(keys: keys)) }
    }
}

extension AuthServerRunConfig.ClientIDMetadataDocuments: Section {
    static let summary = "Clients whose id is the URL of a document about them."

    private enum Keys {
        static let enabled = DefaultKey<Bool>("enabled", .boolean, default: true, "Whether there are such clients.")
        static let size = DefaultKey<Int>(
            "cache_max_size", .integer(), default: 256, "How many documents are kept; 0 means 256.")
        static let lifetime = DefaultKey<Duration>(
            "cache_fallback_ttl", .duration().orEmpty, default: .seconds(300),
            "How long a document is kept that does not say so itself.")
    }

    static let keys: [any SectionKey] = [Keys.enabled, Keys.size, Keys.lifetime]

    /// More documents would be a table of its own; each may take 10 KiB.
    static let largestCache = 100_000

    init(reading section: SectionReader) {
        isEnabled = section[Keys.enabled]
        let size = section[Keys.size]
        cacheMaximumSize = size == 0 ? Keys.size.fallback : size
        cacheFallbackLifetime = section[Keys.lifetime]
        guard isEnabled else { return }
        if !(0...Self.largestCache).contains(size) {
            section.refuse(Keys.size, "\(size) is out of range; write a number from 1 to \(Self.largestCache)")
        }
        if cacheFallbackLifetime <= .zero {
            section.refuse(
                Keys.lifetime, "\(GoDuration.text(cacheFallbackLifetime)) is not positive; write a duration above 0s")
        }
    }
}
