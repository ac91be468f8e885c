// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Backends

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// A started child with everything that it said, for tests that wait for lines and exits instead of time.
final class RecordedChild: Sendable {
    private struct Record {
        var lines: [String] = []
        var overlong = 0
        var withoutRoom = 0
        var exit: StdioExit?
        var lineWaiters: [(count: Int, promise: EventLoopPromise<[String]>)] = []
        var exitWaiters: [EventLoopPromise<StdioExit>] = []
    }

    struct EndedTooEarly: Error {
        let lines: [String]
    }

    private let record = Mutex(Record())
    let log = RecordedLog()
    private let loop: any EventLoop
    private let answers: AnswerBudget

    init(
        loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any(),
        answers: AnswerBudget = .unbounded
    ) {
        self.loop = loop
        self.answers = answers
    }

    func start(
        _ command: StdioCommand,
        maxLineBytes: Int = 1 << 20,
        maxQueuedBytes: Int = 8 << 20
    ) async throws -> StdioProcess {
        try await StdioProcess.start(
            command, on: loop, maxLineBytes: maxLineBytes, maxQueuedBytes: maxQueuedBytes, answers: answers,
            logger: log.logger,
            onLine: { line in self.receive(String(buffer: line)) },
            onSkippedLine: { line in
                self.record.withLock { record in
                    switch line {
                    case .tooLong: record.overlong += 1
                    case .noRoom: record.withoutRoom += 1
                    }
                }
            },
            onExit: { self.ended($0) })
    }

    /// Runs `/bin/sh -c script` with the usual PATH.
    func shell(
        _ script: String,
        maxLineBytes: Int = 1 << 20,
        maxQueuedBytes: Int = 8 << 20
    ) async throws -> StdioProcess {
        try await start(.shell(script), maxLineBytes: maxLineBytes, maxQueuedBytes: maxQueuedBytes)
    }

    private func receive(_ line: String) {
        let ready = record.withLock { record in
            record.lines.append(line)
            let ready = record.lineWaiters.filter { $0.count <= record.lines.count }
            record.lineWaiters.removeAll { $0.count <= record.lines.count }
            return ready.map { ($0.promise, record.lines) }
        }
        for (promise, lines) in ready { promise.succeed(lines) }
    }

    private func ended(_ exit: StdioExit) {
        let before = record.withLock { record in
            let before = record
            record.exit = exit
            record.lineWaiters = []
            record.exitWaiters = []
            return before
        }
        if before.exit != nil { Issue.record("a second exit was reported") }
        for waiter in before.lineWaiters { waiter.promise.fail(EndedTooEarly(lines: before.lines)) }
        for waiter in before.exitWaiters { waiter.succeed(exit) }
    }

    /// The lines so far, once there are at least `count`.
    func lines(_ count: Int) async throws -> [String] {
        let promise = loop.makePromise(of: [String].self)
        let now: Result<[String], any Error>? = record.withLock { record in
            if record.lines.count >= count { return .success(record.lines) }
            if record.exit != nil { return .failure(EndedTooEarly(lines: record.lines)) }
            record.lineWaiters.append((count, promise))
            return nil
        }
        if let now { promise.completeWith(now) }
        return try await promise.futureResult.get()
    }

    /// How the child ended, once it has.
    func exit() async throws -> StdioExit {
        let promise = loop.makePromise(of: StdioExit.self)
        let now: StdioExit? = record.withLock { record in
            if record.exit == nil { record.exitWaiters.append(promise) }
            return record.exit
        }
        if let now { promise.succeed(now) }
        return try await promise.futureResult.get()
    }

    var lines: [String] { record.withLock { $0.lines } }
    var overlong: Int { record.withLock { $0.overlong } }
    var withoutRoom: Int { record.withLock { $0.withoutRoom } }
}

extension StdioCommand {
    static func shell(_ script: String) -> StdioCommand {
        StdioCommand(
            executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
    }
}

/// What the operating system knows about processes and descriptors.
enum System {
    /// Whether a process runs; one that has ended but was not collected by its parent does not.
    static func isRunning(_ identifier: Int32) -> Bool {
        guard let file = fopen("/proc/\(identifier)/stat", "r") else { return false }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        guard let state = text.split(separator: ")").last?.split(separator: " ").first else { return false }
        return state != "Z" && state != "X"
    }

    /// Waits until a signalled process is gone; the kernel does that soon, but not at once.
    static func hasEnded(_ identifier: Int32) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while isRunning(identifier) {
            guard ContinuousClock.now < deadline else { return false }
            await Task.yield()
        }
        return true
    }

    static func openDescriptors() -> [String] {
        names(in: "/proc/self/fd").compactMap { name in
            var target = [CChar](repeating: 0, count: 256)
            let length = readlink("/proc/self/fd/\(name)", &target, target.count)
            guard length > 0 else { return nil }
            return String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Whether a process has this text in its command line.
    static func runsCommand(containing text: String) -> Bool {
        names(in: "/proc").contains { name in
            guard Int32(name) != nil, let file = fopen("/proc/\(name)/cmdline", "r") else { return false }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = fread(&bytes, 1, bytes.count, file)
            return String(decoding: bytes.prefix(count), as: UTF8.self).contains(text)
        }
    }

    private static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                names.append(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
            }
        }
        return names
    }
}

/// A file in a new directory that is removed when the last reference goes away.
final class TemporaryFile: Sendable {
    let directory: String
    let path: String

    init(_ content: String, mode: mode_t, name: String = "program") throws {
        var template = Array("/tmp/vmcp-stdio-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = "\(directory)/\(name)"
        let file = try #require(fopen(path, "w"))
        fputs(content, file)
        fclose(file)
        chmod(path, mode)
    }

    deinit {
        unlink(path)
        rmdir(directory)
    }
}
