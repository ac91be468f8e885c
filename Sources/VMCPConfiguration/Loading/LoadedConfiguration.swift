// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A configuration that may be used, with what the operator should look at.
package struct LoadedConfiguration: Sendable {
    package let configuration: Configuration
    /// In the order of the text.
    package let warnings: [ConfigurationProblem]
}
