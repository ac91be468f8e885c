// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// What is looked at of a request's parameters before they go on, found in one pass.
///
/// Of a key that is repeated, the first one is meant; such parameters are refused before anything is done.
package struct RequestMembers: Sendable {
    package let params: JSONSlice?
    /// The first key that repeats an earlier one.
    package let duplicate: String?
    /// What names the tool, prompt, resource or task.
    let named: JSONPlace?
    let meta: JSONPlace?
    let arguments: JSONPlace?
    /// Whether there are members that answer an earlier round.
    let hasRound: Bool
    let hasTask: Bool

    /// - Parameter nameMember: the key of what the request names, if its method names something.
    package init(_ params: JSONSlice?, naming nameMember: StaticString?) {
        var named: JSONPlace?
        var meta: JSONPlace?
        var arguments: JSONPlace?
        var hasRound = false
        var hasTask = false
        duplicate = params?.duplicateKey { text, range in
            if let nameMember, range.hasKey(nameMember, in: text) {
                named = named ?? JSONPlace(valueOf: range)
            } else if range.hasKey("arguments", in: text) {
                arguments = arguments ?? JSONPlace(valueOf: range)
            } else if range.hasKey("_meta", in: text) {
                meta = meta ?? JSONPlace(valueOf: range)
            } else if range.hasKey("task", in: text) {
                hasTask = true
            } else if range.hasKey("requestState", in: text) || range.hasKey("inputResponses", in: text) {
                hasRound = true
            }
        }
        self.params = params
        self.named = named
        self.meta = meta
        self.arguments = arguments
        self.hasRound = hasRound
        self.hasTask = hasTask
    }

    package var name: JSONSlice? { value(named) }
    package var metaValue: JSONSlice? { value(meta) }

    func value(_ place: JSONPlace?) -> JSONSlice? { place.flatMap { params?.part($0) } }
}
