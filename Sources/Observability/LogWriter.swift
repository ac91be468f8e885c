// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A thread that writes log lines, so that a slow terminal or a full pipe never holds up an event loop.
///
/// Lines wait in a bounded buffer. When it is full further lines are counted instead of kept, and the count is
/// reported as soon as there is room again.
package final class LogWriter: Sendable {
    /// The writer of the process; its thread starts with the first use.
    package static let standardError = LogWriter(sink: DescriptorLogSink(descriptor: 2))

    private let queue: Queue

    /// - Parameters:
    ///   - maxQueuedBytes: how much may wait while the sink is busy.
    ///   - dropNotice: the line that reports so many dropped lines.
    package init(
        sink: any LogSink,
        maxQueuedBytes: Int = 1 << 20,
        dropNotice: @escaping @Sendable (Int) -> [UInt8] = { Array("\($0) log lines were dropped\n".utf8) }
    ) {
        queue = Queue(sink: sink, limit: maxQueuedBytes, dropNotice: dropNotice)
        queue.startThread()
    }

    deinit {
        queue.close()
    }

    /// Queues one line with its line end.
    package func write(_ line: [UInt8]) {
        queue.append(line)
    }

    /// Sets how dropped lines are reported, so that the report has the format of the other lines.
    package func reportDrops(_ notice: @escaping @Sendable (Int) -> [UInt8]) {
        queue.reportDrops(notice)
    }

    /// Waits until everything queued so far is written, at most `limit`; for the end of the process.
    ///
    /// - Returns: whether it was written in time.
    @discardableResult
    package func flush(within limit: Duration = .seconds(2)) -> Bool {
        queue.flush(within: limit)
    }

    /// Flushes the writer of the process.
    @discardableResult
    package static func flush() -> Bool {
        standardError.flush()
    }
}

/// The buffer between the callers and the thread; the thread keeps it alive, not the `LogWriter`.
private final class Queue: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var dropped = 0
        var isWriting = false
        var isClosed = false
        var waiters: [DispatchSemaphore] = []
        var dropNotice: @Sendable (Int) -> [UInt8]
    }

    private let sink: any LogSink
    private let limit: Int
    private let state: Mutex<State>
    private let work = DispatchSemaphore(value: 0)

    init(sink: any LogSink, limit: Int, dropNotice: @escaping @Sendable (Int) -> [UInt8]) {
        self.sink = sink
        self.limit = limit
        self.state = Mutex(State(dropNotice: dropNotice))
    }

    func reportDrops(_ notice: @escaping @Sendable (Int) -> [UInt8]) {
        state.withLock { $0.dropNotice = notice }
    }

    func append(_ line: [UInt8]) {
        let mustWake = state.withLock { state in
            guard line.count <= limit - state.bytes.count else {
                state.dropped += 1
                return false
            }
            let wasEmpty = state.bytes.isEmpty
            state.bytes.append(contentsOf: line)
            return wasEmpty
        }
        if mustWake { work.signal() }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        work.signal()
    }

    func flush(within limit: Duration) -> Bool {
        let written = DispatchSemaphore(value: 0)
        let isIdle = state.withLock { state in
            if state.bytes.isEmpty, !state.isWriting, state.dropped == 0 { return true }
            state.waiters.append(written)
            return false
        }
        if isIdle { return true }
        work.signal()
        let (seconds, attoseconds) = limit.components
        let nanoseconds = Int(clamping: seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        return written.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success
    }

    func startThread() {
        var thread = Self.noThread
        let context = Unmanaged.passRetained(self).toOpaque()
        let outcome = pthread_create(&thread, nil, Self.threadMain, context)
        guard outcome == 0 else {
            // Without a thread lines fill the buffer and are then dropped; the process itself goes on.
            Unmanaged<Queue>.fromOpaque(context).release()
            return
        }
        pthread_detach(thread)
    }

    private func run() {
        while true {
            work.wait()
            let taken = state.withLock { state in
                defer {
                    state.bytes = []
                    state.dropped = 0
                    state.waiters = []
                    state.isWriting = true
                }
                return state
            }
            taken.bytes.withUnsafeBytes { sink.write($0) }
            if taken.dropped > 0 { taken.dropNotice(taken.dropped).withUnsafeBytes { sink.write($0) } }
            state.withLock { $0.isWriting = false }
            for waiter in taken.waiters { waiter.signal() }
            if taken.isClosed { return }
        }
    }

    #if canImport(Darwin)
    private static var noThread: pthread_t? { nil }
    private static let threadMain: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { context in
        Unmanaged<Queue>.fromOpaque(context).takeRetainedValue().run()
        return nil
    }
    #else
    private static var noThread: pthread_t { pthread_t() }
    private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        if let context { Unmanaged<Queue>.fromOpaque(context).takeRetainedValue().run() }
        return nil
    }
    #endif
}
