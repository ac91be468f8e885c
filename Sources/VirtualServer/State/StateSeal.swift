// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Crypto
package import Foundation
package import JSONTypes
package import MCPTypes
import NIOCore
package import Observability

/// Seals what clients carry from one request to the next in `requestState` (2026-07-28, Multi Round-Trip Requests).
///
/// A state says where the next request goes, so nobody but us may make or change one, and it is good only for the
/// principal, method, target and arguments that it was made for. Sealing is AES-256-GCM; the text is `v1.` and base64url
/// of key id, nonce, ciphertext and tag. The first secret of the ring seals, every one of them opens.
package struct StateSeal: Sendable {
    /// What a state is for; one kind never passes for another.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A call that waits here for its client's answers.
        case park
        /// A Modern backend's own round.
        case relay
        /// A call to make again once a page has been visited (-32042).
        case recall
        /// A task's id.
        case task

        /// The longest text of this kind. A relayed state holds the backend's, which has a bound of its own.
        var maximumBytes: Int {
            switch self {
            case .park: 1024
            case .relay: 96 << 10
            case .recall, .task: 4096
            }
        }
    }

    /// Why a state was refused; for the log, never for the client.
    package enum Refusal: String, Error, Sendable, Hashable {
        case tooLong, malformed, unknownKey, notAuthentic, otherKind, otherAudience, otherPrincipal, otherMethod
        case otherTarget, otherArguments, expired, fromTheFuture
    }

    /// Secrets shorter than this must be refused when the configuration is read.
    package static let minimumSecretBytes = 32

    private static let prefix = "v1."
    private static let nonceBytes = 12
    private static let tagBytes = 16
    /// Replicas' clocks may differ by this much.
    private static let clockSkew: TimeInterval = 60
    /// A longer target goes into the state as its digest.
    private static let maximumTargetBytes = 128

    private let keys: [StateKey]
    private let sealing: StateKey
    private let audience: String
    private let now: @Sendable () -> Date
    private let nonce: @Sendable () -> [UInt8]
    private let refused: @Sendable (Refusal) -> Void

    /// - Parameters:
    ///   - secrets: the first one seals, all of them open. Without any, a key of this process alone is used: enough
    ///     for one replica that forgets on restart.
    ///   - audience: our canonical resource URI.
    ///   - nonce: 12 random bytes for each state.
    ///   - refused: told of each state that did not open.
    package init(
        secrets: [Secret] = [], audience: String, now: @escaping @Sendable () -> Date = { Date() },
        nonce: @escaping @Sendable () -> [UInt8] = { randomNonce() },
        refused: @escaping @Sendable (Refusal) -> Void = { _ in }
    ) {
        let keys = secrets.map { StateKey($0) }
        sealing = keys.first ?? StateKey()
        self.keys = keys.isEmpty ? [sealing] : keys
        self.audience = audience
        self.now = now
        self.nonce = nonce
        self.refused = refused
    }

    package static func randomNonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The clock that states expire by.
    package var currentTime: Date { now() }

    /// A state of `kind` with `fields`, whose keys must not be among the seal's own (`v k m t d u a i e`).
    ///
    /// - Throws: -32603 when the text would be longer than such a state may be.
    package func seal(
        _ kind: Kind, _ fields: JSONObject, for subject: StateSubject, expires: Date
    ) throws(RequestError) -> String {
        var record: JSONObject = [
            "v": 1, "k": .string(kind.rawValue), "m": .string(subject.method.name),
            "t": .string(Self.target(subject.target)), "d": .string(ArgumentDigest.of(subject.arguments)),
            "u": .string(sealing.name(of: subject.principal)), "a": .string(audience),
            "i": .number(JSONNumber(Int(now().timeIntervalSince1970))),
            "e": .number(JSONNumber(Int(expires.timeIntervalSince1970))),
        ]
        for (key, value) in fields { record.append(key, value) }
        let failure = RequestError(.internalError, "The request's state could not be sealed")
        do {
            let box = try AES.GCM.seal(
                Array(JSONSlice(.object(record)).bytes.readableBytesView), using: sealing.sealing,
                nonce: AES.GCM.Nonce(data: nonce()), authenticating: Self.associatedData(sealing))
            let text = Self.prefix + Base64URL.encode(sealing.id + Array(box.nonce) + box.ciphertext + box.tag)
            guard text.utf8.count <= kind.maximumBytes else { throw failure }
            return text
        } catch {
            throw failure
        }
    }

    /// Opens a state that was sealed for the same subject.
    ///
    /// - Parameter kinds: what the caller can go on with; a state of another kind is refused like a forged one.
    /// - Throws: -32602 with one text for whatever is wrong, so that nothing can be learned from trying.
    package func open(
        _ text: String, as kinds: Set<Kind> = [.park, .relay, .recall], for subject: StateSubject
    ) throws(RequestError) -> OpenedState {
        do throws(Refusal) {
            return try opened(text, kinds, subject)
        } catch {
            refused(error)
            throw Self.invalidState
        }
    }

    /// What is answered to a state that is not good.
    package static var invalidState: RequestError {
        var error = RequestError.invalidParams("Invalid or expired requestState").because("invalid_request_state")
        error.httpStatus = 400
        return error
    }

    private func opened(
        _ text: String, _ kinds: Set<Kind>, _ subject: StateSubject
    ) throws(Refusal) -> OpenedState {
        guard text.utf8.count <= kinds.lazy.map(\.maximumBytes).max() ?? 0 else { throw .tooLong }
        guard text.hasPrefix(Self.prefix), let bytes = Base64URL.decode(text.utf8.dropFirst(Self.prefix.utf8.count)),
            bytes.count > StateKey.idBytes + Self.nonceBytes + Self.tagBytes
        else { throw .malformed }
        let id = Array(bytes.prefix(StateKey.idBytes))
        guard let key = keys.first(where: { $0.id == id }) else { throw .unknownKey }
        let record: JSONSlice
        do {
            let box = try AES.GCM.SealedBox(combined: bytes.dropFirst(StateKey.idBytes))
            let plain = try AES.GCM.open(box, using: key.sealing, authenticating: Self.associatedData(key))
            record = JSONSlice(trusted: ByteBuffer(bytes: plain))
        } catch {
            throw .notAuthentic
        }
        guard record["v"]?.int == 1, let kind = record["k"]?.string.flatMap(Kind.init), kinds.contains(kind),
            text.utf8.count <= kind.maximumBytes
        else { throw .otherKind }
        guard record["a"]?.string == audience else { throw .otherAudience }
        guard record["u"]?.string == key.name(of: subject.principal) else { throw .otherPrincipal }
        guard record["m"]?.string == subject.method.name else { throw .otherMethod }
        guard let target = record["t"]?.string, target.utf8.elementsEqual(Self.target(subject.target).utf8) else {
            throw .otherTarget
        }
        guard record["d"]?.string == ArgumentDigest.of(subject.arguments) else { throw .otherArguments }
        guard let issued = record["i"]?.int, let expires = record["e"]?.int else { throw .malformed }
        let state = OpenedState(
            kind: kind, fields: record, issued: Date(timeIntervalSince1970: TimeInterval(issued)),
            expires: Date(timeIntervalSince1970: TimeInterval(expires)))
        let now = now()
        guard now < state.expires else { throw .expired }
        guard state.issued.timeIntervalSince(now) <= Self.clockSkew else { throw .fromTheFuture }
        return state
    }

    private static func associatedData(_ key: StateKey) -> [UInt8] { Array(prefix.utf8) + key.id }

    /// No URI begins with this mark's control character, and no listed name has one.
    private static func target(_ target: String) -> String {
        guard target.utf8.count > maximumTargetBytes || target.utf8.contains(where: { $0 < 0x20 }) else {
            return target
        }
        return "\u{1}" + Base64URL.encode(SHA256.hash(data: Array(target.utf8)))
    }
}

/// What a state that opened says.
package struct OpenedState: Sendable {
    package let kind: StateSeal.Kind
    /// The whole record, the fields that were sealed among it.
    package let fields: JSONSlice
    package let issued: Date
    package let expires: Date

    package init(kind: StateSeal.Kind, fields: JSONSlice, issued: Date, expires: Date) {
        self.kind = kind
        self.fields = fields
        self.issued = issued
        self.expires = expires
    }
}
