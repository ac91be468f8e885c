// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// The pages that a 2025-11-25 backend wants visited before it goes on, as its error -32042 lists them.
struct PageVisits {
    private let requests: [(url: String, message: String)]

    /// `nil` when the error lists nothing that may be shown to a person.
    init?(_ error: RequestError, settings: BridgeSettings) {
        guard error.code == .urlElicitationRequired, let elicitations = error.data?["elicitations"],
            elicitations.kind == .array
        else { return nil }
        var requests: [(String, String)] = []
        for elicitation in elicitations.elements {
            guard requests.count < settings.maximumVisits, elicitation["mode"].map({ $0.isString("url") }) ?? true,
                let url = elicitation["url"]?.string, let message = elicitation["message"]?.string,
                PageAddress.problem(url, allowsLoopbackHTTP: settings.allowsInsecureLoopbackURLs) == nil
            else { return nil }
            requests.append((url, message))
        }
        guard !requests.isEmpty else { return nil }
        self.requests = requests
    }

    /// `inputRequests` that ask the same; Modern elicitations have no id.
    func inputRequests(backend: String, isLabelled: Bool) -> JSONSlice {
        var object = JSONObject()
        for (index, request) in requests.enumerated() {
            let message = isLabelled ? "[\(backend)] \(request.message)" : request.message
            object.append(
                "visit\(index + 1)",
                [
                    "method": .string(MCPMethod.elicit.name),
                    "params": ["mode": "url", "message": .string(message), "url": .string(request.url)],
                ])
        }
        return JSONSlice(.object(object))
    }
}
