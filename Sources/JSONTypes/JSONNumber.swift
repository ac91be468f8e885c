// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A number as its text, converted on demand, so that no digit is lost.
///
/// Equality is by spelling: `1.0` and `1` differ.
package struct JSONNumber: Sendable, Hashable {
    /// Matches the grammar of RFC 8259 section 6.
    package let text: String

    package init(_ value: Int) {
        text = String(value)
    }

    /// The shortest spelling that reads back as `value`.
    ///
    /// JSON has no infinities and no NaN: an infinity becomes the greatest finite number of its sign and NaN becomes 0.
    package init(_ value: Double) {
        let greatest = Double.greatestFiniteMagnitude
        text = value.isNaN ? "0" : min(max(value, -greatest), greatest).description
    }

    /// Takes a spelling; nil if it is not a JSON number.
    package init?(text: String) {
        var copy = text
        let isNumber = copy.withUTF8 { bytes in
            guard JSONSlice.Kind(first: bytes.first) == .number else { return false }
            var scanner = JSONScanner(UnsafeRawBufferPointer(bytes), limits: .standard)
            do throws(JSONError) {
                try scanner.scanNumber()
            } catch {
                return false
            }
            return scanner.position == bytes.count
        }
        guard isNumber else { return nil }
        self.text = text
    }

    init(trusted text: String) {
        self.text = text
    }

    /// The exact integer, however it is spelled; nil for fractions and outside the range of `Int`.
    package var int: Int? {
        var copy = text
        return copy.withUTF8 { Self.integer(spelledBy: UnsafeRawBufferPointer($0)) }
    }

    /// The nearest `Double`; nil where it would be infinite.
    package var double: Double? {
        var copy = text
        return copy.withUTF8 { Self.double(spelledBy: UnsafeRawBufferPointer($0)) }
    }
}

extension JSONNumber {
    static func double(spelledBy text: UnsafeRawBufferPointer) -> Double? {
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// The value of a spelling that is an integer within `Int`, or nil, also for text that is no number.
    ///
    /// Zeros are counted, not multiplied in, until a digit follows them. The collected digits so end in a non-zero one,
    /// and the number is integral exactly when the remaining power of ten is not negative.
    static func integer(spelledBy text: UnsafeRawBufferPointer) -> Int? {
        if let plain = plainInteger(text) { return plain }
        guard let first = text.first, first == .minus || first.isDigit else { return nil }
        let isNegative = first == .minus
        var cursor = isNegative ? 1 : 0
        var magnitude = 0  // negative, because Int.min has no positive counterpart
        var pendingZeros = 0
        var fractionDigits = 0
        var isFraction = false
        digits: while cursor < text.count {
            let byte = text[cursor]
            switch byte {
            case .point:
                isFraction = true
            case .zero:
                pendingZeros += 1
                if isFraction { fractionDigits += 1 }
            case 0x31...0x39:
                guard let scaled = scale(magnitude, byTenTo: pendingZeros + 1) else { return nil }
                let (sum, overflow) = scaled.subtractingReportingOverflow(Int(byte - .zero))
                guard !overflow else { return nil }
                magnitude = sum
                pendingZeros = 0
                if isFraction { fractionDigits += 1 }
            case 0x65, 0x45:
                break digits
            default:
                return nil
            }
            cursor += 1
        }
        guard let exponent = exponent(spelledBy: text, from: cursor + 1) else { return nil }
        let power = exponent + pendingZeros - fractionDigits
        guard magnitude != 0 else { return 0 }
        guard power >= 0, let integer = scale(magnitude, byTenTo: power) else { return nil }
        return isNegative ? integer : (integer == .min ? nil : -integer)
    }

    /// The value of nothing but digits, and so few that they cannot overflow.
    private static func plainInteger(_ text: UnsafeRawBufferPointer) -> Int? {
        guard 1...18 ~= text.count else { return nil }
        var value = 0
        for byte in text {
            guard byte.isDigit else { return nil }
            value = value &* 10 &+ Int(byte &- .zero)
        }
        return value
    }

    /// The digits after `e`, held far from overflow; 0 when the text has no exponent.
    private static func exponent(spelledBy text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < text.count else { return 0 }
        var cursor = start
        let isNegative = text[cursor] == .minus
        if isNegative || text[cursor] == .plus { cursor += 1 }
        var exponent = 0
        while cursor < text.count {
            guard text[cursor].isDigit else { return nil }
            if exponent < 1 << 48 { exponent = exponent * 10 + Int(text[cursor] - .zero) }
            cursor += 1
        }
        return isNegative ? -exponent : exponent
    }

    private static func scale(_ value: Int, byTenTo power: Int) -> Int? {
        guard value != 0 else { return 0 }
        guard power < 20 else { return nil }
        var scaled = value
        for _ in 0..<power {
            let (product, overflow) = scaled.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            scaled = product
        }
        return scaled
    }
}
