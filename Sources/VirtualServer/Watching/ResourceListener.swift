// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// Someone who wants to hear of changed resources.
package protocol ResourceListener: AnyObject, Sendable {
    /// A resource has changed, or something below it.
    ///
    /// - Parameter params: of `notifications/resources/updated`, without what belongs to the backend's connection.
    func resourceUpdated(_ params: JSONSlice)
}
