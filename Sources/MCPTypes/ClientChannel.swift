// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// The way from a backend up to the client that caused its work.
///
/// Each edge implements it in its own way: a Legacy session sends notifications and server-to-client requests on a
/// stream; the stdio edge writes lines.
package protocol ClientChannel: Sendable {
    /// What this client can be asked.
    var capabilities: ClientCapabilities { get }

    /// Hands over a notification. Delivery is best effort and bounded: a client that does not read loses
    /// notifications, never anybody's memory.
    func notify(_ method: MCPMethod, params: JSONSlice?)

    /// Asks the client and waits for its answer.
    ///
    /// Cancelling the task withdraws the question. Fails with the client's own error, or with one of ours when the
    /// client has no stream on which it could be asked, is gone, or does not answer in time.
    ///
    /// `RequestError.unanswered` means that the backend gets no answer at all.
    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice

    /// Whether a call whose answer is lost may be made again where that does no harm. Not after somebody has been asked
    /// because of it.
    var mayRepeatCall: Bool { get }
}

extension ClientChannel {
    package var mayRepeatCall: Bool { true }
}

extension RequestError {
    /// Nobody waits for the answer to a question any more.
    package static let unanswered = RequestError(ErrorCode(rawValue: 0), "Nobody waits for the answer")
}
