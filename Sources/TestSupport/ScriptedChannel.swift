// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import MCPTypes
import NIOCore
import Synchronization

/// A client as a backend sees it through the gateway: answers questions by script and remembers what it was told.
package final class ScriptedChannel: ClientChannel {
    package struct Told: Sendable {
        package let method: MCPMethod
        package let params: JSONSlice?
    }

    package typealias Answer = @Sendable (MCPMethod, JSONSlice?) async throws(RequestError) -> JSONSlice

    package let capabilities: ClientCapabilities
    private let answer: Answer
    private let state = Mutex<(told: [Told], asked: [Told])>(([], []))

    /// - Parameter capabilities: the object that the client declared, as JSON.
    package init(
        _ capabilities: String = "{}",
        answer: @escaping Answer = { method, _ throws(RequestError) in throw .methodNotFound(method.name) }
    ) {
        self.capabilities = ClientCapabilities(JSONSlice(trusted: ByteBuffer(string: capabilities)))
        self.answer = answer
    }

    /// The notifications, in order.
    package var told: [Told] { state.withLock { $0.told } }
    /// The questions, in order.
    package var asked: [Told] { state.withLock { $0.asked } }

    package func told(_ method: MCPMethod) -> [JSONSlice] { told.filter { $0.method == method }.compactMap(\.params) }

    package func notify(_ method: MCPMethod, params: JSONSlice?) {
        state.withLock { $0.told.append(Told(method: method, params: params)) }
    }

    package func ask(_ method: MCPMethod, params: JSONSlice?) async throws(RequestError) -> JSONSlice {
        state.withLock { $0.asked.append(Told(method: method, params: params)) }
        return try await answer(method, params)
    }
}
