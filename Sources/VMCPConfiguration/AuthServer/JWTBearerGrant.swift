// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// Tokens of an issuer as assertions that are traded for access tokens (RFC 7523).
    package struct JWTBearerGrant: Sendable, Hashable {
        /// The longest time from `iat` to `exp`.
        package let maximumAssertionAge: Duration
        package let subjectBindings: [SubjectBinding]
        /// What `aud` of an assertion may be; our token endpoint unless written.
        package internal(set) var acceptedAudiences: [String]
    }

    /// Which resources one subject may have tokens for.
    package struct SubjectBinding: Sendable, Hashable {
        package let subject: String
        package let allowedResources: [String]
    }
}

extension AuthServerRunConfig.JWTBearerGrant: Section {
    static let summary = "Tokens of an issuer as assertions that are traded for access tokens (RFC 7523)."

    private enum Keys {
        static let maximumAge = Key<Duration>(
            "max_assertion_age", .positiveDuration, required: true, "The longest time from iat to exp.")
        static let bindings = Key<[AuthServerRunConfig.SubjectBinding]>(
            "subject_bindings", .list(of: .section), required: true, "Which subjects may have tokens for what.")
        static let audiences = DefaultKey<[String]>(
            "accepted_audiences", .list(of: .string.checked(AuthServerURLRules.audienceProblem)), default: [],
            "What aud of an assertion may be; our token endpoint unless written.")
    }

    static let keys: [any SectionKey] = [Keys.maximumAge, Keys.bindings, Keys.audiences]

    init(reading section: SectionReader) {
        maximumAssertionAge = section[Keys.maximumAge] ?? .zero
        subjectBindings = section[Keys.bindings] ?? []
        acceptedAudiences = section[Keys.audiences]
        let list = section.at(Keys.bindings)
        if list.isEmptyList { list.refuse("is empty; write at least one subject with its resources") }
        var seen: Set<String> = []
        for (index, binding) in subjectBindings.enumerated()
        where !binding.subject.isEmpty && !seen.insert(binding.subject).inserted {
            list.entry(index).entry("subject").refuse(
                "\(quoted(binding.subject)) is listed already; put all its resources into one entry")
        }
    }
}

extension AuthServerRunConfig.SubjectBinding: Section {
    static let summary = "Which resources one subject may have tokens for."

    private enum Keys {
        static let subject = Key<String>("subject", .notWildcard, required: true, "The sub of the assertion.")
        static let resources = Key<[String]>(
            "allowed_resources", .list(of: .notWildcard), required: true, "Some of allowed_audiences.")
    }

    static let keys: [any SectionKey] = [Keys.subject, Keys.resources]

    init(reading section: SectionReader) {
        subject = section[Keys.subject] ?? ""
        allowedResources = section[Keys.resources] ?? []
        let list = section.at(Keys.resources)
        if list.isEmptyList { list.refuse("is empty; write at least one of allowed_audiences") }
    }
}

extension ValueType where Value == String {
    /// A text that must not be empty and does not stand for everything.
    fileprivate static var notWildcard: ValueType {
        nonEmptyString.checked { $0 == "*" ? "\"*\" is not allowed here; name each one" : nil }
    }
}
