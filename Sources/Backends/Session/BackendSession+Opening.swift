// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
package import MCPTypes
import NIOCore
import Synchronization

extension BackendSession {
    func readyConnection() -> Connection? {
        state.withLock { state in
            if case .ready(let connection) = state.phase { connection } else { nil }
        }
    }

    package var handshake: Handshake? { readyConnection()?.handshake }

    /// The era of the open connection.
    package var openEra: ProtocolRevision.Era? { readyConnection()?.handshake.revision.era }

    /// Opens the session if it is not open; callers that come meanwhile wait for the same attempt.
    package func open(on shard: Shard, headers: ForwardedHeaders = .none) async throws(BackendError) -> Handshake {
        if let ready = readyConnection() { return ready.handshake }
        let deadline = NIODeadline.now() + backend.settings.requestTimeout
        do throws(BackendError) {
            return try await connect(on: shard, headers: headers, deadline: deadline).handshake
        } catch {
            throw error.ofHandshake
        }
    }

    func connect(
        on shard: Shard, headers: ForwardedHeaders, deadline: NIODeadline
    ) async throws(BackendError) -> Connection {
        let waiter = PendingCall(id: 0, shard: shard, timeout: .zero, deadline: deadline)
        let isFirst = state.withLock { state in
            switch state.phase {
            case .idle:
                state.phase = .connecting([waiter])
                return true
            case .connecting(let waiting):
                state.phase = .connecting(waiting + [waiter])
            case .ready: waiter.deliver(.result(.null))
            case .closed: waiter.deliver(.failed(.closed))
            }
            return false
        }
        // Its own task: the attempt serves everyone who waits, so one caller's cancellation must not end it.
        if isFirst { tasks.run(on: shard.executor) { await self.establish(on: shard, headers: headers) } }
        shard.watch(waiter)
        let outcome = await waiter.wait()
        shard.unwatch(waiter)
        if case .failed(let error) = outcome { throw error }
        guard let connection = readyConnection() else { throw .sessionLost }
        return connection
    }

    func establish(on shard: Shard, headers: ForwardedHeaders) async {
        let outcome: Result<Connection, BackendError>
        do throws(BackendError) {
            outcome = .success(try await openConnection(on: shard, headers: headers))
        } catch {
            outcome = .failure(error)
        }
        let settled = settle(outcome)
        if case .success(let connection) = outcome {
            if settled.isClosed {
                await connection.link.close()
            } else {
                if settled.wantsListening { connection.link.listen(on: shard) }
                if settled.isReconnection { reopened(over: connection.link) }
            }
        }
        for waiter in settled.waiting {
            switch outcome {
            case .success: waiter.deliver(.result(.null))
            case .failure(let error): waiter.deliver(.failed(error))
            }
        }
    }

    struct Settlement {
        var waiting: [PendingCall] = []
        /// The session was closed while its connection was being made.
        var isClosed = false
        var wantsListening = false
        var isReconnection = false
    }

    func settle(_ outcome: Result<Connection, BackendError>) -> Settlement {
        state.withLock { state in
            guard case .connecting(let waiting) = state.phase else { return Settlement(isClosed: true) }
            var settlement = Settlement(waiting: waiting, wantsListening: state.needsListening)
            switch outcome {
            case .success(let connection):
                state.phase = .ready(connection)
                settlement.isReconnection = state.hasConnectedBefore
                state.hasConnectedBefore = true
            case .failure:
                state.phase = .idle
            }
            return settlement
        }
    }

    func handshake(
        over link: any SessionLink, proposing revision: ProtocolRevision? = nil, on shard: Shard,
        headers: ForwardedHeaders
    ) async throws(BackendError) -> Connection {
        let params = JSONSlice([
            "protocolVersion": .string((revision ?? .latestLegacy).rawValue),
            "capabilities": .slice(capabilities.declaration),
            "clientInfo": [
                "name": .string(GatewayIdentity.name), "version": .string(GatewayIdentity.version),
            ],
        ])
        let outcome = await performOwn(.initialize, params, over: link, on: shard, headers: headers)
        let result: JSONSlice
        switch outcome {
        case .result(let value): result = value
        case .failed(let error): throw error
        }
        guard let handshake = Handshake(result) else {
            throw .invalidResponse("initialize answered with a protocol version that the gateway does not speak")
        }
        link.adopt(handshake.revision)
        var initialized = ByteBuffer()
        initialized.writeNotification(method: .initialized, params: nil)
        try await link.send(initialized, on: shard)
        await replay(over: link, handshake, on: shard)
        backend.learn { $0.legacy = true }
        return Connection(link: link, handshake: handshake)
    }

    /// What the owner had set up in the session that was lost.
    func replay(over link: any SessionLink, _ handshake: Handshake, on shard: Shard) async {
        let (level, subscriptions) = state.withLock { ($0.logLevel, $0.subscriptions) }
        func send(_ method: MCPMethod, _ params: JSONValue) async {
            let outcome = await performOwn(method, JSONSlice(params), over: link, on: shard)
            if case .failed(let error) = outcome {
                backend.logger.warning(
                    "Backend session restored without part of its state",
                    metadata: ["method": "\(method.name)", "error": "\(error)"])
            }
        }
        if let level, handshake.capabilities.logging { await send(.setLevel, ["level": .string(level.rawValue)]) }
        if handshake.capabilities.subscribe {
            for uri in subscriptions.sorted() { await send(.resourcesSubscribe, ["uri": .string(uri)]) }
        }
    }
}
