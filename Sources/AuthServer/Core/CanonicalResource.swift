// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Authentication

/// The form in which resource identifiers are compared; `nil` for what cannot be a resource. The resource server compares
/// in the same form.
package func canonicalResource(_ text: String) -> String? {
    CanonicalResource(text)?.description
}
