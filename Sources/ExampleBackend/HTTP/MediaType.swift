// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The few questions about media types that the endpoint has to answer.
enum MediaType {
    static func isJSON(_ contentType: String) -> Bool {
        contentType == "application/json" || essence(contentType[...]) == "application/json"
    }

    /// True when a POST may be answered both ways (MCP transports, sending messages).
    static func acceptsBoth(_ accept: String?) -> Bool {
        guard let accept else { return false }
        if accept == "application/json, text/event-stream" { return true }
        return accepts(accept, "application/json") && accepts(accept, "text/event-stream")
    }

    static func accepts(_ accept: String?, _ type: String) -> Bool {
        guard let accept else { return false }
        let group = type.prefix { $0 != "/" } + "/*"
        return accept.split(separator: ",").contains { range in
            let essence = essence(range)
            return essence == type || essence == group || essence == "*/*"
        }
    }

    /// The type without its parameters, in lower case.
    private static func essence(_ text: Substring) -> String {
        let type = text.prefix { $0 != ";" }
        return String(type.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }).lowercased()
    }
}
