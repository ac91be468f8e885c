// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes

/// What is looked at of a request's parameters before they go on, found in one pass.
///
/// Of a key that is repeated, the first one is meant; such parameters are refused before anything is done.
package struct RequestMembers: Sendable {
    /// Where in the text of the parameters it lies.
    package struct Layout: Sendable, Hashable {
        /// What names the tool, prompt, resource or task.
        package fileprivate(set) var named: JSONPlace?
        package fileprivate(set) var meta: JSONPlace?
        package fileprivate(set) var arguments: JSONPlace?
        /// Whether there are members that answer an earlier round.
        package fileprivate(set) var hasRound = false
        package fileprivate(set) var hasTask = false

        /// The layout of parameters that differ from these in what their arguments are.
        ///
        /// - Parameter bytes: how long the other arguments are.
        package func withArguments(ofBytes bytes: Int) -> Layout {
            guard let arguments else { return self }
            let old = arguments.range
            let shift = bytes - old.count
            func moved(_ place: JSONPlace?) -> JSONPlace? {
                guard let range = place?.range, range.lowerBound > old.lowerBound else { return place }
                return JSONPlace(range.lowerBound + shift..<range.upperBound + shift)
            }
            var other = self
            other.named = moved(named)
            other.meta = moved(meta)
            other.arguments = JSONPlace(old.lowerBound..<old.lowerBound + bytes)
            return other
        }
    }

    package let params: JSONSlice?
    /// The first key that repeats an earlier one.
    package let duplicate: String?
    package let layout: Layout

    /// - Parameter nameMember: the key of what the request names, if its method names something.
    package init(_ params: JSONSlice?, naming nameMember: StaticString?) {
        var layout = Layout()
        duplicate = params?.duplicateKey { text, range in
            if let nameMember, range.hasKey(nameMember, in: text) {
                layout.named = layout.named ?? JSONPlace(valueOf: range)
            } else if range.hasKey("arguments", in: text) {
                layout.arguments = layout.arguments ?? JSONPlace(valueOf: range)
            } else if range.hasKey("_meta", in: text) {
                layout.meta = layout.meta ?? JSONPlace(valueOf: range)
            } else if range.hasKey("task", in: text) {
                layout.hasTask = true
            } else if range.hasKey("requestState", in: text) || range.hasKey("inputResponses", in: text) {
                layout.hasRound = true
            }
        }
        self.params = params
        self.layout = layout
    }

    /// Parameters that are known to repeat no key and to have this layout.
    package init(_ params: JSONSlice, _ layout: Layout) {
        self.params = params
        self.layout = layout
        duplicate = nil
    }

    package var name: JSONSlice? { value(layout.named) }
    package var metaValue: JSONSlice? { value(layout.meta) }
    var arguments: JSONSlice? { value(layout.arguments) }

    private func value(_ place: JSONPlace?) -> JSONSlice? { place.flatMap { params?.part($0) } }
}
