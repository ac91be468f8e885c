// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import JSONTypes
package import Logging
package import OutboundHTTP

/// Registers this server as a client at an upstream (RFC 7591), once, and keeps what it was given.
package struct UpstreamRegistration: Sendable {
    private let settings: UpstreamSettings
    private let service: UpstreamSettings.OAuth2
    private let registration: UpstreamSettings.Registration
    /// The URL of the configuration that everything else follows from.
    private let configuredURL: OutboundURL
    private let registrar: ClientRegistrar
    private let client: any OutboundHTTPClient

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
        self.settings = settings
        self.service = service
        self.registration = registration
        configuredURL = url
        registrar = ClientRegistrar(
            upstream: settings.name, redirectURI: settings.redirectURI,
            statement: ClientRegistrar.Statement(
                initialAccessToken: registration.initialAccessToken, softwareID: registration.softwareID,
                softwareStatement: registration.softwareStatement),
            records: records, now: now, logger: logger)
        self.client = client
    }

    /// The stored registration, or a new one when there is none or its secret has expired.
    func credentials() async throws(UpstreamStartError.Problem) -> UpstreamCredentials {
        let id = UpstreamClientRecord.id(
            server: configuredURL.text, upstream: settings.name, redirectURI: settings.redirectURI,
            scopes: settings.scopes)
        return credentials(
            try await registrar.record(id) { () async throws(UpstreamStartError.Problem) in try await register() })
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
        let policy = registration.discoveryURL == nil ? settings.addresses : namedPolicy
        return try await registrar.register(
            at: try await target(), over: UpstreamHTTP(client: client, policy: policy))
    }
}

/// A registration, and what its endpoints may be.
struct UpstreamCredentials: Sendable {
    let record: UpstreamClientRecord
    let policy: AddressPolicy
    let rule: UpstreamEndpointRule
}
