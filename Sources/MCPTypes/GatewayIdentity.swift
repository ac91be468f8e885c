// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Who we are to clients, backends and logs.
package enum GatewayIdentity {
    package static let name = "vmcp"
    package static let version = "0.1.0"
}
