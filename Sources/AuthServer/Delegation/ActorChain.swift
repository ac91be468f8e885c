// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Who acts for the subject, and who did before, the present actor first (RFC 8693 §4.1).
struct ActorChain: Sendable, Hashable {
    /// Earlier actors are only a record (§4.1), so the oldest ones go.
    static let maximumDepth = 10
    static let maximumBytes = 8 * 1024

    enum Failure: Error, Sendable, Hashable {
        /// An `act` that is no object, or names nobody.
        case malformed
        case tooLarge
    }

    struct Actor: Sendable, Hashable {
        var issuer: String?
        var subject: String?
    }

    private(set) var actors: [Actor]

    /// - Parameters:
    ///   - present: the actors that this exchange adds, the newest first.
    ///   - earlier: the `act` claim of the subject token, of which only names are kept.
    init(_ present: [Actor], earlier: JSONSlice?) throws(Failure) {
        actors = present
        var next = earlier
        while let act = next, actors.count < Self.maximumDepth {
            actors.append(try Self.actor(act))
            next = act["act"]
        }
    }

    private static func actor(_ act: JSONSlice) throws(Failure) -> Actor {
        guard act.kind == .object else { throw .malformed }
        let actor = Actor(issuer: try name("iss", in: act), subject: try name("sub", in: act))
        guard actor.issuer != nil || actor.subject != nil else { throw .malformed }
        return actor
    }

    private static func name(_ member: StaticString, in act: JSONSlice) throws(Failure) -> String? {
        guard let name = act[member] else { return nil }
        guard let text = name.string, !text.isEmpty else { throw .malformed }
        return text
    }

    /// The claim.
    func claim() throws(Failure) -> JSONValue {
        var claim: JSONObject?
        for actor in actors.reversed() {
            var object = JSONObject()
            if let issuer = actor.issuer { object.append("iss", .string(issuer)) }
            if let subject = actor.subject { object.append("sub", .string(subject)) }
            if let inner = claim { object.append("act", .object(inner)) }
            claim = object
        }
        let value = JSONValue.object(claim ?? [:])
        guard JSONSlice(value).bytes.readableBytes <= Self.maximumBytes else { throw .tooLarge }
        return value
    }
}
