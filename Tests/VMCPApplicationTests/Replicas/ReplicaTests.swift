// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import TestSupport
import Testing

/// PK-23: a call waits at one replica, and its client's answers come to any.
@Suite("Parked calls of several replicas", .timeLimit(.minutes(5)))
struct ReplicaTests {
    @Test("PK-23: an answer that comes to another replica reaches the call, which is made once")
    func forwarded() async throws {
        try await ReplicaNetwork.pair { network, backend, a, b in
            for (first, second, to) in [(a, b, "a"), (b, a, "b")] {
                let before = try network.relay(to).connections
                let state = try await RoundClient(first).round()
                let reply = try await RoundClient(second).send(state: state)
                #expect(reply.status == 200)
                #expect(reply.contentType == "application/json")
                #expect(try reply.callText == "ann")
                #expect(try reply.messages.last?["id"]?.string == "call")
                #expect(try network.relay(to).connections == before + 1)
            }
            #expect(backend.calls == 2)
        }
    }

    @Test("The fields that trace a request go with it to the other replica")
    func traced() async throws {
        try await ReplicaNetwork.pair { network, _, a, b in
            let state = try await RoundClient(a).round()
            let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            let reply = try await RoundClient(b).send(
                state: state, fields: [("Traceparent", parent), ("tracestate", "vendor=value")])
            #expect(try reply.callText == "ann")
            let sent = try network.relay("a").sent.map { String(buffer: $0) }.joined()
            #expect(sent.contains(#""traceparent":"\#(parent)","tracestate":"vendor=value""#), "\(sent)")
        }
    }

    @Test("PK-23: the rounds of one call may come to three replicas in turn")
    func roundRobin() async throws {
        try await ReplicaNetwork.run(["a", "b", "c"]) { network, backend in
            try await network.run("a") { a in
                try await network.run("b") { b in
                    try await network.run("c") { c in
                        var state = try await RoundClient(a).round(["rounds": 4])
                        for (number, replica) in [(1, b), (2, c), (3, a)] {
                            state = try await RoundClient(replica).round(
                                ["rounds": 4], state: state, key: "q\(number)")
                        }
                        let reply = try await RoundClient(b).send(["rounds": 4], state: state, key: "q4")
                        #expect(try reply.callText == "ann ann ann ann")
                        #expect(backend.calls == 1)
                    }
                }
            }
        }
    }

    @Test("An answer of any length arrives whole")
    func long() async throws {
        try await ReplicaNetwork.pair { _, _, a, b in
            let arguments: JSONObject = ["bytes": 3_000_000]
            let state = try await RoundClient(a).round(arguments)
            let reply = try await RoundClient(b).send(arguments, state: state)
            #expect(reply.isComplete)
            #expect(try reply.callText?.utf8.count == 3_000_000)
        }
    }

    @Test("PK-23: while the owner cannot be reached the client may come again with the same state")
    func unreachable() async throws {
        try await ReplicaNetwork.pair { network, backend, a, b in
            let state = try await RoundClient(a).round()
            try await network.relay("a").fail()
            let reply = try await RoundClient(b).send(state: state)
            #expect(reply.status == 503)
            #expect(reply.head["retry-after"] == "1")
            #expect(try reply.reason == "owner_unavailable")
            #expect(try reply.json["error"]?["code"]?.int == -32603)
            try await network.relay("a").recover()
            #expect(try await RoundClient(b).send(state: state).callText == "ann")
            #expect(backend.calls == 1)
        }
    }

    @Test("PK-23: an owner that was started anew has no call any more")
    func restarted() async throws {
        try await ReplicaNetwork.run { network, backend in
            try await network.run("b") { b in
                let state = try await network.run("a") { try await RoundClient($0).round() }
                try await network.run("a") { a in
                    let replies = [
                        try await RoundClient(b).send(state: state), try await RoundClient(a).send(state: state),
                    ]
                    for reply in replies {
                        #expect(reply.status == 400)
                        #expect(try reply.reason == "request_state_gone")
                    }
                }
            }
            #expect(backend.calls == 1)
        }
    }

