// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Backends
import JSONTypes
package import Logging
import MCPTypes
import NIOCore
import NIOPosix
import Synchronization
package import VirtualServer

/// The gateway as a server on standard input and output, for clients that start it as a child process.
///
/// One message a line, nothing else on standard output; the end of input ends the session and with it the process
/// (2025-11-25, Transports, stdio).
package final class StdioServer: Sendable {
    private let settings: GatewaySettings
    private let dispatcher: LegacyDispatcher
    private let modern: ModernService
    private let principal: Principal
    private let shard: Shard
    private let logger: Logger

    package init(
        settings: GatewaySettings, server: VirtualServer, shared: SharedSessions? = nil, principal: Principal,
        shards: Shards, logger: Logger
    ) {
        self.settings = settings
        self.dispatcher = LegacyDispatcher(server: server)
        self.modern = ModernService(server: server, shared: shared, shards: shards, limits: settings.limits)
        self.principal = principal
        self.shard = shards.all[0]
        self.logger = logger
    }

    /// Serves until the end of input.
    package func run(input: CInt, output: CInt) async throws {
        let connection = StdioConnection(
            settings: settings, dispatcher: dispatcher, modern: modern, principal: principal, shard: shard,
            logger: logger)
        let channel = try await NIOPipeBootstrap(group: shard.eventLoop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            // Before the first byte is read: a client may have written long ago.
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(connection) }
            }
            .takingOwnershipOfDescriptors(input: input, output: output)
            .get()
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            connection.shutDown(channel)
        }
        await connection.finish()
    }
}

