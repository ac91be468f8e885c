// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many bytes large answers may take together, from their first byte out of a backend to the last one into a
/// client's connection: each has a bound of its own, and so many of them at a time could still be too much.
package final class AnswerBudget: Sendable {
    /// What one answer may have of which no account is kept. Most have less, and how many there are is bounded.
    package static let uncountedBytes = 64 << 10

    package let maximumBytes: Int
    private let taken = Atomic<Int>(0)

    /// One that every answer fits in, for what stands alone.
    package static var unbounded: AnswerBudget { AnswerBudget(maximumBytes: .max) }

    package init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    package var takenBytes: Int { taken.load(ordering: .relaxed) }

    /// - Returns: whether there was room; nothing is taken otherwise.
    fileprivate func take(_ bytes: Int) -> Bool {
        let (_, now) = taken.add(bytes, ordering: .relaxed)
        if now <= maximumBytes { return true }
        taken.subtract(bytes, ordering: .relaxed)
        return false
    }

    /// For what is there already and has to go somewhere.
    fileprivate func takeAnyway(_ bytes: Int) { taken.add(bytes, ordering: .relaxed) }

    fileprivate func giveBack(_ bytes: Int) { taken.subtract(bytes, ordering: .relaxed) }
}

/// What one holder has of a budget. It must give it back in the end.
package struct BudgetShare: Sendable {
    private let budget: AnswerBudget
    private var bytes = 0

    package init(of budget: AnswerBudget) { self.budget = budget }

    /// Makes the share as large as `size` needs.
    ///
    /// - Returns: whether there is room for it; the share stays as it is otherwise.
    package mutating func cover(_ size: Int) -> Bool {
        let needed = Self.counted(size)
        guard needed != bytes else { return true }
        if needed > bytes {
            guard budget.take(needed - bytes) else { return false }
        } else {
            budget.giveBack(bytes - needed)
        }
        bytes = needed
        return true
    }

    /// Makes the share as large as `size` needs, whether there is room or not.
    package mutating func hold(_ size: Int) {
        let needed = Self.counted(size)
        guard needed != bytes else { return }
        budget.takeAnyway(needed - bytes)
        bytes = needed
    }

    package mutating func giveBack() { hold(0) }

    private static func counted(_ size: Int) -> Int { size > AnswerBudget.uncountedBytes ? size : 0 }
}
