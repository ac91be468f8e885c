// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import Foundation
import JSONTypes
import Logging
import MCPTypes

/// Rounds towards Modern clients, and the errors that stand for one.
extension VirtualServer {
    /// A backend's round as its client gets it: our state in place of the backend's, which travels inside ours.
    ///
    /// Ours is there even when the backend has none, because it says where the next request goes and who may send it.
    func relayed(
        _ result: JSONSlice, _ call: BackendCall, _ subject: StateSubject, _ caller: Caller
    ) throws(RequestError) -> JSONSlice {
        let round: InputRound
        do throws(BackendError) {
            round = try InputRound(result, settings: bridge)
        } catch {
            throw report(error, of: call.backend)
        }
        let missing = round.missing(in: caller.channel.capabilities)
        guard missing.isEmpty else {
            call.backend.logger.warning(
                "A backend asked for what the client had not declared",
                metadata: ["needs": "\(missing.map(\.name).joined(separator: ", "))"])
            throw .missingCapability(CapabilityNeed.required(missing))
        }
        var edits = [JSONEdit(key: "requestState", value: try state(.relay, call, subject, round.state))]
        if !round.entries.isEmpty {
            edits.append(JSONEdit(key: "inputRequests", value: requests(of: round, call.backend.name)))
        }
        return result.editing(edits)
    }

    private func state(
        _ kind: StateSeal.Kind, _ call: BackendCall, _ subject: StateSubject, _ backendState: JSONSlice?
    ) throws(RequestError) -> JSONSlice {
        var fields: JSONObject = ["b": .string(call.backend.name), "o": .slice(call.original)]
        if let backendState { fields["s"] = .slice(backendState) }
        let lifetime = TimeInterval(bridge.roundLifetime.components.seconds)
        return JSONSlice(
            string: try seal.seal(kind, fields, for: subject, expires: seal.currentTime + lifetime))
    }

    /// The questions as they came, but for the label and for what would mean something else to the client than it
    /// does to the backend.
    private func requests(of round: InputRound, _ backend: String) -> JSONSlice {
        JSONSlice(
            members: round.entries.map { entry in
                let params = asked(entry, backend)
                guard let params, params != entry.params else { return (entry.key, entry.request) }
                return (entry.key, entry.request.editing([JSONEdit(key: "params", value: params)]))
            })
    }

    /// A question's parameters as any client of ours gets them.
    func asked(_ entry: InputRound.Entry, _ backend: String) -> JSONSlice? {
        guard var params = entry.params else { return nil }
        params = MetaOwnership.crossing(params)
        if bridge.labelsQuestions {
            params = QuestionLabel.labelled(params, of: entry.method, backend: backend) ?? params
        }
        // "thisServer" would mean the gateway, that is every backend, to the client.
        if entry.method == .createMessage, let context = params["includeContext"], !context.isString("none") {
            params = params.editing([JSONEdit(key: "includeContext", value: nil)])
        }
        return params
    }

    // MARK: Errors

    /// A failure in the words of the caller's revision, before a round may be made of it.
    func explained(
        _ error: BackendError, _ call: BackendCall, _ era: ProtocolRevision.Era, _ caller: Caller
    ) -> RequestError {
        let reported = report(error, of: call.backend)
        guard case .answered(let answer) = error, caller.revision.era == .legacy else { return reported }
        let backend = call.backend.name
        switch answer.code {
        case .missingRequiredClientCapability:
            return missingCapability(answer, backend, caller)
        case .urlElicitationRequired where caller.revision < .v2025_11_25:
            return Self.visitNeeded(backend)
        case .invalidParams where era == .modern && call.method == .resourcesRead && answer.data?["uri"] != nil:
            return RequestError(.resourceNotFound, answer.message, data: answer.data)
        default: return reported
        }
    }

    /// What a Modern client gets for an error of its call: a round where it stands for one, else an error that its
    /// revision knows.
    func converted(
        _ error: RequestError, _ call: BackendCall, _ subject: StateSubject, _ caller: Caller
    ) throws(RequestError) -> JSONSlice {
        switch error.code {
        case .missingRequiredClientCapability:
            throw missingCapability(error, call.backend.name, caller)
        case .urlElicitationRequired:
            guard caller.channel.capabilities.elicitsURLs, let visits = PageVisits(error, settings: bridge) else {
                throw Self.visitNeeded(call.backend.name)
            }
            return JSONSlice([
                "resultType": "input_required",
                "inputRequests": .slice(
                    visits.inputRequests(backend: call.backend.name, isLabelled: bridge.labelsQuestions)),
                "requestState": .slice(try state(.recall, call, subject, nil)),
            ])
        default: throw error
        }
    }

    /// The address stays out of the text: a person must not follow it without having been asked.
    private static func visitNeeded(_ backend: String) -> RequestError {
        RequestError(
            .internalError,
            "Backend \"\(backend)\" needs its user to visit a page first, which takes a client that supports "
                + CapabilityNeed.urls.name)
    }

    /// Going on without the visit would only ask for it again.
    static func refusedVisit(_ responses: JSONSlice?) -> RequestError? {
        let isRefused = responses?.members.contains { member in
            let action = member.value["action"]
            return action?.isString("decline") == true || action?.isString("cancel") == true
        }
        guard isRefused == true else { return nil }
        return RequestError(.clientDeclined, "The page that the backend needs to be visited was not")
    }

    /// -32021 from a backend is the client's own matter only when the client did leave the capability out.
    private func missingCapability(_ error: RequestError, _ backend: String, _ caller: Caller) -> RequestError {
        guard let required = error.data?["requiredCapabilities"], required.kind == .object,
            !CapabilityNeed.isDeclared(required, by: caller.channel.capabilities)
        else { return RequestError(.internalError, "Backend \"\(backend)\" refused the gateway's request") }
        if caller.revision.era == .modern {
            var error = error
            error.httpStatus = 400
            return error
        }
        let names = required.members.compactMap { member -> String? in
            guard let name = member.key.string?.bounded(to: 64) else { return nil }
            let parts = member.value.members.compactMap { $0.key.string?.bounded(to: 64) }
            return parts.isEmpty ? name : "\(name) (\(parts.prefix(8).joined(separator: ", ")))"
        }
        return RequestError(
            .internalError,
            "Backend \"\(backend)\" needs a client that supports \(names.prefix(8).joined(separator: ", "))")
    }
}
