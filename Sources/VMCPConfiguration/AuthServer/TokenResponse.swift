// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// Where the members of an unusual token response are; each one is a path with dots.
    package struct TokenResponseMapping: Sendable, Hashable {
        package let accessTokenPath: String
        package let scopePath: String
        package let refreshTokenPath: String
        package let expiresInPath: String
    }

    /// Where a token response says who the user is; each one is a path with dots.
    package struct IdentityFromToken: Sendable, Hashable {
        package let subjectPath: String
        package let namePath: String?
        package let emailPath: String?
    }
}

extension AuthServerRunConfig.TokenResponseMapping: Section {
    static let summary = "Where the members of an unusual token response are; each one is a path with dots."

    private enum Keys {
        static let accessToken = Key<String>(
            "access_token_path", .memberPath, required: true, "The path of the access token.")
        static let scope = DefaultKey<String>(
            "scope_path", .memberPath.orEmpty, default: "scope", "The path of the scopes.")
        static let refreshToken = DefaultKey<String>(
            "refresh_token_path", .memberPath.orEmpty, default: "refresh_token", "The path of the refresh token.")
        static let expiresIn = DefaultKey<String>(
            "expires_in_path", .memberPath.orEmpty, default: "expires_in", "The path of the lifetime in seconds.")
    }

    static let keys: [any SectionKey] = [Keys.accessToken, Keys.scope, Keys.refreshToken, Keys.expiresIn]

    init(reading section: SectionReader) {
        accessTokenPath = section[Keys.accessToken] ?? ""
        scopePath = section[Keys.scope]
        refreshTokenPath = section[Keys.refreshToken]
        expiresInPath = section[Keys.expiresIn]
    }
}

extension AuthServerRunConfig.IdentityFromToken: Section {
    static let summary = "Where a token response says who the user is; each one is a path with dots."

    private enum Keys {
        static let subject = Key<String>(
            "subject_path", .memberPath, required: true,
            "Who the user is; |@upstreamjwt| behind a path looks into a token.")
        static let name = Key<String>("name_path", .memberPath.orEmpty, "What they are called.")
        static let email = Key<String>("email_path", .memberPath.orEmpty, "Their mail address.")
    }

    static let keys: [any SectionKey] = [Keys.subject, Keys.name, Keys.email]

    init(reading section: SectionReader) {
        subjectPath = section[Keys.subject] ?? ""
        namePath = section[Keys.name]
        emailPath = section[Keys.email]
    }
}

extension ValueType where Value == String {
    /// A path into a JSON text: names with dots or bars between them, and `@upstreamjwt` to look into a token.
    ///
    /// Wildcards, queries and other modifiers of the notation that this is a part of are refused, not misread.
    fileprivate static var memberPath: ValueType {
        nonEmptyString.checked { text in
            if text.utf8.count > 512 { return "is longer than 512 bytes; write a shorter path" }
            let steps = steps(of: text)
            if steps.count > 16 { return "has more than 16 parts; write a shorter path" }
            for step in steps {
                if step.isEmpty { return "\(quoted(text)) has an empty part; write a name between two dots" }
                if step.first == "@", step != "@upstreamjwt" {
                    return "\(quoted(text)) has a modifier that vmcp does not know; only @upstreamjwt is one"
                }
                if let first = step.first, "#{[!".contains(first) || hasWildcard(step) {
                    return "\(quoted(text)) selects more than one member; write the names alone, special ones behind \\"
                }
            }
            return text.reversed().prefix { $0 == "\\" }.count.isMultiple(of: 2)
                ? nil : "\(quoted(text)) ends in a backslash; remove it"
        }
    }

    /// The parts between dots and bars, with their backslashes.
    private static func steps(of text: String) -> [String] {
        var steps = [""]
        var isEscaped = false
        for character in text {
            if !isEscaped, character == "." || character == "|" {
                steps.append("")
            } else {
                steps[steps.count - 1].append(character)
            }
            isEscaped = !isEscaped && character == "\\"
        }
        return steps
    }

    private static func hasWildcard(_ step: String) -> Bool {
        var isEscaped = false
        for character in step {
            if !isEscaped, character == "*" || character == "?" { return true }
            isEscaped = !isEscaped && character == "\\"
        }
        return false
    }
}
