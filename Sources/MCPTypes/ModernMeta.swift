// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// What every Modern request says of itself in `_meta` (2026-07-28, Base Protocol, `_meta`).
package struct ModernMeta: Sendable {
    package var revision: String
    package var clientInfo: JSONSlice?
    package var capabilities: ClientCapabilities
    /// Without it the client wants no log messages.
    package var logLevel: LogLevel?
    package var progressToken: JSONSlice?

    package static let protocolVersionKey: StaticString = "io.modelcontextprotocol/protocolVersion"
    package static let clientInfoKey: StaticString = "io.modelcontextprotocol/clientInfo"
    package static let clientCapabilitiesKey: StaticString = "io.modelcontextprotocol/clientCapabilities"
    package static let logLevelKey: StaticString = "io.modelcontextprotocol/logLevel"
    package static let serverInfoKey: StaticString = "io.modelcontextprotocol/serverInfo"
    package static let subscriptionIDKey: StaticString = "io.modelcontextprotocol/subscriptionId"

    /// - Throws: -32602 with status 400 when a required key is missing or malformed.
    package init(_ params: JSONSlice?) throws(RequestError) {
        func invalid(_ message: String) -> RequestError {
            RequestError(.invalidParams, message, httpStatus: 400)
        }
        guard let meta = params?["_meta"], meta.kind == .object else {
            throw invalid("params._meta is required and must be an object")
        }
        if let key = meta.duplicateKey() { throw invalid("_meta has \"\(key.bounded(to: 64))\" twice") }
        guard let revision = meta[Self.protocolVersionKey]?.string else {
            throw invalid("_meta[\"\(Self.protocolVersionKey)\"] is required and must be a string")
        }
        guard let declared = meta[Self.clientCapabilitiesKey], declared.kind == .object else {
            throw invalid("_meta[\"\(Self.clientCapabilitiesKey)\"] is required and must be an object")
        }
        self.revision = revision
        clientInfo = meta[Self.clientInfoKey]
        if let info = clientInfo, info.kind != .object {
            throw invalid("_meta[\"\(Self.clientInfoKey)\"] must be an object")
        }
        capabilities = ClientCapabilities(declared)
        if let level = meta[Self.logLevelKey] {
            guard let known = LogLevel(level) else {
                throw invalid(
                    "_meta[\"\(Self.logLevelKey)\"] must be one of "
                        + LogLevel.allCases.map(\.rawValue).joined(separator: ", "))
            }
            logLevel = known
        }
        progressToken = meta["progressToken"]
        if let token = progressToken, token.kind != .string, token.int == nil {
            throw invalid("progressToken must be a string or an integer")
        }
    }

    /// `params` as a request to a Modern backend: the keys of our hop are ours, everything else stays.
    ///
    /// `params` has been through `MetaOwnership.crossing`.
    package static func request(
        _ params: JSONSlice?, capabilities: JSONSlice, logLevel: LogLevel?
    ) -> JSONSlice {
        var own: [JSONEdit] = [
            JSONEdit(key: "io.modelcontextprotocol/protocolVersion", value: Self.ownRevision),
            JSONEdit(key: "io.modelcontextprotocol/clientInfo", value: Self.ownInfo),
            JSONEdit(key: "io.modelcontextprotocol/clientCapabilities", value: capabilities),
        ]
        if let logLevel {
            own.append(
                JSONEdit(key: "io.modelcontextprotocol/logLevel", value: JSONSlice(string: logLevel.rawValue)))
        }
        let params = params ?? .emptyObject
        let meta = (params["_meta"] ?? .emptyObject).editing(own)
        return params.editing([JSONEdit(key: "_meta", value: meta)])
    }

    private static let ownRevision = JSONSlice(string: ProtocolRevision.latestModern.rawValue)
    private static let ownInfo = JSONSlice([
        "name": .string(GatewayIdentity.name), "version": .string(GatewayIdentity.version),
    ])
}
