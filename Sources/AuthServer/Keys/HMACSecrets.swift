// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Logging

/// The secrets that authenticate codes, refresh tokens and nonces.
///
/// Index 0 signs and the others verify. Bytes are taken as they are, a newline at the end included.
package final class HMACSecrets: Sendable {
    package static let minimumBytes = 32
    /// Each one costs a MAC for every token that is looked at.
    package static let maximumSecrets = 16

    private enum Origin: Sendable {
        case given(HMACKeys)
        case files(FileBacked<HMACKeys, HMACSecretError>)
    }

    private let origin: Origin

    /// Secrets that are there already.
    package init(secrets: [[UInt8]]) throws(HMACSecretError) {
        let named = secrets.enumerated().map { (source: "HMAC secret \($0.offset)", bytes: $0.element) }
        origin = .given(try Self.keys(named))
    }

    /// Reads the files now; one that is unreadable or too short is an error.
    ///
    /// - Parameter paths: empty ones after the first are skipped.
    package init(paths: [String], logger: Logger) throws(HMACSecretError) {
        guard let first = paths.first else { throw .noSecrets }
        guard !first.isEmpty else { throw .file(.emptyName) }
        let files = paths.filter { !$0.isEmpty }.map { KeyFile(path: $0) }
        origin = .files(
            try FileBacked(files: files, purpose: "HMAC secrets", logger: logger) { contents throws(HMACSecretError) in
                try Self.keys(contents.map { (source: $0.path, bytes: $0.bytes) })
            })
    }

    /// The keys of this moment; take them once for each operation.
    package var keys: HMACKeys {
        switch origin {
        case .given(let keys): keys
        case .files(let backing): backing.value
        }
    }

    /// Reads the files again; broken ones change nothing and are logged once. Not for an event loop.
    ///
    /// - Returns: whether the secrets changed.
    @discardableResult
    package func refresh() -> Bool {
        switch origin {
        case .given: false
        case .files(let backing): backing.refresh()
        }
    }

    private static func keys(_ secrets: [(source: String, bytes: [UInt8])]) throws(HMACSecretError) -> HMACKeys {
        guard let first = secrets.first else { throw .noSecrets }
        guard secrets.count <= maximumSecrets else { throw .tooManySecrets(limit: maximumSecrets) }
        for secret in secrets where secret.bytes.count < minimumBytes {
            throw .tooShort(source: secret.source, bytes: secret.bytes.count, minimum: minimumBytes)
        }
        return HMACKeys(current: first.bytes, retired: secrets.dropFirst().map(\.bytes))
    }
}

/// Why an HMAC secret was refused.
package enum HMACSecretError: Error, Hashable {
    case file(KeyFileError)
    case tooShort(source: String, bytes: Int, minimum: Int)
    case noSecrets
    case tooManySecrets(limit: Int)
}

extension HMACSecretError: KeyMaterialFailure {
    init(file: KeyFileError) {
        self = .file(file)
    }

    package var description: String {
        switch self {
        case .file(.emptyName): "the first HMAC secret file has no path"
        case .file(let error): error.description
        case .tooShort(let source, let bytes, let minimum):
            "\(source) has \(bytes) bytes; an HMAC secret needs at least \(minimum)"
        case .noSecrets: "there is no HMAC secret"
        case .tooManySecrets(let limit): "more than \(limit) HMAC secrets; remove those that no token needs"
        }
    }
}
