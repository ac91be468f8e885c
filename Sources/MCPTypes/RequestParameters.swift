// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// The parameters of a request on their way to a backend, with what is known of them.
package struct RequestParameters: Sendable {
    /// Where the parts stand that change on the way or are repeated in headers.
    struct Known {
        /// What the client's `_meta` says, and where its value stands: there is one.
        let meta: ModernMeta
        let metaPlace: JSONPlace
        /// The value of `name`, a string.
        let namePlace: JSONPlace
    }

    package let text: JSONSlice?
    let known: Known?

    package init(_ text: JSONSlice?) {
        self.text = text
        known = nil
    }

    /// Parameters of a Modern request that have been looked through.
    ///
    /// - Parameters:
    ///   - metaPlace: the value of their only `_meta`, which says what `meta` does.
    ///   - namePlace: the value of `name`, a string.
    package init(_ text: JSONSlice, _ meta: ModernMeta, metaPlace: JSONPlace, namePlace: JSONPlace) {
        self.text = text
        known = Known(meta: meta, metaPlace: metaPlace, namePlace: namePlace)
    }

    /// The value of `name`, where it is known.
    package var knownName: JSONSlice? { known.flatMap { text?.part($0.namePlace) } }
}
