// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// What the audit log records.
    package struct Audit: Sendable, Hashable {
        /// Off only when the file says `enabled: false`.
        package let isEnabled: Bool
        package let component: String?
        /// Empty means all.
        package let eventTypes: Set<EventType>
        /// Wins over `eventTypes`.
        package let excludeEventTypes: Set<EventType>
        package let includeRequestData: Bool
        package let includeResponseData: Bool
        package let detectApplicationErrors: Bool
        /// In bytes.
        package let maxDataSize: Int
        package let maxDelegationDepth: Int
        /// Absent means standard output.
        package let logFile: String?

        package enum EventType: String, Sendable, Hashable, CaseIterable {
            case initialize = "mcp_initialize"
            case toolCall = "mcp_tool_call"
            case toolsList = "mcp_tools_list"
            case resourceRead = "mcp_resource_read"
            case resourcesList = "mcp_resources_list"
            case promptGet = "mcp_prompt_get"
            case promptsList = "mcp_prompts_list"
            case notification = "mcp_notification"
            case ping = "mcp_ping"
            case logging = "mcp_logging"
            case completion = "mcp_completion"
            case rootsListChanged = "mcp_roots_list_changed"
            case workflowStarted = "vmcp_workflow_started"
            case workflowCompleted = "vmcp_workflow_completed"
            case workflowFailed = "vmcp_workflow_failed"
            case workflowTimedOut = "vmcp_workflow_timed_out"
            case workflowStepStarted = "vmcp_workflow_step_started"
            case workflowStepCompleted = "vmcp_workflow_step_completed"
            case workflowStepFailed = "vmcp_workflow_step_failed"
            case workflowStepSkipped = "vmcp_workflow_step_skipped"
            case request = "mcp_request"
            case httpRequest = "http_request"
            case sseConnection = "sse_connection"
        }
    }
}

extension Configuration.Audit: Section {
    static let summary = "The audit log; its presence turns it on."

    private enum Keys {
        static let enabled = Key<Bool>("enabled", .boolean, "false turns the section off; absent means on.")
        static let component = Key<String>("component", .string, "The name of this server in the log.")
        static let eventTypes = DefaultKey<[EventType]>(
            "eventTypes", .list(of: .name, nulls: .skipped), default: [], "What is recorded; empty means all.")
        static let excludeEventTypes = DefaultKey<[EventType]>(
            "excludeEventTypes", .list(of: .name, nulls: .skipped), default: [], "What is not recorded; wins.")
        static let includeRequestData = DefaultKey<Bool>(
            "includeRequestData", .boolean, default: false, "Record what was asked.")
        static let includeResponseData = DefaultKey<Bool>(
            "includeResponseData", .boolean, default: false, "Record what was answered.")
        static let detectApplicationErrors = DefaultKey<Bool>(
            "detectApplicationErrors", .boolean, default: true, "Look into answers for errors of the tool.")
        static let maxDataSize = DefaultKey<Int>(
            "maxDataSize", .integer(0...Int.max), default: 1024, "Bytes of recorded data; 0 means 1024.")
        static let maxDelegationDepth = DefaultKey<Int>(
            "maxDelegationDepth", .integer(1...Int.max), default: 10, "How many actors of a chain are recorded.")
        static let logFile = Key<String>("logFile", .string, "Instead of standard output.")
    }

    static let keys: [any SectionKey] = [
        Keys.enabled, Keys.component, Keys.eventTypes, Keys.excludeEventTypes, Keys.includeRequestData,
        Keys.includeResponseData, Keys.detectApplicationErrors, Keys.maxDataSize, Keys.maxDelegationDepth, Keys.logFile,
    ]

    init(reading section: SectionReader) {
        isEnabled = section[Keys.enabled] ?? true
        component = section[Keys.component].nonEmpty
        eventTypes = Set(section[Keys.eventTypes])
        excludeEventTypes = Set(section[Keys.excludeEventTypes])
        includeRequestData = section[Keys.includeRequestData]
        includeResponseData = section[Keys.includeResponseData]
        detectApplicationErrors = section[Keys.detectApplicationErrors]
        maxDataSize = section[Keys.maxDataSize].orWhenZero(1024)
        maxDelegationDepth = section[Keys.maxDelegationDepth]
        logFile = section[Keys.logFile].nonEmpty
    }
}
