// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Positions in a priority order; a backend that stands there twice has its first.
struct BackendRanks {
    private let ranks: [ExactText: Int]

    init(_ order: [String]) {
        ranks = Dictionary(
            order.enumerated().map { (ExactText($0.element), $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(backend: String) -> Int? { ranks[ExactText(backend)] }
}
