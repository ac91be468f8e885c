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
    let authServerSibling: String?
    private(set) var errors: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    private(set) var omitted = 0
    /// Rules may look at one key twice; what is wrong with it is said once.
    private var reported: Set<ConfigurationProblem> = []
    private(set) var positions: [String: SourcePosition] = [:]

    init(file: String, environment: [String: String], directory: String?, authServerSibling: String?) {
        self.file = file
        self.environment = environment
        self.directory = directory
        self.authServerSibling = authServerSibling
    }

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
