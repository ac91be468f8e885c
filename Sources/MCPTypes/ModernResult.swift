// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// What the `resultType` of a Modern result says (2026-07-28, Base Protocol, Results).
package enum ResultType: Sendable, Hashable {
    case complete
    case inputRequired
    /// Of the tasks extension.
    case task
    /// Makes the result invalid.
    case unknown(String)

    /// An absent one means `complete`, so that a Legacy result reads the same.
    package init(of result: JSONSlice) {
        guard let type = result["resultType"] else {
            self = .complete
            return
        }
        self =
            if type.isString("complete") {
                .complete
            } else if type.isString("input_required") {
                .inputRequired
            } else if type.isString("task") {
                .task
            } else {
                .unknown((type.string ?? "").bounded(to: 64))
            }
    }
}

/// How long, and for whom, a result may be kept (2026-07-28, Caching).
package struct CacheHints: Sendable, Hashable {
    package enum Scope: String, Sendable, Hashable {
        case `public`
        case `private`
    }

    package var milliseconds: Int
    package var scope: Scope

    /// Good for this one caller and this one moment.
    package static let none = CacheHints(milliseconds: 0, scope: .private)

    package init(milliseconds: Int, scope: Scope) {
        self.milliseconds = milliseconds
        self.scope = scope
    }

    /// What a backend said; an absent or negative time is none, an absent scope is the narrow one.
    package init(of result: JSONSlice) {
        milliseconds = max(0, result["ttlMs"]?.int ?? 0)
        scope = result["cacheScope"]?.isString("public") == true ? .public : .private
    }

    /// What holds for something made of both.
    package func combined(with other: CacheHints) -> CacheHints {
        CacheHints(
            milliseconds: min(milliseconds, other.milliseconds),
            scope: scope == .public && other.scope == .public ? .public : .private)
    }
}

/// Results between the eras.
package enum ModernResult {
    /// `result` as a Modern client gets it: our identity and `resultType` in place of the backend's, cache hints where
    /// the operation has them.
    ///
    /// - Parameters:
    ///   - result: a result that has been through `MetaOwnership.crossing`, of either era.
    ///   - hints: only for the six cacheable operations, and never with `input_required`.
    package static func answer(_ result: JSONSlice, serverInfo: JSONSlice, hints: CacheHints?) -> JSONSlice {
        let type = ResultType(of: result)
        let meta = (result["_meta"] ?? .emptyObject).editing([
            JSONEdit(key: "io.modelcontextprotocol/serverInfo", value: serverInfo)
        ])
        var edits = [JSONEdit(key: "_meta", value: meta)]
        if result["resultType"] == nil { edits.append(JSONEdit(key: "resultType", value: Self.complete)) }
        if let hints, type == .complete {
            edits.append(JSONEdit(key: "ttlMs", value: JSONSlice(hints.milliseconds)))
            edits.append(JSONEdit(key: "cacheScope", value: JSONSlice(string: hints.scope.rawValue)))
        } else {
            if result["ttlMs"] != nil, type != .task { edits.append(JSONEdit(key: "ttlMs", value: nil)) }
            if result["cacheScope"] != nil { edits.append(JSONEdit(key: "cacheScope", value: nil)) }
        }
        return result.editing(edits)
    }

    /// `result` without what only Modern clients know; the same bytes where there is nothing of it.
    package static func legacy(_ result: JSONSlice) -> JSONSlice {
        guard result["resultType"] != nil || result["ttlMs"] != nil || result["cacheScope"] != nil else {
            return result
        }
        return result.editing([
            JSONEdit(key: "resultType", value: nil), JSONEdit(key: "ttlMs", value: nil),
            JSONEdit(key: "cacheScope", value: nil),
        ])
    }

    private static let complete = JSONSlice(string: "complete")
}
