// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// One MCP server behind this one.
    package struct Backend: Sendable, Hashable {
        /// Identifies the backend everywhere: in prefixes, priorities, overrides and credentials.
        package let name: String
        package let transport: Transport
        /// Whether it is a remote server that this configuration only points at (`type: entry`).
        package let isEntry: Bool
        /// PEM certificates that are trusted besides the system's, for this backend only.
        package let caBundlePath: String?
        /// Free text; `group` is always the group of the server.
        package let metadata: [String: String]
        /// vmcp addition: how many requests run on this backend at once.
        package let maxConcurrentRequests: Int
        /// vmcp addition: how many requests wait for a free place before further ones are refused.
        package let maxQueuedRequests: Int
        /// vmcp addition: which era the backend is spoken to in.
        package let era: Era

        package enum Era: String, Sendable, Hashable, CaseIterable {
            case auto
            case legacy
            case modern
        }

        /// How the backend is reached.
        package enum Transport: Sendable, Hashable {
            case streamableHTTP(HTTPURL)
            case sse(HTTPURL)
            /// vmcp addition: a child process that speaks over its standard streams.
            case stdio(Command)
        }
    }
}

extension Configuration.Backend: Section {
    static let summary = "One MCP server behind this one."

    private enum TransportName: String, CaseIterable {
        case streamableHTTP = "streamable-http"
        case sse
        case stdio
        case streamable
    }

    private enum Kind: String, CaseIterable {
        case plain = ""
        case entry
    }

    private enum Keys {
        static let name = Key<String>(
            "name", .nonEmptyString, required: true, "Identifies the backend in prefixes, priorities and credentials.")
        static let transport = Key<TransportName>("transport", .name, required: true, "How the backend is reached.")
        static let url = Key<HTTPURL>("url", .httpURL, "The MCP endpoint; not with transport stdio.")
        static let type = DefaultKey<Kind>("type", .name, default: .plain, "entry for a remote server.")
        static let caBundlePath = Key<String>(
            "caBundlePath", .absolutePath, "Further trusted certificates; only with type entry.")
        static let metadata = DefaultKey<[String: String]>("metadata", .stringMap, default: [:], "Free text.")
        static let maxConcurrentRequests = DefaultKey<Int>(
            "maxConcurrentRequests", .integer(1...10_000), default: 256,
            "vmcp addition. How many requests run on this backend at once.")
        static let maxQueuedRequests = DefaultKey<Int>(
            "maxQueuedRequests", .integer(0...100_000), default: 1024,
            "vmcp addition. How many requests wait for a free place before further ones are refused.")
        static let era = DefaultKey<Era>(
            "era", .name, default: .auto,
            "vmcp addition. The era the backend is spoken to in; auto finds out and follows each client.")
    }

    static let keys: [any SectionKey] =
        [
            Keys.name, Keys.url, Keys.transport, Keys.type, Keys.caBundlePath, Keys.metadata,
            Keys.maxConcurrentRequests, Keys.maxQueuedRequests, Keys.era,
        ] + Configuration.Command.keys

    init(reading section: SectionReader) {
        name = section[Keys.name] ?? ""
        isEntry = section[Keys.type] == .entry
        caBundlePath = section[Keys.caBundlePath].flatMap { $0.isEmpty ? nil : $0 }
        metadata = section[Keys.metadata]
        maxConcurrentRequests = section[Keys.maxConcurrentRequests]
        maxQueuedRequests = section[Keys.maxQueuedRequests]
        era = section[Keys.era]
        let transportName = section[Keys.transport]
        let url = section[Keys.url]
        let command = Configuration.Command(reading: section, isInUse: transportName == .stdio)
        transport = transportName == .stdio ? .stdio(command) : Self.http(transportName, url)
        check(section, transportName)
    }

    private static func http(_ name: TransportName?, _ url: HTTPURL?) -> Transport {
        name == .sse ? .sse(url ?? .placeholder) : .streamableHTTP(url ?? .placeholder)
    }

    private func check(_ section: SectionReader, _ transport: TransportName?) {
        if caBundlePath != nil, !isEntry {
            section.refuse(Keys.caBundlePath, "is only for backends with type: entry; add the type or remove the path")
        }
        if transport == .sse, era == .modern {
            section.refuse(Keys.era, "the sse transport is of 2024-11-05; write transport: streamable-http")
        }
        if transport == .stdio {
            if section.has(Keys.url) {
                section.refuse(Keys.url, "a stdio backend has no URL; remove it or change the transport")
            }
            if isEntry {
                section.refuse(Keys.type, "entry is for remote backends; remove it or change the transport")
            }
        } else if transport != nil {
            if !section.has(Keys.url) { section.missing("url", "write the URL of the MCP endpoint") }
            Configuration.Command.refuseKeys(of: section)
        }
    }

    /// The backend as a member of the server's group, which `metadata.group` always names.
    func joining(group: String) -> Configuration.Backend {
        Configuration.Backend(
            name: name, transport: transport, isEntry: isEntry, caBundlePath: caBundlePath,
            metadata: metadata.merging(["group": group]) { $1 }, maxConcurrentRequests: maxConcurrentRequests,
            maxQueuedRequests: maxQueuedRequests, era: era)
    }
}
