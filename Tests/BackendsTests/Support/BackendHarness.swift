// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import MCPTypes
import NIOCore
import NIOPosix
import OutgoingAuth
import Synchronization
import TestSupport

@testable import Backends

/// One backend with its own shards, as the program makes it, for the length of one test.
struct BackendHarness: Sendable {
    let backend: Backend
    let shards: Shards
    let log: RecordedLog

    var shard: Shard { shards.all[0] }

    typealias Configure = (inout BackendSettings) -> Void

    static func run<Outcome: Sendable>(
        _ endpoint: BackendSettings.Endpoint, configure: Configure = { _ in },
        answers: AnswerBudget = .unbounded, _ body: (BackendHarness) async throws -> Outcome
    ) async throws -> Outcome {
        let shards = Shards(group: MultiThreadedEventLoopGroup.singleton, answers: answers)
        shards.start()
        defer { shards.stop() }
        var settings = BackendSettings(name: "scripted", endpoint: endpoint, health: try HealthSettings())
        // Tests that are about the limit of a probe set their own; the others may run on a busy machine.
        settings.probeTimeout = .seconds(30)
        configure(&settings)
        let log = RecordedLog()
        let backend = try Backend(settings: settings, shards: shards, logger: log.logger)
        defer { backend.close() }
        return try await body(BackendHarness(backend: backend, shards: shards, log: log))
    }

    static func run<Outcome: Sendable>(
        _ url: String, configure: Configure = { _ in }, answers: AnswerBudget = .unbounded,
        _ body: (BackendHarness) async throws -> Outcome
    ) async throws -> Outcome {
        try await run(
            .streamableHTTP(try HTTPEndpoint(url).required(url)), configure: configure, answers: answers, body)
    }

    // MARK: Sessions

    func session(
        _ capabilities: String = "{}", inbox: Inbox = Inbox(), channel: (any ClientChannel)? = nil,
        credential: (any BackendCredential)? = nil, preference: EraPreference = .legacyFirst, isShared: Bool = false
    ) -> BackendSession {
        BackendSession(
            backend: backend, capabilities: ClientCapabilities(json(capabilities)),
            inbound: { inbox.add($0, $1) }, channel: { channel }, credential: credential, preference: preference,
            isShared: isShared)
    }

    /// Runs `body` with a new session and closes it.
    func withSession<Outcome: Sendable>(
        _ capabilities: String = "{}", inbox: Inbox = Inbox(), channel: (any ClientChannel)? = nil,
        _ body: (BackendSession) async throws -> Outcome
    ) async throws -> Outcome {
        let session = session(capabilities, inbox: inbox, channel: channel)
        do {
            let outcome = try await body(session)
            await session.close()
            return outcome
        } catch {
            await session.close()
            throw error
        }
    }

    /// Calls the tool `name`, from the loop that a request of a client would run on.
    func call(
        _ session: BackendSession, _ name: String = "echo", channel: (any ClientChannel)? = nil,
        token: String? = nil, headers: ForwardedHeaders = .none, isRepeatable: Bool = false,
        timeout: TimeAmount? = nil, on shard: Shard? = nil
    ) async -> Result<JSONSlice, BackendError> {
        let params = JSONSlice(["name": .string(name), "arguments": [:]])
        return await request(
            session, .toolsCall, params, channel: channel, token: token, headers: headers, isRepeatable: isRepeatable,
            timeout: timeout, on: shard)
    }

    func request(
        _ session: BackendSession, _ method: MCPMethod, _ params: JSONSlice? = nil,
        channel: (any ClientChannel)? = nil, token: String? = nil, headers: ForwardedHeaders = .none,
        isRepeatable: Bool = false, timeout: TimeAmount? = nil, on shard: Shard? = nil
    ) async -> Result<JSONSlice, BackendError> {
        let shard = shard ?? self.shard
        let options = BackendSession.CallOptions(
            shard: shard, channel: channel, progressToken: token.map { json($0) }, headers: headers,
            isRepeatable: isRepeatable, timeout: timeout)
        return await onLoop(of: shard) {
            do throws(BackendError) {
                return .success(try await session.call(method, params: params, options: options))
            } catch {
                return .failure(error)
            }
        }
    }

    /// - Returns: why it did not work.
    @discardableResult
    func subscribe(_ session: BackendSession, _ uri: String) async -> BackendError? {
        let shard = self.shard
        return await onLoop(of: shard) {
            do throws(BackendError) {
                try await session.subscribe(
                    to: uri, params: JSONSlice(["uri": .string(uri)]),
                    options: BackendSession.CallOptions(shard: shard, isRepeatable: true))
                return nil
            } catch {
                return error
            }
        }
    }

    func open(_ session: BackendSession) async throws -> Handshake { try await openResult(session).get() }

    func openResult(_ session: BackendSession) async -> Result<Handshake, BackendError> {
        let shard = self.shard
        return await onLoop(of: shard) {
            do throws(BackendError) {
                return .success(try await session.open(on: shard))
            } catch {
                return .failure(error)
            }
        }
    }

    /// One exchange below sessions.
    func exchange(_ text: String, timeout: TimeAmount? = .seconds(20)) async -> HTTPReply {
        let backend = self.backend
        let shard = self.shard
        return await onLoop(of: shard) {
            await backend.exchange(ByteBuffer(string: text), on: shard, timeout: timeout)
        }
    }

    /// Gives what is under way on the loops a chance to happen, for tests that then look whether it did not.
    func settle() async throws {
        for _ in 0..<3 {
            for shard in shards.all { try await shard.eventLoop.submit {}.get() }
        }
    }
}

/// Runs `body` as the gateway runs a request: in a task that starts on the loop and resumes there.
func onLoop<Outcome: Sendable>(of shard: Shard, _ body: @Sendable @escaping () async -> Outcome) async -> Outcome {
    let task = Task(executorPreference: shard.executor) { await body() }
    return await withTaskCancellationHandler {
        await task.value
    } onCancel: {
        task.cancel()
    }
}

/// Notifications that belong to no call.
final class Inbox: Sendable {
    struct Entry: Sendable {
        let method: MCPMethod
        let params: JSONSlice?
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ method: MCPMethod, _ params: JSONSlice?) {
        entries.withLock { $0.append(Entry(method: method, params: params)) }
    }

    var all: [Entry] { entries.withLock { $0 } }
    func all(_ method: MCPMethod) -> [JSONSlice?] { all.filter { $0.method == method }.map(\.params) }
}

func json(_ text: String) -> JSONSlice { JSONSlice(trusted: ByteBuffer(string: text)) }

struct Missing: Error, CustomStringConvertible {
    let description: String
}

extension Optional {
    func required(_ what: String) throws -> Wrapped {
        guard let self else { throw Missing(description: "missing: \(what)") }
        return self
    }
}

extension Result where Success == JSONSlice, Failure == BackendError {
    /// The text of a tool result's first block.
    var text: String? {
        (try? get())?["content"]?.elements.first { _ in true }?["text"]?.string
    }

    var error: BackendError? {
        if case .failure(let error) = self { error } else { nil }
    }

    var isOutcomeUnknown: Bool {
        if case .failure(.outcomeUnknown) = self { true } else { false }
    }

    var isUnavailable: Bool {
        if case .failure(.unavailable) = self { true } else { false }
    }

    var isInvalidResponse: Bool {
        if case .failure(.invalidResponse) = self { true } else { false }
    }
}
