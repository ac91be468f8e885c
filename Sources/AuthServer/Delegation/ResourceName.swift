// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A resource identifier that is looked for in a list: by its bytes, or by its canonical form when it has one.
struct ResourceName: Sendable {
    private let text: String
    private let canonical: String?

    init(_ text: String) {
        self.text = text
        canonical = canonicalResource(text)
    }

    /// The entry of the list that is the same resource.
    func entry(in list: [String]) -> String? {
        list.first { $0.isExactly(text) }
            ?? canonical.flatMap { canonical in list.first { canonicalResource($0)?.isExactly(canonical) == true } }
    }

    func isAny(of list: [String]) -> Bool { entry(in: list) != nil }
}
