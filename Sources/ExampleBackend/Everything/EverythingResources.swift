// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// The resources of the profile "everything".
enum EverythingResources {
    static func resources(_ watched: WatchedResource) -> [Resource] {
        [
            .text("test://static-text", name: "Static Text Resource", description: "A static text resource") {
                "This is the content of the static text resource."
            },
            Resource(
                "test://static-binary", name: "Static Binary Resource", description: "A static image",
                type: "image/png"
            ) {
                [Content.contents("test://static-binary", base64: Samples.png, type: "image/png")]
            },
            .text(
                WatchedResource.uri, name: "Watched Resource", description: "Changes when touch_watched is called"
            ) { watched.text },
            Resource(
                "test://input-required", name: "Guarded Resource", description: "Asks for a word before it is read",
                type: "text/plain",
                ask: { peer in
                    let answer = try await peer.form(
                        "password", "What is the word?", ["word": Schema.string("The word.")], required: ["word"])
                    let word = answer["content"]?["word"]?.string ?? "none"
                    return [
                        Content.contents("test://input-required", text: "The word was \(word)", type: "text/plain")
                    ]
                },
                read: { [] }),
        ]
    }

    static var templates: [ResourceTemplate] {
        [
            ResourceTemplate(
                prefix: "test://template/", variable: "id", suffix: "/data", name: "Resource Template",
                description: "A resource with a parameter", type: "application/json",
                complete: { prefix in ["alpha", "beta", "gamma"].filter { $0.hasPrefix(prefix) } },
                read: { uri, id in
                    let data: JSONValue = [
                        "id": .string(id), "templateTest": true, "data": .string("Data for ID: \(id)"),
                    ]
                    return [Content.contents(uri, text: JSONSlice(data).description, type: "application/json")]
                }),
            ResourceTemplate(
                prefix: "test://hidden/", variable: "name", name: "Hidden Resources",
                description: "Resources that no list shows", type: "text/plain", isListed: false,
                read: { uri, name in [Content.contents(uri, text: "Hidden \(name)", type: "text/plain")] }),
        ]
    }
}