    @Test("A replica that nobody knows has no calls")
    func unknown() async throws {
        try await ReplicaNetwork.run { network, _ in
            try await network.run("a") { a in
                try await network.run("b", network.plan("b", peers: [])) { b in
                    let state = try await RoundClient(a).round()
                    let reply = try await RoundClient(b).send(state: state)
                    #expect(reply.status == 400)
                    #expect(try reply.reason == "request_state_gone")
                    #expect(try network.relay("a").connections == 0)
                    #expect(try await RoundClient(a).send(state: state).callText == "ann")
                }
            }
        }
    }

    @Test("Replicas with different secrets do not serve each other, and say so as something that may pass")
    func otherSecret() async throws {
        try await ReplicaNetwork.run { network, backend in
            try await network.run("a") { a in
                let other = network.plan("b", secret: "another secret, of somebody else's replicas")
                try await network.run("b", other) { b in
                    let state = try await RoundClient(a).round()
                    let reply = try await RoundClient(b).send(state: state)
                    #expect(reply.status == 503)
                    #expect(try reply.reason == "owner_unavailable")
                    #expect(try await RoundClient(a).send(state: state).callText == "ann")
                }
            }
            #expect(backend.calls == 1)
        }
    }

    @Test("Another person's state is refused where it arrives")
    func otherPerson() async throws {
        try await ReplicaNetwork.run { network, _ in
            try await network.run("a", network.plan("a", user: "alice")) { a in
                try await network.run("b", network.plan("b", user: "bob")) { b in
                    let state = try await RoundClient(a).round()
                    let reply = try await RoundClient(b).send(state: state)
                    #expect(reply.status == 400)
                    #expect(try reply.reason == "invalid_request_state")
                    #expect(try network.relay("a").connections == 0)
                    #expect(try await RoundClient(a).send(state: state).callText == "ann")
                }
            }
        }
    }

    @Test("What is wrong with an answer is said by the owner, and the round stays")
    func ownersErrors() async throws {
        try await ReplicaNetwork.pair { _, backend, a, b in
            let arguments: JSONObject = ["rounds": 2]
            let first = try await RoundClient(a).round(arguments)
            let second = try await RoundClient(b).round(arguments, state: first)
            let stale = try await RoundClient(b).send(arguments, state: first)
            #expect(stale.status == 400)
            #expect(try stale.reason == "stale_round")
            #expect(try await RoundClient(b).send(arguments, state: second, key: "q2").callText == "ann ann")
            let late = try await RoundClient(b).send(arguments, state: second, key: "q2")
            #expect(try late.reason == "request_state_gone")
            #expect(backend.calls == 1)
        }
    }

    @Test("A request that was a peer's already is not passed on")
    func secondHop() async throws {
        try await ReplicaNetwork.pair { network, _, a, b in
            let state = try await RoundClient(a).round()
            let reply = try await RoundClient(b).send(state: state, fields: [("X-Vmcp-Hop", "1")])
            #expect(reply.status == 400)
            #expect(try network.relay("a").connections == 0)
            #expect(try await RoundClient(a).send(state: state, fields: [("X-Vmcp-Hop", "1")]).callText == "ann")
        }
    }

    // MARK: Streams

    @Test("What the owner streams arrives while it streams")
    func streamed() async throws {
        try await ReplicaNetwork.pair { _, backend, a, b in
            let arguments: JSONObject = ["holds": true]
            let state = try await RoundClient(a).round(arguments)
            let client = RoundClient(b)
            try await client.http.withConnection { connection in
                try await connection.send(client.text(arguments, state: state, meta: ["progressToken": "mine"]))
                let head = try await connection.head()
                #expect(head.status == 200)
                #expect(head["content-type"] == "text/event-stream")
                let progress = try await connection.messageEvent().message
                #expect(progress?["method"]?.string == "notifications/progress")
                #expect(progress?["params"]?["progressToken"]?.string == "mine")
                // Only now may the backend go on.
                backend.release.open()
                let answer = try await connection.messageEvent().message
                #expect(answer?["result"]?.firstText == "ann")
                #expect(try await connection.event() == nil)
                #expect(await connection.isBodyComplete)
            }
        }
    }

