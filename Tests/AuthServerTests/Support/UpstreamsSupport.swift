// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONTypes
import NIOCore
import Observability
import OutboundHTTP
import Storage
import Synchronization

@testable import AuthServer

/// A clock that stands still until it is told.
final class UpstreamsClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

    var now: Date { time.withLock { $0 } }
    func advance(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

/// An HTTP world made of one function; keeps what it was asked.
final class UpstreamsHTTP: OutboundHTTPClient {
    typealias Answer = @Sendable (OutboundRequest) async throws(OutboundError) -> OutboundResponse

    private let state: Mutex<(answer: Answer, requests: [OutboundRequest], policies: [AddressPolicy])>

    init(_ answer: @escaping Answer) { state = Mutex((answer, [], [])) }

    var requests: [OutboundRequest] { state.withLock { $0.requests } }
    var policies: [AddressPolicy] { state.withLock { $0.policies } }
    func count(_ suffix: String) -> Int { requests.count { $0.url.hasSuffix(suffix) } }
    func answer(_ answer: @escaping Answer) { state.withLock { $0.answer = answer } }

    func send(_ request: OutboundRequest, policy: AddressPolicy) async throws(OutboundError) -> OutboundResponse {
        let answer = state.withLock { state in
            state.requests.append(request)
            state.policies.append(policy)
            return state.answer
        }
        let response = try await answer(request)
        guard response.body.count <= request.maximumBytes else { throw .tooLarge(limit: request.maximumBytes) }
        return response
    }
}

extension OutboundResponse {
    static func json(_ text: String, status: Int = 200) -> OutboundResponse {
        OutboundResponse(status: status, headers: [("Content-Type", "application/json")], body: Array(text.utf8))
    }

    static func json(_ object: JSONObject, status: Int = 200) -> OutboundResponse {
        json(JSONSlice(.object(object)).description, status: status)
    }
}

extension OutboundRequest {
    var form: Parameters { (try? Parameters(parsing: body ?? [])) ?? Parameters([]) }
    var json: JSONSlice? { try? JSONSlice(validating: ByteBuffer(bytes: body ?? [])) }
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    /// The parameters of a URL.
    static func query(_ url: String) -> Parameters {
        let query = url.split(separator: "?", maxSplits: 1).last ?? ""
        return (try? Parameters(parsing: query.utf8)) ?? Parameters([])
    }
}

/// A store in memory whose commits or reads can be told to fail, and that can be held.
final class UpstreamsStorage: Storage {
    struct Faults: Sendable {
        /// How many of the next commits fail.
        var commits = 0
        var reads = false
        var isFull = false
        /// Commits that happen although their caller is told that they did not.
        var ambiguous = 0
    }

    let inner: MemoryStorage
    private let faults = Mutex(Faults())
    private let reads = Atomic(0)
    private let beforeCommit = Mutex<(@Sendable () async -> Void)?>(nil)

    init(now: @escaping @Sendable () -> Date) { inner = MemoryStorage(now: now) }

    func fail(_ faults: Faults) { self.faults.withLock { $0 = faults } }
    /// Runs once, before the next commit and not before those that it makes itself.
    func beforeNextCommit(_ body: @escaping @Sendable () async -> Void) { beforeCommit.withLock { $0 = body } }
    var loads: Int { reads.load(ordering: .relaxed) }

    private func checkRead() throws(StorageError) {
        reads.wrappingAdd(1, ordering: .relaxed)
        if faults.withLock({ $0.reads }) { throw .unavailable("test") }
    }

    func load(_ keys: [StorageKey]) async throws(StorageError) -> [StoredRow?] {
        try checkRead()
        let rows = try await inner.load(keys)
        // A store that has a disk lets others in between, so this one does.
        await Task.yield()
        return rows
    }

    func take(_ key: StorageKey) async throws(StorageError) -> StoredRow? {
        try checkRead()
        return try await inner.take(key)
    }

    func commit(_ changes: StorageChanges) async throws(StorageError) -> StorageOutcome {
        let before = beforeCommit.withLock { body in
            defer { body = nil }
            return body
        }
        if let before { await before() }
        await Task.yield()
        enum Step { case fail, ambiguous, full, pass }
        let step = faults.withLock { faults -> Step in
            if faults.commits > 0 {
                faults.commits -= 1
                return .fail
            }
            if faults.ambiguous > 0 {
                faults.ambiguous -= 1
                return .ambiguous
            }
            return faults.isFull ? .full : .pass
        }
        switch step {
        case .fail: throw .unavailable("test")
        case .ambiguous:
            _ = try await inner.commit(changes)
            throw .unavailable("test")
        case .full: return .full(UpstreamTokenRecord.table)
        case .pass: return try await inner.commit(changes)
        }
    }

    func rows(
        inGroup group: String, limit: Int
    ) async throws(StorageError) -> [(key: StorageKey, row: StoredRow)] {
        try checkRead()
        return try await inner.rows(inGroup: group, limit: limit)
    }

    func count(_ table: StorageTable) async throws(StorageError) -> Int { try await inner.count(table) }
    func check() async throws(StorageError) { try await inner.check() }
    func close() async throws(StorageError) { try await inner.close() }
}

extension RecordStore {
    static func upstreams(_ storage: any Storage) throws -> RecordStore {
        RecordStore(storage: storage, sealer: try Sealer(keys: [SealingKey()]))
    }
}

/// Waits of the code under test: short ones are over at once, a bound is never reached.
func upstreamsSleep(_ duration: Duration) async throws {
    guard duration >= .seconds(1) else { return }
    try await Task.sleep(for: .seconds(3600))
}

/// Opens for everybody at once.
final class UpstreamsGate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension UpstreamLogin {
    static func of(
        _ subject: String = "alice", access: String = "access-1", refresh: String? = "refresh-1",
        expiresAt: Date? = nil, isSynthetic: Bool = false
    ) -> UpstreamLogin {
        UpstreamLogin(
            subject: subject, name: "Alice", email: "alice@example.com", isSynthetic: isSynthetic,
            accessToken: Secret(access), refreshToken: refresh.map { Secret($0) }, idToken: nil, expiresAt: expiresAt)
    }
}
