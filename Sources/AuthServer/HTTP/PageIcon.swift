// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Drawings of 24 by 24 units, part of the page itself: nothing is fetched.
enum PageIcon {
    case key, check, warning, cross, dot

    /// Decoration only: what it says is also said in words.
    var html: HTML {
        HTML.tag(
            "svg", HTMLAttribute("viewBox", "0 0 24 24"), HTMLAttribute("aria-hidden", "true"),
            HTMLAttribute("focusable", "false")
        ) {
            for path in paths { HTML.tag("path", HTMLAttribute("d", path)) }
        }
    }

    private var paths: [String] {
        switch self {
        case .key: ["M15.5 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10z", "M11.9 12.1 3.5 20.5", "M6 18l2.5 2.5", "M9 15l2 2"]
        case .check: ["M20 6 9 17l-5-5"]
        case .warning: ["M12 3 2 20h20L12 3z", "M12 10v4", "M12 17v.01"]
        case .cross: ["M6 6l12 12", "M18 6 6 18"]
        case .dot: ["M9 6l6 6-6 6"]
        }
    }
}
