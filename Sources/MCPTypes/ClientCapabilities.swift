// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// What a client declared that it can do, as far as a gateway relays it.
package struct ClientCapabilities: Sendable, Hashable {
    package var roots: JSONSlice?
    package var sampling: JSONSlice?
    package var elicitation: JSONSlice?
    /// Settings by extension identifier (2026-07-28, Extensions).
    package var extensions: JSONSlice?

    package static let none = ClientCapabilities()

    package init() {}

    /// From the `capabilities` member of `initialize`; members that are not objects declare nothing.
    package init(_ declared: JSONSlice?) {
        guard let declared, declared.bytes.readableBytes > 2 else { return }
        func object(_ value: JSONSlice?) -> JSONSlice? { value?.kind == .object ? value : nil }
        roots = object(declared["roots"])
        sampling = object(declared["sampling"])
        elicitation = object(declared["elicitation"])
        extensions = object(declared["extensions"])
    }

    /// Whether tasks may be answered with (SEP-2663).
    package var hasTasks: Bool { extensions?[TasksExtension.key]?.kind == .object }

    /// Nothing that a backend could ask for.
    package var asksNothing: Bool { roots == nil && sampling == nil && elicitation == nil }

    /// `{}` means form mode (2025-11-25, Elicitation, Capabilities).
    package var elicitsForms: Bool {
        guard let elicitation else { return false }
        return elicitation["form"] != nil || elicitation["url"] == nil
    }

    package var elicitsURLs: Bool { elicitation?["url"] != nil }

    package var samplesWithTools: Bool { sampling?["tools"] != nil }
    package var samplesWithContext: Bool { sampling?["context"] != nil }

    /// Whether an `initialize` declares roots: many Legacy servers ask for them right after it, outside of any call,
    /// where a client without a session cannot be asked.
    package var declaresRootsToLegacy = true

    /// The object that declares the same to a Legacy backend; nothing else that the client declared is relayed.
    package var declaration: JSONSlice { JSONSlice(.object(declared(roots: declaresRootsToLegacy))) }

    /// As `declaration`, in the form of a Modern request: the extensions that are relayed belong to it.
    ///
    /// - Parameter withTasks: whether the request may be answered with a task.
    package func modernDeclaration(withTasks: Bool) -> JSONSlice {
        var object = declared(roots: true)
        if withTasks { object["extensions"] = [TasksExtension.identifier: [:]] }
        return JSONSlice(.object(object))
    }

    private func declared(roots includesRoots: Bool) -> JSONObject {
        var object = JSONObject()
        if includesRoots, let roots { object["roots"] = .slice(roots) }
        if let sampling { object["sampling"] = .slice(sampling) }
        if let elicitation { object["elicitation"] = .slice(elicitation) }
        return object
    }
}

/// The extension by which a server answers with a task instead of a result (SEP-2663).
package enum TasksExtension {
    package static let identifier = "io.modelcontextprotocol/tasks"
    package static let key: StaticString = "io.modelcontextprotocol/tasks"
}

/// What a server declared that it can do.
package struct ServerCapabilities: Sendable, Hashable {
    package var tools = false
    package var resources = false
    package var subscribe = false
    package var prompts = false
    package var logging = false
    package var completions = false
    /// Whether tools may run as tasks, in the way of the server's era.
    package var tasks = false

    package init() {}

    package init(_ declared: JSONSlice?) {
        guard let declared else { return }
        tools = declared["tools"] != nil
        resources = declared["resources"] != nil
        subscribe = declared["resources"]?["subscribe"]?.bool ?? false
        prompts = declared["prompts"] != nil
        logging = declared["logging"] != nil
        completions = declared["completions"] != nil
        tasks =
            declared["tasks"]?["requests"]?["tools"]?["call"]?.kind == .object
            || declared["extensions"]?[TasksExtension.key]?.kind == .object
    }
}
