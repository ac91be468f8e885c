// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// The prompts of the profile "everything".
enum EverythingPrompts {
    static var all: [Prompt] {
        [
            Prompt("test_simple_prompt", "A simple prompt without arguments") { _ in
                [Prompt.user(Content.text("This is a simple prompt for testing."))]
            },
            Prompt(
                "test_prompt_with_arguments", "A prompt with two required arguments",
                arguments: [
                    Prompt.Argument(name: "arg1", description: "First test argument") { prefix, _ in
                        ["paris", "park", "party"].filter { $0.hasPrefix(prefix) }
                    },
                    Prompt.Argument(name: "arg2", description: "Second test argument") { prefix, chosen in
                        let first = chosen?["arg1"]?.string ?? "none"
                        return ["\(first)-one", "\(first)-two"].filter { $0.hasPrefix(prefix) }
                    },
                ]
            ) { arguments in
                let first = arguments["arg1"] ?? "", second = arguments["arg2"] ?? ""
                return [Prompt.user(Content.text("Prompt with arguments: arg1='\(first)', arg2='\(second)'"))]
            },
            Prompt(
                "test_prompt_with_embedded_resource", "A prompt that embeds a resource",
                arguments: [Prompt.Argument(name: "resourceUri", description: "URI of the resource to embed")]
            ) { arguments in
                [
                    Prompt.user(
                        Content.resource(
                            arguments["resourceUri"] ?? "", text: "Embedded resource content for testing.",
                            type: "text/plain")),
                    Prompt.user(Content.text("Please process the embedded resource above.")),
                ]
            },
            Prompt("test_prompt_with_image", "A prompt with an image") { _ in
                [
                    Prompt.user(Content.image(Samples.png)),
                    Prompt.user(Content.text("Please analyze the image above.")),
                ]
            },
            Prompt(asking: "test_input_required_result_prompt", "A prompt that asks for its context") { _, peer in
                let answer = try await peer.form(
                    "user_context", "What context should the prompt use?",
                    ["context": Schema.string("The context.")], required: ["context"])
                let context = answer["content"]?["context"]?.string ?? "none"
                return [Prompt.user(Content.text("Use this context: \(context)"))]
            },
        ]
    }
}
