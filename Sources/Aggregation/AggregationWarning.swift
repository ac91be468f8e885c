// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Something that a backend or the configuration got wrong, and what was done about it.
///
/// ``item`` and ``message`` are printable ASCII and bounded whatever the backend sent, so they may be logged unchanged.
package struct AggregationWarning: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Two catalogs carry one backend name.
        case duplicateBackend
        /// An item is not an object, has no usable identity, or repeats a key that is interpreted here.
        case malformedItem
        /// An item has a member that clients could refuse it for, which is left out or spelled rightly.
        case mendedItem
        /// A name or URI holds characters, or has a length, that clients could not handle safely.
        case unusableName
        /// A backend lists one name or URI twice.
        case duplicateItem
        /// An `x-mcp-header` annotation breaks the rules, so clients would have to refuse the tool.
        case invalidHeaderAnnotation
        /// A tool override says nothing, has an unusable name, or takes the name of a sibling.
        case rejectedOverride
        /// The configuration has tool settings for a backend that lists nothing here.
        case unknownWorkload
        /// An override or filter entry names a tool that the backend does not list.
        case unknownTool
        /// The configured prefix holds characters that a tool name cannot have.
        case adjustedPrefix
        /// A name was longer than the limit.
        case shortenedName
        /// Two tools compose to one name.
        case nameCollision
        /// A backend earlier in the priority order has a tool or prompt of this name.
        case outranked
        /// Several backends list one tool name and the `manual` strategy has no decision.
        case unresolvedConflict
        /// Several backends claim one prompt name, so nobody gets it.
        case ambiguousPrompt
        /// An earlier backend lists the same resource or template.
        case shadowedResource
        /// A template cannot be parsed as RFC 6570; it is listed, and URIs are not matched against it.
        case invalidTemplate
    }

    package let backend: String
    /// The name or URI concerned, escaped and cut; empty when the warning is about the backend.
    package let item: String
    package let kind: Kind
    /// One sentence for the operator that names the backend and the item.
    package let message: String

    package var description: String { message }
}

/// Collects warnings, a bounded number of each kind for each backend.
struct WarningLog {
    /// A backend with ten thousand bad tools must not fill the log.
    static let limitPerKind = 32

    private struct Subject: Hashable {
        let backend: ExactText
        let kind: AggregationWarning.Kind
    }

    private var warnings: [AggregationWarning] = []
    private var counts: [Subject: Int] = [:]

    mutating func add(
        _ kind: AggregationWarning.Kind, backend: String, item: String = "", _ sentence: @autoclosure () -> String
    ) {
        let subject = Subject(backend: ExactText(backend), kind: kind)
        let count = counts[subject, default: 0] + 1
        counts[subject] = count
        guard count <= Self.limitPerKind else { return }
        let item = printable(item)
        let place = item.isEmpty ? "" : ", \"\(item)\""
        let message = "backend \"\(printable(backend))\"\(place): \(sentence())"
        warnings.append(AggregationWarning(backend: backend, item: item, kind: kind, message: message))
    }

    /// All warnings, with one more for each backend and kind of which some were left out.
    func finished() -> [AggregationWarning] {
        let cut = counts.filter { $0.value > Self.limitPerKind }
            .sorted { ($0.key.backend, $0.key.kind.rawValue) < ($1.key.backend, $1.key.kind.rawValue) }
        return warnings
            + cut.map { subject, count in
                let backend = subject.backend.text
                let rest = "\(count - Self.limitPerKind) more warnings of kind \(subject.kind.rawValue)"
                return AggregationWarning(
                    backend: backend, item: "", kind: subject.kind,
                    message: "backend \"\(printable(backend))\": \(rest)")
            }
    }
}
