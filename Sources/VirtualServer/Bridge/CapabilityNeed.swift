// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import MCPTypes

/// A client capability that one question of a backend needs.
package enum CapabilityNeed: Sendable, Hashable {
    case forms
    case urls
    case sampling
    case samplingTools
    case roots

    /// `nil` for what is no question, and for a mode of elicitation that no revision has.
    package init?(_ method: MCPMethod, _ params: JSONSlice?) {
        switch method {
        case .elicit:
            guard let mode = params?["mode"] else {
                self = .forms
                return
            }
            if mode.isString("form") {
                self = .forms
            } else if mode.isString("url") {
                self = .urls
            } else {
                return nil
            }
        case .createMessage:
            let usesTools = params?["tools"] != nil || params?["toolChoice"] != nil
            self = usesTools ? .samplingTools : .sampling
        case .rootsList: self = .roots
        default: return nil
        }
    }

    package func isMet(by declared: ClientCapabilities) -> Bool {
        switch self {
        case .forms: declared.elicitsForms
        case .urls: declared.elicitsURLs
        case .sampling: declared.sampling != nil
        case .samplingTools: declared.samplesWithTools
        case .roots: declared.roots != nil
        }
    }

    /// How a person calls it.
    package var name: String {
        switch self {
        case .forms: "elicitation (form mode)"
        case .urls: "elicitation (URL mode)"
        case .sampling: "sampling"
        case .samplingTools: "sampling with tools"
        case .roots: "roots"
        }
    }

    /// What the backend is answered whose client has not declared it: an undeclared method does not exist, and an
    /// undeclared part of one is a wrong parameter (2025-11-25, Elicitation, Error Handling).
    package func refusal(to method: MCPMethod, declared: ClientCapabilities) -> RequestError {
        switch self {
        case .urls where declared.elicitation != nil, .forms where declared.elicitation != nil,
            .samplingTools where declared.sampling != nil:
            .invalidParams("The client does not support \(name)")
        default: .methodNotFound(method.name)
        }
    }

    private var members: (group: String, part: String?) {
        switch self {
        case .forms: ("elicitation", "form")
        case .urls: ("elicitation", "url")
        case .sampling: ("sampling", nil)
        case .samplingTools: ("sampling", "tools")
        case .roots: ("roots", nil)
        }
    }
}

extension CapabilityNeed {
    /// As `requiredCapabilities` of -32021 spells them (2026-07-28, Base Protocol, Errors).
    package static func required(_ needs: some Sequence<CapabilityNeed>) -> JSONValue {
        var groups = JSONObject()
        for need in needs {
            let (group, part) = need.members
            var parts = JSONObject()
            if case .object(let known)? = groups[group] { parts = known }
            if let part { parts[part] = [:] }
            groups[group] = .object(parts)
        }
        return .object(groups)
    }

    /// Whether `declared` has everything that a backend's `requiredCapabilities` lists.
    ///
    /// Capabilities that are nobody's question, such as experimental ones, are never relayed and count as undeclared.
    package static func isDeclared(_ required: JSONSlice, by declared: ClientCapabilities) -> Bool {
        for member in required.members {
            let parts = member.value
            let isMet =
                switch member.key.string {
                case "elicitation":
                    (parts["url"] == nil || declared.elicitsURLs)
                        && (parts["url"] != nil && parts["form"] == nil || declared.elicitsForms)
                case "sampling":
                    declared.sampling != nil && (parts["tools"] == nil || declared.samplesWithTools)
                        && (parts["context"] == nil || declared.samplesWithContext)
                case "roots": declared.roots != nil
                case "extensions":
                    parts.members.allSatisfy { extensionMember in
                        extensionMember.key.string.flatMap { declared.extensions?.member($0) } != nil
                    }
                default: false
                }
            if !isMet { return false }
        }
        return true
    }
}
