// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// A provider that people sign in at.
    package struct Upstream: Sendable, Hashable {
        /// Part of storage keys: small letters, digits and hyphens.
        package internal(set) var name: String
        /// vmcp addition: whether a sign-in goes on without it when it fails; never the first one.
        package let isOptional: Bool
        package internal(set) var provider: Provider

        package enum Provider: Sendable, Hashable {
            case oidc(UpstreamOIDC)
            case oauth2(UpstreamOAuth2)
            case mcp(UpstreamMCP)
        }

        /// The key of the block with the provider's settings.
        package var block: String {
            switch provider {
            case .oidc: "oidc_config"
            case .oauth2: "oauth2_config"
            case .mcp: "mcp_config"
            }
        }

        /// What all kinds of provider have.
        package internal(set) var client: UpstreamClient {
            get {
                switch provider {
                case .oidc(let oidc): oidc.client
                case .oauth2(let oauth2): oauth2.client
                case .mcp(let mcp): mcp.client
                }
            }
            set {
                switch provider {
                case .oidc(var oidc):
                    oidc.client = newValue
                    provider = .oidc(oidc)
                case .oauth2(var oauth2):
                    oauth2.client = newValue
                    provider = .oauth2(oauth2)
                case .mcp(var mcp):
                    mcp.client = newValue
                    provider = .mcp(mcp)
                }
            }
        }
    }
}

extension AuthServerRunConfig.Upstream: Section {
    static let summary = "A provider that people sign in at."

    private enum Kind: String, CaseIterable {
        case oidc
        case oauth2
        case mcp
    }

    private enum Keys {
        static let name = Key<String>(
            "name", .upstreamName.orEmpty, "What strategies call it; default for a single one.")
        static let type = Key<Kind>("type", .name, required: true, "oidc, oauth2, or mcp, which is a vmcp addition.")
        static let oidc = Key<AuthServerRunConfig.UpstreamOIDC>("oidc_config", .section, "With type oidc.")
        static let oauth2 = Key<AuthServerRunConfig.UpstreamOAuth2>("oauth2_config", .section, "With type oauth2.")
        static let mcp = Key<AuthServerRunConfig.UpstreamMCP>(
            "mcp_config", .section, "vmcp addition. With type mcp.")
        static let optional = DefaultKey<Bool>(
            "optional", .boolean, default: false,
            "vmcp addition. Whether a sign-in goes on without it when it fails; not for the first one.")
    }

    static let keys: [any SectionKey] = [Keys.name, Keys.type, Keys.oidc, Keys.oauth2, Keys.mcp, Keys.optional]

    init(reading section: SectionReader) {
        name = section[Keys.name] ?? ""
        isOptional = section[Keys.optional]
        let type = section[Keys.type]
        let oidc = section.read(Keys.oidc, isInUse: type == .oidc)
        let oauth2 = section.read(Keys.oauth2, isInUse: type == .oauth2)
        let mcp = section.read(Keys.mcp, isInUse: type == .mcp)
        switch type {
        case .oidc, nil: provider = .oidc(oidc ?? .placeholder)
        case .oauth2: provider = .oauth2(oauth2 ?? .placeholder)
        case .mcp: provider = .mcp(mcp ?? .placeholder)
        }
        guard let type else { return }
        let blocks: [(kind: Kind, key: any SectionKey)] = [
            (.oidc, Keys.oidc), (.oauth2, Keys.oauth2), (.mcp, Keys.mcp),
        ]
        for (kind, key) in blocks {
            if kind == type, !section.has(key) {
                section.missing(key.name, "type: \(kind.rawValue) needs the settings in it")
            } else if kind != type, section.has(key) {
                section.refuse(key, "does not belong to type: \(type.rawValue); remove it or change the type")
            }
        }
    }
}

extension ValueType where Value == String {
    /// The name of an upstream, which is a part of storage keys.
    fileprivate static var upstreamName: ValueType {
        string.checked { text in
            let isPlain = text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x61...0x7A, 0x2D: true
                default: false
                }
            }
            return isPlain && text.first != "-" && text.last != "-"
                ? nil : "\(quoted(text)) is not a name; use small letters, digits and hyphens between them"
        }
        .describing(("pattern", "^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$"))
    }
}
