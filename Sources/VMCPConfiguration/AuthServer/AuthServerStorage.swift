// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// Where sign-ins, clients and tokens are kept.
    package enum Storage: Sendable, Hashable {
        /// Gone when the process ends.
        case memory
        /// vmcp addition, and the default.
        case sqlite(SQLite)
        case redis(Redis)
    }

    /// vmcp addition: one file.
    package struct SQLite: Sendable, Hashable {
        /// Where the database is; its folder is made when it is not there.
        package internal(set) var path: String
        /// The key that seals tokens of the providers; absent when the server makes its own.
        package let encryptionKeyFile: String?

        /// How long such a key is, exactly.
        package static let keyBytes = 32
    }
}

/// The key `storage`, before the default path is known.
extension AuthServerRunConfig.Storage: Section {
    static let summary = "Where sign-ins, clients and tokens are kept."

    private enum Kind: String, CaseIterable {
        case memory
        case sqlite
        case redis
    }

    private enum Keys {
        static let type = DefaultKey<Kind>("type", .nameOrEmpty, default: .sqlite, "memory, sqlite or redis.")
        static let sqlite = Key<AuthServerRunConfig.SQLite>(
            "sqlite_config", .section, "vmcp addition. With type sqlite.")
        static let redis = Key<AuthServerRunConfig.Redis>("redis_config", .section, "With type redis.")
    }

    static let keys: [any SectionKey] = [Keys.type, Keys.sqlite, Keys.redis]

    static var placeholder: Self { Self(reading: .empty(keys: keys)) }

    init(reading section: SectionReader) {
        let type = section[Keys.type]
        let sqlite = section.read(Keys.sqlite, isInUse: type == .sqlite)
        let redis = section.read(Keys.redis, isInUse: type == .redis)
        switch type {
        case .memory: self = .memory
        case .sqlite: self = .sqlite(sqlite ?? .placeholder)
        case .redis:
            if !section.has(Keys.redis) { section.missing(Keys.redis.name, "type: redis needs the settings in it") }
            self = .redis(redis ?? .placeholder)
        }
        if type != .sqlite, section.has(Keys.sqlite) {
            section.refuse(Keys.sqlite, "does not belong to type: \(type.rawValue); remove it or write type: sqlite")
        }
    }
}

extension AuthServerRunConfig.SQLite: Section {
    static let summary = "vmcp addition. One file with everything."

    private enum Keys {
        static let path = Key<String>(
            "path", .string,
            "vmcp addition. The database; in $STATE_DIRECTORY, $XDG_STATE_HOME or ~/.local/state unless written.")
        static let keyFile = Key<String>(
            "encryption_key_file", .string,
            "vmcp addition. A file of at least 32 random bytes that seals tokens of the providers; made unless written."
        )
    }

    static let keys: [any SectionKey] = [Keys.path, Keys.keyFile]

    static var placeholder: Self { Self(reading: .empty(keys: keys)) }

    init(reading section: SectionReader) {
        path = section[Keys.path].nonEmpty.map(section.place.reading.resolve) ?? ""
        encryptionKeyFile = section.file(Keys.keyFile, atLeast: Self.keyBytes, atMost: Self.keyBytes)
        if path.utf8.contains(0) {
            section.refuse(Keys.path, "contains a NUL character; write the path of a file")
        } else if path.hasSuffix("/") {
            section.refuse(Keys.path, "\(quoted(path, limit: 200)) is a folder; write the path of a file")
        }
    }
}

extension AuthServerRunConfig {
    /// The settings with the path of the database, which depends on the server's name when it is not written.
    func resolvingStorage(serverName: String, at place: Place?) -> AuthServerRunConfig {
        guard case .sqlite(var sqlite) = storage, sqlite.path.isEmpty, let place else { return self }
        var copy = self
        let location = StateDirectory(environment: place.reading.environment)
        if let path = location.path(serverName: serverName) {
            sqlite.path = path
            copy.storage = .sqlite(sqlite)
        } else if !serverName.isEmpty {
            place.entry("storage").refuse(
                "has no place: neither STATE_DIRECTORY nor XDG_STATE_HOME nor HOME is set; "
                    + "write sqlite_config.path, or type: memory")
        }
        return copy
    }
}
