// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// vmcp addition: the embedded authorization server, with its settings and where they stand.
    package struct AuthServer: Sendable, Hashable {
        package let runConfig: AuthServerRunConfig
        /// Where each key stands, in the file of the configuration or in the one beside it.
        package let locations: ConfigurationLocations
        /// What stands in front of the key paths of the settings in that file; empty in a file of their own.
        private let keyPathPrefix: String

        init(runConfig: AuthServerRunConfig, locations: ConfigurationLocations, keyPathPrefix: String) {
            self.runConfig = runConfig
            self.locations = locations
            self.keyPathPrefix = keyPathPrefix
        }

        /// The place of a key such as `upstreams[0].name`; nil when no file mentions it.
        package func location(of keyPath: String) -> ConfigurationLocation? {
            locations[prefixed(keyPath)]
        }

        /// A problem at a key of the settings.
        package func problem(
            _ severity: ConfigurationProblem.Severity, at keyPath: String, _ message: String
        ) -> ConfigurationProblem {
            locations.problem(severity, at: prefixed(keyPath), message)
        }

        private func prefixed(_ keyPath: String) -> String {
            keyPathPrefix.isEmpty ? keyPath : "\(keyPathPrefix).\(keyPath)"
        }
    }
}

/// The key `authServer` of the configuration.
struct AuthServerSection: Section {
    static let summary = "vmcp addition. The embedded authorization server (Mode B)."

    private enum Keys {
        static let runConfig = Key<AuthServerRunConfig>(
            "runConfig", .section, required: true, "Its settings, as in authserver-config.yaml.")
    }

    static let keys: [any SectionKey] = [Keys.runConfig]

    let runConfig: AuthServerRunConfig?

    init(reading section: SectionReader) {
        runConfig = section[Keys.runConfig]
    }
}

extension Configuration.AuthServer {
    /// The settings from the section or from the file beside the configuration, whichever is there.
    ///
    /// Broken settings stand for good ones, so that the rules between the sections do not report what follows from
    /// that. The positions have to be complete, so this comes after all other keys were read.
    init?(_ section: AuthServerSection?, serverName: String, at place: Place) {
        let reading = place.reading
        if let section {
            if let file = reading.authServerSibling {
                place.refuse(
                    "the file \(quoted(file.displayName, limit: 200)) configures it as well; keep one of the two")
            }
            let runConfig = section.runConfig?.resolvingStorage(
                serverName: serverName, at: place.entry("runConfig"))
            self.init(
                runConfig: runConfig ?? .placeholder,
                locations: ConfigurationLocations(file: reading.file, positions: reading.positions),
                keyPathPrefix: "authServer.runConfig")
        } else if let file = reading.authServerSibling {
            let content = file.read(for: reading)
            let runConfig = content.runConfig?.resolvingStorage(serverName: serverName, at: content.root)
            self.init(
                runConfig: runConfig ?? .placeholder,
                locations: ConfigurationLocations(
                    file: content.reading.file, positions: content.reading.positions),
                keyPathPrefix: "")
        } else {
            return nil
        }
    }
}
