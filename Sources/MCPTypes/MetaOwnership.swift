// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// Which `_meta` keys belong to one hop and which travel end to end (2026-07-28, Base Protocol, `_meta`).
///
/// Reserved keys speak about the two parties of one connection, so a gateway ends them; trace context and vendor
/// keys pass. `progressToken` belongs to a hop too and is replaced by the caller of these functions.
package enum MetaOwnership {
    /// Whether the prefix of `key` is reserved for MCP.
    ///
    /// 2025-06-18 reserves prefixes by their last label but one, later revisions by their second; both are treated
    /// as reserved.
    package static func isReserved(_ key: String) -> Bool {
        guard let slash = key.utf8.firstIndex(of: UInt8(ascii: "/")) else { return false }
        let labels = key[..<slash].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2 else { return false }
        func isProtocolLabel(_ label: Substring) -> Bool { label == "modelcontextprotocol" || label == "mcp" }
        return isProtocolLabel(labels[1]) || isProtocolLabel(labels[labels.count - 2])
    }

    /// Reserved keys that refer to end-to-end things and therefore pass.
    private static let endToEnd: Set<String> = [
        "io.modelcontextprotocol/related-task", "io.modelcontextprotocol/model-immediate-response",
    ]

    private static func endsHere(_ key: String) -> Bool { isReserved(key) && !endToEnd.contains(key) }

    /// `object` with the hop's keys of its `_meta` removed and `progressToken` set to `token` (removed when `nil`).
    ///
    /// Returns the same bytes when there is nothing to change.
    package static func crossing(_ object: JSONSlice, progressToken token: Int? = nil) -> JSONSlice {
        // Without any, which is the common case, this costs one skip.
        guard let meta = object["_meta"] else {
            guard let token else { return object }
            return object.editing([
                JSONEdit(key: "_meta", value: JSONSlice(["progressToken": .number(JSONNumber(token))]))
            ])
        }
        if object.metaMembers > 1 {
            // Two parties could read different ones, so none of them passes.
            return crossing(object.editing([JSONEdit(key: "_meta", value: nil)]), progressToken: token)
        }
        guard meta.kind == .object else { return object.editing([JSONEdit(key: "_meta", value: nil)]) }
        var edits: [JSONEdit] = []
        for member in meta.members {
            guard let key = member.key.string else { continue }
            if endsHere(key) || (key == "progressToken" && token == nil) {
                edits.append(JSONEdit(key: key, value: nil))
            }
        }
        if let token { edits.append(JSONEdit(key: "progressToken", value: JSONSlice(token))) }
        if edits.isEmpty { return object }
        let edited = meta.editing(edits)
        return object.editing([JSONEdit(key: "_meta", value: edited.members.isEmpty ? nil : edited)])
    }
}

extension JSONMembers {
    fileprivate var isEmpty: Bool {
        for _ in self { return false }
        return true
    }
}

extension JSONSlice {
    /// How many members are called `_meta`.
    fileprivate var metaMembers: Int {
        members.reduce(0) { $0 + ($1.key.isString("_meta") ? 1 : 0) }
    }
}
