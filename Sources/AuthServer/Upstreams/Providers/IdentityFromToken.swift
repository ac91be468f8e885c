// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import JSONTypes
import Observability

/// Reads who signed in from the token response as it came, before any mapping.
struct IdentityFromToken: Sendable {
    private let subject: MemberPath
    private let name: MemberPath?
    private let email: MemberPath?

    init(_ settings: UpstreamSettings.IdentityFromToken) throws(UpstreamStartError.Problem) {
        subject = try MemberPath.setting("identity_from_token.subject_path", settings.subjectPath)
        name = try settings.namePath.map { path throws(UpstreamStartError.Problem) in
            try MemberPath.setting("identity_from_token.name_path", path)
        }
        email = try settings.emailPath.map { path throws(UpstreamStartError.Problem) in
            try MemberPath.setting("identity_from_token.email_path", path)
        }
    }

    func identity(in response: JSONSlice) throws(UpstreamError) -> UpstreamIdentity {
        guard let subject = UpstreamText.subject(subject.value(in: response)) else { throw .noSubject }
        return UpstreamIdentity(
            subject: subject, name: UpstreamText.name(name?.value(in: response)),
            email: UpstreamText.name(email?.value(in: response)))
    }
}

extension MemberPath {
    /// A path of the configuration, refused with the name of its setting.
    static func setting(_ setting: String, _ text: String) throws(UpstreamStartError.Problem) -> MemberPath {
        do throws(MemberPathError) {
            return try MemberPath(parsing: text)
        } catch {
            throw .path(setting: setting, error)
        }
    }
}

extension UpstreamIdentity {
    /// Where an upstream names nobody, its token is all that there is: the same token is the same person, the next
    /// login somebody else.
    init(synthesizedFrom accessToken: Secret) {
        let digest = SHA256.hash(data: Array(accessToken.exposed.utf8)).prefix(16)
        let digits = Array("0123456789abcdef".utf8)
        let hex = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0x0F)]] }
        self.init(subject: "tk-" + String(decoding: hex, as: UTF8.self), isSynthetic: true)
    }
}
