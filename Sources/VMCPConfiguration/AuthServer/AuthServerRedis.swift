// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// A Redis server, cluster or sentinel group.
    package struct Redis: Sendable, Hashable {
        package enum Topology: Sendable, Hashable {
            /// `host:port`
            case standalone(String)
            case cluster(String)
            case sentinel(RedisSentinel)
        }

        package let topology: Topology
        package let user: RedisUser
        /// In front of every key.
        package let keyPrefix: String
        package let dialTimeout: Duration
        package let readTimeout: Duration
        package let writeTimeout: Duration
        package let tls: RedisTLS?
        package let sentinelTLS: RedisTLS?

        static var placeholder: Redis { Redis(reading: .empty(keys: keys)) }
    }

    /// Sentinels that say where the master is.
    package struct RedisSentinel: Sendable, Hashable {
        package let masterName: String
        package let addresses: [String]
        package let database: Int
    }

    /// The environment variables with the credentials.
    package struct RedisUser: Sendable, Hashable {
        /// Absent for the default user.
        package let usernameVariable: String?
        package let passwordVariable: String
    }

    /// How a connection is encrypted.
    package struct RedisTLS: Sendable, Hashable {
        package let skipsVerification: Bool
        package let caCertificateFile: String?
    }
}

extension AuthServerRunConfig.Redis: Section {
    static let summary = "A Redis server, cluster or sentinel group."

    private enum Keys {
        static let address = Key<String>("addr", .hostAndPort.orEmpty, "host:port; or sentinel_config.")
        static let cluster = DefaultKey<Bool>("cluster_mode", .boolean, default: false, "Whether addr is a cluster.")
        static let sentinel = Key<AuthServerRunConfig.RedisSentinel>(
            "sentinel_config", .section, "Sentinels that say where the master is; or addr.")
        static let authType = Key<String>("auth_type", .string, "aclUser.")
        static let user = Key<AuthServerRunConfig.RedisUser>(
            "acl_user_config", .section, required: true, "The environment variables with the credentials.")
        static let keyPrefix = Key<String>("key_prefix", .nonEmptyString, required: true, "In front of every key.")
        static let dialTimeout = DefaultKey<Duration>(
            "dial_timeout", .positiveDuration.orEmpty, default: .seconds(5), "For connecting.")
        static let readTimeout = DefaultKey<Duration>(
            "read_timeout", .positiveDuration.orEmpty, default: .seconds(3), "For an answer.")
        static let writeTimeout = DefaultKey<Duration>(
            "write_timeout", .positiveDuration.orEmpty, default: .seconds(3), "For sending.")
        static let tls = Key<AuthServerRunConfig.RedisTLS>("tls", .section, "Its presence turns TLS on.")
        static let sentinelTLS = Key<AuthServerRunConfig.RedisTLS>(
            "sentinel_tls", .section, "The same for the sentinels.")
    }

    static let keys: [any SectionKey] = [
        Keys.address, Keys.cluster, Keys.sentinel, Keys.authType, Keys.user, Keys.keyPrefix, Keys.dialTimeout,
        Keys.readTimeout, Keys.writeTimeout, Keys.tls, Keys.sentinelTLS,
    ]

    init(reading section: SectionReader) {
        let address = section[Keys.address]
        let isCluster = section[Keys.cluster]
        let sentinel = section[Keys.sentinel]
        if let sentinel {
            topology = .sentinel(sentinel)
        } else {
            topology = isCluster ? .cluster(address ?? "") : .standalone(address ?? "")
        }
        user = section[Keys.user] ?? .placeholder
        keyPrefix = section[Keys.keyPrefix] ?? ""
        dialTimeout = section[Keys.dialTimeout]
        readTimeout = section[Keys.readTimeout]
        writeTimeout = section[Keys.writeTimeout]
        tls = section[Keys.tls]
        sentinelTLS = section[Keys.sentinelTLS]
        _ = section[Keys.authType]
        let hasAddress = section.place.has(Keys.address.name)
        let hasSentinel = section.has(Keys.sentinel)
        if hasAddress, hasSentinel {
            section.refuse(Keys.sentinel, "only one of addr and sentinel_config may be set; remove one")
        }
        if !hasAddress, !hasSentinel { section.missing(Keys.address.name, "write addr or sentinel_config") }
        if isCluster, !hasAddress { section.refuse(Keys.cluster, "needs addr; write the address of the cluster") }
        if section.has(Keys.sentinelTLS), !hasSentinel {
            section.warn(Keys.sentinelTLS, "has no effect without sentinel_config")
        }
    }
}

