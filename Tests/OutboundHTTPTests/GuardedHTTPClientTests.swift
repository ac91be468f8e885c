// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization
import TestSupport
import Testing

@testable import OutboundHTTP

@Suite("The guarded HTTP client", .timeLimit(.minutes(5)))
struct GuardedHTTPClientTests {
    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func client(
        _ resolver: any HostResolver, _ transport: any PinnedTransport = ScriptedTransport(),
        clock: ManualClock = ManualClock(), limit: Int = 64, hostLimit: Int = 8, queue: Int = 256
    ) -> GuardedHTTPClient {
        GuardedHTTPClient(
            resolver: resolver, transport: transport, logger: logger, maximumRequests: limit,
            maximumRequestsPerHost: hostLimit, maximumQueue: queue, now: { clock.now })
    }

    @Test("A request goes to exactly the address that was looked up")
    func pinned() async throws {
        let transport = ScriptedTransport()
        let client = client(ScriptedResolver(["idp.test": [["93.184.216.34"]]]), transport)
        let response = try await client.send(
            OutboundRequest(url: "https://IDP.test:443/keys?x=1"),
            policy: AddressPolicy(caBundlePath: "/ca.pem"))
        #expect(response.status == 200)
        let request = try #require(transport.requests.first)
        #expect(request.address.description == "93.184.216.34")
        #expect(request.url.text == "https://idp.test/keys?x=1")
        #expect(request.caBundlePath == "/ca.pem")
    }

