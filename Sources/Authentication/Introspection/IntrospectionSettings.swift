// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

/// Whom to ask about tokens that are not JWTs.
package struct IntrospectionSettings: Sendable {
    package var url: String
    package var clientID: String
    /// The client authenticates only when there is both an id and a secret.
    package var clientSecret: Secret?

    package init(url: String, clientID: String = "", clientSecret: Secret? = nil) {
        self.url = url
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}
