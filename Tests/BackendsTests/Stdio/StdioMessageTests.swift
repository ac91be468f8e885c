// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Testing

@testable import Backends

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
import TestSupport
#endif

@Suite("Messages through a child's standard input and output")
struct StdioMessageTests {
    @Test("ST-01: what is sent comes back as lines, in order, and a pretty-printed message stays one line")
    func echo() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec cat")
        try process.send(ByteBuffer(string: #"{"id":1}"#))
        try process.send(ByteBuffer(string: "{\r\n  \"id\": 2\n}"))
        try process.send(ByteBuffer(string: #"{"text":"a\nb"}"#))
        let lines = try await child.lines(3)
        await process.stop(gracePeriod: .seconds(10))
        #expect(lines == [#"{"id":1}"#, #"{    "id": 2 }"#, #"{"text":"a\nb"}"#])
    }

    @Test("only byte 0x0A ends a line: U+2028, U+0085 and a 300 kB message pass whole")
    func unusualCharacters() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec cat")
        let long = String(repeating: "x", count: 300_000)
        try process.send(ByteBuffer(string: "a\u{2028}b\u{85}c\u{0B}d"))
        try process.send(ByteBuffer(string: long))
        let lines = try await child.lines(2)
        await process.stop(gracePeriod: .seconds(10))
        #expect(lines[0] == "a\u{2028}b\u{85}c\u{0B}d")
        #expect(lines[1] == long)
    }

    @Test("messages sent from many threads arrive whole and in each sender's order")
    func manySenders() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec cat")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
                group.addTask {
                    for number in 0..<200 { try process.send(ByteBuffer(string: "\(sender) \(number)")) }
                }
            }
            try await group.waitForAll()
        }
        let lines = try await child.lines(1600)
        await process.stop(gracePeriod: .seconds(10))
        for sender in 0..<8 {
            #expect(
                lines.filter { $0.hasPrefix("\(sender) ") } == (0..<200).map { "\(sender) \($0)" })
        }
    }

    @Test("stopping writes first what was queued")
    func stopFlushes() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec cat")
        let message = String(repeating: "m", count: 50_000)
        for _ in 0..<40 { try process.send(ByteBuffer(string: message)) }
        await process.stop(gracePeriod: .seconds(30))
        #expect(child.lines == Array(repeating: message, count: 40))
        #expect(try await child.exit().status == .exited(code: 0))
    }

    @Test("an over-long line is skipped with a warning and the next one is delivered")
    func overlongLine() async throws {
        let child = RecordedChild()
        let process = try await child.shell(
            "echo first; head -c 100000 /dev/zero | tr '\\0' x; echo; echo last; exec cat", maxLineBytes: 1000)
        let lines = try await child.lines(2)
        await process.stop(gracePeriod: .seconds(10))
        #expect(lines == ["first", "last"])
        #expect(child.overlong == 1)
        #expect(child.log.all.contains { $0.hasPrefix("warning backend line is too long") && $0.contains("1000") })
    }

    @Test("ST-12: a banner and a last line without a line end are handed over like any line")
    func banner() async throws {
        let child = RecordedChild()
        let process = try await child.shell("echo 'Server v1 ready!'; printf 'no end'")
        _ = await process.waitForExit()
        #expect(child.lines == ["Server v1 ready!", "no end"])
    }

    @Test("a child that does not read makes send refuse once the bound is reached")
    func queueFull() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec sleep 1000", maxQueuedBytes: 200_000)
        let message = ByteBuffer(repeating: UInt8(ascii: "x"), count: 9_999)
        var refusal: StdioError?
        var accepted = 0
        while refusal == nil, accepted < 1000 {
            do {
                try process.send(message)
                accepted += 1
            } catch {
                refusal = error
            }
        }
        await process.stop(gracePeriod: .zero)
        // The kernel's pipe takes some too; nothing beyond that and the bound.
        #expect(accepted >= 20)
        #expect(accepted <= 20 + 7)
        guard case .queueFull(let unwritten, 200_000) = refusal else {
            Issue.record("\(String(describing: refusal)) instead of queueFull")
            return
        }
        #expect(unwritten > 190_000)
    }

    @Test("writing to a child that closed its input ends it instead of us")
    func closedInput() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec 0<&-; echo ready; exec sleep 1000")
        _ = try await child.lines(1)
        try? process.send(ByteBuffer(string: "{}"))
        let exit = try await child.exit()
        #expect(exit.cause == .closedStreams)
        #expect(exit.status == .signalled(SIGTERM))
        #expect(throws: StdioError.notRunning) { try process.send(ByteBuffer(string: "{}")) }
    }
}

