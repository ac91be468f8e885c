// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The state of one read: what was found, and where each key stands.
final class Reading {
    /// More errors than a person reads; the rest is only counted.
    static let problemLimit = 500

    let file: String
    let environment: [String: String]
    /// The folder of the file, against which relative paths of programs are resolved.
    let directory: String?
    /// The file of the embedded authorization server beside this one, when there is one.
    let authServerSibling: AuthServerFile?
    /// Whether keys that nobody knows are left alone, with a warning; probable slips never are.
    let toleratesUnknownKeys: Bool
    /// The reads of other files that belong to this one.
    private(set) var companions: [Reading] = []
    private(set) var errors: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    private(set) var omitted = 0
    /// Rules may look at one key twice; what is wrong with it is said once.
    private var reported: Set<ConfigurationProblem> = []
    private(set) var positions: [String: SourcePosition] = [:]

    init(
        file: String, environment: [String: String], directory: String?, authServerSibling: AuthServerFile? = nil,
        toleratesUnknownKeys: Bool = false
    ) {
        self.file = file
        self.environment = environment
        self.directory = directory
        self.authServerSibling = authServerSibling
        self.toleratesUnknownKeys = toleratesUnknownKeys
    }

    /// Starts the read of another file, whose problems are listed behind those of this one.
    func companion(file: String, toleratesUnknownKeys: Bool) -> Reading {
        let reading = Reading(
            file: file, environment: environment, directory: directory, toleratesUnknownKeys: toleratesUnknownKeys)
        companions.append(reading)
        return reading
    }

    /// Everything that is wrong, file by file, in the order of the text.
    var allErrors: [ConfigurationProblem] { errors.sorted() + companions.flatMap(\.allErrors) }
    var allWarnings: [ConfigurationProblem] { warnings.sorted() + companions.flatMap(\.allWarnings) }
    var allOmitted: Int { companions.reduce(omitted) { $0 + $1.allOmitted } }

    func error(_ message: String, at position: SourcePosition?, keyPath: String) {
        let problem = ConfigurationProblem(
            severity: .error, file: file, position: position, keyPath: keyPath, message: message)
        guard errors.count < Self.problemLimit else {
            omitted += 1
            return
        }
        if reported.insert(problem).inserted { errors.append(problem) }
    }

    func warning(_ message: String, at position: SourcePosition?, keyPath: String) {
        let problem = ConfigurationProblem(
            severity: .warning, file: file, position: position, keyPath: keyPath, message: message)
        guard acceptsWarnings, reported.insert(problem).inserted else { return }
        warnings.append(problem)
    }

    /// Whether a further error would be kept; when not, its advice need not be sought.
    var acceptsErrors: Bool { errors.count < Self.problemLimit }

    /// Whether a further warning would be kept.
    var acceptsWarnings: Bool { warnings.count < Self.problemLimit }

    func remember(_ position: SourcePosition, of keyPath: String) {
        positions[keyPath] = position
    }

    /// A path relative to the folder of the file, made absolute where that folder is known.
    func resolve(path: String) -> String {
        guard !path.hasPrefix("/"), let directory else { return path }
        return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
    }

    /// The value of an environment variable; an empty one counts as not set.
    func variable(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }
}
