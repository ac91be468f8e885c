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

    /// Loads a file, and the authorization server's file when there is one beside it.
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
            authServerSibling: directory.flatMap { AuthServerFile(in: $0, beside: fileName) })
        let place = Self.document(
            text, reading,
            whenEmpty: "write at least name, groupRef, incomingAuth, outgoingAuth and aggregation")
        let configuration = place.flatMap(ValueType<Configuration>.section.read)
        let errors = reading.allErrors
        guard let configuration, errors.isEmpty else {
            throw ConfigurationError(problems: errors, warnings: reading.allWarnings, omitted: reading.allOmitted)
        }
        return LoadedConfiguration(configuration: configuration, warnings: reading.allWarnings)
    }

    /// The root of the document in a text; nil when there is none, which is then reported.
    static func document(_ text: String, _ reading: Reading, whenEmpty advice: String) -> Place? {
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
            if reading.errors.isEmpty { reading.error("the file is empty; \(advice)", at: .start, keyPath: "") }
            return nil
        }
        return Place(node: root, start: root.position, keyPath: "", isInUse: true, reading: reading)
    }

    /// The text of a configuration file; `name` is what messages call it.
    static func readText(at path: String, named name: String? = nil) throws(ConfigurationError) -> String {
        let name = name ?? path
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            data = try file.read(upToCount: maximumFileSize + 1) ?? Data()
        } catch {
            throw refusal(name, "cannot be read: \(error.localizedDescription); check the path and its permissions")
        }
        guard data.count <= maximumFileSize else { throw tooLarge(name) }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw refusal(name, "is not UTF-8 text; save it in that encoding")
        }
        return text
    }

    private static func tooLarge(_ file: String) -> ConfigurationError {
        refusal(file, "is larger than \(maximumFileSize) bytes; a configuration has no use for that much")
    }

    private static func refusal(_ file: String, _ message: String) -> ConfigurationError {
        ConfigurationError(problems: [ConfigurationProblem(severity: .error, file: file, message: message)])
    }
}
