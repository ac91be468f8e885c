// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The media types that matter here, read from `Content-Type` headers.
enum MediaType {
    /// `type/subtype` in lower case, without parameters; `nil` for anything else.
    static func essence(_ header: String?) -> String? {
        guard let header, let first = header.split(separator: ";", omittingEmptySubsequences: false).first else {
            return nil
        }
        let parts = first.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let trimmed = first.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return trimmed.count == 1 ? trimmed[0].lowercased() : nil
    }

    /// `application/json` or `application/*+json`.
    static func isJSON(_ header: String?) -> Bool {
        guard let essence = essence(header) else { return false }
        return essence == "application/json" || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
    }
}
