// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes
import Logging
import MCPTypes

/// What every verb needs to reach a backend.
extension VirtualServer {
    func backend(_ name: String) throws(RequestError) -> Backend {
        guard let backend = backends[name] else { throw BackendError.closed.requestError(backend: name) }
        return backend
    }

    func session(with backend: Backend, _ caller: Caller) throws(RequestError) -> BackendSession {
        guard let session = caller.sessions.session(with: backend, on: caller.shard) else {
            throw BackendError.closed.requestError(backend: backend.name)
        }
        return session
    }

    func session(
        with name: String, _ caller: Caller
    ) throws(RequestError) -> (session: BackendSession, backend: Backend) {
        let backend = try backend(name)
        return (try session(with: backend, caller), backend)
    }

    func options(_ caller: Caller, _ params: JSONSlice, isRepeatable: Bool = true) -> BackendSession.CallOptions {
        BackendSession.CallOptions(
            shard: caller.shard, channel: caller.channel,
            progressToken: caller.revision.era == .modern ? caller.progressToken : params["_meta"]?["progressToken"],
            headers: caller.headers, isRepeatable: isRepeatable, logLevel: caller.logLevel)
    }

    /// Sends a request in which the backend cannot ask, and whose result is therefore complete.
    func send(
        _ method: MCPMethod, params: JSONSlice, to name: String, caller: Caller, isRepeatable: Bool
    ) async throws(RequestError) -> JSONSlice {
        let (session, backend) = try session(with: name, caller)
        do throws(BackendError) {
            let result = try await session.call(
                method, params: params, options: options(caller, params, isRepeatable: isRepeatable))
            guard result.kind == .object else { throw BackendError.invalidResponse("the result is no object") }
            guard session.era == .modern else { return MetaOwnership.crossing(result) }
            guard ResultType(of: result) == .complete else {
                throw BackendError.invalidResponse("\(method.name) was answered with something incomplete")
            }
            return ModernResult.legacy(MetaOwnership.crossing(result))
        } catch {
            throw report(error, of: backend)
        }
    }

    func report(_ error: BackendError, of backend: Backend) -> RequestError {
        switch error {
        case .answered, .cancelled, .closed: break
        default: backend.logger.warning("A request failed", metadata: ["error": "\(error)"])
        }
        return error.requestError(backend: backend.name)
    }

    /// Parameters that are interpreted here must be unambiguous.
    static func interpreted(_ params: JSONSlice?) throws(RequestError) -> JSONSlice {
        let params = try parameters(params)
        try refuseDuplicate(params.duplicateKey())
        return params
    }

    static func parameters(_ params: JSONSlice?) throws(RequestError) -> JSONSlice {
        guard let params, params.kind == .object else { throw .invalidParams("params must be an object") }
        return params
    }

    static func refuseDuplicate(_ key: String?) throws(RequestError) {
        if let key { throw .invalidParams("params has \"\(key.bounded(to: 64))\" twice") }
    }
}

extension BackendSession {
    /// The era, as far as it is certain before a connection is made; `nil` when the backend must be asked.
    var knownEra: ProtocolRevision.Era? {
        if let openEra { return openEra }
        switch backend.settings.era {
        case .legacy: return .legacy
        case .modern: return .modern
        case .auto: return backend.eras.modern == false && backend.eras.legacy == true ? .legacy : nil
        }
    }

    /// The era of the open connection, or of the one that the next call most probably opens.
    var era: ProtocolRevision.Era {
        if let knownEra { return knownEra }
        return backend.eras.legacy == false && backend.eras.modern == true ? .modern : .legacy
    }
}
