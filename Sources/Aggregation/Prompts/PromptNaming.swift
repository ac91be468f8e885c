// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Gives each prompt its advertised name.
///
/// Policies identify prompts by name, so names depend on the configuration only: always prefixed, save for the backends
/// of a priority order. A name that more than one backend could claim is given to nobody, for it would pass from one to
/// the other as backends come and go; claimants that are all in the priority order are the exception, there the
/// configuration itself has decided.
struct PromptNaming {
    struct Assignment {
        let name: String
        let item: ListItem
        let route: PromptRoute
    }

    private struct Claim {
        let backend: String
        let prompt: ItemReader
        /// The place in the priority order, which is also what lets the prompt keep its bare name.
        let rank: Int?
    }

    let settings: AggregationSettings

    /// - Parameter catalogs: sorted by backend.
    func assign(_ catalogs: [BackendCatalog], log: inout WarningLog) -> [Assignment] {
        var ranks = BackendRanks([])
        if case .priority(let order) = settings.strategy { ranks = BackendRanks(order) }
        var claims: [ExactText: [Claim]] = [:]
        for catalog in catalogs {
            let rank = ranks[catalog.backend]
            let prefix = rank == nil ? WorkloadPrefix(format: settings.prefixFormat, workload: catalog.backend) : nil
            for prompt in ItemReader.items(.prompts, of: catalog, log: &log) {
                let name = ExactText((prefix?.text ?? "") + prompt.identity.text)
                if let defect = FreeText.defect(of: name.text, limit: FreeText.maximumPromptNameLength) {
                    log.add(
                        .unusableName, backend: catalog.backend, item: prompt.identity.text,
                        "prompt dropped: the name cannot be listed, \(defect)")
                } else {
                    claims[name, default: []].append(Claim(backend: catalog.backend, prompt: prompt, rank: rank))
                }
            }
        }
        return claims.sorted { $0.key < $1.key }.compactMap { name, claims in
            winner(of: claims, name: name, log: &log).map { assignment(of: $0, name: name.text) }
        }
    }

    private func winner(of claims: [Claim], name: ExactText, log: inout WarningLog) -> Claim? {
        guard claims.count > 1 else { return claims.first }
        let ranked = claims.filter { $0.rank != nil }.sorted { ($0.rank ?? 0) < ($1.rank ?? 0) }
        if ranked.count == claims.count, let best = ranked.first {
            for claim in ranked.dropFirst() {
                log.add(
                    .outranked, backend: claim.backend, item: name.text,
                    "prompt dropped: backend \"\(printable(best.backend))\" comes first in the priority order")
            }
            return best
        }
        let backends = claims.prefix(8).map { "\"\(printable($0.backend))\"" }.joined(separator: ", ")
        for claim in claims {
            log.add(
                .ambiguousPrompt, backend: claim.backend, item: name.text,
                "prompt dropped: the name is claimed by \(backends), and requests for it could reach the wrong one")
        }
        return nil
    }

    private func assignment(of claim: Claim, name: String) -> Assignment {
        let renamed = ExactText(name) != claim.prompt.identity
        let edits = renamed ? [JSONEdit(key: "name", value: JSONSlice(string: name))] : []
        return Assignment(
            name: name,
            item: ListItem(key: name, backend: claim.backend, item: claim.prompt.item.editing(edits)),
            route: PromptRoute(
                backend: claim.backend, originalName: claim.prompt.identity.text,
                originalNameJSON: claim.prompt.identityJSON, renamed: renamed))
    }
}
