// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import NIOCore
import Testing

@testable import AuthServer

/// The dotted paths of `token_response_mapping` and `identity_from_token`.
@Suite struct MemberPathTests {
    static let jwt =
        FakeOpenIDProvider.encode(["alg": "HS256"]) + "." + FakeOpenIDProvider.encode(["sub": "u-1"]) + ".c2ln"

    private func text() -> String {
        ##"{"a":{"b":{"c":"deep"}},"list":[{"id":1},{"id":9007199254740993}],"x.y":"dotted","@odd":"at","#1":"hash","##
            + ##""twice":{"k":1,"k":2},"token":"\##(Self.jwt)","opaque":"abc","0":"zero","é":"composed","bad":"a.b.c"}"##
    }

    @Test(
        "A path finds its value, or nothing",
        arguments: [
            ("a.b.c", #""deep""#), ("a|b|c", #""deep""#), ("a.b", #"{"c":"deep"}"#), ("list.1.id", "9007199254740993"),
            ("list.2.id", nil), ("list.-1", nil), ("list.id", nil), ("list.99999999999999999999", nil),
            (#"x\.y"#, #""dotted""#), ("x.y", nil), (#"\@odd"#, #""at""#), (##"\#1"##, #""hash""#), ("a.x", nil),
            ("a.b.c.d", nil), ("twice.k", nil), ("token|@upstreamjwt|sub", #""u-1""#),
            ("token.@upstreamjwt.sub", #""u-1""#), ("opaque|@upstreamjwt|sub", nil), ("bad|@upstreamjwt|sub", nil),
            ("a|@upstreamjwt|sub", nil), ("0", #""zero""#), ("é", #""composed""#), ("e\u{301}", nil),
        ] as [(String, String?)])
    func value(path: String, expected: String?) throws {
        let root = try JSONSlice(validating: ByteBuffer(string: text()))
        #expect(try MemberPath(parsing: path).value(in: root)?.description == expected)
    }

    @Test(
        "A path that would be misread is refused",
        arguments: [
            ("", .empty), (".", .empty), ("a.", .empty), (".a", .empty), ("a..b", .empty), ("a.*", .unsupported("*")),
            ("a.b?", .unsupported("?")), ("a.#", .unsupported("#")), ("a.#(x==1)", .unsupported("#")),
            ("{a,b}", .unsupported("{")), ("[a]", .unsupported("[")), ("!x", .unsupported("!")),
            ("a|@reverse", .unknownModifier), ("@this", .unknownModifier), ("a|@upstreamjwt:x", .unknownModifier),
            (#"a\"#, .unsupported("\\")), (String(repeating: "a", count: 513), .tooLong(limit: 512)),
            (Array(repeating: "a", count: 17).joined(separator: "."), .tooManySteps(limit: 16)),
        ] as [(String, MemberPathError)])
    func refused(path: String, error: MemberPathError) {
        #expect(throws: error) { try MemberPath(parsing: path) }
    }
}
