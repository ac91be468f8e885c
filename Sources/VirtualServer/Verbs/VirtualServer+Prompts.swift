// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
package import JSONTypes
package import MCPTypes

extension VirtualServer {
    package func getPrompt(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let params = try Self.interpreted(params)
        guard let name = params["name"]?.string else { throw .invalidParams("name must be a string") }
        if let arguments = params["arguments"], arguments.kind != .object {
            throw .invalidParams("arguments must be an object")
        }
        try admit(caller.principal)
        var route = await routed(for: caller).prompt(named: name)
        if route == nil {
            await capabilities.settle(within: Self.startGrace)
            route = await routed(for: caller).prompt(named: name)
        }
        guard let route else { throw .invalidParams("Unknown prompt: \(name.bounded(to: 128))") }
        let renamed = route.renamed ? params.editing([JSONEdit(key: "name", value: route.originalNameJSON)]) : params
        var call = BackendCall(
            method: .promptsGet, target: name, backend: try backend(route.backend), original: route.originalNameJSON,
            parameters: RequestParameters(renamed), isRepeatable: true)
        call.withoutTask()
        return try await interact(call, caller)
    }

    /// Completion is a convenience: what cannot be completed has no suggestions, which is no error.
    package func complete(_ params: JSONSlice?, caller: Caller) async throws(RequestError) -> JSONSlice {
        let params = try Self.interpreted(params)
        guard let reference = params["ref"], let type = reference["type"]?.string else {
            throw .invalidParams("ref.type must be a string")
        }
        guard params["argument"]?["name"]?.string != nil else {
            throw .invalidParams("argument.name must be a string")
        }
        try admit(caller.principal)
        let backend: String
        var outgoing = params
        let routed = await routed(for: caller)
        switch type {
        case "ref/prompt":
            guard let name = reference["name"]?.string, let route = routed.prompt(named: name) else {
                return Self.noCompletions
            }
            backend = route.backend
            if route.renamed {
                let renamed = reference.editing([JSONEdit(key: "name", value: route.originalNameJSON)])
                outgoing = params.editing([JSONEdit(key: "ref", value: renamed)])
            }
        case "ref/resource":
            guard let uri = reference["uri"]?.string,
                let route = routed.template(uri) ?? routed.resource(uri: uri)
            else { return Self.noCompletions }
            backend = route.backend
        default:
            throw .invalidParams("ref.type must be ref/prompt or ref/resource")
        }
        do throws(RequestError) {
            let result = try await send(.complete, params: outgoing, to: backend, caller: caller, isRepeatable: true)
            return Self.boundedCompletion(result)
        } catch {
            // Servers before 2025-03-26 did not declare completion, so it is simply tried.
            guard error.code == .methodNotFound else { throw error }
            return Self.noCompletions
        }
    }

    private static let noCompletions = JSONSlice(["completion": ["values": [], "total": 0, "hasMore": false]])

    /// At most 100 values (2025-11-25, Completion).
    private static func boundedCompletion(_ result: JSONSlice) -> JSONSlice {
        guard let completion = result["completion"], let values = completion["values"] else { return result }
        let kept = Array(values.elements.prefix(101))
        guard kept.count > 100 else { return result }
        let bounded = completion.editing([
            JSONEdit(key: "values", value: JSONSlice(.array(kept.prefix(100).map { .slice($0) }))),
            JSONEdit(key: "hasMore", value: .true),
        ])
        return result.editing([JSONEdit(key: "completion", value: bounded)])
    }
}
