// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// What a request to a backend carries to prove who sends it.
    package enum OutgoingStrategy: Sendable, Hashable {
        case unauthenticated
        case headerInjection(HeaderInjection)
        case tokenExchange(TokenExchange)
        case upstreamInject(UpstreamInject)
        case awsSTS(AWSSTS)
        case onBehalfOf(OnBehalfOf)
        case crossAppAccess(CrossAppAccess)

        /// The name of the strategy in the file.
        package var type: String { kind.rawValue }

        private var kind: Kind {
            switch self {
            case .unauthenticated: .unauthenticated
            case .headerInjection: .headerInjection
            case .tokenExchange: .tokenExchange
            case .upstreamInject: .upstreamInject
            case .awsSTS: .awsSTS
            case .onBehalfOf: .onBehalfOf
            case .crossAppAccess: .crossAppAccess
            }
        }

        private enum Kind: String, CaseIterable {
            case unauthenticated
            case headerInjection = "header_injection"
            case tokenExchange = "token_exchange"
            case upstreamInject = "upstream_inject"
            case awsSTS = "aws_sts"
            case onBehalfOf = "obo"
            case crossAppAccess = "xaa"
        }
    }
}

extension Configuration.OutgoingStrategy: Section {
    static let summary = "What a request to a backend carries to prove who sends it."

    private enum Keys {
        static let type = Key<Kind>("type", .name, required: true, "The strategy; its block has the settings.")
        static let headerInjection = Key<Configuration.HeaderInjection>(
            "headerInjection", .section, "With type header_injection.")
        static let tokenExchange = Key<Configuration.TokenExchange>(
            "tokenExchange", .section, "With type token_exchange.")
        static let upstreamInject = Key<Configuration.UpstreamInject>(
            "upstreamInject", .section, "With type upstream_inject.")
        static let awsSTS = Key<Configuration.AWSSTS>("awsSts", .section, "With type aws_sts.")
        static let onBehalfOf = Key<Configuration.OnBehalfOf>("obo", .section, "With type obo.")
        static let crossAppAccess = Key<Configuration.CrossAppAccess>("xaa", .section, "With type xaa.")
    }

    static let keys: [any SectionKey] = [
        Keys.type, Keys.headerInjection, Keys.tokenExchange, Keys.upstreamInject, Keys.awsSTS, Keys.onBehalfOf,
        Keys.crossAppAccess,
    ]

    /// Reads every block, so that all are well formed, and holds the chosen one to its rules.
    init(reading section: SectionReader) {
        let type = section[Keys.type]
        func block<Block>(_ key: Key<Block>, _ kind: Kind) -> Block? {
            let block = section.read(key, isInUse: type == kind)
            if type == kind, !section.has(key) {
                section.missing(key.name, "type: \(kind.rawValue) needs the settings in it")
            }
            return type == kind ? block : nil
        }
        let strategies: [Configuration.OutgoingStrategy?] = [
            block(Keys.headerInjection, .headerInjection).map { .headerInjection($0) },
            block(Keys.tokenExchange, .tokenExchange).map { .tokenExchange($0) },
            block(Keys.upstreamInject, .upstreamInject).map { .upstreamInject($0) },
            block(Keys.awsSTS, .awsSTS).map { .awsSTS($0) },
            block(Keys.onBehalfOf, .onBehalfOf).map { .onBehalfOf($0) },
            block(Keys.crossAppAccess, .crossAppAccess).map { .crossAppAccess($0) },
        ]
        self = strategies.compactMap { $0 }.first ?? .unauthenticated
    }
}
