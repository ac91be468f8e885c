// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
package import Logging

/// The files of the signing keys, as configured.
package struct SigningKeyFiles: Sendable, Hashable {
    /// The one that signs.
    package let active: KeyFile
    /// Those that only verify: of before a rotation, or of the next one.
    package let fallbacks: [KeyFile]

    /// Files that the operator wrote out whole.
    package init(active: KeyFile, fallbacks: [KeyFile] = []) {
        self.active = active
        self.fallbacks = fallbacks
    }

    /// - Parameters:
    ///   - directory: `key_dir`; the names stay inside it.
    ///   - active: `signing_key_file`.
    ///   - fallbacks: `fallback_key_files`.
    package init(directory: String, active: String, fallbacks: [String] = []) throws(SigningKeyError) {
        do throws(KeyFileError) {
            self.active = try KeyFile(named: active, in: directory)
            var files: [KeyFile] = []
            for name in fallbacks { files.append(try KeyFile(named: name, in: directory)) }
            self.fallbacks = files
        } catch {
            throw .file(error)
        }
    }
}

/// The keys of this server: one signs, all verify.
///
/// Only what mints tokens holds this. Everything else gets `publicKeys`, from which no way leads back.
package final class SigningKeySource: Sendable {
    package static let maximumKeys = JWKSet.maximumKeys

    /// All keys of one moment.
    private struct Keys: Sendable {
        let active: SigningKey
        /// The active one first, each once.
        let publicKeys: [PublicKey]

        init(_ keys: [SigningKey]) throws(SigningKeyError) {
            guard let active = keys.first else { throw .noKeys }
            guard keys.count <= maximumKeys else { throw .tooManyKeys(limit: maximumKeys) }
            self.active = active
            var seen: Set<String> = []
            publicKeys = keys.map(\.publicKey).filter { seen.insert($0.id).inserted }
        }
    }

    private enum Origin: Sendable {
        case given(Keys)
        case files(FileBacked<Keys, SigningKeyError>)
    }

    private let origin: Origin
    package let publicKeys: PublicKeyView

    /// Keys that are there already; the first signs.
    package init(keys: [SigningKey]) throws(SigningKeyError) {
        let keys = try Keys(keys)
        origin = .given(keys)
        publicKeys = PublicKeyView(published: PublishedKeys(keys.publicKeys))
    }

    /// Reads the files now; one that is unreadable or invalid is an error.
    package init(files: SigningKeyFiles, logger: Logger) throws(SigningKeyError) {
        let backing = try FileBacked<Keys, SigningKeyError>(
            files: [files.active] + files.fallbacks, purpose: "signing keys", logger: logger
        ) { contents throws(SigningKeyError) in
            var keys: [SigningKey] = []
            for file in contents { keys.append(try SigningKey(pem: file.bytes, source: file.path)) }
            return try Keys(keys)
        }
        origin = .files(backing)
        publicKeys = PublicKeyView(published: PublishedKeys(backing.value.publicKeys))
    }

    /// The key that signs now.
    package var active: SigningKey {
        switch origin {
        case .given(let keys): keys.active
        case .files(let backing): backing.value.active
        }
    }

    /// Reads the files again and takes over changed ones as one set; broken ones change nothing and are logged once.
    ///
    /// Verifiers know the new keys before the first token is signed with one. Reads from disk: for a task of its own
    /// every few seconds, not for an event loop.
    ///
    /// - Returns: whether the keys changed.
    @discardableResult
    package func refresh() -> Bool {
        switch origin {
        case .given: false
        case .files(let backing): backing.refresh { publicKeys.published.publish($0.publicKeys) }
        }
    }
}