@Suite("What a child is given")
struct StdioEnvironmentTests {
    @Test("the environment is exactly the command's")
    func environment() async throws {
        let child = RecordedChild()
        let process = try await child.start(
            StdioCommand(executable: "env", environment: ["PATH": "/nowhere::bin:/usr/bin", "TOKEN": "a=b c"]))
        _ = await process.waitForExit()
        #expect(child.lines.sorted() == ["PATH=/nowhere::bin:/usr/bin", "TOKEN=a=b c"])
    }

    @Test("the working directory is the command's and the arguments arrive as they are")
    func workingDirectory() async throws {
        let child = RecordedChild()
        var command = StdioCommand.shell("pwd; printf '%s\\n' \"$0\" \"$1\"")
        command.arguments += ["$HOME", "a b"]
        command.workingDirectory = "/usr/bin"
        let process = try await child.start(command)
        _ = await process.waitForExit()
        #expect(child.lines == ["/usr/bin", "$HOME", "a b"])
    }

    @Test("it gets three descriptors and default signals, whatever the gateway has open or ignores")
    func descriptors() async throws {
        let child = RecordedChild()
        let process = try await child.shell("ls /proc/self/fd | tr '\\n' ' '; echo; grep SigIgn /proc/self/status")
        _ = await process.waitForExit()
        // 3 is the directory that ls reads.
        #expect(child.lines.first == "0 1 2 3 ")
        let ignored = try #require(child.lines.last?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
        // Signals 32 and 33 belong to the C library.
        #expect(ignored & 0x7FFF_FFFF == 0)
    }
}

@Suite("Standard error of a child")
struct StdioStandardErrorTests {
    @Test("ST-09: each line is logged at info and none counts as a failure")
    func logged() async throws {
        let child = RecordedChild()
        let process = try await child.shell("echo 'ERROR: fake' >&2; printf 'tail \\377' >&2; exec cat")
        try process.send(ByteBuffer(string: "still here"))
        #expect(try await child.lines(1) == ["still here"])
        await process.stop(gracePeriod: .seconds(10))
        let exit = try await child.exit()
        #expect(exit.status == .exited(code: 0))
        #expect(exit.lastErrorLines == ["ERROR: fake", "tail \u{FFFD}"])
        #expect(child.log.all.contains("info backend wrote to standard error line=ERROR: fake"))
    }

    @Test("a flood is counted, not logged, and the last lines are kept")
    func flood() async throws {
        let child = RecordedChild()
        let process = try await child.shell("seq 1 5000 >&2")
        _ = await process.waitForExit()
        let logged = child.log.all.filter { $0.hasPrefix("info backend wrote") }.count
        let dropped = child.log.all.filter { $0.contains("lines were dropped") }
            .compactMap { line in line.split(separator: " ").first { $0.hasPrefix("dropped=") } }
            .compactMap { Int($0.dropFirst("dropped=".count)) }
            .reduce(0, +)
        #expect(logged >= 200)
        #expect(logged < 5000)
        #expect(logged + dropped == 5000)
        #expect(try await child.exit().lastErrorLines == (4991...5000).map { "\($0)" })
    }
}
