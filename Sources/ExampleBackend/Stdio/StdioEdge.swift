// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import NIOCore
import Synchronization

/// The stdio edge of the example server: one message per line, one Legacy session per process.
///
/// A server of both eras takes Modern requests before, during and without that session.
final class StdioEdge: Sendable {
    static let lineLimit = 8 << 20

    private let server: ExampleServer
    private let descriptors: Descriptors
    private let logger: Logger
    /// How long calls may go on after the end of input.
    private let grace: Duration
    private let session = Mutex<Session?>(nil)
    private let modern = RunningRequests()
    /// Ends with `stop`.
    private let life: AsyncStream<Never>
    private let end: AsyncStream<Never>.Continuation

    init(server: ExampleServer, descriptors: Descriptors, logger: Logger, grace: Duration = .seconds(1)) {
        self.server = server
        self.descriptors = descriptors
        self.logger = logger
        self.grace = grace
        (life, end) = AsyncStream.makeStream()
    }

    /// Serves until the end of input, or until `stop`.
    func run() async throws {
        let outlet = LineOutlet(descriptors)
        if server.options.faults.banner {
            await outlet.send(ByteBuffer(string: "*** Welcome to the example backend ***"))
        }
        var splitter = LineSplitter(limit: Self.lineLimit)
        do {
            while let bytes = try await descriptors.read() {
                for line in splitter.lines(in: bytes) { await receive(line, outlet) }
            }
        } catch {
            logger.error("standard input failed", metadata: ["error": "\(error)"])
        }
        await drain()
        if server.options.faults.ignoresEndOfInput {
            for await _ in life {}
        }
    }

    /// Ends the session and lets `run` return.
    func stop() {
        server.shutDown()
        modern.cancelAll()
        descriptors.stop()
        end.finish()
    }

    /// Lets the calls finish that can: nobody is left to answer their questions.
    private func drain() async {
        let session = session.withLock { $0 }
        session?.abandonQuestions()
        server.subscriptions.endAll(closing: true)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [modern] in
                await session?.idle()
                await modern.idle()
            }
            group.addTask { [grace, modern] in
                do { try await Task.sleep(for: grace) } catch { return }
                session?.close()
                modern.cancelAll()
            }
            await group.next()
            group.cancelAll()
        }
        server.shutDown()
        await session?.idle()
        await modern.idle()
    }

    // MARK: Messages

    private func receive(_ line: LineSplitter.Line, _ outlet: LineOutlet) async {
        guard case .line(let bytes) = line else {
            await outlet.send(RPCError.parse("A line has at most \(Self.lineLimit) bytes").message(id: nil))
            return
        }
        let text: JSONSlice
        do {
            text = try JSONSlice(validating: bytes)
        } catch {
            await outlet.send(RPCError.parse("Parse error: \(error)").message(id: nil))
            return
        }
        do throws(RPCError) {
            if text.kind == .array {
                try await batch(text, outlet)
            } else {
                try await receive(Message(text), LineExchange(outlet, expecting: 1, isBatch: false))
            }
        } catch {
            await outlet.send(error.message(id: nil))
        }
    }

    private func batch(_ text: JSONSlice, _ outlet: LineOutlet) async throws(RPCError) {
        guard session.withLock({ $0 })?.revision.hasBatches == true else {
            throw .invalidRequest("Batches exist in revision 2025-03-26 alone")
        }
        var messages: [Message] = []
        for element in text.elements { messages.append(try Message(element)) }
        guard (1...100).contains(messages.count) else { throw .invalidRequest("A batch has 1 to 100 messages") }
        let requests = messages.count { if case .request = $0 { true } else { false } }
        let exchange = LineExchange(outlet, expecting: requests, isBatch: true)
        for message in messages { try await receive(message, exchange) }
    }

    /// Serves one message. This is where the era of a message is decided.
    private func receive(_ message: Message, _ exchange: LineExchange) async throws(RPCError) {
        let session = session.withLock { $0 }
        switch message {
        case .request(let request) where isModern(request, session):
            await answer(request, exchange)
        case .notification("notifications/cancelled", let params)
        where params?["requestId"].map({ modern.cancel($0) }) == true:
            server.counters.count(.notifications)
        case .notification(let method, let params):
            if let session { server.receive(method, params, in: session) }
        case .answer(let id, let answer):
            if let session { server.receive(answer, id: id, in: session) }
        case .request(let request):
            await exchange.deliver(await reply(to: request, session, exchange), to: request.id)
        }
    }

    private func isModern(_ request: ClientRequest, _ session: Session?) -> Bool {
        switch server.switches.era {
        case .legacy: return false
        case .modern: return true
        case .dual:
            if session == nil, request.method == "server/discover" { return true }
            let declared = request.meta?.declaredVersion
            return EraSignal.of(header: nil, declared: declared, hasSession: session != nil) == .modern
        }
    }

    /// Answers a request of the Modern era, which has no headers here.
    private func answer(_ request: ClientRequest, _ exchange: LineExchange) async {
        let id = request.id
        if server.switches.era == .modern, request.method == "initialize", request.meta?.declaredVersion == nil {
            let requested = request.params?["protocolVersion"]?.string ?? ""
            return await exchange.deliver(.failure(.unsupportedVersion(requested)), to: id)
        }
        switch server.modern(request, fields: nil, origin: NoHeaders()) {
        case .ready(let reply):
            await exchange.deliver(reply, to: id)
        case .running(let operation):
            do {
                try modern.start(id) { await exchange.deliver(await operation(exchange.outlet), to: id) }
            } catch {
                await exchange.deliver(.failure(error), to: id)
            }
        }
    }

    /// The reply to a request, or nil when its call is running now.
    private func reply(to request: ClientRequest, _ session: Session?, _ exchange: LineExchange) async -> Reply? {
        do throws(RPCError) {
            guard let session else {
                if request.method == "ping" { return .result([:]) }
                guard request.method == "initialize" else {
                    throw .invalidRequest("The first request is initialize")
                }
                let opened = try await server.open(id: "stdio", request.params) { _ in exchange.outlet }
                self.session.withLock { $0 = opened.session }
                return opened.result
            }
            switch server.work(for: request, in: session, origin: NoHeaders()) {
            case .ready(let reply):
                return reply
            case .running(let operation):
                let id = request.id
                try server.run(operation, id: id, in: session, outlet: exchange.outlet) { reply in
                    await exchange.deliver(reply, to: id)
                }
                return nil
            }
        } catch {
            return .failure(error)
        }
    }

    private struct NoHeaders: RequestOrigin {
        var headers: [(name: String, value: String)]? { nil }
    }
}
