// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// Decides under which rules one message of a client is served (2026-07-28, Transports; era is chosen per request).
package enum EraSwitch {
    package enum Decision: Sendable, Hashable {
        case legacy
        /// A request that speaks a Modern revision, or claims one that nobody here knows.
        case modern(requested: String?)
        /// A `MCP-Protocol-Version` that is neither Legacy nor accompanied by Modern metadata.
        case unknownVersion(String)
    }

    package static let protocolVersionKey: StaticString = "io.modelcontextprotocol/protocolVersion"

    /// - Parameters:
    ///   - header: the value of `MCP-Protocol-Version`, `nil` where there is none (or no header layer).
    ///   - params: the message's parameters, whose `_meta` may claim a revision.
    ///   - hasSession: whether the message names a Legacy session.
    package static func decide(header: String?, params: JSONSlice?, hasSession: Bool) -> Decision {
        if header == nil && params == nil { return .legacy }
        // Without a session the body cannot turn this into anything else.
        if !hasSession, let header, ProtocolRevision(rawValue: header)?.era == .modern {
            return .modern(requested: header)
        }
        let claimed = params?["_meta"]?[protocolVersionKey]
        return decide(header: header, claimed: claimed.map { $0.string ?? "" }, hasSession: hasSession)
    }

    /// Whether a JSON array may be a batch: under no header, or that of a handshake revision, its session decides;
    /// Modern revisions have none (2026-07-28, Transports).
    package static func allowsBatch(header: String?) -> Bool {
        header.map { ProtocolRevision(rawValue: $0)?.era == .legacy } ?? true
    }

    static func decide(header: String?, claimed: String?, hasSession: Bool) -> Decision {
        let headerRevision = header.flatMap(ProtocolRevision.init(rawValue:))
        guard let claimed else {
            switch (header, headerRevision?.era) {
            case (nil, _), (_, .legacy): return .legacy
            case (let header?, .modern): return .modern(requested: header)
            case (let header?, nil): return .unknownVersion(header)
            }
        }
        // Real clients repeat the Legacy version of their session in `_meta`; the session decides then.
        if let revision = ProtocolRevision(rawValue: claimed), revision.era == .legacy, hasSession,
            header == nil || header == claimed
        {
            return .legacy
        }
        return .modern(requested: claimed)
    }
}
