// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Where a resource read, subscription or completion goes; URIs are forwarded as they are.
package struct ResourceRoute: Sendable, Hashable {
    package let backend: String

    package init(backend: String) {
        self.backend = backend
    }
}
