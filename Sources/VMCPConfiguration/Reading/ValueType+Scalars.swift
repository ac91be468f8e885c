// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension ValueType where Value == String {
    /// Any scalar, taken as the text that was written: `0.1` and `yes` need no quotes.
    static var string: ValueType {
        ValueType(schema: { _ in ["type": "string"] }, spell: { .string($0) }, read: text)
    }

    /// A text that may look like a number.
    static var numericString: ValueType {
        ValueType(schema: { _ in ["type": ["string", "number"]] }, spell: { .string($0) }, read: text)
    }

    /// A text that must not be empty.
    static var nonEmptyString: ValueType {
        ValueType.string
            .checked { $0.isEmpty ? "is empty; write a value" : nil }
            .describing(("minLength", 1))
    }

    private static func text(_ place: Place) -> String? {
        guard case .scalar(let scalar) = place.node.content else {
            place.malformed("expected a text, found \(place.kind)")
            return nil
        }
        return scalar.text
    }
}

extension ValueType where Value == Bool {
    /// `true`, `false`, and the YAML 1.1 spellings `yes`, `no`, `on`, `off`.
    static var boolean: ValueType {
        ValueType(schema: { _ in ["type": "boolean"] }, spell: { .boolean($0) }) { place in
            if case .scalar(let scalar) = place.node.content {
                if case .boolean(let value) = scalar.resolved { return value }
                switch scalar.text {
                case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": return true
                case "n", "N", "no", "No", "NO", "off", "Off", "OFF": return false
                case "true", "false": place.malformed("expected true or false, found a quoted text; remove the quotes")
                default: place.malformed("expected true or false, found \(place.kind)")
                }
            } else {
                place.malformed("expected true or false, found \(place.kind)")
            }
            return nil
        }
    }
}

extension ValueType where Value == Int {
    /// A whole number; decimals are cut off with a warning, text is refused.
    static func integer(_ range: ClosedRange<Int> = Int.min...Int.max) -> ValueType {
        ValueType(schema: { _ in schema(range) }, spell: { .integer($0) }) { place in
            guard let value = whole(place) else { return nil }
            guard range.contains(value) else {
                place.refuse("\(value) is out of range; write a number \(words(range))")
                return nil
            }
            return value
        }
    }

    private static func whole(_ place: Place) -> Int? {
        guard case .scalar(let scalar) = place.node.content else {
            place.malformed("expected a whole number, found \(place.kind)")
            return nil
        }
        switch scalar.resolved {
        case .integer(let value): return value
        case .number(let value):
            guard let whole = Int(exactly: value.rounded(.towardZero)) else { break }
            if Double(whole) != value { place.warn("\(scalar.text) is not a whole number and is read as \(whole)") }
            return whole
        case .string where scalar.isQuoted:
            if case .integer = YAMLScalar.resolve(scalar.text) {
                place.malformed("expected a whole number, found a quoted text; remove the quotes")
                return nil
            }
        default: break
        }
        place.malformed("expected a whole number, found \(place.kind)")
        return nil
    }

    private static func schema(_ range: ClosedRange<Int>) -> ConfigurationValue {
        var schema: ConfigurationValue = ["type": "integer"]
        if range.lowerBound != .min { schema = schema.adding("minimum", .integer(range.lowerBound)) }
        if range.upperBound != .max { schema = schema.adding("maximum", .integer(range.upperBound)) }
        return schema
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (let low, .max): "of at least \(low)"
        case (.min, let high): "of at most \(high)"
        case (let low, let high): "from \(low) to \(high)"
        }
    }
}

extension ValueType where Value == Duration {
    /// A duration such as `1m30s`; the bounds are named as they are written.
    static func duration(atLeast low: Duration? = nil, atMost high: Duration? = nil) -> ValueType {
        ValueType(
            schema: { _ in ["type": ["string", "number"], "pattern": .string(durationPattern)] },
            spell: { .string(GoDuration.text($0)) },
            read: { place in
                guard case .scalar(let scalar) = place.node.content else {
                    place.malformed("expected a duration such as 30s, found \(place.kind)")
                    return nil
                }
                do throws(GoDuration.Malformed) {
                    let value = try GoDuration.parse(scalar.text)
                    guard value >= low ?? value, value <= high ?? value else {
                        place.refuse("\(scalar.text) is out of range; write a duration \(words(low, high))")
                        return nil
                    }
                    return value
                } catch {
                    place.malformed(error.message)
                    return nil
                }
            })
    }

    /// A duration above zero.
    static var positiveDuration: ValueType {
        duration().checked { $0 > .zero ? nil : "\(GoDuration.text($0)) is not positive; write a duration above 0s" }
    }

    /// A duration of zero or more.
    static var nonNegativeDuration: ValueType {
        duration().checked { $0 >= .zero ? nil : "\(GoDuration.text($0)) is negative; write 0s or more" }
    }

    private static var durationPattern: String { "^[-+]?(0|([0-9]*\\.?[0-9]+|[0-9]+\\.)(ns|us|µs|μs|ms|s|m|h).*)$" }

    private static func words(_ low: Duration?, _ high: Duration?) -> String {
        switch (low, high) {
        case (let low?, let high?): "from \(GoDuration.text(low)) to \(GoDuration.text(high))"
        case (let low?, nil): "of at least \(GoDuration.text(low))"
        case (nil, let high?): "of at most \(GoDuration.text(high))"
        case (nil, nil): ""
        }
    }
}
