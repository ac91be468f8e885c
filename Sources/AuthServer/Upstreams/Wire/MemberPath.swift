// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import JSONTypes

/// A dotted path into a JSON text, in the part of the gjson syntax that configurations use.
///
/// `a.b`, `list.0.id`, `\.` for a dot in a name, `|` as another dot, and `@upstreamjwt`, which takes the payload of a
/// JWT without looking at its signature. Everything else of gjson (wildcards, queries, other modifiers) is refused when
/// the configuration is read, not silently misread.
struct MemberPath: Sendable, Hashable {
    static let maximumBytes = 512
    static let maximumSteps = 16
    /// Of a JWT that a path looks into.
    private static let maximumJWTBytes = UpstreamText.maximumTokenBytes

    private enum Step: Sendable, Hashable {
        case member(String)
        case jwtPayload
    }

    private let steps: [Step]

    init(parsing text: String) throws(MemberPathError) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= Self.maximumBytes else { throw .tooLong(limit: Self.maximumBytes) }
        var steps: [Step] = []
        var name = ""
        var isModifier = false
        var isEscaped = false
        var isEmpty = true
        func finish() throws(MemberPathError) -> Step {
            guard !isEmpty else { throw .empty }
            guard isModifier else { return .member(name) }
            guard name == "@upstreamjwt" else { throw .unknownModifier }
            return .jwtPayload
        }
        for character in text {
            if isEscaped {
                name.append(character)
                isEscaped = false
                isEmpty = false
                continue
            }
            switch character {
            case "\\": isEscaped = true
            case ".", "|":
                steps.append(try finish())
                (name, isModifier, isEmpty) = ("", false, true)
            case "*", "?": throw .unsupported(String(character))
            default:
                if isEmpty {
                    guard !"#{[!".contains(character) else { throw .unsupported(String(character)) }
                    isModifier = character == "@"
                }
                name.append(character)
                isEmpty = false
            }
        }
        guard !isEscaped else { throw .unsupported("\\") }
        steps.append(try finish())
        guard steps.count <= Self.maximumSteps else { throw .tooManySteps(limit: Self.maximumSteps) }
        self.steps = steps
    }

    /// The value there, or nil; an object with a repeated member has no value, because two readers would differ.
    func value(in root: JSONSlice) -> JSONSlice? {
        var value = root
        for step in steps {
            guard let next = Self.take(step, from: value) else { return nil }
            value = next
        }
        return value
    }

    private static func take(_ step: Step, from value: JSONSlice) -> JSONSlice? {
        switch (step, value.kind) {
        case (.member(let name), .object):
            return value.duplicateKey() == nil ? value.member(name) : nil
        case (.member(let name), .array):
            guard let index = Int(name), index >= 0, name.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            return value.elements.dropFirst(index).first { _ in true }
        case (.jwtPayload, .string):
            return value.string.flatMap { try? CompactJWS(parsing: $0, maximumBytes: maximumJWTBytes).payload }
        default:
            return nil
        }
    }
}

/// Why a path of the configuration was refused.
package enum MemberPathError: Error, Sendable, Hashable {
    case empty
    case tooLong(limit: Int)
    case tooManySteps(limit: Int)
    /// A part of the gjson syntax that is not read here; a backslash before the character makes it part of a name.
    case unsupported(String)
    case unknownModifier
}

extension MemberPathError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "the path has an empty part"
        case .tooLong(let limit): "the path has more than \(limit) bytes"
        case .tooManySteps(let limit): "the path has more than \(limit) parts"
        case .unsupported(let character): "the path uses \"\(character)\", which needs a backslash to be part of a name"
        case .unknownModifier: "the only modifier of a path is @upstreamjwt"
        }
    }
}
