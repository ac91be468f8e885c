// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Observability
import OutboundHTTP

/// Asks an OAuth 2.0 service who its token belongs to.
struct UserInfoEndpoint: Sendable {
    private let settings: UpstreamSettings.UserInfo
    private let http: UpstreamHTTP

    /// - Parameter policy: of the upstream's configured endpoints.
    init(
        _ settings: UpstreamSettings.UserInfo, client: any OutboundHTTPClient, policy: AddressPolicy
    ) throws(UpstreamStartError.Problem) {
        var policy = policy
        policy.allowsHTTP = policy.allowsHTTP || settings.allowsHTTP
        http = UpstreamHTTP(client: client, policy: policy)
        guard UpstreamEndpointRule(configured: policy).endpoint(settings.endpoint) != nil else {
            throw .url(setting: "userinfo.endpoint_url")
        }
        guard ["GET", "POST"].contains(settings.method) else { throw .missing(setting: "userinfo.http_method") }
        let isSendable = settings.headers.allSatisfy { header in
            !header.name.isEmpty && header.name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A }
                && header.value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
        }
        guard isSendable else { throw .header(setting: "userinfo.additional_headers") }
        guard !settings.subjectFields.isEmpty else {
            throw .missing(setting: "userinfo.field_mapping.subject_fields")
        }
        self.settings = settings
    }

    /// - Throws: `.noSubject` when none of the subject fields holds one.
    func identity(for accessToken: Secret) async throws(UpstreamError) -> UpstreamIdentity {
        let reply: UpstreamHTTP.Reply
        do throws(UpstreamFetchError) {
            reply = try await http.send(
                settings.method, settings.endpoint, headers: headers(accessToken),
                body: settings.method == "POST" ? [] : nil)
        } catch {
            throw error.upstreamError
        }
        guard reply.status == 200, let object = reply.object else { throw .invalidResponse }
        guard let subject = first(settings.subjectFields, of: object, UpstreamText.subject) else { throw .noSubject }
        return UpstreamIdentity(
            subject: subject, name: first(settings.nameFields, of: object, UpstreamText.name),
            email: first(settings.emailFields, of: object, UpstreamText.name))
    }

    private func first(
        _ fields: [String], of object: JSONSlice, _ read: (JSONSlice?) -> String?
    ) -> String? {
        for field in fields {
            if let text = read(object.member(field)) { return text }
        }
        return nil
    }

    private func headers(_ accessToken: Secret) -> [(name: String, value: String)] {
        let own = Set(settings.headers.map { $0.name.lowercased() })
        return [("Authorization", "Bearer \(accessToken.exposed)"), ("Accept", "application/json")]
            .filter { !own.contains($0.0.lowercased()) } + settings.headers
    }
}

/// Who signed in at an upstream without ID tokens.
struct UpstreamIdentity: Sendable, Hashable {
    var subject: String
    var name: String?
    var email: String?
    var isSynthetic = false
}
