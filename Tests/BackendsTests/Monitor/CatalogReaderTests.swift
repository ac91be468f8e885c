// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Backends

@Suite("Reading what a backend lists", .serialized, .timeLimit(.minutes(5)))
struct CatalogReaderTests {
    private static let everything = #"{"tools":{},"resources":{},"prompts":{}}"#

    /// Reads all kinds from a backend that answers lists with `page`.
    private func read(
        capabilities: String = everything, _ kinds: Set<CapabilityKind> = Set(CapabilityKind.allCases),
        page: @escaping @Sendable (ScriptedRequest, ScriptedReply) -> Bool = { _, _ in false },
        _ check: (Result<BackendCatalog, BackendError>, ScriptedBackend) throws -> Void
    ) async throws {
        let backend = try await ScriptedBackend.start(configure: {
            $0.capabilities = capabilities
            $0.resources = #"[{"uri":"demo://a","name":"a"}]"#
            $0.templates = #"[{"uriTemplate":"demo://{x}","name":"t"}]"#
            $0.prompts = #"[{"name":"p"}]"#
        }) { request, reply in page(request, reply) }
        try await BackendHarness.run(backend.url) { harness in
            try await harness.withSession { session in
                let handshake = try await harness.open(session)
                let shard = harness.shard
                let result: Result<BackendCatalog, BackendError> = await onLoop(of: shard) {
                    var catalog = BackendCatalog(
                        backend: "scripted", tools: [json("\"old\"")], resources: [json("\"old\"")],
                        resourceTemplates: [json("\"old\"")], prompts: [json("\"old\"")])
                    do throws(BackendError) {
                        try await CatalogReader(session: session, shard: shard).read(
                            kinds, of: handshake, into: &catalog)
                        return .success(catalog)
                    } catch {
                        return .failure(error)
                    }
                }
                try check(result, backend)
            }
        }
        await backend.stop()
    }

    private func expectInvalid(_ result: Result<BackendCatalog, BackendError>, _ word: String) {
        guard case .failure(.invalidResponse(let reason)) = result else {
            Issue.record("not refused: \(result)")
            return
        }
        #expect(reason.contains(word), "\(reason)")
    }

    @Test("Every list that the backend declares is read")
    func everything() async throws {
        try await read { result, backend in
            let catalog = try result.get()
            #expect(catalog.tools.map { $0["name"]?.string } == ["echo"])
            #expect(catalog.resources.map { $0["uri"]?.string } == ["demo://a"])
            #expect(catalog.resourceTemplates.map { $0["uriTemplate"]?.string } == ["demo://{x}"])
            #expect(catalog.prompts.map { $0["name"]?.string } == ["p"])
        }
    }

    @Test(
        "What is not declared is not asked for, and is empty",
        arguments: [
            ("{}", []), (#"{"tools":{}}"#, ["tools/list"]), (#"{"prompts":{}}"#, ["prompts/list"]),
            (#"{"resources":{}}"#, ["resources/list", "resources/templates/list"]),
        ] as [(String, Set<String>)])
    func undeclared(capabilities: String, asked: Set<String>) async throws {
        try await read(capabilities: capabilities) { result, backend in
            let catalog = try result.get()
            #expect(Set(backend.requests.compactMap(\.verb).filter { $0.hasSuffix("/list") }) == asked)
            #expect(catalog.tools.isEmpty == !asked.contains("tools/list"))
            #expect(catalog.prompts.isEmpty == !asked.contains("prompts/list"))
            #expect(catalog.resources.isEmpty == !asked.contains("resources/list"))
        }
    }

    @Test("Only the wanted lists are read; the others stay as they were")
    func someKinds() async throws {
        try await read([.prompts]) { result, backend in
            let catalog = try result.get()
            #expect(catalog.tools.map(\.string) == ["old"])
            #expect(catalog.resources.map(\.string) == ["old"])
            #expect(catalog.prompts.map { $0["name"]?.string } == ["p"])
            #expect(!backend.requests.contains { $0.verb == "tools/list" })
        }
    }

    @Test("BC-26: pages are followed, cursors are sent as they came, and an empty one is a cursor")
    func pages() async throws {
        let cursors = ["", "a", #"\u0022\u00e9"#, "x\\/y"]
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list" else { return false }
                let sent = request.params?["cursor"]?.description
                let index = sent.map { sent in cursors.firstIndex { "\"\($0)\"" == sent } ?? 99 }.map { $0 + 1 } ?? 0
                let next = index < cursors.count ? #","nextCursor":"\#(cursors[index])""# : ""
                reply.result(#"{"tools":[{"name":"t\#(index)"}]\#(next)}"#)
                return true
            }
        ) { result, backend in
            let catalog = try result.get()
            #expect(catalog.tools.map { $0["name"]?.string } == ["t0", "t1", "t2", "t3", "t4"])
            #expect(backend.requests("tools/list").first?.params == nil)
        }
    }

    @Test("BC-26: a cursor that comes back ends the reading with an error", arguments: ["", "x"])
    func repeatedCursor(cursor: String) async throws {
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list" else { return false }
                reply.result(#"{"tools":[{"name":"t"}],"nextCursor":"\#(cursor)"}"#)
                return true
            }
        ) { result, backend in
            expectInvalid(result, "cursor")
            #expect(backend.requests("tools/list").count == 2)
        }
    }

    @Test("BC-26: cursors that go round in a longer circle are found as well")
    func circle() async throws {
        let count = Mutex(0)
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list" else { return false }
                let number = count.withLock {
                    $0 += 1
                    return $0
                }
                reply.result(#"{"tools":[],"nextCursor":"\#(number % 7)"}"#)
                return true
            }
        ) { result, backend in
            expectInvalid(result, "cursor")
            #expect(backend.requests("tools/list").count == 8)
        }
    }

