// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Backends

@Suite("Which listening requests are open")
struct ListenStatesTests {
    private static let tools = ListenFilter(kinds: [.tools])
    private static let more = ListenFilter(kinds: [.tools], uris: ["demo://a"])

    private static func established(
        _ filter: ListenFilter, _ granted: ListenFilter? = nil, afterGap: Bool = false
    ) -> ListenStates.Action { .established(asked: filter, granted: granted ?? filter, afterGap: afterGap) }

    private static func open(_ filter: ListenFilter, afterLoss: Bool = false) -> ListenStates {
        var states = ListenStates(afterLoss: afterLoss)
        #expect(states.want(filter) == [.open(1, filter)])
        #expect(states.acknowledged(1, filter) == [established(filter, afterGap: afterLoss)])
        return states
    }

    @Test("Nothing is open while nothing is wanted, and wanting the same again changes nothing")
    func start() {
        var states = ListenStates()
        #expect(states.want(.none) == [])
        #expect(states.want(Self.tools) == [.open(1, Self.tools)])
        #expect(states.want(Self.tools) == [])
        #expect(states.acknowledged(1, Self.tools) == [Self.established(Self.tools)])
        #expect(states.granted == Self.tools)
        #expect(states.want(.none) == [.close(1)])
        #expect(states.granted == .none)
    }

    @Test("Another filter gets its stream before the old one goes, so there is no gap")
    func change() {
        var states = Self.open(Self.tools)
        #expect(states.want(Self.more) == [.open(2, Self.more)])
        #expect(states.granted == Self.tools, "until the new one is there")
        #expect(states.acknowledged(2, Self.more) == [.close(1), Self.established(Self.more)])
        #expect(states.ended(1, .failed(.cancelled), after: .seconds(1), jitter: 1) == [])
    }

    @Test("A filter that changes before its stream is there replaces it")
    func hasty() {
        var states = ListenStates()
        #expect(states.want(Self.tools) == [.open(1, Self.tools)])
        #expect(states.awaits(1))
        #expect(states.want(Self.more) == [.close(1), .open(2, Self.more)])
        #expect(!states.awaits(1), "it must not be sent any more, if it has not been")
        #expect(states.awaits(2))
        #expect(states.acknowledged(1, Self.tools) == [], "a late acknowledgement")
        #expect(states.acknowledged(2, Self.more) == [Self.established(Self.more)])
        #expect(states.awaits(2))
        #expect(states.want(.none) == [.close(2)])
        #expect(!states.awaits(2))
    }

    @Test("A stream that breaks comes back after a pause that grows, and everything may have changed meanwhile")
    func reopened() {
        var states = Self.open(Self.tools)
        #expect(
            states.ended(1, .failed(.outcomeUnknown("x")), after: .seconds(1), jitter: 1)
                == [.retry(after: .milliseconds(250))])
        #expect(states.retryDue() == [.open(2, Self.tools)])
        #expect(
            states.ended(2, .failed(.timeout), after: .zero, jitter: 1)
                == [.failed(asked: Self.tools, .timeout), .retry(after: .milliseconds(500))])
        #expect(states.retryDue() == [.open(3, Self.tools)])
        #expect(states.acknowledged(3, Self.tools) == [Self.established(Self.tools, afterGap: true)])
        #expect(states.ended(3, .graceful, after: .seconds(100), jitter: 1) == [.retry(after: .milliseconds(250))])
    }

    @Test("A new connection after a lost one begins with a gap")
    func afterLoss() { _ = Self.open(Self.tools, afterLoss: true) }

    @Test("A broken stream whose filter is wanted no more stays closed")
    func unwanted() {
        var states = Self.open(Self.tools)
        _ = states.ended(1, .graceful, after: .seconds(1), jitter: 1)
        #expect(states.want(.none) == [])
        #expect(states.retryDue() == [])
    }

    @Test("Whoever does not know the method is asked no more")
    func unsupported() {
        var states = ListenStates()
        _ = states.want(Self.tools)
        #expect(
            states.ended(1, .unknownMethod, after: .zero, jitter: 1)
                == [.failed(asked: Self.tools, .notSubscribable), .unsupported])
        #expect(states.isUnsupported)
        #expect(states.want(Self.more) == [])
        #expect(states.retryDue() == [])
    }

    @Test("An empty grant that ends at once is an answer, not a failure; another filter is asked for again")
    func futile() {
        var states = ListenStates()
        _ = states.want(Self.tools)
        #expect(states.acknowledged(1, .none) == [Self.established(Self.tools, ListenFilter.none)])
        #expect(states.ended(1, .graceful, after: .zero, jitter: 1) == [])
        #expect(states.retryDue() == [])
        #expect(states.isHopeless)
        #expect(states.want(Self.more) == [.open(2, Self.more)])
        #expect(!states.isHopeless)
    }

    @Test(
        "A backend that ends a request in good order and without a word, as one that drains does, is asked again later")
    func drained() {
        var states = Self.open(Self.tools)
        #expect(states.ended(1, .graceful, after: .seconds(1), jitter: 1) == [.retry(after: .milliseconds(250))])
        #expect(states.retryDue() == [.open(2, Self.tools)])
        #expect(
            states.ended(2, .graceful, after: .zero, jitter: 1)
                == [.failed(asked: Self.tools, .notSubscribable), .retry(after: .seconds(30))])
        #expect(states.isHopeless, "for now")
        #expect(states.want(Self.more) == [.open(3, Self.more)])
        #expect(!states.isHopeless)
        #expect(states.want(Self.tools) == [.close(3)], "not before its time")
        #expect(states.isHopeless)
        #expect(states.retryDue() == [.open(4, Self.tools)])
        #expect(!states.isHopeless)
        #expect(states.acknowledged(4, Self.tools) == [Self.established(Self.tools, afterGap: true)])
    }

    @Test("Another backend at the address is asked for what the one before did not grant", arguments: [true, false])
    func reconsidered(isAcknowledged: Bool) {
        var states = ListenStates()
        _ = states.want(Self.tools)
        if isAcknowledged { _ = states.acknowledged(1, .none) }
        _ = states.ended(1, .graceful, after: .zero, jitter: 1)
        #expect(states.isHopeless)
        states.reconsider()
        #expect(states.want(Self.tools) == [.open(2, Self.tools)])
        #expect(!states.isHopeless)
    }

    @Test("A changed filter that cannot be had leaves the old stream open")
    func refusedChange() {
        var states = Self.open(Self.tools)
        _ = states.want(Self.more)
        #expect(
            states.ended(2, .failed(.rejected(status: 500)), after: .zero, jitter: 1)
                == [.failed(asked: Self.more, .rejected(status: 500)), .retry(after: .milliseconds(250))])
        #expect(states.granted == Self.tools)
        #expect(states.retryDue() == [.open(3, Self.more)])
    }

    @Test("The filter is spelled as the schema says, and read back from an acknowledgement")
    func spelling() {
        let filter = ListenFilter(kinds: [.tools, .prompts, .resources], uris: ["b", "a"])
        #expect(
            filter.params
                == json(
                    #"{"notifications":{"toolsListChanged":true,"promptsListChanged":true,"#
                        + #""resourcesListChanged":true,"resourceSubscriptions":["a","b"]}}"#))
        #expect(ListenFilter(acknowledged: filter.params) == filter)
        #expect(ListenFilter(acknowledged: json(#"{"notifications":{"toolsListChanged":false}}"#)) == .none)
        #expect(ListenFilter(acknowledged: nil) == .none)
    }
}
