// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Storage

/// Why the authorization server cannot start. There is no running without it once it is configured.
package enum AuthServerStartError: Error, Sendable {
    case signingKey(SigningKeyError)
    case hmacSecret(HMACSecretError)
    case upstream(UpstreamStartError)
    case storage(StorageError)
    /// The keys that an earlier start made cannot be read back.
    case generatedKeys
}

extension AuthServerStartError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .signingKey(let error): "authServer signing_key_config: \(error)"
        case .hmacSecret(let error): "authServer hmac_secret_files: \(error)"
        case .upstream(let error): "authServer \(error)"
        case .storage(let error): "authServer storage: \(error)"
        case .generatedKeys:
            "authServer storage: the keys in it cannot be read back; restore the database together with its encryption "
                + "key file, or move both away to begin anew (everyone will have to sign in again)"
        }
    }
}
