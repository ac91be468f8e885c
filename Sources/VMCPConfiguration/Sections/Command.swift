// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// vmcp addition: the program of a stdio backend and the environment that it gets.
    package struct Command: Sendable, Hashable {
        /// An absolute path, or a name that is looked up in `PATH`.
        package let executable: String
        package let arguments: [String]
        /// Variables with the value that the file gives.
        package let environment: [String: String]
        /// Variables whose value was taken from a variable of this process when the file was loaded.
        package let secretEnvironment: [String: Secret]
        /// Variables that pass through from this process when they are set.
        package let inheritedEnvironment: [String]
        /// An absolute path; absent means the folder of this process.
        package let workingDirectory: String?

        /// Variables that every child gets when they are set here: enough to find programs and to speak a language.
        package static let alwaysInherited = ["PATH", "HOME", "LANG"]

        /// The complete environment of the child, given ours: nothing else leaks through.
        package func childEnvironment(from own: [String: String]) -> [String: String] {
            var result: [String: String] = [:]
            for name in Self.alwaysInherited + inheritedEnvironment { result[name] = own[name] }
            result.merge(environment) { $1 }
            result.merge(secretEnvironment.mapValues(\.exposed)) { $1 }
            return result
        }
    }
}

extension Configuration.Command {
    private enum Keys {
        static let command = Key<String>(
            "command", .nonEmptyString,
            "vmcp addition. The program of a stdio backend: a path, or a name that is looked up in PATH.")
        static let args = DefaultKey<[String]>(
            "args", .list(of: .string), default: [], "vmcp addition. The arguments of the program.")
        static let env = DefaultKey<[String: String]>(
            "env", .map(of: .string), default: [:], "vmcp addition. Environment variables with their values.")
        static let secretEnv = DefaultKey<[String: String]>(
            "secretEnv", .map(of: .nonEmptyString), default: [:],
            "vmcp addition. Environment variables, each with the name of our variable that holds the secret.")
        static let inheritEnv = DefaultKey<[String]>(
            "inheritEnv", .list(of: .nonEmptyString), default: [],
            "vmcp addition. Names of our environment variables that the program sees too.")
        static let workingDirectory = Key<String>(
            "workingDirectory", .nonEmptyString,
            "vmcp addition. The folder that the program starts in; relative to this file.")
    }

    static let keys: [any SectionKey] = [
        Keys.command, Keys.args, Keys.env, Keys.secretEnv, Keys.inheritEnv, Keys.workingDirectory,
    ]

    /// Reads the keys of a backend that describe its program.
    init(reading section: SectionReader, isInUse: Bool) {
        let reading = section.place.reading
        let command = section[Keys.command]
        let workingDirectory = section[Keys.workingDirectory]
        let secretEnv = section[Keys.secretEnv]
        executable = command.map { $0.contains("/") ? reading.resolve(path: $0) : $0 } ?? ""
        arguments = section[Keys.args]
        environment = section[Keys.env]
        inheritedEnvironment = section[Keys.inheritEnv]
        self.workingDirectory = workingDirectory.map { reading.resolve(path: $0) }
        secretEnvironment =
            isInUse
            ? secretEnv.compactMapValues { reading.variable($0).map(Secret.init) } : [:]
        if isInUse { check(section, secretEnv) }
    }

    private func check(_ section: SectionReader, _ secretEnv: [String: String]) {
        if !section.has(Keys.command) { section.missing("command", "write the program of the stdio backend") }
        let reading = section.place.reading
        let secrets = section.at(Keys.secretEnv)
        let secretPlaces = secrets.children
        for (name, variable) in secretEnv.sorted(by: { $0.key < $1.key }) where reading.variable(variable) == nil {
            (secretPlaces[name] ?? secrets).refuse(
                "the environment variable \(quoted(variable)) is not set; set it or remove the entry")
        }
        for (place, name) in section.at(Keys.inheritEnv).texts {
            if let message = Self.nameProblem(name) {
                place.refuse(message)
            } else if reading.environment[name] == nil {
                place.warn("the environment variable \(quoted(name)) is not set, so the program does not see it")
            }
        }
        checkNames(in: section.at(Keys.env).children)
        checkNames(in: secretPlaces)
        for name in environment.keys.sorted() where secretEnv[name] != nil {
            (secretPlaces[name] ?? secrets).refuse("is in env as well; keep one of the two")
        }
        for (place, argument) in section.at(Keys.args).texts where argument.utf8.contains(0) {
            place.refuse("contains a NUL character; remove it")
        }
    }

    private func checkNames(in places: [String: Place]) {
        for (name, place) in places.sorted(by: { $0.key < $1.key }) {
            if let message = Self.nameProblem(name) { place.refuse(message) }
        }
    }

    private static func nameProblem(_ name: String) -> String? {
        let isName =
            !name.isEmpty && name.first?.isNumber == false
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
                default: false
                }
            }
        return isName
            ? nil : "\(quoted(name)) cannot name an environment variable; use letters, digits and underscores"
    }

    /// Reports every key of a program on a backend that is reached over HTTP.
    static func refuseKeys(of section: SectionReader) {
        for key in keys where section.has(key) {
            section.refuse(key, "is only for backends with transport: stdio; remove it or change the transport")
        }
    }
}
