// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Observability

extension SectionReader {
    /// A secret that is written in the file or held by an environment variable, as the two keys say.
    ///
    /// A variable that is named but not set is reported; when both are given, the literal counts.
    func secret(_ literal: Key<String>, _ variable: Key<String>) -> Secret? {
        let text = self[literal].nonEmpty
        let name = self[variable].nonEmpty
        let value = name.flatMap { place.reading.variable($0) }
        if let name, value == nil {
            refuse(variable, "the environment variable \(quoted(name)) is not set; set it before starting")
        }
        return (text ?? value).map(Secret.init)
    }

    /// Reports two keys of which at most one may be written.
    func refuseBoth(_ first: Key<String>, _ second: Key<String>) {
        guard self[first].nonEmpty != nil, self[second].nonEmpty != nil else { return }
        refuse(second, "only one of \(first.name) and \(second.name) may be set; remove one")
    }

    /// The URL of a token endpoint: required, and well formed.
    func endpoint(_ key: Key<String>) -> HTTPURL {
        url(key) ?? .placeholder
    }
}
