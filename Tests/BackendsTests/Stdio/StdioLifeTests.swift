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
#endif

@Suite("Life and end of a child")
struct StdioLifeTests {
    @Test(
        "ST-10: an unasked exit is reported once with its status",
        arguments: [
            ("exit 3", StdioExit.Status.exited(code: 3)), ("exit 0", .exited(code: 0)), ("kill -9 $$", .signalled(9)),
        ]
    )
    func unaskedExit(script: String, status: StdioExit.Status) async throws {
        let child = RecordedChild()
        let process = try await child.shell("echo why >&2; \(script)")
        let exit = try await child.exit()
        #expect(exit.status == status)
        #expect(exit.cause == .itself)
        #expect(exit.lastErrorLines == ["why"])
        #expect(exit.uptime > .zero)
        #expect(throws: StdioError.notRunning) { try process.send(ByteBuffer(string: "{}")) }
        await process.stop(gracePeriod: .seconds(10))
        #expect(await process.waitForExit() == exit)
    }

    @Test("ST-11: closing its input is enough for a well-behaved child; stopping again does nothing")
    func politeStop() async throws {
        let child = RecordedChild()
        let process = try await child.shell("trap 'echo got TERM' TERM; cat; echo bye")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { await process.stop(gracePeriod: .seconds(30)) } }
        }
        await process.stop(gracePeriod: .zero)
        #expect(child.lines == ["bye"])
        let exit = try await child.exit()
        #expect(exit.status == .exited(code: 0))
        #expect(exit.cause == .stopRequested)
        #expect(await System.hasEnded(process.processIdentifier))
    }

    @Test("ST-11: a child that ignores the closed input gets SIGTERM")
    func terminated() async throws {
        let child = RecordedChild()
        let process = try await child.shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")
        _ = try await child.lines(1)
        await process.stop(gracePeriod: .milliseconds(200))
        #expect(try await child.exit().status == .exited(code: 7))
    }

    @Test("ST-11: a stubborn child and its grandchild are killed")
    func killed() async throws {
        let child = RecordedChild()
        let process = try await child.shell(
            "trap '' TERM; (trap '' TERM; exec sleep 1000) & echo $!; while :; do sleep 0.05; done")
        let grandchild = try #require(Int32(try await child.lines(1)[0]))
        #expect(System.isRunning(grandchild))
        await process.stop(gracePeriod: .milliseconds(20))
        let exit = try await child.exit()
        #expect(exit.status == .signalled(SIGKILL))
        #expect(exit.cause == .stopRequested)
        #expect(await System.hasEnded(grandchild))
        #expect(await System.hasEnded(process.processIdentifier))
    }

    @Test("a later caller with less patience shortens the waits")
    func hurry() async throws {
        let child = RecordedChild()
        let process = try await child.shell("trap '' TERM; echo ready; while :; do sleep 0.05; done")
        _ = try await child.lines(1)
        async let patient: Void = process.stop(gracePeriod: .seconds(3600))
        await process.stop(gracePeriod: .milliseconds(10))
        await patient
        #expect(try await child.exit().status == .signalled(SIGKILL))
    }

    @Test("a grandchild that holds the pipes neither hides the exit nor survives it")
    func orphan() async throws {
        let child = RecordedChild()
        let process = try await child.shell("trap '' TERM HUP; sleep 1000 & echo $!; exit 5")
        let exit = try await child.exit()
        #expect(exit.status == .exited(code: 5))
        #expect(exit.cause == .itself)
        let grandchild = try #require(Int32(child.lines[0]))
        #expect(await System.hasEnded(grandchild))
        #expect(process.processIdentifier != grandchild)
    }

    @Test("output written right before the exit is delivered before it is reported")
    func lastWords() async throws {
        for _ in 0..<20 {
            let child = RecordedChild()
            let process = try await child.shell("seq 1 500; echo end; exit 1")
            _ = try await child.exit()
            #expect(child.lines.count == 501)
            #expect(child.lines.last == "end")
            await process.stop(gracePeriod: .zero)
        }
    }

    @Test("a process that left the group and holds the pipe delays the report only a moment")
    func escaped() async throws {
        let child = RecordedChild()
        let process = try await child.shell("setsid sleep 1000 & echo $!; wait $! & sleep 0.2; exit 0")
        let exit = try await child.exit()
        #expect(exit.status == .exited(code: 0))
        #expect(exit.cause == .itself)
        let escapee = try #require(Int32(child.lines[0]))
        kill(escapee, SIGKILL)
        #expect(await System.hasEnded(escapee))
        await process.stop(gracePeriod: .zero)
    }

    @Test("a child that closes its output and stays is ended")
    func closedOutput() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec 1>&-; exec sleep 1000")
        let exit = try await child.exit()
        #expect(exit.cause == .closedStreams)
        #expect(exit.status == .signalled(SIGTERM))
        await process.stop(gracePeriod: .zero)
    }

    @Test("no child outlives its handle")
    func dropped() async throws {
        let child = RecordedChild()
        var process: StdioProcess? = try await child.shell("echo $$; exec sleep 1000")
        let identifier = try #require(process?.processIdentifier)
        #expect(try await child.lines(1) == ["\(identifier)"])
        process = nil
        #expect(try await child.exit().status == .signalled(SIGTERM))
        #expect(await System.hasEnded(identifier))
    }

    @Test("a start that is cancelled, whenever, leaves no child")
    func cancelledStart() async throws {
        for turns in 0..<30 {
            let child = RecordedChild()
            let marker = "100000.\(UInt32.random(in: .min ... .max))"
            let task = Task { try await child.shell("exec sleep \(marker)") }
            for _ in 0..<(turns * turns) { await Task.yield() }
            task.cancel()
            switch await task.result {
            case .success(let process): await process.stop(gracePeriod: .zero)
            case .failure(let error): #expect(error as? StdioError == .cancelled)
            }
            #expect(!System.runsCommand(containing: marker))
        }
    }

    @Test("the exit of a child that closed its standard error is noticed too")
    func closedStandardError() async throws {
        let child = RecordedChild()
        let process = try await child.shell("exec 2>&-; trap '' HUP; sleep 1000 & echo $!; read line; exit 6")
        let grandchild = try #require(Int32(try await child.lines(1)[0]))
        try process.send(ByteBuffer(string: "go"))
        #expect(try await child.exit().status == .exited(code: 6))
        #expect(await System.hasEnded(grandchild))
    }

    @Test("fifty starts and stops leave no pipe open")
    func descriptors() async throws {
        var pipes: Set<String> = []
        for _ in 0..<50 {
            let child = RecordedChild()
            let process = try await child.shell("for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done; exec cat")
            pipes.formUnion(try await child.lines(3))
            await process.stop(gracePeriod: .seconds(10))
        }
        #expect(pipes.count == 150)
        #expect(pipes.allSatisfy { $0.hasPrefix("pipe:[") })
        #expect(pipes.isDisjoint(with: System.openDescriptors()))
    }

    @Test("two hundred failed starts leave nothing open")
    func failedDescriptors() async throws {
        let program = try TemporaryFile("no program\n", mode: 0o755)
        func openPipes() -> Int { System.openDescriptors().count { $0.hasPrefix("pipe:[") } }
        let before = openPipes()
        for _ in 0..<200 {
            await #expect(throws: StdioError.self) {
                try await RecordedChild().start(StdioCommand(executable: program.path))
            }
        }
        // Other tests run at the same time, with sockets above all; a leak would be six hundred or more.
        #expect(openPipes() - before < 150)
    }
}

