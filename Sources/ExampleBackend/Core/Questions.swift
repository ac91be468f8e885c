// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The requests that a session sent to its client and that are not answered yet.
///
/// Ids count from 1 in every session, so they collide across sessions and with the client's own ids: a relay
/// that mixes them up is found out.
struct Questions {
    typealias Continuation = CheckedContinuation<ClientAnswer, any Error>

    private enum Question {
        case sent
        case answered(ClientAnswer)
        case awaited(Continuation)
    }

    private var questions: [Int: Question] = [:]
    private var last = 0

    mutating func open() -> Int {
        last += 1
        questions[last] = .sent
        return last
    }

    /// The answer when it is here already; otherwise the continuation is kept until it comes.
    mutating func wait(for id: Int, _ continuation: Continuation) -> ClientAnswer? {
        if case .answered(let answer) = questions[id] {
            questions[id] = nil
            return answer
        }
        questions[id] = .awaited(continuation)
        return nil
    }

    mutating func answer(_ id: Int, _ answer: ClientAnswer) -> (known: Bool, continuation: Continuation?) {
        switch questions[id] {
        case nil, .answered:
            return (false, nil)
        case .sent:
            questions[id] = .answered(answer)
            return (true, nil)
        case .awaited(let continuation):
            questions[id] = nil
            return (true, continuation)
        }
    }

    mutating func forget(_ id: Int) -> Continuation? {
        guard case .awaited(let continuation) = questions.removeValue(forKey: id) else { return nil }
        return continuation
    }

    mutating func removeAll() -> [Continuation] {
        defer { questions.removeAll() }
        return questions.values.compactMap { question in
            guard case .awaited(let continuation) = question else { return nil }
            return continuation
        }
    }
}
