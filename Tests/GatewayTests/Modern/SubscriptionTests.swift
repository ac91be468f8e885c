// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Gateway

private final class Outlet: SubscriptionOutput {
    private let state = Mutex<[String]>([])
    var texts: [String] { state.withLock { $0 } }

    func send(_ message: ByteBuffer) { state.withLock { $0.append(String(buffer: message)) } }
    func acknowledge(_ message: ByteBuffer) { send(message) }
    func finish(_ id: RequestID, _ result: JSONSlice) { state.withLock { $0.append("end \(id) \(result)") } }
}

@Suite struct SubscriptionTests {
    private let outlet = Outlet()

    private func subscription(_ id: String = "7") throws -> Subscription {
        let id = try RequestID(JSONSlice(validating: ByteBuffer(string: id))).orThrow("an id")
        return Subscription(id: id, principal: .alice, filter: SubscriptionFilter(), output: outlet)
    }

    @Test(
        "M40, M41: the acknowledgement is first, and every message has the id with its JSON type",
        arguments: ["7", #""7""#])
    func order(_ id: String) throws {
        let subscription = try subscription(id)
        subscription.resourceUpdated(JSONSlice(["uri": "test://a", "_meta": ["com.example/x": 1]]))
        subscription.listChanged(.toolsListChanged)
        #expect(outlet.texts.isEmpty)
        #expect(subscription.acknowledge(SubscriptionFilter(), watches: []))
        subscription.listChanged(.promptsListChanged)
        let tag = #""io.modelcontextprotocol/subscriptionId":\#(id)"#
        #expect(
            outlet.texts == [
                #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","#
                    + #""params":{"notifications":{},"_meta":{\#(tag)}}}"#,
                #"{"jsonrpc":"2.0","method":"notifications/resources/updated","#
                    + #""params":{"uri":"test://a","_meta":{"com.example/x":1,\#(tag)}}}"#,
                #"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed","params":{"_meta":{\#(tag)}}}"#,
            ])
    }

    @Test("What waits for the acknowledgement is bounded in bytes, too")
    func earlyBytes() throws {
        let subscription = try subscription()
        let third = String(repeating: "x", count: Subscription.maximumEarlyBytes * 2 / 5)
        for name in ["a", "b", "c"] {
            subscription.resourceUpdated(JSONSlice(["uri": .string(name), "x": .string(third)]))
        }
        subscription.resourceUpdated(JSONSlice(["uri": "d"]))
        #expect(subscription.acknowledge(SubscriptionFilter(), watches: []))
        let uris = outlet.texts.dropFirst().map { text in
            ["a", "b", "c", "d"].first { text.contains(#""uri":"\#($0)""#) }
        }
        #expect(uris == ["a", "b", "d"])
    }

    @Test("Nothing is said after the end, whoever ends it")
    func ended() throws {
        let subscription = try subscription()
        #expect(subscription.acknowledge(SubscriptionFilter(), watches: []))
        subscription.end()
        let count = outlet.texts.count
        subscription.listChanged(.toolsListChanged)
        subscription.resourceUpdated(JSONSlice(["uri": "x"]))
        subscription.end(JSONSlice(["resultType": "complete"]))
        #expect(outlet.texts.count == count)
        #expect(subscription.isEnded)
    }

    @Test("M43: a subscription that ends before it was acknowledged is acknowledged with nothing")
    func early() throws {
        let subscription = try subscription()
        subscription.end(JSONSlice(["resultType": "complete"]))
        #expect(outlet.texts.count == 2)
        #expect(outlet.texts.first?.contains(#""notifications":{}"#) == true)
        #expect(outlet.texts.last == #"end 7 {"resultType":"complete"}"#)
        #expect(!subscription.acknowledge(SubscriptionFilter(), watches: []))
    }

    @Test("Of a task that the acknowledgement does not name nothing is said, neither what came before it nor after it")
    func tasks() throws {
        let subscription = try subscription()
        func change(_ status: String) {
            for id in ["a", "b"] {
                subscription.taskChanged(JSONSlice(["taskId": .string(id), "status": .string(status)]))
            }
        }
        change("working")
        var honoured = SubscriptionFilter()
        honoured.taskIDs = ["b"]
        #expect(subscription.acknowledge(honoured, watches: []))
        change("completed")
        let told = outlet.texts.filter { $0.contains(#""method":"notifications/tasks""#) }
        #expect(told.count == 2)
        for (text, status) in zip(told, ["working", "completed"]) {
            #expect(text.contains(#""taskId":"b","status":"\#(status)""#))
        }
    }

    @Test("What changes before the acknowledgement is kept, but not without bound")
    func earlyBound() throws {
        let subscription = try subscription()
        for _ in 0..<5000 { subscription.resourceUpdated(JSONSlice(["uri": "x"])) }
        #expect(subscription.acknowledge(SubscriptionFilter(), watches: []))
        #expect(outlet.texts.count == 1 + 1024)
    }
}
