// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// The files with the private keys that sign tokens.
    package struct SigningKeys: Sendable, Hashable {
        /// The key that signs.
        package let activeFile: String
        /// Keys whose tokens are still accepted.
        package let fallbackFiles: [String]
    }
}

extension AuthServerRunConfig.SigningKeys: Section {
    static let summary = "The files with the private keys that sign tokens: RSA, EC or Ed25519, in PEM."

    private enum Keys {
        static let directory = Key<String>("key_dir", .string, "The folder of the files below.")
        static let active = Key<String>(
            "signing_key_file", .string, "The key that signs; absent means a generated one.")
        static let fallbacks = DefaultKey<[String]>(
            "fallback_key_files", .list(of: .string), default: [], "Keys whose tokens are still accepted.")
    }

    static let keys: [any SectionKey] = [Keys.directory, Keys.active, Keys.fallbacks]

    init(reading section: SectionReader) {
        let directory = section[Keys.directory] ?? ""
        func file(_ name: String, _ place: Place) -> String {
            if let problem = Self.problem(name, hasDirectory: !directory.isEmpty) {
                place.refuse(problem)
                return name
            }
            guard !directory.isEmpty else { return place.checkedFile(name) }
            return place.checkedFile(directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)")
        }
        let active = section[Keys.active] ?? ""
        let names = section[Keys.fallbacks]
        guard !active.isEmpty else {
            activeFile = ""
            fallbackFiles = []
            if !names.isEmpty { section.warn(Keys.fallbacks, "has no effect without signing_key_file; write that too") }
            return
        }
        activeFile = file(active, section.at(Keys.active))
        let list = section.at(Keys.fallbacks)
        fallbackFiles = names.enumerated().map { file($1, list.entry($0)) }
        var seen: Set<String> = [activeFile]
        for (index, path) in fallbackFiles.enumerated() where !path.isEmpty && !seen.insert(path).inserted {
            list.entry(index).refuse("\(quoted(names[index])) is listed already; remove it")
        }
    }

    private static func problem(_ name: String, hasDirectory: Bool) -> String? {
        if name.isEmpty { return "is empty; write the name of a file" }
        if name.utf8.contains(0) { return "contains a NUL character; write the name of a file" }
        if hasDirectory, name.hasPrefix("/") {
            return "\(quoted(name)) is joined to key_dir; write the name of the file alone, or remove key_dir"
        }
        if name.split(separator: "/").contains("..") {
            return "\(quoted(name)) contains \"..\"; write the name of a file in key_dir"
        }
        return nil
    }
}
