// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What an example backend offers, where it listens and how it misbehaves.
package struct ExampleBackendOptions: Sendable {
    package enum Transport: Sendable, Hashable {
        case stdio
        /// Port 0 takes any free port; `ExampleBackend.run(onReady:)` tells which.
        case http(host: String, port: Int)
    }

    package enum Profile: String, Sendable, CaseIterable {
        /// Every feature of the protocol, and tools for tests and benchmarks.
        case everything
        case notes
        case calendar
        case library
    }

    package var transport: Transport
    package var era: Era
    package var profile: Profile
    /// `serverInfo.name`; the profile has one of its own.
    package var name: String?
    /// Synthetic tools `tool_0000`, `tool_0001`, … on top of the profile's, at most 100 000.
    package var extraTools: Int
    /// Items on one page of a list; 0 puts everything on one page.
    package var pageSize: Int
    /// Answers every POST with a stream of events instead of JSON.
    package var sseAlways: Bool
    /// Sessions at a time; one more makes the least recently used one go.
    package var sessionLimit: Int
    /// The `retry` field at the start of a stream: how long a client waits before it connects again.
    package var retryMilliseconds: Int
    /// How long a question to the client stays open.
    package var patience: Duration
    /// `ttlMs` of cacheable Modern results.
    package var cacheMilliseconds: Int
    /// How often a comment goes out on an open Modern stream.
    package var keepAlive: Duration
    /// Tasks at a time, and the longest time for which one is kept.
    package var taskLimit: Int
    package var taskLifetime: Duration
    /// How often a client is told to ask for a task.
    package var taskPollMilliseconds: Int
    package var faults: ExampleBackendFaults

    package init(
        transport: Transport, era: Era = .standard, profile: Profile = .everything, name: String? = nil,
        extraTools: Int = 0,
        pageSize: Int = 0, sseAlways: Bool = false, sessionLimit: Int = 10_000, retryMilliseconds: Int = 500,
        patience: Duration = .seconds(600), cacheMilliseconds: Int = 0, keepAlive: Duration = .seconds(15),
        taskLimit: Int = 1_000, taskLifetime: Duration = .seconds(600), taskPollMilliseconds: Int = 100,
        faults: ExampleBackendFaults = ExampleBackendFaults()
    ) {
        self.transport = transport
        self.era = era
        self.profile = profile
        self.name = name
        self.extraTools = min(max(extraTools, 0), 100_000)
        self.pageSize = max(pageSize, 0)
        self.sseAlways = sseAlways
        self.sessionLimit = max(sessionLimit, 1)
        self.retryMilliseconds = max(retryMilliseconds, 0)
        self.patience = patience
        self.cacheMilliseconds = max(cacheMilliseconds, 0)
        self.keepAlive = keepAlive
        self.taskLimit = max(taskLimit, 1)
        self.taskLifetime = min(max(taskLifetime, .milliseconds(1)), .seconds(86_400))
        self.taskPollMilliseconds = max(taskPollMilliseconds, 1)
        self.faults = faults
    }
}

/// Ways in which real servers fall short, to be switched on one by one.
package struct ExampleBackendFaults: Sendable {
    /// Speaks no later revision than this one.
    package var newestRevision: Revision?
    package var initializeDelay: Duration = .zero
    package var callDelay: Duration = .zero
    /// Answers `initialize` with an error.
    package var refusesInitialize = false
    /// HTTP: gives out no session ids and serves every request for itself.
    package var withoutSessions = false
    /// HTTP: answers GET with 405.
    package var withoutStream = false
    /// HTTP: answers DELETE with 405.
    package var withoutDelete = false
    /// HTTP: the `Authorization` header that every request must carry; otherwise 401.
    package var authorization: String?
    /// Every page of a list has a next one.
    package var endlessPages = false
    /// Lists tools that are malformed: without a name, without an input schema, twice.
    package var invalidTools = false
    /// Stdio: greets on standard output before the first message.
    package var banner = false
    /// Stdio: goes on after the end of standard input, until it is told to stop.
    package var ignoresEndOfInput = false
    /// How `server/discover` behaves, and how long it takes.
    package var discover = DiscoverBehaviour.honest
    package var discoverDelay: Duration = .zero
    /// Answers Modern lists with `input_required`, which they must not.
    package var listsAskForInput = false
    /// Lists tools whose `x-mcp-header` annotations break the rules.
    package var invalidHeaderTools = false
    /// Exits with status 3 when this many calls have arrived.
    package var exitAfterCalls: Int?

    package init() {}
}
