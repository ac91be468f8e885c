// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Synchronization

/// One request of a multi round-trip exchange: what the client answered so far, and what it is asked next.
///
/// The work starts over in every round. Each question has a key; one that is answered already returns at once, one
/// that is not ends the round. Answers of earlier rounds come back in `requestState`.
package final class Round: Sendable {
    struct Question: Sendable {
        let key: String
        let method: String
        let params: JSONObject
    }

    private struct State {
        var questions: [Question] = []
        var used: [String: JSONSlice] = [:]
        var isKept = false
        var isStreamed = false
        var failure: RPCError?
    }

    /// What the exchange is about; a state serves nothing else.
    let subject: RoundStates.Subject
    /// `inputResponses` of this request.
    private let responses: [String: JSONSlice]
    /// What the echoed state stands for.
    let earlier: RoundStates.Saved?
    private let state = Mutex(State())

    init(subject: RoundStates.Subject, responses: [String: JSONSlice], earlier: RoundStates.Saved?) {
        self.subject = subject
        self.responses = responses
        self.earlier = earlier
    }

    /// How many rounds with a state went before this one.
    package var step: Int { earlier?.step ?? 0 }

    /// The client's answer, or a note that the question is to be asked; `again` asks in any case.
    ///
    /// Throws `-32602` for an answer of the wrong shape and `InputRequired` when there is none.
    func answer(_ question: Question, again: Bool = false) throws -> JSONSlice {
        if !again, let response = responses[question.key] {
            do throws(RPCError) {
                try InputResponse.check(response, to: question.method, key: question.key)
            } catch {
                state.withLock { $0.failure = error }
                throw error
            }
            state.withLock { $0.used[question.key] = response }
            return response
        }
        if !again, let known = earlier?.answers[question.key] { return known }
        state.withLock { state in
            if !state.questions.contains(where: { $0.key == question.key }) { state.questions.append(question) }
        }
        throw InputRequired()
    }

    /// Has the client echo a state even when there is nothing to remember.
    func keepState() { state.withLock { $0.isKept = true } }

    /// An answer of the wrong shape, which counts also when another question is what ended the round.
    var failure: RPCError? { state.withLock { $0.failure } }

    /// Has the result of the round go out as a stream of events over HTTP.
    func stream() { state.withLock { $0.isStreamed = true } }
    var isStreamed: Bool { state.withLock { $0.isStreamed } }

    /// The result that ends this round.
    func result(_ states: RoundStates) -> JSONObject {
        let (questions, used, isKept) = state.withLock { ($0.questions, $0.used, $0.isKept) }
        var result: JSONObject = ["resultType": "input_required"]
        if !questions.isEmpty {
            var requests: JSONObject = [:]
            for question in questions.sorted(by: { $0.key < $1.key }) {
                requests[question.key] = [
                    "method": .string(question.method), "params": .object(question.params),
                ]
            }
            result["inputRequests"] = .object(requests)
        }
        let answers = (earlier?.answers ?? [:]).merging(used) { $1 }
        if isKept || !answers.isEmpty || questions.isEmpty {
            let saved = RoundStates.Saved(subject: subject, answers: answers, step: step + 1)
            result["requestState"] = .string(states.save(saved))
        }
        return result
    }
}

/// Thrown by work that cannot go on before the client has answered.
struct InputRequired: Error {}

/// The shapes of answers to the three kinds of questions.
enum InputResponse {
    /// Throws `-32602` for a response that cannot be an answer to the method.
    static func check(_ response: JSONSlice, to method: String, key: String) throws(RPCError) {
        let fits: Bool
        switch method {
        case "elicitation/create":
            fits = ["accept", "decline", "cancel"].contains(response["action"]?.string)
        case "sampling/createMessage":
            fits = response["role"]?.kind == .string && response["content"] != nil
        case "roots/list":
            fits = response["roots"]?.kind == .array
        default:
            fits = response.kind == .object
        }
        guard fits else { throw .invalidParams("inputResponses.\(key) is no answer to \(method)") }
    }

    /// The members of `inputResponses`; nothing when it is absent or null.
    static func all(_ responses: JSONSlice?) throws(RPCError) -> [String: JSONSlice] {
        guard let responses, !responses.isNull else { return [:] }
        guard responses.kind == .object else { throw .invalidParams("inputResponses is an object") }
        return Dictionary(
            responses.members.map { ($0.key.string ?? "", $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
