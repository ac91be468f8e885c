// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Decides which `subscriptions/listen` requests a session has open: one, or for a moment two, because a changed filter
/// needs a new stream before the old one goes.
struct ListenStates: Sendable {
    enum Action: Sendable, Hashable {
        case open(Int, ListenFilter)
        case close(Int)
        /// From now on the backend tells of `granted`; after a gap, what happened meanwhile is unknown.
        case established(asked: ListenFilter, granted: ListenFilter, afterGap: Bool)
        case failed(asked: ListenFilter, BackendError)
        case retry(after: Duration)
        /// The backend does not know the method, so nothing is to be expected from it.
        case unsupported
    }

    enum End: Sendable, Hashable {
        /// The backend answered the request, which it does to say that it is over.
        case graceful
        case unknownMethod
        case failed(BackendError)
    }

    private struct Stream {
        let number: Int
        let asked: ListenFilter
        var granted = ListenFilter.none
    }

    private var wanted = ListenFilter.none
    private var opening: Stream?
    private var current: Stream?
    private var next = 1
    private var backoff = RestartBackoff()
    private var hasGap: Bool
    /// A filter of which the backend grants nothing.
    private var futile: ListenFilter?
    /// A filter that the backend has ended without a word about it, as one does that is going away; asked for again
    /// when the pause is over, and not before.
    private var unanswered: ListenFilter?
    private(set) var isUnsupported: Bool

    /// - Parameter afterLoss: whether an earlier connection had been listened to.
    init(afterLoss: Bool = false, isUnsupported: Bool = false) {
        hasGap = afterLoss
        self.isUnsupported = isUnsupported
    }

    /// What the backend tells of now.
    var granted: ListenFilter { current?.granted ?? .none }

    /// What has been asked for and granted or refused: whoever waits for less than this need not wait.
    var settled: (asked: ListenFilter, granted: ListenFilter)? { current.map { ($0.asked, $0.granted) } }

    /// Whether nothing is to be expected of what is wanted.
    var isHopeless: Bool { isUnsupported || futile == wanted || unanswered == wanted }

    /// Whether the stream with this number is wanted: neither replaced nor ended.
    func awaits(_ number: Int) -> Bool { opening?.number == number || current?.number == number }

    /// The backend is perhaps not the one any more that did not know the method.
    mutating func reconsider() {
        isUnsupported = false
        wanted = .none
        futile = nil
        unanswered = nil
    }

    mutating func want(_ filter: ListenFilter) -> [Action] {
        guard filter != wanted else { return [] }
        wanted = filter
        return adjust()
    }

    private mutating func adjust() -> [Action] {
        guard !isUnsupported else { return [] }
        var actions: [Action] = []
        if let opening, opening.asked != wanted {
            actions.append(.close(opening.number))
            self.opening = nil
        }
        if wanted.isEmpty {
            if let current { actions.append(.close(current.number)) }
            current = nil
            // Nobody listens, so nobody misses anything.
            hasGap = false
            return actions
        }
        guard opening == nil, current?.asked != wanted, futile != wanted, unanswered != wanted else { return actions }
        let stream = Stream(number: next, asked: wanted)
        next += 1
        opening = stream
        return actions + [.open(stream.number, stream.asked)]
    }

    mutating func acknowledged(_ number: Int, _ granted: ListenFilter) -> [Action] {
        guard var stream = opening, stream.number == number else { return [] }
        stream.granted = granted
        let old = current
        opening = nil
        current = stream
        futile = nil
        unanswered = nil
        defer { hasGap = false }
        return (old.map { [.close($0.number)] } ?? [])
            + [.established(asked: stream.asked, granted: granted, afterGap: hasGap)]
    }

    /// - Parameters:
    ///   - uptime: how long the stream had been there.
    ///   - jitter: 0 … 1, random.
    mutating func ended(_ number: Int, _ end: End, after uptime: Duration, jitter: Double) -> [Action] {
        if let stream = opening, stream.number == number {
            opening = nil
            switch end {
            case .unknownMethod:
                isUnsupported = true
                let old = current
                current = nil
                return (old.map { [.close($0.number)] } ?? [])
                    + [.failed(asked: stream.asked, .notSubscribable), .unsupported]
            case .graceful:
                unanswered = stream.asked
                // Nothing that a quick repetition would get over.
                var pause = RestartBackoff(initial: backoff.maximum)
                return [
                    .failed(asked: stream.asked, .notSubscribable),
                    .retry(after: pause.wait(afterRunOf: .zero, jitter: jitter)),
                ]
            case .failed(let error):
                return [
                    .failed(asked: stream.asked, error),
                    .retry(after: backoff.wait(afterRunOf: .zero, jitter: jitter)),
                ]
            }
        }
        guard let stream = current, stream.number == number else { return [] }
        current = nil
        if end == .graceful, stream.granted.isEmpty {
            futile = stream.asked
            return []
        }
        hasGap = true
        if opening != nil { return [] }
        return [.retry(after: backoff.wait(afterRunOf: uptime, jitter: jitter))]
    }

    mutating func retryDue() -> [Action] {
        unanswered = nil
        return opening == nil ? adjust() : []
    }
}