@Suite("Commands that cannot be started")
struct StdioStartFailureTests {
    @Test(
        "the error says what is wrong with the command",
        arguments: [
            (StdioCommand(executable: "/no/such/server"), "no such file"),
            (StdioCommand(executable: "no-such-server", environment: ["PATH": "/usr/bin:/bin"]), "(/usr/bin:/bin)"),
            (StdioCommand(executable: "ls"), "has no PATH"),
            (StdioCommand(executable: "ls", environment: ["PATH": ".:bin:"]), "has no PATH"),
            (StdioCommand(executable: "/usr/bin"), "it is a directory"),
            (StdioCommand(executable: "/dev/null"), "not a regular file"),
            (StdioCommand(executable: "/etc/passwd"), "no execute permission"),
            (StdioCommand(executable: "passwd", environment: ["PATH": "/etc"]), "/etc/passwd cannot be run"),
            (StdioCommand(executable: "bin/server"), "is a relative path"),
            (StdioCommand(executable: ""), "is empty"),
            (StdioCommand(executable: "/bin/sh", arguments: ["a\0b"]), "NUL"),
            (StdioCommand(executable: "/bin/sh", environment: ["A=B": "c"]), "A=B"),
            (StdioCommand(executable: "/bin/sh", environment: ["": "c"]), "is empty or contains"),
            (StdioCommand(executable: "/bin/sh", environment: ["A": "\0"]), "variable A"),
            (StdioCommand(executable: "/bin/sh", workingDirectory: "relative"), "not an absolute path"),
            (StdioCommand(executable: "/bin/sh", workingDirectory: "/no/such"), "working directory /no/such"),
            (StdioCommand(executable: "/bin/sh", workingDirectory: "/etc/passwd"), "it is not a directory"),
            (
                StdioCommand(executable: "/bin/sh", arguments: [String(repeating: "a", count: 4 << 20)]),
                "too large together"
            ),
        ]
    )
    func refused(command: StdioCommand, words: String) async throws {
        do {
            let process = try await RecordedChild().start(command)
            await process.stop(gracePeriod: .zero)
            Issue.record("\(command.executable) was started")
        } catch let error as StdioError {
            #expect(error.description.contains(words), "\(error)")
        }
    }

    @Test(
        "a file that the kernel refuses is reported as no program",
        arguments: [("#!/no/such/interpreter\n", "first line (#!)"), ("echo no first line\n", "#!/bin/sh")]
    )
    func noProgram(content: String, words: String) async throws {
        let program = try TemporaryFile(content, mode: 0o755)
        do {
            _ = try await RecordedChild().start(StdioCommand(executable: program.path))
            Issue.record("\(content) was started")
        } catch let error as StdioError {
            guard case .notExecutable(program.path, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.description.contains(words), "\(error)")
        }
    }

    @Test("a bare name skips a candidate that cannot run")
    func skipsUnusable() async throws {
        let shadow = try TemporaryFile("", mode: 0o644, name: "env")
        let child = RecordedChild()
        let path = "\(shadow.directory):/usr/bin:/bin"
        let process = try await child.start(StdioCommand(executable: "env", environment: ["PATH": path]))
        _ = await process.waitForExit()
        #expect(child.lines == ["PATH=\(path)"])
    }
}
