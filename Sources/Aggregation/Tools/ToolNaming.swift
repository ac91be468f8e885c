// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Gives each tool of all backends its final name, or none, after the conflict strategy.
///
/// Two steps: the strategy proposes a name for every tool that survives it, then names are fitted to the length limit
/// and each is given out once. The order in which claimants are served depends on names and configuration only.
struct ToolNaming {
    struct Proposal {
        let tool: ToolCandidate
        let name: String
        /// Lower is served first.
        let precedence: Int
    }

    struct Assignment {
        let tool: ToolCandidate
        let name: String
    }

    let settings: AggregationSettings
    private var prefixes: [String: WorkloadPrefix] = [:]

    init(settings: AggregationSettings) {
        self.settings = settings
    }

    /// - Parameter tools: sorted by backend, then by original name.
    mutating func assign(_ tools: [ToolCandidate], log: inout WarningLog) -> [Assignment] {
        let proposals =
            switch settings.strategy {
            case .prefix: prefixed(tools, log: &log)
            case .priority(let order): prioritised(tools, order: order, log: &log)
            case .manual: unresolvedRemoved(tools, log: &log)
            }
        return distribute(proposals, log: &log)
    }

    private mutating func prefixed(_ tools: [ToolCandidate], log: inout WarningLog) -> [Proposal] {
        let conflicts = settings.onlyOnConflict ? Self.conflicts(among: tools) : [:]
        var result: [Proposal] = []
        result.reserveCapacity(tools.count)
        for tool in tools {
            if settings.onlyOnConflict, conflicts[tool.name] == nil {
                result.append(Proposal(tool: tool, name: tool.name.text, precedence: 1))
            } else {
                result.append(Proposal(tool: tool, name: prefixedName(of: tool, log: &log), precedence: 0))
            }
        }
        return result
    }

    /// A listed claimant wins; where none is listed, all are prefixed.
    ///
    /// Served first are listed backends, then prefixed names: an unlisted backend cannot take a name that is spelled
    /// like another backend's.
    private mutating func prioritised(_ tools: [ToolCandidate], order: [String], log: inout WarningLog) -> [Proposal] {
        let ranks = BackendRanks(order)
        let conflicts = Self.conflicts(among: tools)
        var result: [Proposal] = []
        result.reserveCapacity(tools.count)
        for tool in tools {
            let rank = ranks[tool.backend]
            guard let claimants = conflicts[tool.name] else {
                let precedence = rank == nil ? 2 : 0
                result.append(Proposal(tool: tool, name: tool.name.text, precedence: precedence))
                continue
            }
            guard let best = claimants.compactMap({ ranks[$0] }).min() else {
                result.append(Proposal(tool: tool, name: prefixedName(of: tool, log: &log), precedence: 1))
                continue
            }
            if rank == best {
                result.append(Proposal(tool: tool, name: tool.name.text, precedence: 0))
            } else {
                let winner = claimants.first { ranks[$0] == best } ?? ""
                log.add(
                    .outranked, backend: tool.backend, item: tool.name.text,
                    "tool dropped: backend \"\(printable(winner))\" comes first in the priority order")
            }
        }
        return result
    }

    private func unresolvedRemoved(_ tools: [ToolCandidate], log: inout WarningLog) -> [Proposal] {
        let conflicts = Self.conflicts(among: tools)
        var result: [Proposal] = []
        result.reserveCapacity(tools.count)
        for tool in tools {
            guard let claimants = conflicts[tool.name] else {
                result.append(Proposal(tool: tool, name: tool.name.text, precedence: 0))
                continue
            }
            let reason = tool.isRenamedByOverride ? "collision after override" : "unresolved conflict"
            let backends = claimants.prefix(8).map { "\"\(printable($0))\"" }.joined(separator: ", ")
            let more = claimants.count > 8 ? " and \(claimants.count - 8) more" : ""
            log.add(
                .unresolvedConflict, backend: tool.backend, item: tool.name.text,
                "tool dropped: \(reason) between \(backends)\(more); "
                    + "give each a name of its own in aggregation.tools[].overrides")
        }
        return result
    }

    private func distribute(_ proposals: [Proposal], log: inout WarningLog) -> [Assignment] {
        let limit = settings.maximumToolNameLength
        var claims: [(order: (Int, Int, Int), proposal: Proposal, name: String)] = []
        claims.reserveCapacity(proposals.count)
        for (offset, proposal) in proposals.enumerated() {
            let name = ToolName.fitted(proposal.name, limit: limit)
            let isShortened = name.utf8.count != proposal.name.utf8.count
            claims.append(((isShortened ? 1 : 0, proposal.precedence, offset), proposal, name))
        }
        claims.sort { $0.order < $1.order }
        var owners: [ExactText: ToolCandidate] = [:]
        var result: [Assignment] = []
        result.reserveCapacity(claims.count)
        for (order, proposal, name) in claims {
            let tool = proposal.tool
            if let owner = owners[ExactText(name)] {
                let other = "\"\(printable(owner.originalName.text))\" of backend \"\(printable(owner.backend))\""
                log.add(
                    .nameCollision, backend: tool.backend, item: tool.originalName.text,
                    "tool dropped: \"\(printable(name))\" is already the name of \(other); "
                        + "change the prefix format or override a name")
                continue
            }
            owners[ExactText(name)] = tool
            result.append(Assignment(tool: tool, name: name))
            if order.0 == 1 {
                let length = "\(proposal.name.utf8.count) bytes of \"\(printable(proposal.name))\" are too many"
                log.add(
                    .shortenedName, backend: tool.backend, item: tool.originalName.text,
                    "tool listed as \"\(printable(name))\": \(length) for the limit of \(limit)")
            }
        }
        return result
    }

    private mutating func prefixedName(of tool: ToolCandidate, log: inout WarningLog) -> String {
        if let prefix = prefixes[tool.backend] { return prefix.forTools + tool.name.text }
        let prefix = WorkloadPrefix(format: settings.prefixFormat, workload: tool.backend)
        prefixes[tool.backend] = prefix
        if prefix.isAdjustedForTools {
            log.add(
                .adjustedPrefix, backend: tool.backend,
                "tools are listed with the prefix \"\(printable(prefix.forTools))\", "
                    + "because \"\(printable(prefix.text))\" has characters that a tool name cannot have")
        }
        return prefix.forTools + tool.name.text
    }

    /// The names that more than one backend has, with those backends in order.
    private static func conflicts(among tools: [ToolCandidate]) -> [ExactText: [String]] {
        var claimants: [ExactText: [String]] = [:]
        for tool in tools { claimants[tool.name, default: []].append(tool.backend) }
        return claimants.filter { $0.value.count > 1 }
    }
}
