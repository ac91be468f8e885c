// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// A JSON-RPC method name; the ones that MCP defines have a case of their own.
package enum MCPMethod: Sendable, Hashable {
    case initialize
    case initialized
    case ping
    case cancelled
    case progress
    case message
    case toolsList
    case toolsCall
    case resourcesList
    case resourceTemplatesList
    case resourcesRead
    case resourcesSubscribe
    case resourcesUnsubscribe
    case promptsList
    case promptsGet
    case complete
    case setLevel
    case createMessage
    case elicit
    case rootsList
    case rootsListChanged
    case toolsListChanged
    case resourcesListChanged
    case promptsListChanged
    case resourceUpdated
    case elicitationComplete
    case discover
    case listen
    case listenAcknowledged
    case tasksGet
    case tasksResult
    case tasksList
    case tasksCancel
    case tasksUpdate
    /// Of 2025-11-25's core tasks.
    case taskStatus
    /// Of the tasks extension.
    case taskChanged
    case other(String)

    private static let known: [(String, MCPMethod)] = [
        ("initialize", .initialize), ("notifications/initialized", .initialized), ("ping", .ping),
        ("notifications/cancelled", .cancelled), ("notifications/progress", .progress),
        ("notifications/message", .message), ("tools/list", .toolsList), ("tools/call", .toolsCall),
        ("resources/list", .resourcesList), ("resources/templates/list", .resourceTemplatesList),
        ("resources/read", .resourcesRead), ("resources/subscribe", .resourcesSubscribe),
        ("resources/unsubscribe", .resourcesUnsubscribe), ("prompts/list", .promptsList),
        ("prompts/get", .promptsGet), ("completion/complete", .complete), ("logging/setLevel", .setLevel),
        ("sampling/createMessage", .createMessage), ("elicitation/create", .elicit), ("roots/list", .rootsList),
        ("notifications/roots/list_changed", .rootsListChanged),
        ("notifications/tools/list_changed", .toolsListChanged),
        ("notifications/resources/list_changed", .resourcesListChanged),
        ("notifications/prompts/list_changed", .promptsListChanged),
        ("notifications/resources/updated", .resourceUpdated),
        ("notifications/elicitation/complete", .elicitationComplete), ("server/discover", .discover),
        ("subscriptions/listen", .listen), ("notifications/subscriptions/acknowledged", .listenAcknowledged),
        ("tasks/get", .tasksGet), ("tasks/result", .tasksResult), ("tasks/list", .tasksList),
        ("tasks/cancel", .tasksCancel), ("tasks/update", .tasksUpdate),
        ("notifications/tasks/status", .taskStatus), ("notifications/tasks", .taskChanged),
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: known)
    private static let names = Dictionary(uniqueKeysWithValues: known.map { ($0.1, $0.0) })

    package init(_ name: String) {
        self = Self.byName[name] ?? .other(name)
    }

    /// The method of a message; the two hottest names are recognised without building a string.
    package init?(_ slice: JSONSlice) {
        if slice.isString("tools/call") {
            self = .toolsCall
        } else if let name = slice.string {
            self.init(name)
        } else {
            return nil
        }
    }

    package var name: String {
        switch self {
        case .toolsCall: "tools/call"
        case .other(let name): name
        default: Self.names[self] ?? ""
        }
    }
}
