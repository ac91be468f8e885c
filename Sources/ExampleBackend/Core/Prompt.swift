// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// A prompt, its arguments and how it is filled in.
package struct Prompt: Sendable {
    struct Argument: Sendable {
        let name: String
        let description: String
        var isRequired = true
        /// Values that start with the given text; the second parameter holds the arguments chosen so far.
        var complete: @Sendable (_ prefix: String, _ chosen: JSONSlice?) -> [String] = { _, _ in [] }
    }

    package let name: String
    let description: String
    let arguments: [Argument]
    /// The `messages` of the result; may ask the client.
    let messages: Messages

    enum Messages: Sendable {
        case known(@Sendable (_ arguments: [String: String]) -> [JSONValue])
        case asking(@Sendable (_ arguments: [String: String], Peer) async throws -> [JSONValue])
    }

    init(
        _ name: String, _ description: String, arguments: [Argument] = [],
        messages: @escaping @Sendable ([String: String]) -> [JSONValue]
    ) {
        self.name = name
        self.description = description
        self.arguments = arguments
        self.messages = .known(messages)
    }

    /// A prompt that asks the client before it is filled in.
    init(
        asking name: String, _ description: String, arguments: [Argument] = [],
        messages: @escaping @Sendable ([String: String], Peer) async throws -> [JSONValue]
    ) {
        self.name = name
        self.description = description
        self.arguments = arguments
        self.messages = .asking(messages)
    }

    static func user(_ content: JSONValue) -> JSONValue {
        ["role": "user", "content": content]
    }

    /// The result of `prompts/get`.
    func result(_ messages: [JSONValue]) -> Reply {
        .result(["description": .string(description), "messages": .array(messages)])
    }

    /// The arguments; throws `-32602` when a required one is missing or one is not a string.
    func values(_ given: JSONSlice?) throws(RPCError) -> [String: String] {
        var values: [String: String] = [:]
        for argument in arguments {
            guard let slice = given?.member(argument.name) else {
                if argument.isRequired { throw .invalidParams("Missing argument \"\(argument.name)\"") }
                continue
            }
            guard let value = slice.string else {
                throw .invalidParams("The argument \"\(argument.name)\" must be a string")
            }
            values[argument.name] = value
        }
        return values
    }
}

extension Prompt: Listed {
    package var key: String { name }

    /// Legacy clients may ask for it too, but those that try everything should not stumble over a question.
    package var eras: Eras {
        if case .asking = messages { .modern } else { .both }
    }

    package func definition(for revision: Revision) -> JSONObject {
        var definition: JSONObject = ["name": .string(name), "description": .string(description)]
        if !arguments.isEmpty {
            let list = arguments.map { argument -> JSONValue in
                [
                    "name": .string(argument.name), "description": .string(argument.description),
                    "required": .bool(argument.isRequired),
                ]
            }
            definition["arguments"] = .array(list)
        }
        return definition
    }
}