    @Test("A client that leaves leaves the owner, too, before and after the first byte", arguments: [false, true])
    func disconnected(isStreaming: Bool) async throws {
        try await ReplicaNetwork.pair { network, backend, a, b in
            let arguments: JSONObject = ["holds": true]
            let state = try await RoundClient(a).round(arguments)
            let client = RoundClient(b)
            try await client.http.withConnection { connection in
                let meta: JSONObject = isStreaming ? ["progressToken": "mine"] : [:]
                try await connection.send(client.text(arguments, state: state, meta: meta))
                if isStreaming {
                    _ = try await connection.head()
                    _ = try await connection.messageEvent()
                } else {
                    try await eventually("the request reaches the owner") {
                        let sent = try network.relay("a").sent.last
                        return sent.map { String(buffer: $0).contains("inputResponses") } ?? false
                    }
                }
            }
            // Sooner than the next sign of life on a quiet stream would show it.
            try await eventually("the backend is told", within: .seconds(20)) { backend.cancelled == 1 }
            #expect(try await RoundClient(b).send(arguments, state: state).reason == "request_state_gone")
        }
    }

    @Test("A client that only closes its side gets its answer as an event")
    func halfClosed() async throws {
        try await ReplicaNetwork.pair { network, backend, a, b in
            let arguments: JSONObject = ["holds": true]
            let state = try await RoundClient(a).round(arguments)
            let client = RoundClient(b)
            try await client.http.withConnection { connection in
                try await connection.send(client.text(arguments, state: state))
                try await connection.finishSending()
                let head = try await connection.head()
                #expect(head["content-type"] == "text/event-stream")
                backend.release.open()
                #expect(try await connection.messageEvent().message?["result"]?.firstText == "ann")
            }
        }
    }

    @Test("An owner that dies while it streams leaves an answer that nobody takes for whole")
    func died() async throws {
        try await ReplicaNetwork.run { network, backend in
            try await network.run("b") { b in
                let client = RoundClient(b)
                let arguments: JSONObject = ["holds": true]
                let state = try await network.run("a") { a in
                    let state = try await RoundClient(a).round(arguments)
                    try await client.http.withConnection { connection in
                        try await connection.send(client.text(arguments, state: state, meta: ["progressToken": 1]))
                        _ = try await connection.head()
                        _ = try await connection.messageEvent()
                        try await network.relay("a").cut()
                        while try await connection.block() != nil {}
                        #expect(await !connection.isBodyComplete)
                    }
                    return state
                }
                #expect(try await client.send(arguments, state: state).reason == "owner_unavailable")
            }
        }
    }

    // MARK: Shutdown

    @Test("PK-24: a replica that is told to end still takes the answers to what was asked, from clients and peers")
    func drained() async throws {
        try await ReplicaNetwork.pair { _, backend, a, b in
            let first = try await RoundClient(a).round(["rounds": 2])
            let second = try await RoundClient(a).round()
            await a.shutDown()
            let third = try await RoundClient(b).send(["rounds": 2], state: first)
            // Its further question is a round of the same call, and no new one.
            let state = try #require(try third.messages.last?["result"]?["requestState"]?.string)
            #expect(try await RoundClient(b).send(["rounds": 2], state: state, key: "q2").callText == "ann ann")
            let fresh = try await RoundClient(a).send()
            #expect(try fresh.messages.last?["result"]?["resultType"]?.string != "input_required")
            #expect(try await RoundClient(a).send(state: second).callText == "ann")
            #expect(backend.calls == 3)
        }
    }

    @Test("PK-24: what nobody answers in time ends with the replica, and its backend is told")
    func revoked() async throws {
        try await ReplicaNetwork.run { network, backend in
            try await network.run("a") { a in
                _ = try await RoundClient(a).round()
                await a.shutDown()
            }
            try await eventually("the backend is told") { backend.cancelled == 1 }
        }
    }
}
