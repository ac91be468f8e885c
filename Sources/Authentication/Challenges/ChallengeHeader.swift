// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One `WWW-Authenticate` value: a scheme and quoted parameters (RFC 9110 section 11.6.1).
struct ChallengeHeader: Sendable, Hashable {
    let scheme: String
    private var parameters: [String] = []

    init(scheme: String) { self.scheme = scheme }

    /// Adds a parameter as a quoted string; nil and empty are left out.
    ///
    /// A header value is printable ASCII on one line: whatever else is in `value` becomes `?`, so that no text can end
    /// the value or the header.
    mutating func add(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        parameters.append("\(name)=\"\(Self.quoted(value))\"")
    }

    var text: String {
        parameters.isEmpty ? scheme : "\(scheme) \(parameters.joined(separator: ", "))"
    }

    private static func quoted(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                result.append("\\")
                result.unicodeScalars.append(scalar)
            case " "..."~": result.unicodeScalars.append(scalar)
            default: result.append("?")
            }
        }
        return result
    }
}
