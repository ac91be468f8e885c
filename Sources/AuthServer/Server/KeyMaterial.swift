// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Storage

/// Where the keys come from that sign access tokens and vouch for codes and refresh tokens.
package struct KeyMaterialSettings: Sendable {
    /// `nil`: made by the server once, and kept in its store.
    package var signingKeys: SigningKeyFiles?
    /// The first one signs. Empty: made once and kept.
    package var hmacSecretPaths: [String]

    package init(signingKeys: SigningKeyFiles? = nil, hmacSecretPaths: [String] = []) {
        self.signingKeys = signingKeys
        self.hmacSecretPaths = hmacSecretPaths
    }
}

/// The keys of a running server; those from files follow their files.
struct KeyMaterial: Sendable {
    let signing: SigningKeySource
    let hmac: HMACSecrets

    /// - Throws: for files that are missing or no keys, before anything is stored.
    static func load(
        _ settings: KeyMaterialSettings, records: RecordStore, random: any RandomSource, logger: Logger
    ) async throws(AuthServerStartError) -> KeyMaterial {
        var signing: SigningKeySource?
        var hmac: HMACSecrets?
        do throws(SigningKeyError) {
            signing = try settings.signingKeys.map { files throws(SigningKeyError) in
                try SigningKeySource(files: files, logger: logger)
            }
        } catch {
            throw .signingKey(error)
        }
        do throws(HMACSecretError) {
            if !settings.hmacSecretPaths.isEmpty {
                hmac = try HMACSecrets(paths: settings.hmacSecretPaths, logger: logger)
            }
        } catch {
            throw .hmacSecret(error)
        }
        if let signing, let hmac { return KeyMaterial(signing: signing, hmac: hmac) }
        let generated = try await kept(in: records, random: random, logger: logger)
        do throws(SigningKeyError) {
            if signing == nil { signing = try SigningKeySource(keys: [generated.signingKey]) }
        } catch {
            throw .signingKey(error)
        }
        do throws(HMACSecretError) {
            if hmac == nil { hmac = try generated.hmacSecrets() }
        } catch {
            throw .hmacSecret(error)
        }
        guard let signing, let hmac else { throw .generatedKeys }
        return KeyMaterial(signing: signing, hmac: hmac)
    }

    /// The keys that the store has, or new ones; of several processes that start at once, all get the same.
    private static func kept(
        in records: RecordStore, random: any RandomSource, logger: Logger
    ) async throws(AuthServerStartError) -> GeneratedKeys {
        for _ in 0..<3 {
            let stored: Stored<KeptKeys>?
            do throws(StorageError) {
                stored = try await records.load(KeptKeys.self, KeptKeys.id)
            } catch {
                if case .corrupt = error { throw .generatedKeys }
                throw .storage(error)
            }
            if let stored {
                guard let keys = GeneratedKeys(serialized: stored.record.bytes) else { throw .generatedKeys }
                return keys
            }
            let keys: GeneratedKeys
            do throws(SigningKeyError) {
                keys = try GeneratedKeys(random: random)
            } catch {
                throw .signingKey(error)
            }
            do throws(StorageError) {
                let row = KeptKeys(bytes: keys.serialized)
                guard try await records.create(row, KeptKeys.id, expires: nil) == .committed else { continue }
            } catch {
                throw .storage(error)
            }
            logger.notice("Made the keys that sign tokens, and keep them in the store")
            return keys
        }
        throw .generatedKeys
    }
}

/// The one row of keys that the server made for itself.
private struct KeptKeys: StoredRecord {
    static let table = StorageTable("keys", capacity: 16)
    static let isSealed = true
    static let id = "generated"

    var bytes: [UInt8]
}
