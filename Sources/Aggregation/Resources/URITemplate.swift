// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A URI template (RFC 6570) that tells which URIs it may have produced.
///
/// Levels 1 to 3 and the `*` modifier; a prefix length (`{id:3}`) is accepted and not enforced. Matching is for finding
/// the owner of a URI, so it is lenient where clients are: values need not be percent-encoded, and `{path*}` matches
/// across slashes, as widespread servers mean it. The owner still checks the URI itself.
struct URITemplate: Sendable {
    static let maximumLength = 2048
    static let maximumExpressions = 16
    static let maximumVariables = 64

    struct Invalid: Error {
        let sentence: String
    }

    /// The operator of an expression, RFC 6570 section 2.2.
    enum Operator: Sendable {
        case simple, reserved, fragment, label, path, parameter, query, continuation

        init?(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "+"): self = .reserved
            case UInt8(ascii: "#"): self = .fragment
            case UInt8(ascii: "."): self = .label
            case UInt8(ascii: "/"): self = .path
            case UInt8(ascii: ";"): self = .parameter
            case UInt8(ascii: "?"): self = .query
            case UInt8(ascii: "&"): self = .continuation
            default: return nil
            }
        }
    }

    struct Expression: Sendable {
        let `operator`: Operator
        let names: [[UInt8]]
        /// Whether a variable has the `*` modifier.
        let explodes: Bool
    }

    enum Part: Sendable {
        case literal([UInt8])
        case expression(Expression)
    }

    let parts: [Part]
    /// How many bytes of the template are literal.
    let literalLength: Int

    init(_ text: String) throws(Invalid) {
        guard text.utf8.count <= Self.maximumLength else {
            throw Invalid(sentence: "it is longer than \(Self.maximumLength) bytes")
        }
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var literalLength = 0
        var expressions = 0
        var start = 0
        var isOpen = false
        func endLiteral(at end: Int) {
            guard end > start else { return }
            parts.append(.literal(Array(bytes[start..<end])))
            literalLength += end - start
        }
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "{") {
                guard !isOpen else { throw Invalid(sentence: "\"{\" stands inside an expression") }
                endLiteral(at: index)
                isOpen = true
                start = index + 1
            } else if byte == UInt8(ascii: "}") {
                guard isOpen else { throw Invalid(sentence: "\"}\" closes nothing") }
                expressions += 1
                guard expressions <= Self.maximumExpressions else {
                    throw Invalid(sentence: "it has more than \(Self.maximumExpressions) expressions")
                }
                parts.append(.expression(try Self.expression(bytes[start..<index])))
                isOpen = false
                start = index + 1
            }
        }
        guard !isOpen else { throw Invalid(sentence: "an expression is not closed") }
        endLiteral(at: bytes.count)
        self.parts = parts
        self.literalLength = literalLength
    }

    private static func expression(_ body: ArraySlice<UInt8>) throws(Invalid) -> Expression {
        let kind = body.first.flatMap(Operator.init)
        let list = kind == nil ? body : body.dropFirst()
        let specifiers = list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard specifiers.count <= maximumVariables else {
            throw Invalid(sentence: "an expression has more than \(maximumVariables) variables")
        }
        var names: [[UInt8]] = []
        var explodes = false
        for specifier in specifiers {
            var name = specifier
            if name.last == UInt8(ascii: "*") {
                explodes = true
                name = name.dropLast()
            } else if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
                let length = name[(colon + 1)...]
                let isPlausible = (1...4).contains(length.count) && length.first != UInt8(ascii: "0")
                guard isPlausible, length.allSatisfy(isDigit) else {
                    throw Invalid(sentence: "an expression has a bad prefix length")
                }
                name = name[..<colon]
            }
            guard !name.isEmpty, name.first != UInt8(ascii: "."), name.allSatisfy(isNameByte) else {
                let text = printable(String(decoding: body, as: UTF8.self))
                throw Invalid(sentence: "the expression \"{\(text)}\" has a bad variable name or operator")
            }
            names.append(Array(name))
        }
        return Expression(operator: kind ?? .simple, names: names, explodes: explodes)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// RFC 6570 section 2.3, and the hyphen, which servers use.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "%"), UInt8(ascii: "-"): true
        default: isDigit(byte)
        }
    }
}
