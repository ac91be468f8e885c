// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

@testable import Aggregation

/// The text as a checked JSON value; traps on invalid text, which is a mistake in the test.
func json(_ text: String) -> JSONSlice {
    do {
        return try JSONSlice(validating: ByteBuffer(string: text), limits: JSONLimits(depth: 1024))
    } catch {
        preconditionFailure("\(error) in \(text)")
    }
}

func quoted(_ text: String) -> String { JSONSlice(string: text).description }

func tool(_ name: String, _ members: String = "") -> JSONSlice {
    json(#"{"name":\#(quoted(name)),"inputSchema":{"type":"object"}\#(members)}"#)
}

func prompt(_ name: String) -> JSONSlice { json(#"{"name":\#(quoted(name))}"#) }

func resource(_ uri: String) -> JSONSlice { json(#"{"uri":\#(quoted(uri)),"name":"r"}"#) }

func template(_ text: String) -> JSONSlice { json(#"{"uriTemplate":\#(quoted(text)),"name":"t"}"#) }

extension BackendCatalog {
    static func of(
        _ backend: String, tools: [String] = [], resources: [String] = [], templates: [String] = [],
        prompts: [String] = []
    ) -> BackendCatalog {
        BackendCatalog(
            backend: backend,
            tools: tools.map { tool($0) },
            resources: resources.map(resource),
            resourceTemplates: templates.map(template),
            prompts: prompts.map(prompt))
    }
}

extension CapabilitySnapshot {
    /// Advertised tools as `name -> backend/original`, in list order.
    var toolRoutes: [String] { names(.tools).map { "\($0) -> \(describe(tool(named: $0)))" } }

    var promptRoutes: [String] {
        names(.prompts).map { name in
            "\(name) -> \(prompt(named: name).map { "\($0.backend)/\($0.originalName)" } ?? "nowhere")"
        }
    }

    func describe(_ route: ToolRoute?) -> String {
        route.map { "\($0.backend)/\($0.originalName)" } ?? "nowhere"
    }

    var warningKinds: Set<AggregationWarning.Kind> { Set(warnings.map(\.kind)) }

    /// All pages of a list, followed cursor by cursor.
    func pages(_ kind: ListKind) throws -> [JSONSlice] {
        var pages: [JSONSlice] = []
        var cursor: String?
        repeat {
            let page = try JSONSlice(validating: self.page(kind, cursor: cursor))
            pages.append(page)
            cursor = page["nextCursor"]?.string
        } while cursor != nil
        return pages
    }
}

extension JSONSlice {
    func identities(_ kind: ListKind) -> [String] {
        (member(kind.resultKey)?.elements).map { $0.compactMap { $0.member("\(kind.identityKey)")?.string } } ?? []
    }
}

/// A small generator with a seed, so that a failing case can be run again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
