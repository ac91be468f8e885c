// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import NIOCore

/// What waits for a connection that takes no more at the moment, and its account. Its owner empties it in the end.
struct Backlog: Sendable {
    private var messages: [ByteBuffer] = []
    private var share: BudgetShare?
    private(set) var bytes = 0

    var isEmpty: Bool { messages.isEmpty }

    /// Counts what waits from now on.
    mutating func count(in answers: AnswerBudget) {
        guard share == nil else { return }
        share = BudgetShare(of: answers)
        share?.hold(bytes)
    }

    /// A message may be as large as it is; what must not pile up is more of them.
    func hasRoom(for message: ByteBuffer, within maximum: Int) -> Bool {
        messages.isEmpty || bytes + message.readableBytes <= maximum
    }

    mutating func append(_ message: ByteBuffer) {
        messages.append(message)
        bytes += message.readableBytes
        share?.hold(bytes)
    }

    /// Everything, to be written at once; `nil` when there is nothing.
    mutating func take() -> ByteBuffer? {
        guard var together = messages.first else { return nil }
        for message in messages.dropFirst() { together.writeImmutableBuffer(message) }
        removeAll()
        return together
    }

    mutating func removeAll() {
        messages = []
        bytes = 0
        share?.giveBack()
    }
}
