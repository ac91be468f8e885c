// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension AuthServerRunConfig {
    /// Where to ask who the user is.
    package struct UserInfo: Sendable, Hashable {
        package enum Method: String, Sendable, Hashable, CaseIterable {
            case get = "GET"
            case post = "POST"
        }

        package let endpoint: HTTPURL
        /// Whether the endpoint is plain HTTP on another machine, and the environment says that this is meant.
        package let allowsHTTP: Bool
        package let method: Method
        /// They replace those that the request has anyway.
        package let additionalHeaders: [String: String]
        package let fields: UserInfoFields
    }

    /// Which members of the answer mean what; the first one with a value counts.
    package struct UserInfoFields: Sendable, Hashable {
        package let subject: [String]
        package let name: [String]
        package let email: [String]

        static var placeholder: UserInfoFields { UserInfoFields(reading: .empty(keys: keys)) }
    }
}

extension AuthServerRunConfig.UserInfo: Section {
    static let summary = "Where to ask who the user is."

    private enum Keys {
        static let endpoint = Key<HTTPURL>(
            "endpoint_url", .httpURL, required: true, "Answers with a JSON object about the bearer.")
        static let method = DefaultKey<Method>("http_method", .nameOrEmpty, default: .get, "GET or POST.")
        static let headers = DefaultKey<[String: String]>(
            "additional_headers", .stringMap, default: [:], "Header fields; they replace those that are sent anyway.")
        static let fields = Key<AuthServerRunConfig.UserInfoFields>(
            "field_mapping", .section, "Which members of the answer mean what.")
    }

    static let keys: [any SectionKey] = [Keys.endpoint, Keys.method, Keys.headers, Keys.fields]

    /// With `true`, endpoints may be plain HTTP; a switch of development environments.
    package static let insecureVariable = "INSECURE_DISABLE_URL_VALIDATION"

    init(reading section: SectionReader) {
        endpoint = section[Keys.endpoint] ?? .placeholder
        method = section[Keys.method]
        additionalHeaders = section[Keys.headers]
        fields = section[Keys.fields] ?? .placeholder
        let isInTheClear = !endpoint.isSecure && !endpoint.isLoopback
        allowsHTTP = isInTheClear && section.place.reading.variable(Self.insecureVariable) == "true"
        if allowsHTTP {
            section.warn(Keys.endpoint, "lets tokens travel in the clear (\(Self.insecureVariable)); never in earnest")
        } else if isInTheClear {
            section.refuse(Keys.endpoint, "\(quoted(endpoint.text)) is not https; use https so that tokens stay secret")
        }
        let places = section.at(Keys.headers)
        for (name, value) in additionalHeaders.sorted(by: { $0.key < $1.key }) {
            if let problem = HeaderRules.nameProblem(name) ?? HeaderRules.valueProblem(value) {
                places.entry(name).refuse(problem)
            }
        }
    }
}

extension AuthServerRunConfig.UserInfoFields: Section {
    static let summary = "Which members of the answer mean what; the first one with a value counts."

    private enum Keys {
        static let subject = DefaultKey<[String]>(
            "subject_fields", .nonEmptyStrings, default: ["sub"], "Who the user is.")
        static let name = DefaultKey<[String]>(
            "name_fields", .nonEmptyStrings, default: ["name"], "What they are called.")
        static let email = DefaultKey<[String]>(
            "email_fields", .nonEmptyStrings, default: ["email"], "Their mail address.")
    }

    static let keys: [any SectionKey] = [Keys.subject, Keys.name, Keys.email]

    init(reading section: SectionReader) {
        func fields(_ key: DefaultKey<[String]>) -> [String] {
            let fields = section[key]
            return fields.isEmpty ? key.fallback : fields
        }
        subject = fields(Keys.subject)
        name = fields(Keys.name)
        email = fields(Keys.email)
    }
}
