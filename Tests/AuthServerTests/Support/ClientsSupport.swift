// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import Logging
import Observability
import OutboundHTTP
import Storage
import Synchronization

@testable import AuthServer

/// A clock that only moves when a test moves it.
final class ClientsClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

    var now: @Sendable () -> Date { { self.time.withLock { $0 } } }

    func advance(_ duration: Duration) {
        time.withLock { $0 += Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18 }
    }
}

/// The same numbers for the same seed, so that a fuzz case that fails fails again.
struct ClientsGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Answers fetches from a script and remembers them.
final class ScriptedFetches: OutboundHTTPClient {
    struct Fetch: Sendable {
        let request: OutboundRequest
        let policy: AddressPolicy
    }

    typealias Answer = @Sendable (OutboundRequest) async throws(OutboundError) -> OutboundResponse

    private let answer: Mutex<Answer>
    private let seen = Mutex<[Fetch]>([])

    init(_ answer: @escaping Answer) { self.answer = Mutex(answer) }

    var fetches: [Fetch] { seen.withLock { $0 } }

    func replaceAnswer(_ answer: @escaping Answer) { self.answer.withLock { $0 = answer } }

    func send(_ request: OutboundRequest, policy: AddressPolicy) async throws(OutboundError) -> OutboundResponse {
        seen.withLock { $0.append(Fetch(request: request, policy: policy)) }
        let answer = answer.withLock { $0 }
        return try await answer(request)
    }
}

/// Holds everybody who comes until it is opened, and tells when enough have come.
actor ClientsGate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var expected = Int.max
    private var reached: CheckedContinuation<Void, Never>?

    func pass() async {
        guard !isOpen else { return }
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            if waiting.count >= expected { tell() }
        }
    }

    func holds(_ count: Int) async {
        guard waiting.count < count else { return }
        expected = count
        await withCheckedContinuation { reached = $0 }
    }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    private func tell() {
        reached?.resume()
        reached = nil
    }
}

/// The real store until it is told to break; from then on it never answers.
final class ClientsStorage: Storage {
    private let inner: any Storage
    private let isBroken = Mutex(false)

    init(_ inner: any Storage) { self.inner = inner }

    func breakDown() { isBroken.withLock { $0 = true } }

    private func check(_ ignored: Void = ()) throws(StorageError) {
        if isBroken.withLock({ $0 }) { throw .closed }
    }

    func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] {
        try check(())
        return try await inner.load(keys)
    }

    func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? {
        try check(())
        return try await inner.take(key)
    }

    func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        try check(())
        return try await inner.commit(changes)
    }

    func rows(inGroup group: String, limit: Int) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        try check(())
        return try await inner.rows(inGroup: group, limit: limit)
    }

    func count(_ table: StorageTable) async throws(StorageError) -> Int {
        try check(())
        return try await inner.count(table)
    }

    func check() async throws(StorageError) { try check(()) }

    func close() async throws(StorageError) { try await inner.close() }
}

extension RecordStore {
    static func inMemory(_ storage: any Storage) throws -> RecordStore {
        RecordStore(storage: storage, sealer: try Sealer(keys: [SealingKey()]))
    }
}

extension AuthServerSettings {
    static func sample(issuer: String = "https://as.example.com") -> AuthServerSettings {
        AuthServerSettings(
            serverName: "Acme Tools", issuer: issuer, allowedAudiences: ["https://as.example.com/mcp"], upstreams: [])
    }
}

extension OAuthClient {
    static func sample(
        id: String = "client-1", redirectURIs: [String] = ["https://app.example.com/cb"], secret: String? = nil,
        method: AuthenticationMethod? = AuthenticationMethod.none,
        createdAt: Date = Date(timeIntervalSince1970: 1_800_000_000)
    ) -> OAuthClient {
        OAuthClient(
            id: id, origin: .registration, name: "Sample", redirectURIs: redirectURIs,
            grantTypes: ["authorization_code", "refresh_token"], scopes: ["openid"],
            audiences: ["https://as.example.com/mcp"], secretDigest: secret.map { ClientSecret.digest(Secret($0)) },
            authenticationMethod: method, createdAt: createdAt, fingerprint: "f")
    }
}

extension EndpointRequest {
    static func form(
        _ parameters: [(name: String, value: String)], headers: [(name: String, value: String)] = []
    ) -> EndpointRequest {
        EndpointRequest(
            http: AuthRequest(
                method: "POST", path: "/oauth/token", headers: headers, clientAddress: "198.51.100.7"),
            parameters: Parameters(parameters))
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension AuthResponse {
    var bodyText: String { String(decoding: body, as: UTF8.self) }
}
