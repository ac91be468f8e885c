// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// vmcp addition: where the settings of the embedded authorization server are.
    package enum AuthServer: Sendable, Hashable {
        /// In this file, under `authServer`.
        case inline(ConfigurationValue)
        /// In a file of its own beside this one.
        case sibling(path: String)

        /// The name of the file beside the configuration.
        package static let siblingName = "authserver-config.yaml"
    }
}
