// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// What a client declared that it can do, as far as a gateway relays it.
package struct ClientCapabilities: Sendable, Hashable {
    package var roots: JSONSlice?
    package var sampling: JSONSlice?
    package var elicitation: JSONSlice?

    package static let none = ClientCapabilities()

    package init() {}

    /// From the `capabilities` member of `initialize`; members that are not objects declare nothing.
    package init(_ declared: JSONSlice?) {
        guard let declared else { return }
        func object(_ value: JSONSlice?) -> JSONSlice? { value?.kind == .object ? value : nil }
        roots = object(declared["roots"])
        sampling = object(declared["sampling"])
        elicitation = object(declared["elicitation"])
    }

    /// `{}` means form mode (2025-11-25, Elicitation, Capabilities).
    package var elicitsForms: Bool {
        guard let elicitation else { return false }
        return elicitation["form"] != nil || elicitation["url"] == nil
    }

    package var elicitsURLs: Bool { elicitation?["url"] != nil }

    package var samplesWithTools: Bool { sampling?["tools"] != nil }
    package var samplesWithContext: Bool { sampling?["context"] != nil }

    /// The object that declares the same to a backend; nothing else that the client declared is relayed.
    package var declaration: JSONSlice {
        var object = JSONObject()
        if let roots { object["roots"] = .slice(roots) }
        if let sampling { object["sampling"] = .slice(sampling) }
        if let elicitation { object["elicitation"] = .slice(elicitation) }
        return JSONSlice(.object(object))
    }
}

/// What a server declared that it can do.
package struct ServerCapabilities: Sendable, Hashable {
    package var tools = false
    package var resources = false
    package var subscribe = false
    package var prompts = false
    package var logging = false
    package var completions = false

    package init() {}

    package init(_ declared: JSONSlice?) {
        guard let declared else { return }
        tools = declared["tools"] != nil
        resources = declared["resources"] != nil
        subscribe = declared["resources"]?["subscribe"]?.bool ?? false
        prompts = declared["prompts"] != nil
        logging = declared["logging"] != nil
        completions = declared["completions"] != nil
    }
}
