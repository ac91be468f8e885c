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
    /// The `messages` of the result.
    let messages: @Sendable (_ arguments: [String: String]) -> [JSONValue]

    init(
        _ name: String, _ description: String, arguments: [Argument] = [],
        messages: @escaping @Sendable ([String: String]) -> [JSONValue]
    ) {
        self.name = name
        self.description = description
        self.arguments = arguments
        self.messages = messages
    }

    static func user(_ content: JSONValue) -> JSONValue {
        ["role": "user", "content": content]
    }

    /// The result of `prompts/get`; throws `-32602` when a required argument is missing or not a string.
    func result(_ given: JSONSlice?) throws(RPCError) -> JSONValue {
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
        return ["description": .string(description), "messages": .array(messages(values))]
    }
}

extension Prompt: Listed {
    package var key: String { name }

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
