// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A place in a configuration file.
package struct ConfigurationLocation: Sendable, Hashable {
    package let file: String
    package let position: SourcePosition
    package let keyPath: String
}

/// Where each key of a configuration file stands.
package struct ConfigurationLocations: Sendable, Hashable {
    package let file: String
    private let positions: [String: SourcePosition]

    init(file: String, positions: [String: SourcePosition]) {
        self.file = file
        self.positions = positions
    }

    /// The place of a key such as `compositeTools[0].steps`; nil when the file does not mention it.
    package subscript(keyPath: String) -> ConfigurationLocation? {
        positions[keyPath].map { ConfigurationLocation(file: file, position: $0, keyPath: keyPath) }
    }

    /// A problem at a key, or about the whole file when the key is not in it.
    package func problem(
        _ severity: ConfigurationProblem.Severity, at keyPath: String, _ message: String
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            severity: severity, file: file, position: positions[keyPath], keyPath: keyPath, message: message)
    }
}
