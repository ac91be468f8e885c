// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// Requests signed with credentials of an assumed AWS role.
    package struct AWSSTS: Sendable, Hashable {
        package let region: String
        package let service: String
        package let fallbackRoleARN: String?
        package let roleMappings: [RoleMapping]
        /// The claim that `claim` mappings search.
        package let roleClaim: String
        /// In seconds.
        package let sessionDuration: Int
        package let sessionNameClaim: String
        package let subjectProviderName: String?
    }

    /// Which callers assume which role.
    package struct RoleMapping: Sendable, Hashable {
        package let condition: Condition
        package let roleARN: String
        /// Lower goes first; absent goes last.
        package let priority: Int?

        package enum Condition: Sendable, Hashable {
            /// The role claim contains this.
            case claim(String)
            /// This CEL expression over `claims` is true.
            case matcher(String)
        }
    }
}

extension Configuration.AWSSTS: Section {
    static let summary = "Requests signed with credentials of an assumed AWS role."

    private enum Keys {
        static let region = Key<String>("region", .nonEmptyString, required: true, "The AWS region.")
        static let service = DefaultKey<String>(
            "service", .string, default: "aws-mcp", "The service that is signed for.")
        static let fallbackRoleARN = Key<String>("fallbackRoleArn", .string, "The role when no mapping matches.")
        static let roleMappings = DefaultKey<[Configuration.RoleMapping]>(
            "roleMappings", .list(of: .section), default: [], "Which callers assume which role.")
        static let roleClaim = DefaultKey<String>(
            "roleClaim", .string, default: "groups", "The claim that claim mappings search.")
        static let sessionDuration = DefaultKey<Int>(
            "sessionDuration", .integer(0...43_200), default: 3600, "Seconds, from 900 to 43200.")
        static let sessionNameClaim = DefaultKey<String>(
            "sessionNameClaim", .string, default: "sub", "The claim that names the session.")
        static let subjectProviderName = Key<String>(
            "subjectProviderName", .string, "The upstream provider whose token is used.")
    }

    static let keys: [any SectionKey] = [
        Keys.region, Keys.service, Keys.fallbackRoleARN, Keys.roleMappings, Keys.roleClaim, Keys.sessionDuration,
        Keys.sessionNameClaim, Keys.subjectProviderName,
    ]

    init(reading section: SectionReader) {
        region = section[Keys.region] ?? ""
        service = Optional(section[Keys.service]).nonEmpty ?? "aws-mcp"
        fallbackRoleARN = section[Keys.fallbackRoleARN].nonEmpty
        roleMappings = section[Keys.roleMappings]
        roleClaim = Optional(section[Keys.roleClaim]).nonEmpty ?? "groups"
        let seconds = section[Keys.sessionDuration]
        sessionDuration = seconds == 0 ? 3600 : seconds
        sessionNameClaim = Optional(section[Keys.sessionNameClaim]).nonEmpty ?? "sub"
        subjectProviderName = section[Keys.subjectProviderName].nonEmpty
        if sessionDuration < 900 {
            section.refuse(Keys.sessionDuration, "\(sessionDuration) is too short; write 900 to 43200 seconds")
        }
        if let fallbackRoleARN, !Configuration.RoleMapping.isRole(fallbackRoleARN) {
            section.refuse(Keys.fallbackRoleARN, Configuration.RoleMapping.advice(fallbackRoleARN))
        }
        if fallbackRoleARN == nil, roleMappings.isEmpty, !section.has(Keys.roleMappings) {
            section.missing("roleMappings", "write role mappings or a fallbackRoleArn")
        }
    }
}

extension Configuration.RoleMapping: Section {
    static let summary = "Which callers assume which role."

    private enum Keys {
        static let claim = Key<String>("claim", .string, "A value of the role claim; or matcher.")
        static let matcher = Key<String>("matcher", .string, "A CEL expression over claims; or claim.")
        static let roleARN = Key<String>("roleArn", .nonEmptyString, required: true, "The role.")
        static let priority = Key<Int>("priority", .integer(Int(Int32.min)...Int(Int32.max)), "Lower goes first.")
    }

    static let keys: [any SectionKey] = [Keys.claim, Keys.matcher, Keys.roleARN, Keys.priority]

    init(reading section: SectionReader) {
        let claim = section[Keys.claim].nonEmpty
        let matcher = section[Keys.matcher].nonEmpty
        roleARN = section[Keys.roleARN] ?? ""
        priority = section[Keys.priority]
        condition = matcher.map(Condition.matcher) ?? .claim(claim ?? "")
        section.refuseBoth(Keys.claim, Keys.matcher)
        if claim == nil, matcher == nil { section.missing("claim", "either claim or matcher must be set") }
        if !roleARN.isEmpty, !Self.isRole(roleARN) { section.refuse(Keys.roleARN, Self.advice(roleARN)) }
    }

    /// `arn:<partition>:iam::<12 digits>:role/<name>`
    static func isRole(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", !parts[1].isEmpty, parts[2] == "iam", parts[3].isEmpty else {
            return false
        }
        return parts[4].utf8.count == 12 && parts[4].utf8.allSatisfy { (0x30...0x39).contains($0) }
            && parts[5].hasPrefix("role/") && parts[5].utf8.count > 5
    }

    static func advice(_ text: String) -> String {
        "\(quoted(text)) is not a role; write arn:aws:iam::<12 digits>:role/<name>"
    }
}
