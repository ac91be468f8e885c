// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Tools that change how the server behaves from now on, and that count what happened.
enum SwitchTools {
    static var all: [Tool] { [counts, discover, era, endSubscriptions] }

    private static let counts = Tool.answering(
        "call_counts", "How often every tool was executed that was executed at all, as JSON."
    ) { call in
        ToolResult(text: JSONSlice(.object(call.server.catalogue.executions)).description)
    }

    private static let discover = Tool.answering(
        "set_discover", "Changes how server/discover behaves from now on.", .changing,
        input: Schema.object([
            "behaviour": Schema.string("What it does.", oneOf: DiscoverBehaviour.allCases.map(\.rawValue)),
            "milliseconds": Schema.integer("How long it takes.", in: 0...3_600_000),
        ])
    ) { call in
        let name = call.arguments?["behaviour"]?.string ?? "honest"
        guard let behaviour = DiscoverBehaviour(rawValue: name) else { throw ToolFailure("Unknown behaviour \(name).") }
        let delay = try call.integer("milliseconds", in: 0...3_600_000, default: 0)
        call.server.switches.change {
            $0.discover = behaviour
            $0.discoverDelay = .milliseconds(delay)
            $0.refusals = 0
        }
        return ToolResult(text: "server/discover is \(behaviour.rawValue) now")
    }

    private static let era = Tool.answering(
        "set_era", "Changes which eras of the protocol the server speaks from now on.", .changing,
        input: Schema.object(
            ["era": Schema.string("The eras.", oneOf: Era.allCases.map(\.rawValue))], required: ["era"])
    ) { call in
        let name = try call.string("era")
        guard let era = Era(rawValue: name) else { throw ToolFailure("Unknown era \(name).") }
        call.server.switches.change { $0.era = era }
        return ToolResult(text: "The era is \(era.rawValue) now")
    }

    private static let endSubscriptions = Tool.answering(
        "end_subscriptions", "Ends every open subscription.", .changing,
        input: Schema.object(["abruptly": Schema.boolean("Without a result.")])
    ) { call in
        let count = call.server.subscriptions.count
        call.server.subscriptions.endAll(abruptly: call.arguments?["abruptly"]?.bool == true)
        return ToolResult(text: "Ended \(count)")
    }
}
