// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// What every Modern request says of itself in `_meta` (2026-07-28, Base Protocol, `_meta`).
///
/// A reference, because a connection keeps its last one and hands it to every request that says the same.
package final class ModernMeta: Sendable {
    package let revision: String
    package let clientInfo: JSONSlice?
    package let capabilities: ClientCapabilities
    /// Without it the client wants no log messages.
    package let logLevel: LogLevel?
    package let progressToken: JSONSlice?
    /// The members that go on to a backend, as text without braces; `nil` when there are none.
    let onward: ByteBuffer?

    package static let protocolVersionKey: StaticString = "io.modelcontextprotocol/protocolVersion"
    package static let clientInfoKey: StaticString = "io.modelcontextprotocol/clientInfo"
    package static let clientCapabilitiesKey: StaticString = "io.modelcontextprotocol/clientCapabilities"
    package static let logLevelKey: StaticString = "io.modelcontextprotocol/logLevel"
    package static let serverInfoKey: StaticString = "io.modelcontextprotocol/serverInfo"
    package static let subscriptionIDKey: StaticString = "io.modelcontextprotocol/subscriptionId"

    /// - Parameter meta: the request's `_meta`.
    /// - Throws: -32602 with status 400 when a required key is missing or malformed.
    package init(_ meta: JSONSlice?) throws(RequestError) {
        func invalid(_ message: String) -> RequestError {
            RequestError(.invalidParams, message, httpStatus: 400)
        }
        guard let meta, meta.kind == .object else {
            throw invalid("params._meta is required and must be an object")
        }
        var keys = Keys()
        if let key = meta.duplicateKey(visiting: { keys.note($1, in: $0, of: meta) }) {
            throw invalid("_meta has \"\(key.bounded(to: 64))\" twice")
        }
        guard let revision = keys.revision?.string else {
            throw invalid("_meta[\"\(Self.protocolVersionKey)\"] is required and must be a string")
        }
        guard let declared = keys.capabilities, declared.kind == .object else {
            throw invalid("_meta[\"\(Self.clientCapabilitiesKey)\"] is required and must be an object")
        }
        self.revision = revision
        clientInfo = keys.info
        if let info = clientInfo, info.kind != .object {
            throw invalid("_meta[\"\(Self.clientInfoKey)\"] must be an object")
        }
        capabilities = ClientCapabilities(declared)
        logLevel = keys.logLevel.flatMap { LogLevel($0) }
        if keys.logLevel != nil, logLevel == nil {
            throw invalid(
                "_meta[\"\(Self.logLevelKey)\"] must be one of "
                    + LogLevel.allCases.map(\.rawValue).joined(separator: ", "))
        }
        progressToken = keys.progressToken
        if let token = progressToken, token.kind != .string, token.int == nil {
            throw invalid("progressToken must be a string or an integer")
        }
        onward = MetaOwnership.onward(meta)
    }

    /// The keys that are interpreted, found in one pass.
    private struct Keys {
        var revision: JSONSlice?
        var info: JSONSlice?
        var capabilities: JSONSlice?
        var logLevel: JSONSlice?
        var progressToken: JSONSlice?

        mutating func note(_ range: JSONMemberRange, in text: UnsafeRawBufferPointer, of meta: JSONSlice) {
            func value() -> JSONSlice { JSONSlice(valueOf: range, in: meta.bytes) }
            if range.hasKey(protocolVersionKey, in: text) {
                revision = value()
            } else if range.hasKey(clientInfoKey, in: text) {
                info = value()
            } else if range.hasKey(clientCapabilitiesKey, in: text) {
                capabilities = value()
            } else if range.hasKey(logLevelKey, in: text) {
                logLevel = value()
            } else if range.hasKey("progressToken", in: text) {
                progressToken = value()
            }
        }
    }

    /// What every request of one session says of us, spelled once.
    package struct Declaration: Sendable {
        fileprivate let members: ByteBuffer

        /// - Parameter capabilities: what the backend may ask for.
        package init(capabilities: JSONSlice) {
            let object = JSONSlice([
                "io.modelcontextprotocol/protocolVersion": .string(ProtocolRevision.latestModern.rawValue),
                "io.modelcontextprotocol/clientInfo": [
                    "name": .string(GatewayIdentity.name), "version": .string(GatewayIdentity.version),
                ],
                "io.modelcontextprotocol/clientCapabilities": .slice(capabilities),
            ])
            members = object.memberText
        }

        fileprivate func members(with logLevel: LogLevel?) -> ByteBuffer {
            guard let logLevel else { return members }
            var members = members
            members.writeString(",\"\(ModernMeta.logLevelKey)\":\"\(logLevel.rawValue)\"")
            return members
        }
    }

    /// `params` as a request to a Modern backend: the keys of our hop are ours, everything else stays.
    ///
    /// - Parameter progressToken: `nil` when no progress is wanted.
    package static func request(
        _ params: RequestParameters, _ declaration: Declaration, logLevel: LogLevel?, progressToken: Int? = nil
    ) -> JSONSlice {
        let own = declaration.members(with: logLevel)
        let text = params.text ?? .emptyObject
        guard let known = params.known else {
            return MetaOwnership.crossing(text, own: own, progressToken: progressToken)
        }
        let onward = known.meta.onward
        let capacity = own.readableBytes + (onward?.readableBytes ?? 0) + 48
        return text.replacing(known.metaPlace.range, withBytes: capacity) { writer in
            writer.write(UInt8(ascii: "{"))
            writer.write(own)
            if let onward {
                writer.write(UInt8(ascii: ","))
                writer.write(onward)
            }
            if let progressToken {
                writer.write(#","progressToken":"# as StaticString)
                writer.write(progressToken)
            }
            writer.write(UInt8(ascii: "}"))
        }
    }
}

extension JSONSlice {
    /// The members of an object that is not empty and has no white space around them, without its braces.
    var memberText: ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + 1, length: bytes.readableBytes - 2) ?? ByteBuffer()
    }
}
