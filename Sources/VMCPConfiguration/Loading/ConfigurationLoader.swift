// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Reads `vmcp.yaml`: strictly, and to the end, so that all problems of a file are known at once.
package struct ConfigurationLoader: Sendable {
    /// No configuration is that long; a larger file is a mistake or an attack.
    package static let maximumFileSize = 1_048_576

    /// Where the values of keys such as `headerValueEnv` come from.
    package let environment: [String: String]

    package init(environment: [String: String]) {
        self.environment = environment
    }

    /// Loads a file, and looks for the authorization server's file beside it.
    package func load(path: String) throws(ConfigurationError) -> LoadedConfiguration {
        let text = try Self.readText(at: path)
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return try load(text: text, fileName: path, directory: directory)
    }

    /// Loads a text as if it stood in a file of that name in that directory.
    ///
    /// Without a directory nothing is looked up on disk, and relative paths stay relative.
    package func load(
        text: String, fileName: String, directory: String? = nil
    ) throws(ConfigurationError) -> LoadedConfiguration {
        guard text.utf8.count <= Self.maximumFileSize else { throw Self.tooLarge(fileName) }
        let reading = Reading(
            file: fileName, environment: environment, directory: directory,
            authServerSibling: directory.flatMap(Self.authServerFile))
        let configuration = Self.read(text, reading)
        guard let configuration, reading.errors.isEmpty else {
            throw ConfigurationError(
                problems: reading.errors.sorted(), warnings: reading.warnings.sorted(), omitted: reading.omitted)
        }
        return LoadedConfiguration(configuration: configuration, warnings: reading.warnings.sorted())
    }

    private static func read(_ text: String, _ reading: Reading) -> Configuration? {
        // A byte order mark is no content.
        let content = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        let (root, findings) = YAMLComposer.compose(content)
        for finding in findings {
            if finding.isWarning {
                reading.warning(finding.message, at: finding.position, keyPath: finding.keyPath)
            } else {
                reading.error(finding.message, at: finding.position, keyPath: finding.keyPath)
            }
        }
        guard let root, !root.isNull else {
            if reading.errors.isEmpty {
                reading.error(
                    "the file is empty; write at least name, groupRef, incomingAuth, outgoingAuth and aggregation",
                    at: .start, keyPath: "")
            }
            return nil
        }
        let place = Place(node: root, start: root.position, keyPath: "", isInUse: true, reading: reading)
        return ValueType<Configuration>.section.read(place)
    }

    private static func readText(at path: String) throws(ConfigurationError) -> String {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            data = try file.read(upToCount: maximumFileSize + 1) ?? Data()
        } catch {
            throw refusal(path, "cannot be read: \(error.localizedDescription); check the path and its permissions")
        }
        guard data.count <= maximumFileSize else { throw tooLarge(path) }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw refusal(path, "is not UTF-8 text; save it in that encoding")
        }
        return text
    }

    private static func authServerFile(in directory: String) -> String? {
        let path = directory + "/" + Configuration.AuthServer.siblingName
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    private static func tooLarge(_ file: String) -> ConfigurationError {
        refusal(file, "is larger than \(maximumFileSize) bytes; a configuration has no use for that much")
    }

    private static func refusal(_ file: String, _ message: String) -> ConfigurationError {
        ConfigurationError(problems: [ConfigurationProblem(severity: .error, file: file, message: message)])
    }
}
