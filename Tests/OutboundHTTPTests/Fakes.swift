// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import OutboundHTTP

/// Answers each name from a list, one answer per lookup; the last one stays.
final class ScriptedResolver: HostResolver {
    private let state: Mutex<(answers: [String: [[IPAddress]]], lookups: [String])>

    init(_ answers: [String: [[String]]]) {
        state = Mutex((answers.mapValues { $0.map { $0.compactMap { IPAddress($0) } } }, []))
    }

    var lookups: [String] { state.withLock { $0.lookups } }

    func addresses(of name: String) async throws(OutboundError) -> [IPAddress] {
        let answer: [IPAddress]? = state.withLock { state in
            state.lookups.append(name)
            guard var answers = state.answers[name], let first = answers.first else { return nil }
            if answers.count > 1 { answers.removeFirst() }
            state.answers[name] = answers
            return first
        }
        guard let answer else { throw .unresolvable }
        return answer
    }
}

/// Never answers, until the task is cancelled.
struct SilentResolver: HostResolver {
    func addresses(of name: String) async throws(OutboundError) -> [IPAddress] {
        _ = await FirstAnswer<Void>().value()
        throw .cancelled
    }
}

/// Remembers where it was sent, and answers by script.
final class ScriptedTransport: PinnedTransport {
    typealias Script = @Sendable (PinnedRequest) async throws(TransportError) -> OutboundResponse

    private let sent = Mutex<[PinnedRequest]>([])
    private let script: Script

    init(_ script: @escaping Script = { _ throws(TransportError) in OutboundResponse(status: 200) }) {
        self.script = script
    }

    var requests: [PinnedRequest] { sent.withLock { $0 } }
    var addresses: [String] { requests.map(\.address.description) }

    func send(_ request: PinnedRequest) async throws(TransportError) -> OutboundResponse {
        sent.withLock { $0.append(request) }
        return try await script(request)
    }

    func close() async {}
}

/// A clock that goes forward when told to.
final class ManualClock: Sendable {
    private let offset = Mutex(Duration.zero)
    private let start = ContinuousClock.now

    var now: ContinuousClock.Instant { offset.withLock { start + $0 } }

    func advance(by duration: Duration) { offset.withLock { $0 += duration } }
}

/// Deadlines that come when told to.
final class ManualDeadline: Sendable {
    private let answer = FirstAnswer<Void>()

    func fire() { answer.give(()) }

    func sleep(_ duration: Duration) async throws {
        if await answer.value() == nil { throw CancellationError() }
    }
}

/// The error that an exchange ends with; nil when it succeeds.
func failure(
    of body: () async throws(OutboundError) -> OutboundResponse
) async -> OutboundError? {
    do throws(OutboundError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}