extension AuthServerRunConfig.RedisSentinel: Section {
    static let summary = "Sentinels that say where the master is."

    private enum Keys {
        static let masterName = Key<String>("master_name", .nonEmptyString, required: true, "The name of the master.")
        static let addresses = Key<[String]>(
            "sentinel_addrs", .list(of: .hostAndPort), required: true, "host:port of each sentinel.")
        static let database = DefaultKey<Int>(
            "db", .integer(0...Int(Int32.max)), default: 0, "The number of the database.")
    }

    static let keys: [any SectionKey] = [Keys.masterName, Keys.addresses, Keys.database]

    init(reading section: SectionReader) {
        masterName = section[Keys.masterName] ?? ""
        addresses = section[Keys.addresses] ?? []
        database = section[Keys.database]
        if section.at(Keys.addresses).isEmptyList {
            section.refuse(Keys.addresses, "is empty; write host:port of at least one sentinel")
        }
    }
}

extension AuthServerRunConfig.RedisUser: Section {
    static let summary = "The environment variables with the credentials."

    private enum Keys {
        static let username = Key<String>(
            "username_env_var", .string, "The variable with the user; absent means the default one.")
        static let password = Key<String>(
            "password_env_var", .nonEmptyString, required: true, "The variable with the password; it may be empty.")
    }

    static let keys: [any SectionKey] = [Keys.username, Keys.password]

    static var placeholder: Self { Self(reading: .empty(keys: keys)) }

    init(reading section: SectionReader) {
        usernameVariable = section[Keys.username].nonEmpty
        passwordVariable = section[Keys.password] ?? ""
        let environment = section.place.reading.environment
        if let usernameVariable, environment[usernameVariable] == nil {
            section.refuse(Keys.username, SecretError.variableNotSet(usernameVariable).description)
        }
        if !passwordVariable.isEmpty, environment[passwordVariable] == nil {
            section.refuse(Keys.password, SecretError.variableNotSet(passwordVariable).description)
        }
    }
}

extension AuthServerRunConfig.RedisTLS: Section {
    static let summary = "How a connection is encrypted."

    private enum Keys {
        static let skipsVerification = DefaultKey<Bool>(
            "insecure_skip_verify", .boolean, default: false, "Whether anybody may pose as the server.")
        static let caFile = Key<String>("ca_cert_file", .string, "PEM certificates that are trusted.")
    }

    static let keys: [any SectionKey] = [Keys.skipsVerification, Keys.caFile]

    init(reading section: SectionReader) {
        skipsVerification = section[Keys.skipsVerification]
        caCertificateFile = section.file(Keys.caFile, atMost: ConfigurationLoader.maximumFileSize)
        if skipsVerification {
            section.warn(Keys.skipsVerification, "lets anybody pose as the server; write ca_cert_file instead")
        }
    }
}

extension ValueType where Value == String {
    fileprivate static var hostAndPort: ValueType {
        string.checked { text in
            let url = try? HTTPURL(parsing: "http://\(text)")
            let hasPort = text.last?.isNumber == true && text.contains(":") && !text.hasSuffix("]")
            return url?.target == "/" && !text.hasSuffix("/") && !text.contains("?") && hasPort
                ? nil : "\(quoted(text)) is not an address; write host:port"
        }
    }
}
