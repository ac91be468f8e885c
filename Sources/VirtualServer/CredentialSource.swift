// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Backends
package import OutgoingAuth

/// Makes what a client's requests to a backend carry to prove whose they are.
package struct CredentialSource: Sendable {
    /// - Parameters:
    ///   - backend: where the requests go.
    ///   - principal: who the client is now: a session outlives tokens, so it is asked for each request.
    package let credential:
        @Sendable (_ backend: Backend, _ principal: @escaping @Sendable () -> Principal?) -> (any BackendCredential)?

    package init(
        _ credential:
            @escaping @Sendable (Backend, @escaping @Sendable () -> Principal?) -> (any BackendCredential)?
    ) {
        self.credential = credential
    }

    /// Backends are reached as they are.
    package static let none = CredentialSource { _, _ in nil }
}
