// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// Which eras of the protocol the server speaks.
package enum Era: String, Sendable, CaseIterable {
    /// Revisions with an `initialize` handshake alone.
    case legacy
    /// Revision 2026-07-28 alone.
    case modern
    /// Both, chosen for every request by itself.
    case dual

    /// What a server speaks that was not told otherwise.
    package static let standard = Era.legacy

    /// What `server/discover` lists, newest first.
    var versions: [String] {
        switch self {
        case .legacy: Revision.legacy.reversed().map(\.rawValue)
        case .modern: Revision.modern.map(\.rawValue)
        case .dual: Revision.allCases.reversed().map(\.rawValue)
        }
    }
}

/// The era that one message belongs to.
enum EraSignal: Equatable {
    case legacy
    case modern
    /// Neither: a Modern shape for a version that has none.
    case refused(requested: String)

    /// Decides from the `MCP-Protocol-Version` header and from `_meta["io.modelcontextprotocol/protocolVersion"]`.
    ///
    /// Other reserved `_meta` keys are no signal: there are Legacy clients that send them. A message that carries
    /// one Modern sign and lacks the other is Modern, to be refused there and never to be downgraded in silence.
    static func of(header: String?, declared: JSONSlice?, hasSession: Bool) -> EraSignal {
        guard let header else {
            guard let declared else { return .legacy }
            let isLegacy = declared.string.flatMap { Revision(rawValue: $0) }?.isModern == false
            return isLegacy && hasSession ? .legacy : .modern
        }
        guard let known = Revision(rawValue: header), !known.isModern else { return .modern }
        guard let declared else { return .legacy }
        guard declared.string == header else { return .modern }
        return hasSession ? .legacy : .refused(requested: header)
    }
}

extension JSONSlice {
    /// The version that a request's `_meta` declares.
    var declaredVersion: JSONSlice? { self["io.modelcontextprotocol/protocolVersion"] }
}