    @Test("BC-26: a list without an end is cut off with an error")
    func endless() async throws {
        let count = Mutex(0)
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list" else { return false }
                let number = count.withLock {
                    $0 += 1
                    return $0
                }
                reply.result(#"{"tools":[],"nextCursor":"\#(number)"}"#)
                return true
            }
        ) { result, backend in
            expectInvalid(result, "end")
            #expect(count.withLock { $0 } == 1000)
        }
    }

    @Test("More items than the gateway takes are refused")
    func tooMany() async throws {
        let half = "[" + String(repeating: "1,", count: 60_000).dropLast() + "]"
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list" else { return false }
                reply.result(request.params == nil ? #"{"tools":\#(half),"nextCursor":"2"}"# : #"{"tools":\#(half)}"#)
                return true
            }
        ) { result, _ in expectInvalid(result, "more") }
    }

    @Test(
        "No cursor, null and what is no string end a list",
        arguments: ["", #","nextCursor":null"#, #","nextCursor":7"#])
    func lastPage(next: String) async throws {
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list" else { return false }
                reply.result(#"{"tools":[{"name":"t"}]\#(next)}"#)
                return true
            }
        ) { result, backend in
            let catalog = try result.get()
            #expect(catalog.tools.count == 1)
            #expect(backend.requests("tools/list").count == 1)
        }
    }

    @Test(
        "A result without the list is an error",
        arguments: ["{}", #"{"tools":null}"#, #"{"tools":{}}"#, #"{"Tools":[]}"#, "[]", "null"])
    func noList(result answer: String) async throws {
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list" else { return false }
                reply.result(answer)
                return true
            }
        ) { result, _ in expectInvalid(result, "tools") }
    }

    @Test("A backend with resources that does not know templates has none; other errors count")
    func templates() async throws {
        for (code, isTolerated) in [(-32601, true), (-32603, false)] {
            try await read(
                [.resources],
                page: { request, reply in
                    guard request.verb == "resources/templates/list" else { return false }
                    reply.error(code, "no")
                    return true
                }
            ) { result, _ in
                if isTolerated {
                    let catalog = try result.get()
                    #expect(catalog.resourceTemplates.isEmpty)
                    #expect(catalog.resources.count == 1)
                } else {
                    guard case .failure(.answered(let error)) = result else {
                        Issue.record("tolerated: \(result)")
                        return
                    }
                    #expect(error.code.rawValue == code)
                }
            }
        }
    }

    @Test("A list whose answer is lost is asked for again")
    func lostAnswer() async throws {
        let count = Mutex(0)
        try await read(
            [.tools],
            page: { request, reply in
                guard request.verb == "tools/list",
                    count.withLock({
                        $0 += 1
                        return $0
                    }) == 1
                else { return false }
                reply.close()
                return true
            }
        ) { result, backend in
            let catalog = try result.get()
            #expect(catalog.tools.count == 1)
            #expect(backend.requests("tools/list").count == 2)
        }
    }
}
