// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension URITemplate {
    /// A cheap test that most other templates fail: the literal beginning and end.
    func mayMatch(_ uri: [UInt8]) -> Bool {
        guard uri.count >= literalLength else { return false }
        if case .literal(let start) = parts.first, !uri.starts(with: start) { return false }
        if case .literal(let end) = parts.last, !uri.suffix(end.count).elementsEqual(end) { return false }
        return true
    }

    /// Whether an expansion of the template could be `uri`.
    ///
    /// Keeps the set of offsets that the parts so far can end at, and moves it along part by part: time is parts times
    /// length, with no backtracking.
    ///
    /// - Parameter steps: what may still be spent, in bytes looked at; when it runs out nothing matches.
    func matches(_ uri: [UInt8], steps: inout Int) -> Bool {
        var reached = [Bool](repeating: false, count: uri.count + 1)
        reached[0] = true
        for part in parts {
            steps -= uri.count + 1
            guard steps >= 0 else { return false }
            switch part {
            case .literal(let literal):
                reached = Self.advance(reached, over: literal, in: uri, steps: &steps)
            case .expression(let expression):
                reached = expression.advance(reached, in: uri, steps: &steps)
            }
            guard reached.contains(true) else { return false }
        }
        return reached[uri.count]
    }

    private static func advance(_ reached: [Bool], over literal: [UInt8], in uri: [UInt8], steps: inout Int) -> [Bool] {
        var next = [Bool](repeating: false, count: reached.count)
        guard uri.count >= literal.count else { return next }
        for start in 0...(uri.count - literal.count) where reached[start] {
            var length = 0
            while length < literal.count, uri[start + length] == literal[length] { length += 1 }
            steps -= length
            guard steps >= 0 else { break }
            if length == literal.count { next[start + length] = true }
        }
        return next
    }
}

extension URITemplate.Expression {
    /// The offsets that this expression can end at when it begins at one of those `reached`.
    ///
    /// Undefined variables expand to nothing, so those offsets are always among them.
    fileprivate func advance(_ reached: [Bool], in uri: [UInt8], steps: inout Int) -> [Bool] {
        switch `operator` {
        case .simple: run(reached, in: uri, lead: nil, slashes: explodes ? nil : 0, stops: explodes ? "" : "?#")
        case .reserved: run(reached, in: uri, lead: nil, slashes: nil, stops: "")
        case .fragment: run(reached, in: uri, lead: UInt8(ascii: "#"), slashes: nil, stops: "")
        case .label: run(reached, in: uri, lead: UInt8(ascii: "."), slashes: 0, stops: "?#")
        case .path:
            run(reached, in: uri, lead: UInt8(ascii: "/"), slashes: explodes ? nil : names.count - 1, stops: "?#")
        case .parameter: run(reached, in: uri, lead: UInt8(ascii: ";"), slashes: 0, stops: "?#")
        case .query: form(reached, in: uri, lead: UInt8(ascii: "?"), steps: &steps)
        case .continuation: form(reached, in: uri, lead: UInt8(ascii: "&"), steps: &steps)
        }
    }

    /// A run of any bytes but `stops`, with at most so many slashes, after the lead.
    ///
    /// Of several beginnings only the latest matters: it has the fewest slashes behind it.
    private func run(_ reached: [Bool], in uri: [UInt8], lead: UInt8?, slashes: Int?, stops: StaticString) -> [Bool] {
        var next = reached
        var isRunning = false
        var seen = 0
        for (index, byte) in uri.enumerated() {
            if reached[index], lead == nil || lead == byte {
                isRunning = true
                seen = 0
                if lead != nil {
                    next[index + 1] = true
                    continue
                }
            }
            guard isRunning else { continue }
            if byte == UInt8(ascii: "/"), let slashes {
                seen += 1
                if seen > slashes { isRunning = false }
            } else if stops.withUTF8Buffer({ $0.contains(byte) }) {
                isRunning = false
            }
            if isRunning { next[index + 1] = true }
        }
        return next
    }

    /// `name=value` pairs with names of this expression, in any order, separated by `&`, after the lead.
    ///
    /// At each offset there is at most one name being read, because a name holds neither `?` nor `&`.
    private func form(_ reached: [Bool], in uri: [UInt8], lead: UInt8, steps: inout Int) -> [Bool] {
        var next = reached
        var nameStart: Int?
        var isInValue = false
        for (index, byte) in uri.enumerated() {
            let isStart = reached[index] && byte == lead
            var name = nameStart
            var value = isInValue && byte != UInt8(ascii: "#")
            if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "=") {
                let isNamed = nameStart.map { hasName(uri[$0..<index], steps: &steps) } ?? false
                let isSeparator = byte == UInt8(ascii: "&") && (isNamed || isInValue)
                name = isSeparator ? index + 1 : nil
                value = byte == UInt8(ascii: "=") && (isNamed || isInValue)
            } else if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "/") {
                name = nil
            }
            if isStart { name = index + 1 }
            nameStart = name
            isInValue = value
            if value || isStart {
                next[index + 1] = true
            } else if let name, name <= index, hasName(uri[name...index], steps: &steps) {
                next[index + 1] = true
            }
        }
        return next
    }

    private func hasName(_ name: ArraySlice<UInt8>, steps: inout Int) -> Bool {
        if explodes { return !name.isEmpty }
        steps -= names.count
        for candidate in names where candidate.count == name.count {
            steps -= name.count
            if candidate.elementsEqual(name) { return true }
        }
        return false
    }
}
