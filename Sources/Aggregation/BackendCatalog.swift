// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
import NIOCore

/// What one backend lists, every item as the bytes the backend sent.
///
/// The caller has already followed the backend's pagination and respected the capabilities that it declares.
package struct BackendCatalog: Sendable {
    package var backend: String
    package var tools: [JSONSlice]
    package var resources: [JSONSlice]
    package var resourceTemplates: [JSONSlice]
    package var prompts: [JSONSlice]
    /// How long the lists may be kept; lists without an entry must not be.
    package var freshness: [ListKind: ListFreshness] = [:]

    package init(
        backend: String,
        tools: [JSONSlice] = [],
        resources: [JSONSlice] = [],
        resourceTemplates: [JSONSlice] = [],
        prompts: [JSONSlice] = []
    ) {
        self.backend = backend
        self.tools = tools
        self.resources = resources
        self.resourceTemplates = resourceTemplates
        self.prompts = prompts
    }

    package subscript(kind: ListKind) -> [JSONSlice] {
        switch kind {
        case .tools: tools
        case .resources: resources
        case .resourceTemplates: resourceTemplates
        case .prompts: prompts
        }
    }
}

extension BackendCatalog {
    /// The catalogs ordered by backend name, one for each name.
    ///
    /// Nothing downstream depends on the order in which backends answered. Of two catalogs with one name, the one
    /// whose items come first in byte order is kept, so that even this mistake has one outcome.
    static func ordered(_ catalogs: [BackendCatalog], log: inout WarningLog) -> [BackendCatalog] {
        var result: [BackendCatalog] = []
        for catalog in catalogs.sorted(by: precedes) {
            if let last = result.last, ExactText(last.backend) == ExactText(catalog.backend) {
                log.add(
                    .duplicateBackend, backend: catalog.backend, "two catalogs carry this backend name; one is used")
            } else {
                result.append(catalog)
            }
        }
        return result
    }

    private static func precedes(_ left: BackendCatalog, _ right: BackendCatalog) -> Bool {
        if ExactText(left.backend) != ExactText(right.backend) {
            return ExactText(left.backend) < ExactText(right.backend)
        }
        for kind in ListKind.allCases {
            for (a, b) in zip(left[kind], right[kind]) where a != b {
                return a.bytes.readableBytesView.lexicographicallyPrecedes(b.bytes.readableBytesView)
            }
            if left[kind].count != right[kind].count { return left[kind].count < right[kind].count }
        }
        return false
    }
}
