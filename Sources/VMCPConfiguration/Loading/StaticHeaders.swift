// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import Observability

/// Headers that every request to one backend carries, given through the environment.
package enum StaticHeaders: Sendable, Hashable {
    /// To be set on each request, unless the request has them already.
    case headers([Header])
    /// The backend must not be used; the text says why.
    case refused(String)

    package struct Header: Sendable, Hashable {
        package let name: String
        package let value: Secret
    }

    /// The variable `TOOLHIVE_HEADER_FORWARD_<NAME>` holds the manifest of a backend.
    package static let manifestPrefix = "TOOLHIVE_HEADER_FORWARD_"
    /// The variable `TOOLHIVE_SECRET_<IDENTIFIER>` holds a secret that a manifest names.
    package static let secretPrefix = "TOOLHIVE_SECRET_"

    private struct Manifest: Decodable {
        var addPlaintextHeaders: [String: String]?
        var addHeadersFromSecret: [String: String]?
    }

    /// The name of the variable that holds a backend's manifest.
    package static func variable(for backend: String) -> String {
        let letters = backend.uppercased().unicodeScalars.map { scalar -> Character in
            switch scalar {
            case "A"..."Z", "0"..."9", "_": Character(scalar)
            default: "_"
            }
        }
        return manifestPrefix + String(letters)
    }

    /// The static headers of every backend that has some, and what is odd about the manifests.
    ///
    /// A malformed manifest is skipped with a warning. A restricted header, a name that `passthroughHeaders` has too
    /// or a secret that is not set refuses that one backend.
    package static func read(
        environment: [String: String], backends: [String], passthroughHeaders: [String]
    ) -> (headers: [String: StaticHeaders], warnings: [String]) {
        var result: [String: StaticHeaders] = [:]
        var warnings: [String] = []
        var owners: [String: String] = [:]
        for backend in backends.sorted() {
            let variable = variable(for: backend)
            guard let text = environment[variable], !text.isEmpty else { continue }
            if let owner = owners.updateValue(backend, forKey: variable) {
                warnings.append("\(variable) applies to the backends \(quoted(owner)) and \(quoted(backend))")
            }
            guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(text.utf8)) else {
                warnings.append(
                    "\(variable) is not the JSON of a header manifest and is ignored; "
                        + "write {\"addPlaintextHeaders\":{\"X-Name\":\"value\"}}")
                continue
            }
            result[backend] = resolve(manifest, environment, Set(passthroughHeaders.map { $0.lowercased() }))
        }
        return (result, warnings)
    }

    private static func resolve(
        _ manifest: Manifest, _ environment: [String: String], _ passthrough: Set<String>
    ) -> StaticHeaders {
        var headers: [Header] = []
        var seen: Set<String> = []
        func add(_ name: String, _ value: String) -> String? {
            if let problem = HeaderRules.nameProblem(name) { return "a static header name \(problem)" }
            let lowercased = name.lowercased()
            if HeaderRules.restricted.contains(lowercased) { return "the static header \(quoted(name)) is restricted" }
            if passthrough.contains(lowercased) {
                return "the header \(quoted(name)) is both static and in passthroughHeaders"
            }
            if !seen.insert(lowercased).inserted { return "the static header \(quoted(name)) is given twice" }
            if let problem = HeaderRules.valueProblem(value) { return "the value of \(quoted(name)) \(problem)" }
            headers.append(Header(name: name, value: Secret(value)))
            return nil
        }
        for (name, value) in (manifest.addPlaintextHeaders ?? [:]).sorted(by: { $0.key < $1.key }) {
            if let problem = add(name, value) { return .refused(problem) }
        }
        for (name, identifier) in (manifest.addHeadersFromSecret ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let value = environment[secretPrefix + identifier], !value.isEmpty else {
                return .refused(
                    "the environment variable \(secretPrefix)\(identifier) of the header \(quoted(name)) is not set")
            }
            if let problem = add(name, value) { return .refused(problem) }
        }
        return .headers(headers)
    }
}
