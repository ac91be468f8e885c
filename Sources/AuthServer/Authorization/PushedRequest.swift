// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Storage

/// The parameters of an authorization request that a client pushed (RFC 9126), until they are used.
package struct PushedRequest: StoredRecord, Hashable {
    package static let table = StorageTable("par", capacity: PushedRequests.capacity)
    package static let isSealed = false

    private struct Pair: Codable, Hashable {
        var name: String
        var value: String
    }

    package let clientID: String
    private let pairs: [Pair]

    /// What an authorization request may say; everything else that was pushed is nobody's.
    private static let names = [
        "redirect_uri", "response_type", "response_mode", "scope", "state", "code_challenge", "code_challenge_method",
        "resource", "audience", "prompt", "registration",
    ]

    package init(clientID: String, parameters: Parameters, thumbprint: String?) {
        self.clientID = clientID
        var pairs = Self.names.flatMap { name in parameters.all(name).map { Pair(name: name, value: $0) } }
        if let thumbprint { pairs.append(Pair(name: "dpop_jkt", value: thumbprint)) }
        self.pairs = pairs
    }

    package var parameters: Parameters {
        Parameters(pairs.map { ($0.name, $0.value) })
    }
}
