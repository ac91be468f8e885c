// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
package import Foundation
import JSONTypes
package import Logging
import MCPTypes
package import NIOCore
import NIOHTTP1
package import Observability
package import OutboundHTTP
import Synchronization
import VirtualServer

/// The replicas of one server, as one of them sees them: a call that is parked stays where it is, and what its client
/// answers goes there from whichever replica the client reaches.
package final class Replicas: Sendable {
    /// What became of requests that belong to a peer.
    package struct Counts: Sendable, Hashable {
        /// Answered by the peer, from the first byte to the last.
        package internal(set) var forwarded = 0
        package internal(set) var unreachable = 0
        package internal(set) var unknown = 0
        /// The peer refused us, or was not the one that was meant.
        package internal(set) var refused = 0
        package internal(set) var broken = 0
        package internal(set) var cancelled = 0
        /// Requests of peers that were believed, and others.
        package internal(set) var taken = 0
        package internal(set) var turnedAway = 0
    }

    package static let path = "/internal/park/resume"

    /// This replica's name among its peers.
    package let instance: String
    /// Requests of peers that run here at a time.
    let maximumRequests: Int
    private let baseURL: @Sendable (_ instance: String) -> String?
    private let keys: ResumeKeys
    private let client: StreamingHTTPClient
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let nonces = Mutex(NonceMemory())
    private let state = Mutex(Counts())
    private let uptime: @Sendable () -> NIODeadline
    private let refusals = Dictionary(uniqueKeysWithValues: Refusal.allCases.map { ($0, RefusalCount()) })

    /// - Parameters:
    ///   - secrets: the first one signs, every one is believed.
    ///   - baseURL: where a peer listens, without a slash at its end; `nil` when nobody knows it.
    package init(
        instance: String, secrets: [Secret], maximumRequests: Int = 1000, client: StreamingHTTPClient, logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }, uptime: @escaping @Sendable () -> NIODeadline = { .now() },
        baseURL: @escaping @Sendable (_ instance: String) -> String?
    ) {
        self.instance = instance
        self.maximumRequests = maximumRequests
        self.baseURL = baseURL
        keys = ResumeKeys(secrets)
        self.client = client
        self.logger = logger
        self.now = now
        self.uptime = uptime
    }

    package var counts: Counts { state.withLock { $0 } }

    func count(_ change: (inout Counts) -> Void) { state.withLock { change(&$0) } }

    /// Ends what is under way to peers.
    package func close() async { await client.close() }

    private var seconds: Int { Int(now().timeIntervalSince1970) }

    // MARK: To a peer

    /// Has `instance` answer a client's request, and passes on what it says while it says it.
    func forward(
        _ id: RequestID, _ method: MCPMethod, _ params: JSONSlice?, _ principal: Principal, _ headers: RequestHeaders,
        to instance: String, _ answer: ForwardedAnswer
    ) async {
        // Such a request has been a peer's already; what comes back to where it was would go round for ever.
        guard !headers.all.contains(name: ResumeFields.hopName) else {
            answer.fail(RequestError(.invalidRequest, "\(ResumeFields.hopName) is for replicas only", httpStatus: 400))
            return
        }
        guard let base = baseURL(instance) else {
            count { $0.unknown += 1 }
            logger.warning(
                "A parked call is kept by a replica that nobody knows", metadata: ["instance": "\(instance)"])
            answer.fail(VirtualServer.keeperUnknown)
            return
        }
        var message = ByteBuffer()
        message.writeRequest(id: id, method: method, params: params)
        let trace = ResumeEnvelope.traceFields.compactMap { name in
            headers.all.first(name: name).map { (name: name, value: $0) }
        }
        let fields = ResumeFields(
            instance: instance, time: seconds, nonce: ResumeFields.newNonce(), accept: answer.accept)
        guard let body = ResumeEnvelope(principal: principal, trace: trace, message: message).bytes,
            let signature = keys.signature(of: fields, body)
        else {
            answer.fail(VirtualServer.keeperUnavailable)
            return
        }
        do throws(StreamingHTTPClient.Failure) {
            let response = try await client.post(
                base + Self.path,
                headers: [
                    ("Content-Type", "application/vnd.vmcp.resume"), ("Accept", fields.accept),
                    (ResumeFields.hopName, "1"), (ResumeFields.instanceName, instance),
                    (ResumeFields.timeName, "\(fields.time)"), (ResumeFields.nonceName, fields.nonce),
                    (ResumeFields.signatureName, signature),
                ], body: body, isNeverSilent: answer.acceptsStream)
            await pass(response, from: instance, fields.nonce, to: answer)
        } catch {
            if error == .cancelled {
                count { $0.cancelled += 1 }
                // Read by nobody, unless it was the gateway's end that cancelled it.
                answer.fail(RequestError(.cancelled, "Request cancelled").ofShutdown)
                return
            }
            count { $0.unreachable += 1 }
            logger.warning(
                "The replica that keeps a parked call cannot be reached",
                metadata: ["instance": "\(instance)", "reason": "\(error)"])
            answer.fail(VirtualServer.keeperUnavailable, retryAfter: 1)
        }
    }

    private func pass(
        _ response: StreamingResponse, from instance: String, _ nonce: String, to answer: ForwardedAnswer
    ) async {
        // Who does not say its name is no replica, or has not believed us: its words are not the client's.
        guard response.header(ResumeFields.instanceName) == instance, answer.begin(response) else {
            count { $0.refused += 1 }
            logger.error(
                "The replica that keeps a parked call does not take requests; compare secrets, clocks and addresses",
                metadata: ["instance": "\(instance)", "status": "\(response.status)"])
            answer.fail(VirtualServer.keeperUnavailable, retryAfter: 1)
            return
        }
        logger.debug(
            "Passing on a peer's answer",
            metadata: ["instance": "\(instance)", "status": "\(response.status)", "request": "\(nonce)"])
        do throws(StreamingHTTPClient.Failure) {
            try await response.read { await answer.write($0) }
            count { $0.forwarded += 1 }
            answer.end()
        } catch {
            count { $0.broken += 1 }
            answer.breakOff()
        }
    }

    // MARK: From a peer

    /// Why a request that should come from a peer is not believed; for the log.
    enum Refusal: String, Error, Sendable, Hashable, CaseIterable {
        case method, hop, fields, instance, time, signature, replay, envelope

        var status: Int {
            switch self {
            case .method: 405
            case .hop, .envelope: 400
            case .fields, .instance, .time, .signature, .replay: 401
            }
        }
    }

    /// What a peer has sent, if it is a peer.
    func admit(_ headers: RequestHeaders, _ body: ByteBuffer) throws(Refusal) -> ResumeEnvelope {
        guard case .post = headers.method else { throw .method }
        guard headers.all[ResumeFields.hopName] == ["1"] else { throw .hop }
        guard let fields = ResumeFields(headers.all) else { throw .fields }
        let signatures = headers.all[ResumeFields.signatureName]
        guard signatures.count == 1, keys.isValid(signatures[0], of: fields, body) else { throw .signature }
        guard fields.instance == instance else { throw .instance }
        let now = seconds
        guard NonceMemory.believes(fields.time, now: now) else { throw .time }
        guard nonces.withLock({ $0.take(fields.nonce, now: now) }) else { throw .replay }
        guard let envelope = ResumeEnvelope(body) else { throw .envelope }
        logger.debug(
            "Took a request from a peer",
            metadata: Logger.Metadata(
                uniqueKeysWithValues: [("request", "\(fields.nonce)")] + envelope.trace.map { ($0.name, "\($0.value)") }
            ))
        return envelope
    }

    func turnAway(_ refusal: Refusal) {
        count { $0.turnedAway += 1 }
        guard let count = refusals[refusal]?.add(at: uptime()) else { return }
        logger.warning(
            "Turned away requests at the address for replicas",
            metadata: ["reason": "\(refusal.rawValue)", "refused": "\(count)"])
    }
}
