// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOHTTP1

/// The headers that repeat what the body of a Modern request says, so that intermediaries need not read it
/// (2026-07-28, Transports, Standard Request Headers and Custom Headers).
///
/// Whoever decides by a header while the server obeys the body could be led astray, so each disagreement is refused.
struct RoutingHeaders {
    /// How often a header occurs; two lines of it would let two readers take different ones.
    private enum Lines {
        case none
        case one(String)
        case several

        mutating func add(_ value: String) {
            if case .none = self { self = .one(value) } else { self = .several }
        }
    }

    private var version = Lines.none
    private var method = Lines.none
    private var name = Lines.none
    /// By what follows `mcp-param-`, in lower case.
    private var parameters: [String: Lines] = [:]

    /// - Parameter version: the revision's header where `headers` does not have it, because it was taken out already.
    init(_ headers: HTTPHeaders, version known: String? = nil) {
        for (field, value) in headers {
            switch field.utf8.count {
            case 8 where field.isHeader("mcp-name"): name.add(value)
            case 10 where field.isHeader("mcp-method"): method.add(value)
            case 20 where field.isHeader("mcp-protocol-version"): version.add(value)
            case 11... where field.utf8.dropLast(field.utf8.count - 10).isParameterPrefix:
                parameters[field.dropFirst(10).lowercased(), default: .none].add(value)
            default: break
            }
        }
        if case .none = version, let known { version = .one(known) }
    }

    /// The revision that `_meta` claims must stand in the header too (M15, M16).
    func checkVersion(_ claimed: String) throws(RequestError) {
        let value = try single(version, "MCP-Protocol-Version")
        guard value.isSpelled(claimed) || value.trimmed.utf8.elementsEqual(claimed.utf8) else {
            throw .headerMismatch("MCP-Protocol-Version differs from the request's _meta")
        }
    }

    /// A notification need not repeat the revision, and few do.
    func checkVersion(ofNotification claimed: String?) throws(RequestError) -> String {
        let value = String(try single(version, "MCP-Protocol-Version").trimmed)
        guard let claimed else { return value }
        try checkVersion(claimed)
        return claimed
    }

    /// `Mcp-Method`, and `Mcp-Name` where the method has one (M22, M23).
    ///
    /// - Parameter named: the value of `nameMember(of: method)` in the body.
    func checkRouting(_ method: MCPMethod, named: JSONSlice?) throws(RequestError) {
        let claimed = try single(self.method, "Mcp-Method")
        guard claimed.isSpelled(method.name) || claimed.trimmed.utf8.elementsEqual(method.name.utf8) else {
            throw .headerMismatch("Mcp-Method differs from the request's method")
        }
        guard let member = Self.nameMember(of: method) else { return }
        if case .one(let header) = name, named?.isString(spelled: header) == true, HeaderText.isWord(header) { return }
        let body = named?.string
        if case .none = name, body == nil { return }
        let header = try single(name, "Mcp-Name")
        guard let body else { throw .headerMismatch("Mcp-Name differs from params.\(member)") }
        guard let text = HeaderText.decoded(header), text.utf8.elementsEqual(body.utf8) else {
            throw .headerMismatch("Mcp-Name differs from params.\(member)")
        }
    }

    /// A notification that says what it is must say it right.
    func checkRouting(ofNotification method: MCPMethod) throws(RequestError) {
        if case .none = self.method { return }
        guard try single(self.method, "Mcp-Method").trimmed.utf8.elementsEqual(method.name.utf8) else {
            throw .headerMismatch("Mcp-Method differs from the notification's method")
        }
    }

    /// The arguments that the tool wants in headers (M24, M25). Headers that it does not know are nobody's business
    /// (M29).
    func checkParameters(_ wanted: ParameterHeaders, _ arguments: JSONSlice?) throws(RequestError) {
        for field in wanted.fields {
            guard !ParameterHeaders.isAmbiguous(field, in: arguments) else {
                throw .headerMismatch("\(field.headerName) says one thing where the arguments say two")
            }
            let lines = parameters[field.name.lowercased()] ?? .none
            let value = ParameterHeaders.value(of: field, in: arguments)
            if case .none = lines {
                // What no header can carry is not expected in one.
                guard let value, ParameterHeaders.text(of: value, field.kind) != nil else { continue }
            }
            let header = try single(lines, field.headerName)
            guard let value, ParameterHeaders.matches(header, value, field.kind) else {
                throw .headerMismatch("\(field.headerName) differs from the tool's arguments")
            }
        }
    }

    private func single(_ lines: Lines, _ header: String) throws(RequestError) -> String {
        switch lines {
        case .one(let value): return value
        case .none: throw .headerMismatch("The \(header) header is required")
        case .several: throw .headerMismatch("The \(header) header occurs more than once")
        }
    }

    /// What `Mcp-Name` repeats.
    static func nameMember(of method: MCPMethod) -> StaticString? {
        switch method {
        case .toolsCall, .promptsGet: "name"
        case .resourcesRead: "uri"
        case .tasksGet, .tasksUpdate, .tasksCancel: "taskId"
        default: nil
        }
    }
}

extension Sequence<UInt8> {
    fileprivate var isParameterPrefix: Bool {
        elementsEqual("mcp-param-".utf8) { byte, expected in
            (byte >= 65 && byte <= 90 ? byte | 0x20 : byte) == expected
        }
    }
}
