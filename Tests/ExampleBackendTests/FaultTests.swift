// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct FaultTests {
    @Test func `crash asks for the end of the process with status 3`() async throws {
        let client = try await CoreClient.open()
        #expect(try await client.exchange("tools/call", CoreClient.params("crash")) == nil)
        #expect(client.exitStatuses == [3])
    }

    @Test func `The process can be made to end after so many calls`() async throws {
        var options = ExampleBackendOptions(transport: .stdio)
        options.faults.exitAfterCalls = 2
        let client = try await CoreClient.open(options: options)
        _ = try await client.text("echo", ["text": ""])
        #expect(client.exitStatuses.isEmpty)
        _ = try await client.text("echo", ["text": ""])
        #expect(client.exitStatuses == [3])
    }

    @Test func `garbage sends something that is not JSON before the answer`() async throws {
        let client = try await CoreClient.open()
        _ = try await client.text("garbage")
        let sent = try client.sent.first.required()
        #expect(throws: JSONError.self) { try JSONSlice(validating: sent.bytes) }
        #expect(!String(buffer: sent.bytes).contains("\n"))
    }

    @Test("Every lie is the lie that it says it is", arguments: Lie.allCases)
    func lies(lie: Lie) throws {
        let id = JSONSlice(7)
        let frames = lie.frames(id: id)
        #expect(frames.count == (lie == .duplicate || lie == .unknownID ? 2 : 1))
        let last = try frames.last.required()
        switch lie {
        case .notAnObject:
            #expect(String(buffer: last) == "42")
        case .invalidJSON, .invalidUTF8, .halfBody, .emptyBody:
            #expect(throws: JSONError.self) { try JSONSlice(validating: last) }
        case .noVersion:
            #expect(try JSONSlice(validating: last)["jsonrpc"] == nil)
        case .wrongID:
            #expect(try JSONSlice(validating: last)["id"] != id)
        case .idAsString:
            #expect(try JSONSlice(validating: last)["id"]?.string == "7")
        case .duplicate:
            #expect(frames.first == frames.last)
        case .unknownID:
            #expect(try JSONSlice(validating: frames.first.required())["id"]?.string == "nobody asked this")
            #expect(try JSONSlice(validating: last)["id"] == id)
        case .resultAndError:
            let message = try JSONSlice(validating: last)
            #expect(message["result"] != nil && message["error"] != nil)
        case .neither:
            let message = try JSONSlice(validating: last)
            #expect(message["result"] == nil && message["error"] == nil && message["id"] == id)
        }
    }

    @Test func `Kinds and statuses that do not exist are refused`() async throws {
        let client = try await CoreClient.open(headers: [])
        #expect(try await client.call("bad_frame", ["kind": "honest"]).isFailure)
        #expect(try await client.call("http_status", ["status": 199]).isFailure)
        #expect(try await CoreClient.open().call("http_status", ["status": 500]).isFailure)
    }

    @Test func `initialize can be refused`() async throws {
        var options = ExampleBackendOptions(transport: .stdio)
        options.faults.refusesInitialize = true
        await #expect(throws: RPCError.self) { _ = try await CoreClient.open(options: options) }
    }

    @Test func `Delays change nothing but the time`() async throws {
        var options = ExampleBackendOptions(transport: .stdio)
        options.faults.initializeDelay = .milliseconds(1)
        options.faults.callDelay = .milliseconds(1)
        let client = try await CoreClient.open(options: options)
        #expect(try await client.text("echo", ["text": "x"]) == "x")
        #expect(try await client.call("echo").isFailure)
        _ = try await client.text("test_tool_with_logging")
        #expect(client.sent.count == 3)
    }
}
