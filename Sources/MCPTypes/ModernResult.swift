// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// What the `resultType` of a Modern result says (2026-07-28, Base Protocol, Results).
package enum ResultType: Sendable, Hashable {
    case complete
    case inputRequired
    /// Of the tasks extension.
    case task
    /// Makes the result invalid.
    case unknown(String)

    /// An absent one means `complete`, so that a Legacy result reads the same.
    package init(of result: JSONSlice) { self = ResultType(declaredIn: result) ?? .complete }

    /// `nil` where the result does not say.
    package init?(declaredIn result: JSONSlice) {
        // What most results are, as most servers begin them: the first of two members with this key counts.
        if result.begins(with: #"{"resultType":"complete""#) {
            self = .complete
            return
        }
        guard let type = result["resultType"] else { return nil }
        self.init(value: type)
    }

    fileprivate init(value type: JSONSlice) {
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
    /// What says who answered, spelled once.
    package struct Signature: Sendable {
        fileprivate let members: ByteBuffer

        package init(serverInfo: JSONSlice) {
            members = JSONSlice(["io.modelcontextprotocol/serverInfo": .slice(serverInfo)]).memberText
        }
    }

    /// What of a result's members matters here, found in one pass.
    package struct Shape: Sendable {
        package let type: ResultType
        fileprivate let declaresType: Bool
        fileprivate let hasHints: Bool
        fileprivate let places: MetaCrossing.Places

        package init(of result: JSONSlice) {
            var type: JSONMemberRange?
            var hasHints = false
            var places = MetaCrossing.Places()
            result.bytes.withUnsafeReadableBytes { text in
                JSONSlice.visitMembers(of: text) { range in
                    places.note(range, in: text)
                    if range.hasKey("resultType", in: text) {
                        if type == nil { type = range }
                    } else if range.hasKey("ttlMs", in: text) || range.hasKey("cacheScope", in: text) {
                        hasHints = true
                    }
                }
            }
            self.type = type.map { ResultType(value: JSONSlice(valueOf: $0, in: result.bytes)) } ?? .complete
            declaresType = type != nil
            self.hasHints = hasHints
            self.places = places
        }
    }

    /// `result` as a Modern client gets it: our signature and `resultType` in place of the backend's, cache hints where
    /// the operation has them. What belongs to the backend's hop ends here.
    ///
    /// - Parameters:
    ///   - result: a result of either era.
    ///   - hints: only for the six cacheable operations, and never with `input_required`.
    package static func answer(
        _ result: JSONSlice, _ shape: Shape? = nil, signature: Signature, hints: CacheHints?
    ) -> JSONSlice {
        let shape = shape ?? Shape(of: result)
        var edits: [JSONEdit] = []
        if let hints, shape.type == .complete {
            edits.append(JSONEdit(key: "ttlMs", value: JSONSlice(hints.milliseconds)))
            edits.append(JSONEdit(key: "cacheScope", value: JSONSlice(string: hints.scope.rawValue)))
        } else if shape.hasHints {
            if shape.type != .task { edits.append(JSONEdit(key: "ttlMs", value: nil)) }
            edits.append(JSONEdit(key: "cacheScope", value: nil))
        }
        return MetaOwnership.crossing(
            edits.isEmpty ? result : result.editing(edits), at: edits.isEmpty ? shape.places : nil,
            own: signature.members, leading: shape.declaresType ? nil : #""resultType":"complete""#)
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
}
