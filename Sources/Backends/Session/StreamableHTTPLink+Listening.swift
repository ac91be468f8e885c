// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import MCPTypes
import NIOCore
import OutgoingAuth

/// The GET stream of a Legacy session, opened again whenever it ends (2025-11-25, Transports, Listening for Messages).
extension StreamableHTTPLink {
    /// When a stream that sends no head is taken for one that sends it with its first event.
    private static let silence = TimeAmount.seconds(1)

    func listenLoop(on shard: Shard) async {
        let stream = ListenStream()
        var failures = 0
        while !Task.isCancelled {
            let asked = NIODeadline.now()
            let headers: ForwardedHeaders
            do throws(BackendError) {
                headers = ForwardedHeaders(fields: try await session.credentialFields())
            } catch {
                // Without a credential there is nothing to listen to; the owner's next call says why. A provider that is
                // away comes back.
                guard case .noCredential(.unavailable) = error else { return refused("no credential") }
                failures += 1
                session.note(.asked, over: self)
                try? await Task.sleep(for: .milliseconds(Int64(250 << min(failures, 7))))
                continue
            }
            stream.isOpen = false
            stream.isContinued = stream.lastEventID != nil
            let silence = shard.eventLoop.scheduleTask(in: Self.silence) { [weak self] in
                if let self, !stream.isOpen, !stream.isContinued, session.hasGap { session.missedNotifications() }
            }
            let reply = await backend.exchange(
                get(lastEventID: stream.lastEventID, headers: headers), on: shard, timeout: nil,
                onHead: { [weak self] head in self?.began(stream, head) },
                onEvent: { [weak self] event in self?.received(event, on: stream) })
            silence.cancel()
            if Task.isCancelled { return }
            switch reply {
            case .answer(404, _, _) where sessionID != nil:
                // Where no stream has worked before, it may also mean that this server has none.
                if !stream.hasWorked, await !isSessionLost(on: shard) { return refused("HTTP status 404") }
                session.lose(self)
                return
            case .answer(let status, _, _) where !Self.mayChange(status): return refused("HTTP status \(status)")
            case .answer, .failed:
                failures += 1
            case .streamEnded:
                failures = NIODeadline.now() - asked < .seconds(1) ? failures + 1 : 0
            }
            session.note(.asked, over: self)
            let pause = max(Int64(stream.retry ?? 1000), failures > 1 ? Int64(250 << min(failures, 7)) : 0)
            try? await Task.sleep(for: .milliseconds(pause))
        }
    }

    /// Whether a refusal with this status may be none the next time: 409 says that there is a stream already, which is
    /// so until the server has noticed the end of the one before. 405 says that it has no such stream, which it may.
    private static func mayChange(_ status: Int) -> Bool {
        switch status {
        case 408, 409, 425, 429: true
        case 501: false
        default: status >= 500
        }
    }

    private func refused(_ reason: String) {
        session.note(.refused, over: self)
        backend.logger.debug("Backend has no stream to listen to", metadata: ["reason": "\(reason)"])
    }

    private func began(_ stream: ListenStream, _ head: HTTP1ResponseHead) {
        guard (200..<300).contains(head.status), head.headers.contentType == "text/event-stream" else { return }
        stream.isOpen = true
        stream.hasWorked = true
        let hadGap = session.note(.told, over: self)
        // One that goes on where another stopped brings what happened meanwhile.
        if stream.isContinued { return }
        session.missedReports()
        if hadGap { session.missedNotifications() }
    }

    private func received(_ event: SSEEvent, on stream: ListenStream) {
        if let id = event.id { stream.lastEventID = id }
        if let retry = event.retry { stream.retry = retry }
        guard let data = event.data, data.readableBytes > 0, event.event == nil else { return }
        session.receive(data, during: nil, from: self)
    }

    /// Whether the session went before its stream came, which nobody would notice who waits for messages and makes no
    /// calls.
    private func isSessionLost(on shard: Shard) async -> Bool {
        guard beginAskingAfterSession() else { return false }
        return await session.hasLost(self, on: shard)
    }
}

/// One GET stream after the other.
///
/// `@unchecked Sendable`: confined to the loop that the streams and their task run on.
private final class ListenStream: @unchecked Sendable {
    /// Where the stream stopped.
    var lastEventID: String?
    /// The pause that the server wants, in milliseconds.
    var retry: Int?
    /// Whether the head of the present stream has come.
    var isOpen = false
    /// Whether the present stream goes on where another one stopped.
    var isContinued = false
    /// Whether there has been a stream.
    var hasWorked = false
}
