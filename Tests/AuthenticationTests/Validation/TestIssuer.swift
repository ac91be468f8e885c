// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import JSONTypes
import NIOCore
import OutboundHTTP
import Synchronization

@testable import Authentication

/// A clock that stands until it is moved.
final class TestClock: Sendable {
    private let date = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

    var now: Date { date.withLock { $0 } }
    var seconds: Int { Int(now.timeIntervalSince1970) }

    func advance(_ seconds: TimeInterval) { date.withLock { $0.addTimeInterval(seconds) } }
}

/// A key pair of an issuer; the public half has the name that it is made with.
struct TestKey: Sendable {
    let id: String
    private let key = P256.Signing.PrivateKey()

    init(_ id: String) { self.id = id }

    var jwk: JSONObject {
        get throws {
            var jwk = try PublicKey(key.publicKey).jwk
            jwk["kid"] = .string(id)
            return jwk
        }
    }

    var publicKey: PublicKey {
        get throws { try PublicKey(jwk: JSONSlice(.object(try jwk))) }
    }

    func sign(_ payload: String, header: String? = nil, type: String? = "at+jwt") throws -> String {
        let type = type.map { #","typ":"\#($0)""# } ?? ""
        let header = header ?? #"{"alg":"ES256","kid":"\#(id)"\#(type)}"#
        let input = Base64URL.encode(header.utf8) + "." + Base64URL.encode(payload.utf8)
        return input + "." + Base64URL.encode(try key.signature(for: Data(input.utf8)).rawRepresentation)
    }

    func sign(_ claims: JSONObject, header: String? = nil, type: String? = "at+jwt") throws -> String {
        try sign(JSONSlice(.object(claims)).description, header: header, type: type)
    }
}

/// Keys of this process, which tests may change.
final class LocalKeys: PublicKeyProvider {
    private let state: Mutex<(keys: [PublicKey], generation: UInt64)>

    init(keys: [PublicKey]) { state = Mutex((keys, 0)) }

    func publicKeys() -> [PublicKey] { state.withLock { $0.keys } }
    var generation: UInt64 { state.withLock { $0.generation } }

    func set(_ keys: [PublicKey]) { state.withLock { $0 = (keys, $0.generation + 1) } }
}

/// A network where each URL has one answer, which tests may change; everything else is 404.
final class FakeHTTP: OutboundHTTPClient {
    struct Sent: Sendable {
        let request: OutboundRequest
        let policy: AddressPolicy
        var url: String { request.url }
        var body: String { String(decoding: request.body ?? [], as: UTF8.self) }

        func header(_ name: String) -> String? { request.headers.first { $0.name == name }?.value }
    }

    enum Answer: Sendable {
        case response(Int, String)
        case failure(OutboundError)
        /// Asks a closure each time.
        case script(@Sendable (OutboundRequest) async -> OutboundResponse)
    }

    private let state: Mutex<(answers: [String: Answer], sent: [Sent])>

    init(_ answers: [String: Answer] = [:]) { state = Mutex((answers, [])) }

    var sent: [Sent] { state.withLock { $0.sent } }

    func requests(to url: String) -> Int { sent.count { $0.url == url } }

    func set(_ url: String, _ answer: Answer) { state.withLock { $0.answers[url] = answer } }

    func send(_ request: OutboundRequest, policy: AddressPolicy) async throws(OutboundError) -> OutboundResponse {
        let answer = state.withLock { state in
            state.sent.append(Sent(request: request, policy: policy))
            return state.answers[request.url]
        }
        switch answer {
        case .response(let status, let body): return OutboundResponse(status: status, body: Array(body.utf8))
        case .failure(let error): throw error
        case .script(let script): return await script(request)
        case nil: return OutboundResponse(status: 404)
        }
    }
}

extension FakeHTTP.Answer {
    static func json(_ body: String) -> Self { .response(200, body) }

    static func keys(_ keys: [TestKey]) throws -> Self {
        let list = try keys.map { JSONValue.object(try $0.jwk) }
        return .json(JSONSlice(.object(["keys": .array(list)])).description)
    }
}

extension AuthenticationOutcome {
    var principal: Principal? {
        if case .principal(let principal) = self { principal } else { nil }
    }

    var refusal: AuthenticationRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}

extension AuthenticationRefusal {
    /// All `WWW-Authenticate` values.
    var challenges: [String] { headers.filter { $0.name == "WWW-Authenticate" }.map(\.value) }
}
