// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import Logging
import NIOCore
import Observability
import OutboundHTTP
import Storage

/// Registers this server as a client (RFC 7591), once for each id of a row, and keeps what it was given.
struct ClientRegistrar: Sendable {
    static let clientName = "vmcp"
    /// Some providers forget clients; a note helps to find out why logins began to fail.
    static let oldAge: TimeInterval = 90 * 86_400

    /// What an operator may have to say at a registration.
    struct Statement: Sendable {
        var initialAccessToken: Secret?
        var softwareID: String?
        var softwareStatement: String?
    }

    let upstream: String
    let redirectURI: String
    let statement: Statement
    /// How long a row is kept that is not used; `nil` for ever.
    var lifetime: TimeInterval?
    let records: RecordStore
    let now: @Sendable () -> Date
    let logger: Logger

    /// The stored registration, or a new one when there is none or its secret has expired.
    func record(
        _ id: String, registering register: () async throws(UpstreamStartError.Problem) -> UpstreamClientRecord
    ) async throws(UpstreamStartError.Problem) -> UpstreamClientRecord {
        if let record = try await stored(id) { return record }
        let record = try await register()
        let outcome: StorageOutcome
        do throws(StorageError) {
            outcome = try await records.create(record, id, expires: expiry(of: record))
        } catch {
            throw .storage
        }
        switch outcome {
        case .committed:
            logger.info("Registered at upstream", metadata: ["upstream": "\(upstream)"])
            return record
        case .conflict:
            // Another process was faster; two clients at the upstream do no harm, two in use would.
            guard let winner = try await stored(id) else { throw .storage }
            return winner
        case .full: throw .storage
        }
    }

    func stored(_ id: String) async throws(UpstreamStartError.Problem) -> UpstreamClientRecord? {
        let stored: Stored<UpstreamClientRecord>?
        do throws(StorageError) {
            stored = try await records.load(UpstreamClientRecord.self, id)
            if let stored { try await prolong(stored, id) }
        } catch {
            throw .storage
        }
        guard let record = stored?.record else { return nil }
        if now().timeIntervalSince(record.createdAt) > Self.oldAge {
            logger.warning("Upstream registration is older than 90 days", metadata: ["upstream": "\(upstream)"])
        }
        return record
    }

    func expiry(of record: UpstreamClientRecord) -> Date? {
        let ends = [record.secretExpiresAt, lifetime.map { now().addingTimeInterval($0) }]
        return ends.compactMap { $0 }.min()
    }

    /// A row in use is kept, at the cost of one write in half of its lifetime.
    func prolong(_ stored: Stored<UpstreamClientRecord>, _ id: String) async throws(StorageError) {
        guard let lifetime, let expires = expiry(of: stored.record),
            expires.timeIntervalSince(stored.expires ?? now()) > lifetime / 2
        else { return }
        // Another process that was faster did the same.
        _ = try await records.replace(stored.record, id, version: stored.version, expires: expires)
    }

    /// Forgets a registration that the upstream does not know any more, so that the next login makes another.
    func forget(_ id: String) async {
        do throws(StorageError) {
            try await records.storage.delete(records.key(UpstreamClientRecord.self, id))
            logger.warning(
                "The upstream does not know our registration any more, the next sign-in registers anew",
                metadata: ["upstream": "\(upstream)"])
        } catch {
            logger.warning(
                "A registration that the upstream does not know could not be removed",
                metadata: ["upstream": "\(upstream)", "reason": "\(error)"])
        }
    }

    func register(
        at target: RegistrationTarget, over http: UpstreamHTTP
    ) async throws(UpstreamStartError.Problem) -> UpstreamClientRecord {
        var headers = [
            (name: "Accept", value: "application/json"), (name: "Content-Type", value: "application/json"),
        ]
        if let token = statement.initialAccessToken {
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
        return try UpstreamClientRecord(reading: object, target: target, redirectURI: redirectURI, now: now())
    }

    /// RFC 7591 section 2, with the member of OpenID Connect Registration 1.0 section 2 that MCP clients have to send.
    private func body(_ target: RegistrationTarget) -> [UInt8] {
        var metadata: JSONObject = [
            "client_name": .string(Self.clientName),
            "redirect_uris": .array([.string(redirectURI)]),
            "application_type": .string(applicationType),
            "grant_types": .array(["authorization_code", "refresh_token"]),
            "response_types": .array(["code"]),
            "token_endpoint_auth_method": .string(target.method.rawValue),
        ]
        if !target.scopes.isEmpty { metadata.append("scope", .string(target.scopes.joined(separator: " "))) }
        if let id = statement.softwareID { metadata.append("software_id", .string(id)) }
        if let text = statement.softwareStatement { metadata.append("software_statement", .string(text)) }
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(metadata))
        return Array(buffer.readableBytesView)
    }

    /// `native` for a callback on loopback, which a `web` client cannot have; `web` for one that others can reach.
    private var applicationType: String {
        guard let url = try? OutboundURL(redirectURI) else { return "web" }
        return url.host.isLoopback ? "native" : "web"
    }
}
