// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Observability
import Synchronization

/// Keeps what was written, and can be held shut to play a slow terminal.
final class InMemorySink: LogSink {
    private let bytes = Mutex<[UInt8]>([])
    private let gate: DispatchSemaphore?
    private let arrival = DispatchSemaphore(value: 0)

    /// - Parameter isShut: the first write waits for `open`.
    init(isShut: Bool = false) {
        gate = isShut ? DispatchSemaphore(value: 0) : nil
    }

    func write(_ chunk: UnsafeRawBufferPointer) {
        arrival.signal()
        if let gate {
            gate.wait()
            gate.signal()
        }
        bytes.withLock { $0.append(contentsOf: chunk) }
    }

    func open() { gate?.signal() }

    /// Waits until the writer's thread has come to `write`.
    func waitForWriter() { arrival.wait() }

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

    var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
}
