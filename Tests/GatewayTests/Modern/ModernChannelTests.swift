// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes
import MCPTypes
import NIOCore
import TestSupport
import Testing

@testable import Gateway

@Suite struct ModernChannelTests {
    private func told(
        _ meta: JSONObject, _ notifications: [(MCPMethod, String?)]
    ) throws -> [String] {
        let outbox = Outbox()
        let meta = try ModernMeta(JSONSlice(.object(ModernClient.meta([:], meta))))
        let channel = ModernChannel(meta) { _ = outbox.take($0) }
        for (method, params) in notifications {
            channel.notify(method, params: try params.map { try JSONSlice(validating: ByteBuffer(string: $0)) })
        }
        return outbox.texts
    }

    @Test(
        "Progress is for requests with a token, and carries that one",
        arguments: [
            ([:], []), (["progressToken": 5], [5]), (["progressToken": "p"], ["p"]),
        ] as [(JSONObject, [JSONValue])])
    func progress(_ meta: JSONObject, _ tokens: [JSONValue]) throws {
        let texts = try told(meta, [(.progress, #"{"progressToken":"other","progress":1.0,"x":1}"#)])
        #expect(
            texts
                == tokens.map {
                    #"{"jsonrpc":"2.0","method":"notifications/progress","#
                        + #""params":{"progressToken":\#(JSONSlice($0)),"progress":1.0,"x":1}}"#
                })
    }

    @Test(
        "M38: log messages are for requests that name a level, from that level on",
        arguments: [
            (nil, []), ("debug", ["debug", "info", "error"]), ("info", ["info", "error"]), ("warning", ["error"]),
            ("emergency", []),
        ] as [(String?, [String])])
    func levels(_ wanted: String?, _ levels: [String]) throws {
        let meta: JSONObject = wanted.map { ["io.modelcontextprotocol/logLevel": .string($0)] } ?? [:]
        let texts = try told(
            meta,
            ["debug", "info", "error", "loud"].map { (.message, #"{"level":"\#($0)","data":"x"}"#) }
                + [(.message, #"{"data":"x"}"#), (.message, nil)])
        #expect(
            texts
                == levels.map {
                    #"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"\#($0)","data":"x"}}"#
                })
    }

    @Test(
        "M8: everything else belongs to no request",
        arguments: [
            MCPMethod.toolsListChanged, .resourceUpdated, .elicitationComplete, .cancelled, .other("notifications/x"),
            .taskStatus,
        ])
    func others(_ method: MCPMethod) throws {
        let meta: JSONObject = ["progressToken": 1, "io.modelcontextprotocol/logLevel": "debug"]
        #expect(try told(meta, [(method, #"{"uri":"x","level":"error","progress":1}"#)]) == [])
    }

    /// An error's code, or the result.
    private func answer(_ method: MCPMethod, _ params: JSONSlice?, _ capabilities: JSONValue) async throws -> String {
        let meta = try ModernMeta(JSONSlice(.object(ModernClient.meta(capabilities))))
        let channel = ModernChannel(meta) { _ in Issue.record("something was sent") }
        do throws(RequestError) {
            return try await channel.ask(method, params: params).description
        } catch {
            return "\(error.code.rawValue)"
        }
    }

    @Test(
        "M9: nobody can be asked during a request; who could have been asked cancels, who could not knows no question",
        arguments: [
            ("elicitation/create", #"{"action":"cancel"}"#, "-32601"), ("sampling/createMessage", "-1", "-32601"),
            ("roots/list", "-32603", "-32601"), ("tasks/get", "-32601", "-32601"),
        ])
    func asking(_ method: String, _ declared: String, _ undeclared: String) async throws {
        let all: JSONValue = ["elicitation": [:], "sampling": [:], "roots": [:]]
        #expect(try await answer(MCPMethod(method), nil, all) == declared)
        #expect(try await answer(MCPMethod(method), nil, [:]) == undeclared)
    }

    @Test("An undeclared part of a declared capability is a wrong parameter")
    func undeclaredParts() async throws {
        #expect(try await answer(.elicit, JSONSlice(["mode": "url"]), ["elicitation": ["form": [:]]]) == "-32602")
        #expect(try await answer(.elicit, JSONSlice(["mode": "form"]), ["elicitation": ["url": [:]]]) == "-32602")
        #expect(try await answer(.createMessage, JSONSlice(["tools": []]), ["sampling": [:]]) == "-32602")
    }
}

@Suite struct ModernRequestsTests {
    @Test("Requests are bounded per principal and in all, and a refusal says 503")
    func bounds() throws {
        var limits = GatewayLimits()
        limits.modernRequests = 3
        limits.modernRequestsPerPrincipal = 2
        let requests = ModernRequests(limits: limits)
        let first = try requests.begin(for: .alice)
        _ = try requests.begin(for: .alice)
        func refusal(_ of: () throws(RequestError) -> InFlightRequest) -> RequestError? {
            do throws(RequestError) {
                _ = try of()
                return nil
            } catch {
                return error
            }
        }
        let own = refusal { () throws(RequestError) in try requests.begin(for: .alice) }
        #expect(own?.code == .overloaded)
        #expect(own?.httpStatus == 503)
        _ = try requests.begin(for: .mallory)
        let another = refusal { () throws(RequestError) in try requests.begin(for: .otherAlice) }
        #expect(another?.httpStatus == 503)
        requests.end(first)
        requests.end(first)
        #expect(requests.count == 2)
        _ = try requests.begin(for: .alice)
        requests.close()
        let late = refusal { () throws(RequestError) in try requests.begin(for: .otherAlice) }
        #expect(late?.httpStatus == 503)
    }

    @Test(
        "Requests that end in any order leave room for exactly as many, and those that still run are the ones stopped")
    func anyOrder() throws {
        var limits = GatewayLimits()
        limits.modernRequestsPerPrincipal = 40
        let requests = ModernRequests(limits: limits)
        var generator = SeededGenerator(seed: 7)
        var running: [InFlightRequest] = []
        for _ in 0..<50 {
            while running.count < 40 { running.append(try requests.begin(for: .alice)) }
            #expect(throws: RequestError.self) { try requests.begin(for: .alice) }
            for _ in 0..<Int.random(in: 1...39, using: &generator) {
                requests.end(running.remove(at: .random(in: running.indices, using: &generator)))
            }
            #expect(requests.count == running.count)
        }
        let ended = try requests.begin(for: .alice)
        requests.end(ended)
        requests.close()
        #expect(running.allSatisfy(Self.isStopped))
        #expect(!Self.isStopped(ended))
    }

    @Test("However many people come and go, each has the room that is left of their own")
    func manyPeople() throws {
        var limits = GatewayLimits()
        limits.modernRequestsPerPrincipal = 2
        let requests = ModernRequests(limits: limits)
        var generator = SeededGenerator(seed: 11)
        var running: [(person: Int, request: InFlightRequest)] = []
        for step in 0..<20_000 {
            // At times many at once, and then few.
            let wanted = step / 2000 % 2 == 0 ? 600 : 5
            if running.count < wanted {
                let person = Int.random(in: 0..<700, using: &generator)
                let hasRoom = running.count { $0.person == person } < 2
                let request = try? requests.begin(for: Principal(issuer: "i", subject: "\(person)"))
                #expect((request != nil) == hasRoom, "step \(step)")
                if let request { running.append((person, request)) }
            } else {
                let ended = running.remove(at: .random(in: running.indices, using: &generator)).request
                requests.end(ended)
                if step % 3 == 0 { requests.end(ended) }
            }
        }
        #expect(requests.count == running.count)
    }

    /// A task that comes to a request which was stopped before is stopped, too.
    private static func isStopped(_ request: InFlightRequest) -> Bool {
        let task = Task<Void, Never> { while !Task.isCancelled { await Task.yield() } }
        defer { task.cancel() }
        request.adopt(task)
        return task.isCancelled
    }
}

@Suite struct ModernErrorTests {
    @Test(
        "BP-14, BP-15: codes that Modern revisions have dropped, or that speak of one hop, are translated",
        arguments: [
            (ErrorCode.resourceNotFound, ErrorCode.invalidParams, 200), (.urlElicitationRequired, .internalError, 200),
            (.headerMismatch, .internalError, 200), (.unsupportedProtocolVersion, .internalError, 200),
            (.missingRequiredClientCapability, .missingRequiredClientCapability, 400),
            (.methodNotFound, .methodNotFound, 200), (.invalidParams, .invalidParams, 200),
            (.outcomeUnknown, .outcomeUnknown, 200), (ErrorCode(rawValue: 17), ErrorCode(rawValue: 17), 200),
        ])
    func codes(_ code: ErrorCode, _ expected: ErrorCode, _ status: Int) {
        let error = RequestError(code, "text").modern(nil)
        #expect(error.code == expected)
        #expect(error.httpStatus == status)
    }

    @Test("HM-30: a capability that is missing is status 400 and named in an object")
    func missingCapability() throws {
        let error = RequestError.missingCapability(["sampling": [:]]).modern(nil)
        let answer = HTTPAnswer.error(error, id: RequestID(4))
        #expect(answer.status == 400)
        let body = try #require(answer.body)
        let message = JSONSlice(trusted: body.contiguous)
        #expect(message["error"]?["code"]?.int == -32021)
        #expect(message["error"]?["data"]?["requiredCapabilities"]?.description == #"{"sampling":{}}"#)
        #expect(message["id"]?.int == 4)
    }

    @Test("M18: an error of our own about headers stays what it is")
    func own() {
        #expect(RequestError.headerMismatch("x").modern(nil) == .headerMismatch("x"))
    }

    @Test("A resource that is not found is named")
    func uri() {
        let params = JSONSlice(["uri": "test://x"])
        #expect(RequestError(.resourceNotFound, "x").modern(params).data?["uri"]?.string == "test://x")
        let named = RequestError(.resourceNotFound, "x", data: JSONSlice(["uri": "test://y", "a": 1])).modern(params)
        #expect(named.data?.description == #"{"uri":"test://y","a":1}"#)
    }
}
