// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// vmcp addition: how the replicas of one server reach each other, so that a client's answer finds the replica that
    /// keeps the call.
    package struct Forwarding: Sendable, Hashable {
        /// This replica's name among its peers; `nil` stands for the name of the host.
        package let instance: String?
        /// Where this replica listens for its peers.
        package let listen: ListenAddress
        /// The base URLs of peers by name.
        package let peers: [String: HTTPURL]
        /// The base URL of every other peer, with `{instance}` for its name.
        package let peerTemplate: String?
        /// Files with the secrets that replicas know each other by: the first signs, all are believed.
        package let secretFiles: [String]
        /// The environment variable with that secret, instead of files.
        package let secretVariable: String?
        /// Requests of peers that run at a time.
        package let maxRequests: Int

        package static let placeholder = "{instance}"
        package static let minimumSecretBytes = 32

        /// The base URL of a replica; `nil` when nobody knows it.
        ///
        /// Only a DNS label is ever put into the template: the name is what a request says, and must not choose a host
        /// outside of it.
        package func baseURL(of instance: String) -> String? {
            guard Self.isLabel(instance) else { return nil }
            if let url = peers[instance] { return Self.trimmed(url.text) }
            return peerTemplate.map { Self.trimmed($0.replacing(Self.placeholder, with: instance)) }
        }

        private static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

        /// RFC 1123 section 2.1, in lower case as Kubernetes has it.
        package static func isLabel(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return (1...63).contains(bytes.count) && bytes.first != UInt8(ascii: "-")
                && bytes.last != UInt8(ascii: "-")
                && bytes.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
    }

    /// `host:port` to listen on.
    package struct ListenAddress: Sendable, Hashable {
        package let host: String
        /// 0 lets the system choose.
        package let port: Int

        init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            let digits = text[text.index(after: colon)...]
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]"), host.contains(":") {
                host = host.dropFirst().dropLast()
            } else if host.contains(where: { "[]:".contains($0) }) {
                return nil
            }
            guard !host.isEmpty, host.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }),
                (1...5).contains(digits.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let port = Int(digits), port <= 65_535
            else { return nil }
            self.host = String(host)
            self.port = port
        }
    }
}

extension Configuration.Forwarding: Section {
    static let summary = "vmcp addition. How the replicas of one server reach each other."

    private enum Keys {
        static let instance = Key<String>(
            "instance", .instance,
            "vmcp addition. This replica's name among its peers; absent means the first label of the host name.")
        static let listen = Key<String>(
            "listen", .listenAddress, required: true,
            "vmcp addition. host:port where this replica listens for its peers; never a public address.")
        static let peers = DefaultKey<[String: HTTPURL]>(
            "peers", .map(of: .peerURL), default: [:], "vmcp addition. The base URLs of the other replicas by name.")
        static let peerTemplate = Key<String>(
            "peerTemplate", .peerTemplate,
            "vmcp addition. The base URL of replicas that peers does not name, with {instance} for the name.")
        static let secretFiles = DefaultKey<[String]>(
            "secretFiles", .list(of: .absolutePath), default: [],
            "vmcp addition. Files with the secrets that replicas know each other by: the first signs, all are believed."
        )
        static let secretEnv = Key<String>(
            "secretEnv", .string, "vmcp addition. The environment variable with that secret, instead of files.")
        static let maxRequests = DefaultKey<Int>(
            "maxRequests", .integer(1...100_000), default: 1000,
            "vmcp addition. Requests of peers that run here at a time.")
    }

    static let keys: [any SectionKey] = [
        Keys.instance, Keys.listen, Keys.peers, Keys.peerTemplate, Keys.secretFiles, Keys.secretEnv, Keys.maxRequests,
    ]

    init(reading section: SectionReader) {
        instance = section[Keys.instance].nonEmpty
        listen = section[Keys.listen].flatMap { Configuration.ListenAddress($0) } ?? .placeholder
        peers = section[Keys.peers]
        peerTemplate = section[Keys.peerTemplate].nonEmpty
        secretFiles = section[Keys.secretFiles].filter { !$0.isEmpty }
        secretVariable = section[Keys.secretEnv].nonEmpty
        maxRequests = section[Keys.maxRequests]
        for name in peers.keys.sorted() where !Self.isLabel(name) {
            section.at(Keys.peers.key).entry(name).refuse(ValueType<String>.labelAdvice(name))
        }
        if !section.has(Keys.peers), peerTemplate == nil, !section.has(Keys.peerTemplate) {
            section.missing("peers", "write the base URLs of the other replicas, or a peerTemplate")
        }
        section.checkSecret(secretFiles, secretVariable, Keys.secretFiles.key, Keys.secretEnv)
    }
}

extension Configuration.ListenAddress {
    fileprivate init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    fileprivate static let placeholder = Configuration.ListenAddress(host: "127.0.0.1", port: 0)
}

extension SectionReader {
    fileprivate func checkSecret(
        _ files: [String], _ variable: String?, _ filesKey: Key<[String]>, _ variableKey: Key<String>
    ) {
        switch (files.isEmpty, variable) {
        case (true, nil):
            if !has(filesKey) { missing(filesKey.name, "write secretFiles or secretEnv") }
        case (false, .some): refuse(variableKey, "only one of secretFiles and secretEnv may be set; remove one")
        case (false, nil): break
        case (true, .some):
            _ = secretReference(variable: variableKey, minimumLength: Configuration.Forwarding.minimumSecretBytes)
        }
    }
}

extension ValueType where Value == String {
    fileprivate static func labelAdvice(_ text: String) -> String {
        "\(quoted(text)) is no name for a replica; write up to 63 of a-z, 0-9 and -, as a host name has them"
    }

    fileprivate static var instance: ValueType {
        string.checked { $0.isEmpty || Configuration.Forwarding.isLabel($0) ? nil : labelAdvice($0) }
    }

    fileprivate static var listenAddress: ValueType {
        string.checked { text in
            Configuration.ListenAddress(text) == nil
                ? "\(quoted(text)) is no address to listen on; write host:port, such as 0.0.0.0:4484" : nil
        }
    }

    /// The name may only be a part of the host: anywhere else it would name nobody.
    fileprivate static var peerTemplate: ValueType {
        string.checked { text in
            if text.isEmpty { return nil }
            let parts = text.split(separator: Configuration.Forwarding.placeholder, omittingEmptySubsequences: false)
            let example = text.replacing(Configuration.Forwarding.placeholder, with: "a")
            guard parts.count == 2, let slashes = text.firstRange(of: "://"), let url = try? HTTPURL(parsing: example),
                text[slashes.upperBound...].prefix(while: { $0 != "/" && $0 != ":" })
                    .contains(Configuration.Forwarding.placeholder),
                url.target == "/"
            else {
                return
                    "\(quoted(text)) is no template; write one {instance} in the host of a URL without a path, such as "
                    + "http://{instance}.vmcp-headless:4484"
            }
            return nil
        }
    }
}

extension ValueType where Value == HTTPURL {
    fileprivate static var peerURL: ValueType {
        httpURL.checked { url in
            url.target == "/" ? nil : "\(quoted(url.text)) has a path; write scheme, host and port only"
        }
    }
}