/// The one connection of a stdio server.
///
/// A client that does not read what it is told is not read from either, so that no answer has to be dropped: what is
/// queued then is bounded by what is in flight.
///
/// `@unchecked Sendable`: `framer`, `session`, `listener`, `modernWork` and `heldRead` are confined to the channel's
/// loop; `channel` and `queuedBytes` are guarded, so that `write` may be called from anywhere.
final class StdioConnection: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let settings: GatewaySettings
    private let dispatcher: LegacyDispatcher
    let modern: ModernService
    let principal: Principal
    let shard: Shard
    private let channel = Mutex<(any Channel)?>(nil)
    private let logger: Logger
    private var framer: LineFramer
    private var session: ClientSession?
    private var listener: Int?
    /// Requests without an answer yet; confined to the loop like `isInputClosed`.
    var openRequests = 0
    private(set) var isInputClosed = false
    let knownMeta = KnownMeta()
    /// Modern requests and subscriptions without a last word yet.
    var modernWork: [RequestID: ModernWork] = [:]
    /// Requests of the session without an answer yet.
    private var legacyIDs: Set<RequestID> = []
    private let queuedBytes = Mutex(0)
    /// A read that waits until the client has read enough.
    private var heldRead: ChannelHandlerContext?

    /// How long requests that are running at the end of input may take.
    private static let patience = TimeAmount.seconds(10)
    /// How long a client may take to read the last words when the process is told to end.
    private static let farewell = TimeAmount.milliseconds(500)

    init(
        settings: GatewaySettings, dispatcher: LegacyDispatcher, modern: ModernService, principal: Principal,
        shard: Shard, logger: Logger
    ) {
        self.settings = settings
        self.dispatcher = dispatcher
        self.modern = modern
        self.principal = principal
        self.shard = shard
        self.logger = logger
        framer = LineFramer(maxLineBytes: settings.limits.requestBodyBytes)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let added = context.channel
        channel.withLock { $0 = added }
    }

    func read(context: ChannelHandlerContext) {
        if isFull { heldRead = context } else { context.read() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { heldRead = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        framer.append(unwrapInboundIn(data))
        while true {
            do throws(LineFramingError) {
                guard let line = try framer.next() else { return }
                receive(line)
            } catch {
                logger.warning("A line from the client is too long", metadata: ["error": "\(error)"])
                answer(OutgoingMessage(id: nil, error: RequestError(.invalidRequest, "The message is too large")))
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            isInputClosed = true
            if openRequests == 0 {
                shutDown(context.channel)
            } else {
                modern.subscriptions.end { _ in true }
                // What was asked before the end is still answered: `printf … | vmcp serve --stdio` is a fair use.
                let channel = context.channel
                context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func requestEnded() {
        openRequests -= 1
        guard isInputClosed, openRequests == 0, let channel = channel.withLock({ $0 }) else { return }
        // Behind the last answer in the channel's queue.
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Ends the session after the channel has closed.
    func finish() async {
        let (session, listener) = await withCheckedContinuation { continuation in
            shard.eventLoop.execute { continuation.resume(returning: (self.session, self.listener)) }
        }
        if let listener { dispatcher.server.capabilities.removeListener(listener) }
        await session?.close()
        await modern.close()
    }

    /// Subscriptions get their results, and then the channel closes: nobody asks for anything any more.
    func shutDown(_ channel: any Channel) {
        modern.subscriptions.end { _ in true }
        channel.eventLoop.execute {
            channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
            channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
        }
    }

    /// Ids are unique over both eras: a cancellation says nothing about which one it means.
    func isInFlight(_ id: RequestID) -> Bool {
        if case .subscription(let subscription) = modernWork[id], subscription.isEnded { modernWork[id] = nil }
        return modernWork[id] != nil || legacyIDs.contains(id)
    }

    // MARK: Messages

    private func receive(_ line: ByteBuffer) {
        let message: MCPMessage
        do throws(MCPMessageError) {
            message = try MCPMessage(parsing: line, limits: settings.limits.json)
        } catch {
            if case .batch = error, let session, session.revision.allowsBatches {
                batch(line, session)
            } else {
                answer(OutgoingMessage(id: error.id, error: error.requestError))
            }
            return
        }
        let params: JSONSlice? =
            switch message {
            case .request(_, _, let params), .notification(_, let params): params
            case .response: nil
            }
        if case .notification(.cancelled, _) = message, cancelModern(params) { return }
        if case .modern = EraSwitch.decide(header: nil, params: params, hasSession: session != nil) {
            serveModern(message)
            return
        }
        switch message {
        case .request(let id, .initialize, let params) where session == nil: open(id, params)
        case .request(let id, .ping, _) where session == nil:
            answer(OutgoingMessage(id: id, result: JSONSlice.emptyObject.bytes))
        case .request(let id, let method, let params):
            guard let session else {
                answer(OutgoingMessage(id: id, error: RequestError(.invalidRequest, "initialize comes first")))
                return
            }
            serve(id, method, params, session)
        case .notification(let method, let params):
            guard let session else { return }
            dispatcher.receive(method, params: params, session: session, caller: caller(session))
        case .response(let id, let outcome):
            session?.receive(answerTo: id, outcome)
        }
    }

    private func open(_ id: RequestID, _ params: JSONSlice?) {
        do throws(RequestError) {
            let opening = try LegacyDispatcher.Opening(params)
            let session = ClientSession(
                id: "stdio", principal: principal, revision: opening.revision, capabilities: opening.capabilities,
                limits: settings.limits, credentials: dispatcher.server.credentials, output: { [self] in write($0) })
            self.session = session
            session.backends.setListening(true, on: shard)
            let server = dispatcher.server
            listener = server.capabilities.addListener { [weak session] in session?.listsChanged($0) }
            openRequests += 1
            _ = Task.immediate(executorPreference: shard.executor) {
                let result = await server.initializeResult(revision: opening.revision)
                self.answer(OutgoingMessage(id: id, result: result))
                self.requestEnded()
            }
        } catch {
            answer(OutgoingMessage(id: id, error: error))
        }
    }

    private func serve(_ id: RequestID, _ method: MCPMethod, _ params: JSONSlice?, _ session: ClientSession) {
        guard !isInFlight(id) else {
            answer(OutgoingMessage(id: id, error: RequestError(.invalidRequest, "A request with this id is in flight")))
            return
        }
        let request: InFlightRequest
        switch session.begin(id) {
        case .admitted(let admitted): request = admitted
        case .duplicate:
            answer(OutgoingMessage(id: id, error: RequestError(.invalidRequest, "A request with this id is in flight")))
            return
        case .tooMany:
            answer(OutgoingMessage(id: id, error: RequestError(.overloaded, "Too many requests at a time")))
            return
        case .closed: return
        }
        let caller = caller(session)
        let dispatcher = self.dispatcher
        openRequests += 1
        legacyIDs.insert(id)
        let task = Task.immediate(executorPreference: shard.executor) {
            let message: OutgoingMessage
            do throws(RequestError) {
                let result = try await dispatcher.result(of: method, params: params, session: session, caller: caller)
                message = OutgoingMessage(id: id, result: result)
            } catch {
                message = OutgoingMessage(id: id, error: error)
            }
            let isUnwanted = session.end(id, request)
            self.legacyIDs.remove(id)
            if !isUnwanted { self.answer(message) }
            self.requestEnded()
        }
        request.adopt(task)
    }

    private func batch(_ line: ByteBuffer, _ session: ClientSession) {
        var batch: MessageBatch
        do throws(RequestError) {
            batch = try MessageBatch(line, limits: settings.limits)
        } catch {
            answer(OutgoingMessage(id: nil, error: error))
            return
        }
        batch.refuse(where: isInFlight)
        let caller = caller(session)
        for (method, params) in batch.notifications {
            dispatcher.receive(method, params: params, session: session, caller: caller)
        }
        for (id, outcome) in batch.responses { session.receive(answerTo: id, outcome) }
        guard batch.expectsAnswer else { return }
        let dispatcher = self.dispatcher
        openRequests += 1
        let ids = batch.requests.map(\.id)
        legacyIDs.formUnion(ids)
        _ = Task.immediate(executorPreference: shard.executor) { [batch] in
            let answers = await batch.serve(dispatcher, session: session, caller: caller)
            self.legacyIDs.subtract(ids)
            if let answers { _ = self.write(answers, isAnswer: true) }
            self.requestEnded()
        }
    }

    private func caller(_ session: ClientSession) -> Caller {
        Caller(
            principal: principal, revision: session.revision, shard: shard, channel: GeneralChannel(session: session),
            sessions: session.backends)
    }

    // MARK: Output

    func answer(_ message: OutgoingMessage) { _ = write(message.contiguous, isAnswer: true) }

    /// Whether so much waits for the client that nothing more is taken from it.
    private var isFull: Bool { queuedBytes.withLock { $0 >= settings.limits.queuedBytesPerStream * 8 } }

    /// Writes one line. White space in a message may hold line ends, which would break the framing, so they become
    /// spaces; inside strings JSON has none.
    ///
    /// - Parameter isAnswer: whether the client waits for the message; others are dropped while it does not read.
    func write(_ message: ByteBuffer, isAnswer: Bool = false) -> Bool {
        guard let channel = channel.withLock({ $0 }), channel.isActive else { return false }
        let count = message.readableBytes + 1
        guard isAnswer || !isFull else {
            logger.warning("The client does not read; a message was dropped")
            return false
        }
        var line = ByteBufferAllocator().buffer(capacity: count)
        if message.readableBytesView.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
            line.writeBytes(message.readableBytesView.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
        } else {
            line.writeImmutableBuffer(message)
        }
        line.writeStaticString("\n")
        queuedBytes.withLock { $0 += count }
        var share = BudgetShare(of: shard.answers)
        share.hold(count)
        channel.writeAndFlush(line).whenComplete { [self, share] _ in
            var share = share
            share.giveBack()
            queuedBytes.withLock { $0 -= count }
            guard let context = heldRead, !isFull else { return }
            heldRead = nil
            context.read()
        }
        return true
    }
}
