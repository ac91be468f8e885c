// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// What every Modern request says about itself in `params._meta`.
struct RequestMeta: Sendable {
    /// The name under which both sides declare the tasks extension.
    static let tasks = "io.modelcontextprotocol/tasks"

    let version: String
    /// The client's capabilities, for this request alone.
    let capabilities: JSONSlice
    let clientInfo: JSONSlice?
    private let level: JSONSlice?
    /// The whole object.
    let slice: JSONSlice

    /// - Parameter meta: `params._meta` of a request.
    /// - Throws: `-32602` when a required key is missing or malformed (2026-07-28, basic, request metadata).
    init(_ meta: JSONSlice?) throws(RPCError) {
        guard let meta, meta.kind == .object else {
            throw .invalidParams("params._meta is missing: every request carries the protocol version")
        }
        let places = Places(meta)
        func value(_ place: JSONMemberRange?) -> JSONSlice? { place.map { JSONSlice(valueOf: $0, in: meta.bytes) } }
        guard let version = value(places.version)?.string else {
            throw .invalidParams("_meta needs the string io.modelcontextprotocol/protocolVersion")
        }
        guard let capabilities = value(places.capabilities), capabilities.kind == .object
        else { throw .invalidParams("_meta needs the object io.modelcontextprotocol/clientCapabilities") }
        let clientInfo = value(places.clientInfo)
        guard clientInfo == nil || clientInfo?.kind == .object else {
            throw .invalidParams("io.modelcontextprotocol/clientInfo is an object")
        }
        self.version = version
        self.capabilities = capabilities
        self.clientInfo = clientInfo
        level = value(places.level)
        slice = meta
    }

    /// Where the keys are that say something about the request; of those that repeat, the first.
    private struct Places {
        var version: JSONMemberRange?
        var capabilities: JSONMemberRange?
        var clientInfo: JSONMemberRange?
        var level: JSONMemberRange?

        init(_ meta: JSONSlice) {
            meta.bytes.withUnsafeReadableBytes { text in
                JSONSlice.visitMembers(of: text) { place in
                    if place.hasKey("io.modelcontextprotocol/protocolVersion", in: text) {
                        version = version ?? place
                    } else if place.hasKey("io.modelcontextprotocol/clientCapabilities", in: text) {
                        capabilities = capabilities ?? place
                    } else if place.hasKey("io.modelcontextprotocol/clientInfo", in: text) {
                        clientInfo = clientInfo ?? place
                    } else if place.hasKey("io.modelcontextprotocol/logLevel", in: text) {
                        level = level ?? place
                    }
                }
            }
        }
    }

    /// The least severe level that the client wants to hear of during this request; nil for no messages at all.
    func logLevel() throws(RPCError) -> LogLevel? {
        guard let level else { return nil }
        guard let known = level.string.flatMap({ LogLevel(rawValue: $0) }) else {
            throw .invalidParams("Unknown io.modelcontextprotocol/logLevel")
        }
        return known
    }
}
