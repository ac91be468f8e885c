// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
package import MCPTypes

/// What of a client's capabilities is relayed to backends, in a form that two clients either share or not.
///
/// Legacy backends learn capabilities with their session, Modern clients declare them with each request, so sessions
/// are shared by those who declare the same. There are few fingerprints, whatever clients write.
package struct CapabilityFingerprint: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let forms = CapabilityFingerprint(rawValue: 1)
    package static let urls = CapabilityFingerprint(rawValue: 1 << 1)
    package static let sampling = CapabilityFingerprint(rawValue: 1 << 2)
    package static let samplingTools = CapabilityFingerprint(rawValue: 1 << 3)
    package static let samplingContext = CapabilityFingerprint(rawValue: 1 << 4)
    package static let roots = CapabilityFingerprint(rawValue: 1 << 5)
    package static let tasks = CapabilityFingerprint(rawValue: 1 << 6)

    /// What a Legacy backend can ask for.
    private static let questions: CapabilityFingerprint = [
        .forms, .urls, .sampling, .samplingTools, .samplingContext, .roots,
    ]

    package init(_ declared: ClientCapabilities) {
        var result: CapabilityFingerprint = []
        if declared.elicitsForms { result.insert(.forms) }
        if declared.elicitsURLs { result.insert(.urls) }
        if declared.sampling != nil { result.insert(.sampling) }
        if declared.samplesWithTools { result.insert(.samplingTools) }
        if declared.samplesWithContext { result.insert(.samplingContext) }
        if declared.roots != nil { result.insert(.roots) }
        if declared.hasTasks { result.insert(.tasks) }
        self = result
    }

    /// Whether a Legacy backend has nothing to ask.
    ///
    /// - Parameter roots: whether Legacy backends are told of roots.
    package func asksNothing(roots: Bool) -> Bool {
        intersection(roots ? Self.questions : Self.questions.subtracting(.roots)).isEmpty
    }

    /// What is declared to backends: never that lists of roots change, because nobody would be told.
    ///
    /// - Parameter roots: whether Legacy backends are told of roots.
    package func capabilities(roots: Bool) -> ClientCapabilities {
        var capabilities = ClientCapabilities()
        capabilities.declaresRootsToLegacy = roots
        if contains(.roots) { capabilities.roots = .emptyObject }
        if contains(.forms) {
            capabilities.elicitation = contains(.urls) ? JSONSlice(["form": [:], "url": [:]]) : .emptyObject
        } else if contains(.urls) {
            capabilities.elicitation = JSONSlice(["url": [:]])
        }
        if contains(.sampling) {
            var sampling = JSONObject()
            if contains(.samplingTools) { sampling["tools"] = [:] }
            if contains(.samplingContext) { sampling["context"] = [:] }
            capabilities.sampling = JSONSlice(.object(sampling))
        }
        if contains(.tasks) { capabilities.extensions = JSONSlice([TasksExtension.identifier: [:]]) }
        return capabilities
    }
}
