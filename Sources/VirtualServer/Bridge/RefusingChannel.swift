// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import Synchronization

/// The channel of a Modern request whose backend cannot wait for a second one: it passes on what the backend tells and
/// refuses what it asks, remembering why.
///
/// It pretends to support everything, so that it is asked at all and can tell "not declared" from "not possible here".
final class RefusingChannel: ClientChannel {
    private let base: any ClientChannel
    private let refused = Mutex<(undeclared: [CapabilityNeed], isOff: Bool)>(([], false))

    init(_ base: any ClientChannel) { self.base = base }

    let capabilities: ClientCapabilities = {
        var all = ClientCapabilities()
        all.roots = .emptyObject
        all.sampling = JSONSlice(["tools": [:], "context": [:]])
        all.elicitation = JSONSlice(["form": [:], "url": [:]])
        return all
    }()

    func notify(_ method: MCPMethod, params: JSONSlice?) { base.notify(method, params: params) }

    func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        guard let need = CapabilityNeed(method, params) else { throw .methodNotFound(method.name) }
        guard need.isMet(by: base.capabilities) else {
            refused.withLock { refused in
                if !refused.undeclared.contains(need) { refused.undeclared.append(need) }
            }
            throw need.refusal(to: method, declared: base.capabilities)
        }
        refused.withLock { $0.isOff = true }
        switch need {
        case .forms, .urls: return JSONSlice(["action": "cancel"])
        case .sampling, .samplingTools:
            throw RequestError(ErrorCode(rawValue: -1), "User rejected sampling request")
        case .roots: throw RequestError(.internalError, "The client's roots are not available")
        }
    }

    /// What the client is told of a call that the backend ended with an error after its questions were refused; `nil`
    /// when none was. A result passes, because tools often go on without an answer.
    func explanation(backend: String) -> RequestError? {
        refused.withLock { refused in
            if !refused.undeclared.isEmpty {
                return .missingCapability(CapabilityNeed.required(refused.undeclared))
            }
            guard refused.isOff else { return nil }
            return RequestError(
                .internalError, "Backend \"\(backend)\" asked the client something, which is not supported here"
            ).because("interaction_not_supported")
        }
    }
}
