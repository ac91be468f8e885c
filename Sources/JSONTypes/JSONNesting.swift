// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The kinds of the open containers, one bit each, newest lowest.
///
/// 64 levels fit inline; the array stays empty, and nothing is allocated, for all texts that are met in practice.
struct JSONNesting {
    private(set) var depth = 0
    private var word: UInt64 = 0
    private var spilled: [UInt64] = []

    @inline(__always) var isObject: Bool { word & 1 == 1 }

    @inline(__always) mutating func push(isObject: Bool) {
        if depth & 63 == 0, depth > 0 { spill() }
        word = word &<< 1 | (isObject ? 1 : 0)
        depth &+= 1
    }

    @inline(__always) mutating func pop() {
        depth &-= 1
        word &>>= 1
        if depth & 63 == 0, depth > 0 { refill() }
    }

    @inline(never) private mutating func spill() {
        spilled.append(word)
        word = 0
    }

    @inline(never) private mutating func refill() {
        word = spilled.popLast() ?? 0
    }
}
