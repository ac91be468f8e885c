// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import JSONTypes
package import Logging
import NIOCore
import Observability
package import OutboundHTTP
import Storage

/// Registers this server as a client at an upstream (RFC 7591), once, and keeps what it was given.
package struct UpstreamRegistration: Sendable {
    static let clientName = "vmcp"
    /// Some providers forget clients; a note helps to find out why logins began to fail.
    static let oldAge: TimeInterval = 90 * 86_400

    private let upstream: String
    private let settings: UpstreamSettings
    private let service: UpstreamSettings.OAuth2
    private let registration: UpstreamSettings.Registration
    /// The URL of the configuration that everything else follows from.
    private let configuredURL: OutboundURL
    private let records: RecordStore
    private let client: any OutboundHTTPClient
    private let now: @Sendable () -> Date
    private let logger: Logger

    /// - Throws: `UpstreamStartError` for settings that cannot work; nothing is fetched yet.
    package init(
        _ settings: UpstreamSettings, service: UpstreamSettings.OAuth2, registration: UpstreamSettings.Registration,
        records: RecordStore, http client: any OutboundHTTPClient, now: @escaping @Sendable () -> Date, logger: Logger
    ) throws(UpstreamStartError) {
        guard (registration.discoveryURL == nil) != (registration.registrationEndpoint == nil) else {
            throw UpstreamStartError(
                settings.name, .missing(setting: "one of dcr_config.discovery_url and registration_endpoint"))
        }
        let rule = UpstreamEndpointRule(configured: settings.addresses)
        let setting = registration.discoveryURL == nil ? "registration_endpoint" : "discovery_url"
        guard let url = rule.endpoint(registration.discoveryURL ?? registration.registrationEndpoint) else {
            throw UpstreamStartError(settings.name, .url(setting: "dcr_config.\(setting)"))
        }
        guard registration.discoveryURL == nil || RegistrationTarget.issuer(ofDiscoveryURL: url) != nil else {
            throw UpstreamStartError(settings.name, .url(setting: "dcr_config.discovery_url"))
        }
        upstream = settings.name
        self.settings = settings
        self.service = service
        self.registration = registration
        configuredURL = url
        self.records = records
        self.client = client
        self.now = now
        self.logger = logger
    }

    /// The stored registration, or a new one when there is none or its secret has expired.
    func credentials() async throws(UpstreamStartError.Problem) -> UpstreamCredentials {
        let id = UpstreamClientRecord.id(
            server: configuredURL.text, upstream: upstream, redirectURI: settings.redirectURI, scopes: settings.scopes)
        if let record = try await stored(id) { return credentials(record) }
        let record = try await register()
        let outcome: StorageOutcome
        do throws(StorageError) {
            outcome = try await records.create(record, id, expires: record.secretExpiresAt)
        } catch {
            throw .storage
        }
        switch outcome {
        case .committed:
            logger.info("Registered at upstream", metadata: ["upstream": "\(upstream)"])
            return credentials(record)
        case .conflict:
            // Another process was faster; two clients at the upstream do no harm, two in use would.
            guard let winner = try await stored(id) else { throw .storage }
            return credentials(winner)
        case .full: throw .storage
        }
    }

    private func stored(_ id: String) async throws(UpstreamStartError.Problem) -> UpstreamClientRecord? {
        let stored: Stored<UpstreamClientRecord>?
        do throws(StorageError) {
            stored = try await records.load(UpstreamClientRecord.self, id)
        } catch {
            throw .storage
        }
        guard let record = stored?.record else { return nil }
        if now().timeIntervalSince(record.createdAt) > Self.oldAge {
            logger.warning("Upstream registration is older than 90 days", metadata: ["upstream": "\(upstream)"])
        }
        return record
    }

    private var namedPolicy: AddressPolicy { settings.addresses.forURLs(namedBy: configuredURL.text) }

    private func credentials(_ record: UpstreamClientRecord) -> UpstreamCredentials {
        guard registration.discoveryURL != nil, service.tokenEndpoint == nil || service.authorizationEndpoint == nil
        else {
            return UpstreamCredentials(
                record: record, policy: settings.addresses, rule: UpstreamEndpointRule(configured: settings.addresses))
        }
        return UpstreamCredentials(
            record: record, policy: namedPolicy,
            rule: UpstreamEndpointRule(settings.addresses, namedBy: configuredURL))
    }

    private func target() async throws(UpstreamStartError.Problem) -> RegistrationTarget {
        let configuredRule = UpstreamEndpointRule(configured: settings.addresses)
        guard registration.discoveryURL != nil,
            let issuer = RegistrationTarget.issuer(ofDiscoveryURL: configuredURL)
        else {
            return try RegistrationTarget(
                endpoint: configuredURL, service: service, scopes: settings.scopes, rule: configuredRule)
        }
        let document: JSONSlice
        do throws(UpstreamFetchError) {
            document = try await UpstreamHTTP(client: client, policy: settings.addresses).document(
                at: configuredURL.text)
        } catch {
            throw .fetch(.discovery, error)
        }
        return try RegistrationTarget(
            reading: document, issuer: issuer, service: service, scopes: settings.scopes,
            configuredRule: configuredRule,
            rule: UpstreamEndpointRule(settings.addresses, namedBy: configuredURL))
    }

    private func register() async throws(UpstreamStartError.Problem) -> UpstreamClientRecord {
        let target = try await target()
        let http = UpstreamHTTP(
            client: client, policy: registration.discoveryURL == nil ? settings.addresses : namedPolicy)
        var headers = [
            (name: "Accept", value: "application/json"), (name: "Content-Type", value: "application/json"),
        ]
        if let token = registration.initialAccessToken {
            headers.append(("Authorization", "Bearer \(token.exposed)"))
        }
        let reply: UpstreamHTTP.Reply
        do throws(UpstreamFetchError) {
            reply = try await http.send(
                "POST", target.registrationEndpoint.text, headers: headers, body: body(target))
        } catch {
            throw .fetch(.registration, error)
        }
        guard reply.status == 201 || reply.status == 200 else {
            if let code = UpstreamText.errorCode(reply.object?["error"]) { throw .registrationRefused(code: code) }
            throw .fetch(.registration, .status(reply.status))
        }
        guard let object = reply.object else { throw .fetch(.registration, .malformed) }
        return try UpstreamClientRecord(
            reading: object, target: target, redirectURI: settings.redirectURI, now: now())
    }

    /// RFC 7591 section 2.
    private func body(_ target: RegistrationTarget) -> [UInt8] {
        var metadata: JSONObject = [
            "client_name": .string(Self.clientName),
            "redirect_uris": .array([.string(settings.redirectURI)]),
            "grant_types": .array(["authorization_code", "refresh_token"]),
            "response_types": .array(["code"]),
            "token_endpoint_auth_method": .string(target.method.rawValue),
        ]
        if !target.scopes.isEmpty { metadata.append("scope", .string(target.scopes.joined(separator: " "))) }
        if let id = registration.softwareID { metadata.append("software_id", .string(id)) }
        if let statement = registration.softwareStatement { metadata.append("software_statement", .string(statement)) }
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(metadata))
        return Array(buffer.readableBytesView)
    }
}

/// A registration, and what its endpoints may be.
struct UpstreamCredentials: Sendable {
    let record: UpstreamClientRecord
    let policy: AddressPolicy
    let rule: UpstreamEndpointRule
}