    @Test(
        "AU-35, T19: a name with one forbidden address is refused whole",
        arguments: [
            ["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["10.0.0.1", "93.184.216.34"], ["169.254.169.254"],
            ["93.184.216.34", "::1"], ["::ffff:10.0.0.1"], ["64:ff9b::a9fe:a9fe"], ["0.0.0.0"], ["fd00:ec2::254"],
        ])
    func forbidden(addresses: [String]) async {
        let transport = ScriptedTransport()
        let client = client(ScriptedResolver(["evil.test": [addresses]]), transport)
        #expect(
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(url: "https://evil.test/"), policy: .strict)
            } == .refusedAddress)
        #expect(transport.requests.isEmpty)
    }

    @Test("T19: loopback permission does not open loopback to a public name")
    func publicNameOfLoopback() async {
        let client = client(ScriptedResolver(["evil.test": [["127.0.0.1"]]]))
        let policy = AddressPolicy(allowsPrivateAddresses: true, allowsLoopback: true, allowsHTTP: true)
        #expect(
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(url: "http://evil.test/"), policy: policy)
            } == .refusedAddress)
    }

    @Test("AU-35, T19: rebinding: an answer is believed for a while, then vetted anew")
    func rebinding() async throws {
        let resolver = ScriptedResolver(["evil.test": [["93.184.216.34"], ["10.0.0.1"]]])
        let transport = ScriptedTransport()
        let clock = ManualClock()
        let client = client(resolver, transport, clock: clock)
        let request = OutboundRequest(url: "https://evil.test/")
        for _ in 0..<3 { _ = try await client.send(request, policy: .strict) }
        #expect(resolver.lookups.count == 1)
        clock.advance(by: ResolutionCache.lifetime)
        #expect(
            await failure { () async throws(OutboundError) in try await client.send(request, policy: .strict) }
                == .refusedAddress)
        #expect(transport.addresses == Array(repeating: "93.184.216.34", count: 3))
    }

    @Test("A remembered answer is checked against each request's own policy")
    func policyPerRequest() async throws {
        let client = client(ScriptedResolver(["in.test": [["10.0.0.1"]]]))
        let request = OutboundRequest(url: "https://in.test/")
        _ = try await client.send(request, policy: AddressPolicy(allowsPrivateAddresses: true))
        #expect(
            await failure { () async throws(OutboundError) in try await client.send(request, policy: .strict) }
                == .refusedAddress)
    }

    @Test("localhost is loopback without asking anybody; its second address is tried when the first is not there")
    func localhost() async throws {
        let resolver = ScriptedResolver(["localhost": [["8.8.8.8"]]])
        let transport = ScriptedTransport { request throws(TransportError) in
            if case .v4 = request.address { throw .notConnected }
            return OutboundResponse(status: 204)
        }
        let client = client(resolver, transport)
        let response = try await client.send(
            OutboundRequest(url: "http://localhost:1/"), policy: AddressPolicy(allowsLoopback: true))
        #expect(response.status == 204)
        #expect(transport.addresses == ["127.0.0.1", "0:0:0:0:0:0:0:1"])
        #expect(resolver.lookups.isEmpty)
    }

    @Test("After a connection was made no other address is tried")
    func noRetry() async {
        let transport = ScriptedTransport { _ throws(TransportError) in throw .failed(.unreachable) }
        let client = client(ScriptedResolver(["h.test": [["8.8.8.8", "9.9.9.9"]]]), transport)
        #expect(
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(method: "POST", url: "https://h.test/"), policy: .strict)
            } == .unreachable)
        #expect(transport.addresses == ["8.8.8.8"])
    }

    @Test("At most two addresses are tried, of both families when there are two")
    func attempts() async {
        let transport = ScriptedTransport { _ throws(TransportError) in throw .notConnected }
        let client = client(
            ScriptedResolver(["h.test": [["2606:4700::1", "2606:4700::2", "8.8.8.8", "9.9.9.9"]]]), transport)
        #expect(
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(url: "https://h.test/"), policy: .strict)
            } == .unreachable)
        #expect(transport.addresses == ["2606:4700:0:0:0:0:0:1", "8.8.8.8"])
    }

    @Test("A name without addresses is unresolvable")
    func unresolvable() async {
        let client = client(ScriptedResolver(["empty.test": [[]]]))
        for host in ["empty.test", "nowhere.test"] {
            #expect(
                await failure { () async throws(OutboundError) in
                    try await client.send(OutboundRequest(url: "https://\(host)/"), policy: .strict)
                } == .unresolvable)
        }
    }

    @Test(
        "What HTTP cannot carry, and what frames the message, is refused",
        arguments: [
            ("G T", "a", "b"), ("", "a", "b"), ("GET", "a\r\nb", "c"), ("GET", "", "c"), ("GET", "a", "b\r\nc: d"),
            ("GET", "a", "b\nc"), ("GET", "a", "b\u{0}"), ("GET", "Host", "evil"), ("GET", "content-length", "1"),
            ("GET", "Transfer-Encoding", "chunked"), ("GET", "Connection", "close"), ("GET", "a b", "c"),
        ])
    func invalidRequests(method: String, name: String, value: String) async {
        let transport = ScriptedTransport()
        let client = client(ScriptedResolver(["h.test": [["8.8.8.8"]]]), transport)
        #expect(
            await failure { () async throws(OutboundError) in
                try await client.send(
                    OutboundRequest(method: method, url: "https://h.test/", headers: [(name, value)]), policy: .strict)
            } == .invalidRequest)
        #expect(transport.requests.isEmpty)
    }

    @Test("The deadline also ends a lookup that never answers")
    func slowLookup() async throws {
        let deadline = ManualDeadline()
        let client = GuardedHTTPClient(
            resolver: SilentResolver(), transport: ScriptedTransport(), logger: logger,
            sleep: { try await deadline.sleep($0) })
        async let outcome = failure { () async throws(OutboundError) in
            try await client.send(OutboundRequest(url: "https://h.test/"), policy: .strict)
        }
        deadline.fire()
        #expect(await outcome == .timedOut)
    }

    @Test("Cancelling the task ends the request, wherever it is")
    func cancelled() async throws {
        let started = ScriptedGate()
        let transport = ScriptedTransport { _ throws(TransportError) in
            started.open()
            _ = await FirstAnswer<Void>().value()
            throw .failed(.cancelled)
        }
        let client = client(ScriptedResolver(["h.test": [["8.8.8.8"]]]), transport)
        let task = Task {
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(url: "https://h.test/"), policy: .strict)
            }
        }
        await started.wait()
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test("A closed client sends nothing")
    func closed() async {
        let transport = ScriptedTransport()
        let client = client(ScriptedResolver(["h.test": [["8.8.8.8"]]]), transport)
        await client.close()
        #expect(
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(url: "https://h.test/"), policy: .strict)
            } == .closed)
        #expect(transport.requests.isEmpty)
    }

    @Test("One busy host leaves room for others; the queue is bounded")
    func concurrency() async throws {
        let gate = ScriptedGate()
        let transport = ScriptedTransport { request throws(TransportError) in
            if request.url.host == .name("busy.test") { await gate.wait() }
            return OutboundResponse(status: 200)
        }
        let resolver = ScriptedResolver(["busy.test": [["8.8.8.8"]], "h.test": [["9.9.9.9"]]])
        let client = client(resolver, transport, limit: 4, hostLimit: 2, queue: 1)
        let busy = OutboundRequest(url: "https://busy.test/")
        let waiting = (0..<3).map { _ in
            Task { await failure { () async throws(OutboundError) in try await client.send(busy, policy: .strict) } }
        }
        try await eventually("two run and one waits") {
            transport.requests.count == 2 && client.waitingRequests == 1
        }
        #expect(
            await failure { () async throws(OutboundError) in try await client.send(busy, policy: .strict) }
                == .overloaded)
        #expect(
            await failure { () async throws(OutboundError) in
                try await client.send(OutboundRequest(url: "https://h.test/"), policy: .strict)
            } == nil)
        gate.open()
        for task in waiting { #expect(await task.value == nil) }
        #expect(client.waitingRequests == 0)
        #expect(client.activeRequests == 0)
    }

    @Test("A request that stops waiting for its turn takes nobody's place")
    func cancelledInQueue() async throws {
        let gate = ScriptedGate()
        let transport = ScriptedTransport { _ throws(TransportError) in
            await gate.wait()
            return OutboundResponse(status: 200)
        }
        let client = client(ScriptedResolver(["h.test": [["8.8.8.8"]]]), transport, hostLimit: 1)
        let request = OutboundRequest(url: "https://h.test/")
        let first = Task {
            await failure { () async throws(OutboundError) in try await client.send(request, policy: .strict) }
        }
        try await eventually("the first runs") { transport.requests.count == 1 }
        let second = Task {
            await failure { () async throws(OutboundError) in try await client.send(request, policy: .strict) }
        }
        try await eventually("the second waits") { client.waitingRequests == 1 }
        second.cancel()
        #expect(await second.value == .cancelled)
        #expect(client.waitingRequests == 0)
        gate.open()
        #expect(await first.value == nil)
        #expect(client.activeRequests == 0)
    }

    @Test("The memory of answers is bounded")
    func resolutionBound() {
        let cache = ResolutionCache()
        let now = ContinuousClock.now
        for number in 0..<ResolutionCache.capacity * 2 {
            cache.store([.v4(1)], of: "h\(number).test", now: now + .milliseconds(number))
        }
        #expect(cache.count == ResolutionCache.capacity)
        #expect(cache.addresses(of: "h0.test", now: now) == nil)
        #expect(cache.addresses(of: "h\(ResolutionCache.capacity * 2 - 1).test", now: now) == [.v4(1)])
    }

    @Test("The system resolver knows this machine, and gives up when told to")
    func systemResolver() async throws {
        let resolver = SystemResolver()
        let addresses = try await resolver.addresses(of: "localhost")
        #expect(addresses.contains(.v4(0x7F00_0001)) || addresses.contains(.v6(high: 0, low: 1)))
        #expect(addresses.count == Set(addresses).count)
        let task = Task { () -> OutboundError? in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(OutboundError) {
                _ = try await resolver.addresses(of: "localhost")
                return nil
            } catch {
                return error
            }
        }
        #expect(await task.value == .cancelled)
    }
}
