// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import CEL
import JSONTypes
import NIOCore

/// The claims that the tests talk about.
let sampleClaims = """
    {"iss": "https://idp", "azp": "portal", "sub": "u1", "n": 5, "f": 1.5, "whole": 5.0, "big": 9223372036854775808,
     "groups": ["admin", "ops"], "act": {"sub": "svc-build"}, "none": null, "yes": true, "empty": [], "o": {},
     "x-y": 1, "text": "a\\u00e9\\ud83d\\ude00", "in": 2, "list": [1, 2, 3]}
    """

func json(_ text: String) throws -> JSONSlice {
    try JSONSlice(validating: ByteBuffer(string: text))
}

/// `true`, another value as text, `!` and the message of an evaluation, or `?` and the message of the parser.
func outcome(_ expression: String, claims: String = sampleClaims) throws -> String {
    let slice = try json(claims)
    let parsed: CELExpression
    do throws(CELError) {
        parsed = try CELExpression(parsing: expression)
    } catch {
        return "? \(error)"
    }
    do throws(CELError) {
        let value = try CELValue(json: slice)
        return spelled(try parsed.evaluate(["claims": value]))
    } catch {
        return "! \(error)"
    }
}

func spelled(_ value: CELValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .uint(let value): "\(value)u"
    case .double(let value): "\(value)d"
    case .string(let value): "'\(value)'"
    case .bytes(let value): "b\(value)"
    case .list(let values): "[" + values.map(spelled).joined(separator: ", ") + "]"
    case .map(let map):
        "{"
            + map.keys.map { key in
                "\(spelled(key)): \(CELMap.Key(key).flatMap { map[$0] }.map(spelled) ?? "-")"
            }.joined(separator: ", ") + "}"
    case .type(let type): type.rawValue
    }
}
