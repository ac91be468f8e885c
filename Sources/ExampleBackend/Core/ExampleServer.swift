// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// The server behind both edges: sessions, lists and tools, without any transport.
package final class ExampleServer: Sendable {
    package let options: ExampleBackendOptions
    package let catalogue: Catalogue
    package let sessions: SessionTable
    package let counters = Counters()
    package let subscriptions = Subscriptions()
    package let switches: Switches
    let rounds = RoundStates()
    package let jobs: JobTable
    let offer: Offer
    /// The identity in results of the Modern era.
    let serverInfo: JSONSlice
    /// `_meta` of a Modern result that has no other.
    let modernMeta: ByteBuffer
    /// Ends the process at once, for the tool `crash`.
    let terminate: @Sendable (Int32) -> Void

    package init(options: ExampleBackendOptions, terminate: @escaping @Sendable (Int32) -> Void) {
        self.options = options
        self.terminate = terminate
        var offer = Offer.of(options.profile)
        offer.tools += SyntheticTools.make(options.extraTools)
        if options.faults.invalidTools { offer.tools += SyntheticTools.invalid }
        if let name = options.name { offer.name = name }
        if options.faults.invalidHeaderTools { offer.tools += HeaderTools.invalid }
        offer.tools = offer.tools.map { $0.uncounted() }
        self.offer = offer
        serverInfo = JSONSlice(["name": .string(offer.name), "title": .string(offer.title), "version": "1.0.0"])
        modernMeta = JSONSlice(["io.modelcontextprotocol/serverInfo": .slice(serverInfo)]).bytes
        switches = Switches(options)
        catalogue = Catalogue(
            offer, pageSize: options.pageSize, endless: options.faults.endlessPages,
            cacheMilliseconds: options.cacheMilliseconds)
        sessions = SessionTable(limit: options.sessionLimit)
        jobs = JobTable(limit: options.taskLimit)
    }

    /// Every counter, and the calls of each tool, as JSON.
    package var stats: ByteBuffer {
        var stats = counters.value
        stats["liveSessions"] = .number(JSONNumber(sessions.count))
        stats["liveTasks"] = .number(JSONNumber(jobs.count))
        stats["openSubscriptions"] = .number(JSONNumber(subscriptions.count))
        stats["tools"] = .object(catalogue.executions)
        var buffer = ByteBuffer()
        buffer.writeJSON(.object(stats))
        return buffer
    }

    // MARK: Sessions

    /// Serves `initialize`: agrees on a revision and opens a session.
    ///
    /// A revision that is not supported is answered with the latest one (MCP lifecycle, version negotiation).
    /// Throws `-32602` for parameters that are not those of `initialize`.
    package func open(
        id: String, _ params: JSONSlice?, transport: (Revision) -> any SessionTransport
    ) async throws(RPCError) -> (session: Session, result: Reply) {
        counters.count(.initializes)
        if options.faults.initializeDelay > .zero {
            do { try await Task.sleep(for: options.faults.initializeDelay) } catch { return try stopping() }
        }
        if options.faults.refusesInitialize { throw RPCError(code: -32603, message: "Not today") }
        guard let params, let requested = params["protocolVersion"]?.string,
            let capabilities = params["capabilities"], capabilities.kind == .object,
            let clientInfo = params["clientInfo"], clientInfo.kind == .object
        else {
            throw .invalidParams("initialize needs protocolVersion, capabilities and clientInfo")
        }
        let newest = min(options.faults.newestRevision ?? .latestLegacy, .latestLegacy)
        let revision = min(Revision(rawValue: requested) ?? newest, newest)
        let session = Session(
            id: id, revision: revision, capabilities: capabilities, clientInfo: clientInfo,
            transport: transport(revision))
        let (inserted, evicted) = sessions.insert(session)
        guard inserted else { return try stopping() }
        counters.count(.sessionsOpened)
        if let evicted { end(evicted) }
        return (session, initializeResult(revision))
    }

    private func stopping<T>() throws(RPCError) -> T {
        throw RPCError(code: -32603, message: "The server is stopping")
    }

    /// A session for one request of a server without sessions: its id is never told to anyone.
    package func transientSession(_ revision: Revision, transport: any SessionTransport) -> Session {
        Session(
            id: RandomID.make(), revision: revision, capabilities: .emptyObject, clientInfo: .emptyObject,
            transport: transport)
    }

    /// Keeps a transient session within reach while one of its calls runs; `close` lets it go.
    package func keep(_ session: Session) throws(RPCError) {
        let (inserted, evicted) = sessions.insert(session)
        guard inserted else { return try stopping() }
        if let evicted { end(evicted) }
    }

    /// Ends one session; false when there is none under this id.
    package func close(_ id: String) -> Bool {
        guard let session = sessions.remove(id) else { return false }
        end(session)
        return true
    }

    /// Ends every session, so that requests under their ids are refused.
    package func dropSessions(closing: Bool = false) {
        for session in sessions.removeAll(closing: closing) { end(session) }
    }

    private func end(_ session: Session) {
        counters.count(.sessionsClosed)
        jobs.removeAll(owner: session.id)
        session.close()
    }

    /// Ends everything that would keep an edge from stopping.
    package func shutDown() {
        jobs.close()
        subscriptions.endAll(closing: true)
        dropSessions(closing: true)
    }

    /// Tells every session, and every stream that wants to know, that a list changed.
    func announce(list: String) async {
        subscriptions.changed(list: list)
        let message = Peer.notification("notifications/\(list)/list_changed")
        for session in sessions.all { await session.transport.announce(message) }
    }

    // MARK: Messages

    /// What a request needs in order to be answered.
    package enum Work: Sendable {
        /// It is answered already.
        case ready(Reply)
        /// It has to run, and may talk to the client meanwhile.
        case running(@Sendable (Peer) async throws -> Reply)
    }

    /// Serves a notification; unknown ones are ignored.
    package func receive(_ method: String, _ params: JSONSlice?, in session: Session) {
        counters.count(.notifications)
        switch method {
        case "notifications/cancelled":
            if let id = params?["requestId"], session.cancel(id) { counters.count(.cancellations) }
        case "notifications/roots/list_changed":
            counters.count(.rootsChanges)
        default:
            break
        }
    }

    /// Hands the client's answer to the call that asked.
    package func receive(_ answer: ClientAnswer, id: JSONSlice, in session: Session) {
        counters.count(session.receive(answer, id: id) ? .answers : .strayAnswers)
    }

    /// Runs work as a task of its session and delivers one reply, unless the session ends first.
    package func run(
        _ operation: @escaping @Sendable (Peer) async throws -> Reply, id: JSONSlice, in session: Session,
        outlet: any Outlet, deliver: @escaping @Sendable (Reply) async -> Void
    ) throws(RPCError) {
        let peer = Peer(session: session, outlet: outlet, counters: counters, patience: options.patience)
        try session.start(id) {
            await deliver(await Self.reply(of: operation, peer))
        }
    }

    private static func reply(
        of operation: @Sendable (Peer) async throws -> Reply, _ peer: Peer
    ) async -> Reply {
        do {
            return try await operation(peer)
        } catch {
            return reply(to: error, in: peer.session)
        }
    }

    /// The reply to a tool that threw.
    static func reply(to error: any Error, in session: Session) -> Reply {
        switch error {
        case is CancellationError: .silence
        case let error as RPCError: .failure(error)
        case let failure as ToolFailure: .result(ToolResult.failure(failure.text).value(for: session.revision))
        default: .failure(RPCError(code: -32603, message: "Internal error: \(error)"))
        }
    }
}
