// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// What every Modern request says about itself in `params._meta`.
struct RequestMeta: Sendable {
    /// The name under which both sides declare the tasks extension.
    static let tasks = "io.modelcontextprotocol/tasks"

    let version: String
    /// The client's capabilities, for this request alone.
    let capabilities: JSONSlice
    let clientInfo: JSONSlice?
    /// The whole object.
    let slice: JSONSlice

    /// Throws `-32602` when a required key is missing or malformed (2026-07-28, basic, request metadata).
    init(_ params: JSONSlice?) throws(RPCError) {
        guard let meta = params?["_meta"], meta.kind == .object else {
            throw .invalidParams("params._meta is missing: every request carries the protocol version")
        }
        guard let version = meta["io.modelcontextprotocol/protocolVersion"]?.string else {
            throw .invalidParams("_meta needs the string io.modelcontextprotocol/protocolVersion")
        }
        guard let capabilities = meta["io.modelcontextprotocol/clientCapabilities"], capabilities.kind == .object
        else { throw .invalidParams("_meta needs the object io.modelcontextprotocol/clientCapabilities") }
        let clientInfo = meta["io.modelcontextprotocol/clientInfo"]
        guard clientInfo == nil || clientInfo?.kind == .object else {
            throw .invalidParams("io.modelcontextprotocol/clientInfo is an object")
        }
        self.version = version
        self.capabilities = capabilities
        self.clientInfo = clientInfo
        slice = meta
    }

    /// The least severe level that the client wants to hear of during this request; nil for no messages at all.
    func logLevel() throws(RPCError) -> LogLevel? {
        guard let level = slice["io.modelcontextprotocol/logLevel"] else { return nil }
        guard let known = level.string.flatMap({ LogLevel(rawValue: $0) }) else {
            throw .invalidParams("Unknown io.modelcontextprotocol/logLevel")
        }
        return known
    }
}
