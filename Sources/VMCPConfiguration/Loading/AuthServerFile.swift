// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The settings of the authorization server in a file of their own, beside the configuration.
struct AuthServerFile {
    /// The name of the file, always the same.
    static let name = "authserver-config.yaml"

    let path: String
    /// What messages call it: the name of the configuration with the last part replaced.
    let displayName: String

    /// The file in that directory; nil when there is none.
    ///
    /// A link that leads nowhere counts as a file, and reading it fails: a mistake there must not turn the
    /// authorization server off.
    init?(in directory: String, beside configuration: String) {
        path = directory.hasSuffix("/") ? directory + Self.name : "\(directory)/\(Self.name)"
        guard (try? FileManager.default.attributesOfItem(atPath: path)) != nil else { return nil }
        let folder = configuration.lastIndex(of: "/").map { configuration[...$0] } ?? ""
        displayName = folder + Self.name
    }

    /// What a read led to: no root when there is no document.
    struct Content {
        let runConfig: AuthServerRunConfig?
        let root: Place?
        let reading: Reading
    }

    /// Reads the settings; what is wrong with them goes to a companion of the reading, under the name of this file.
    func read(for reading: Reading) -> Content {
        let own = reading.companion(file: displayName, toleratesUnknownKeys: true)
        let text: String
        do throws(ConfigurationError) {
            text = try ConfigurationLoader.readText(at: path, named: displayName)
        } catch {
            for problem in error.problems { own.error(problem.message, at: nil, keyPath: "") }
            return Content(runConfig: nil, root: nil, reading: own)
        }
        let root = ConfigurationLoader.document(
            text, own, whenEmpty: "write at least issuer, allowed_audiences and upstreams, or remove it")
        return Content(
            runConfig: root.flatMap(ValueType<AuthServerRunConfig>.section.read), root: root, reading: own)
    }
}
