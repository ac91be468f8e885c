// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

/// WCAG 2.2 §1.4.3 and §1.4.11, computed from the style sheet itself.
@Suite struct PageContrastTests {
    private static func palettes() -> [[String: String]] {
        let sheet = PageStyle.sheet.description
        return sheet.components(separatedBy: "prefers-color-scheme: dark").prefix(2).map { part in
            var colours: [String: String] = [:]
            for match in part.prefix(while: { _ in true }).matches(of: /--([a-z-]+): (#[0-9a-f]{6});/)
            where colours[String(match.1)] == nil {
                colours[String(match.1)] = String(match.2)
            }
            return colours
        }
    }

    private static func luminance(_ colour: String) -> Double {
        let number = Int(colour.dropFirst(), radix: 16) ?? 0
        let parts = [number >> 16, number >> 8 & 255, number & 255].map { value in
            let part = Double(value) / 255
            return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }

    private static func contrast(_ first: String, _ second: String) -> Double {
        let (light, dark) = (max(luminance(first), luminance(second)), min(luminance(first), luminance(second)))
        return (light + 0.05) / (dark + 0.05)
    }

    @Test(
        "Text stands out from what is behind it, edges of controls too, in light and dark",
        arguments: [
            ("ink", "card", 4.5), ("soft", "card", 4.5), ("ink", "page", 4.5), ("soft", "page", 4.5),
            ("soft", "field", 4.5),
            ("ink", "button", 4.5), ("ink", "hover", 4.5), ("good", "good-bg", 4.5), ("warn", "warn-bg", 4.5),
            ("edge", "card", 3), ("accent", "card", 3), ("accent", "field", 3),
        ])
    func contrast(front: String, back: String, least: Double) throws {
        let palettes = Self.palettes()
        #expect(palettes.count == 2)
        for palette in palettes {
            let ratio = Self.contrast(try #require(palette[front]), try #require(palette[back]))
            #expect(ratio >= least, "\(front) on \(back): \(ratio)")
        }
    }
}
