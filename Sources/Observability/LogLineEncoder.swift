// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging

/// Turns an event into the bytes of one line, its line end included.
struct LogLineEncoder: Sendable {
    let format: LogFormat
    let usesColour: Bool

    func encode(
        unixMilliseconds: Int64,
        level: Logger.Level,
        message: String,
        metadata: Logger.Metadata
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        var pairs = metadata.sorted { $0.key < $1.key }.prefix(LogEscaping.maxPairs).map { ($0.key, $0.value) }
        if metadata.count > pairs.count { pairs.append(("omittedPairs", "\(metadata.count - pairs.count)")) }
        switch format {
        case .text: appendText(unixMilliseconds, level, message, pairs, to: &line)
        case .json: appendJSON(unixMilliseconds, level, message, pairs, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private func appendText(
        _ unixMilliseconds: Int64, _ level: Logger.Level, _ message: String, _ pairs: [(String, Logger.MetadataValue)],
        to line: inout [UInt8]
    ) {
        LogTimestamp.append(unixMilliseconds: unixMilliseconds, to: &line)
        line.append(UInt8(ascii: " "))
        if usesColour { line.append(contentsOf: level.colour.utf8) }
        line.append(contentsOf: level.shortName.utf8)
        if usesColour { line.append(contentsOf: "\u{1B}[0m".utf8) }
        line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 6 - level.shortName.utf8.count))
        LogEscaping.appendPlain(LogEscaping.capped(message), quoted: false, to: &line)
        for (index, (key, value)) in pairs.enumerated() {
            line.append(contentsOf: (index == 0 ? "  " : " ").utf8)
            LogEscaping.appendPlain(LogEscaping.capped(key), quoted: true, to: &line)
            line.append(UInt8(ascii: "="))
            let text = LogEscaping.capped(Self.plainText(value))
            if LogEscaping.needsQuotes(text) {
                line.append(UInt8(ascii: "\""))
                LogEscaping.appendPlain(text, quoted: true, to: &line)
                line.append(UInt8(ascii: "\""))
            } else {
                line.append(contentsOf: text.utf8)
            }
        }
    }

    private func appendJSON(
        _ unixMilliseconds: Int64, _ level: Logger.Level, _ message: String, _ pairs: [(String, Logger.MetadataValue)],
        to line: inout [UInt8]
    ) {
        line.append(contentsOf: #"{"time":""#.utf8)
        LogTimestamp.append(unixMilliseconds: unixMilliseconds, to: &line)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: level.rawValue.utf8)
        line.append(contentsOf: #"","msg":"#.utf8)
        LogEscaping.appendJSONString(LogEscaping.capped(message), to: &line)
        for (key, value) in pairs {
            line.append(UInt8(ascii: ","))
            // The three names above must stay unique in the object.
            let isReserved = key == "time" || key == "level" || key == "msg"
            LogEscaping.appendJSONString(isReserved ? "\(key)_" : LogEscaping.capped(key), to: &line)
            line.append(UInt8(ascii: ":"))
            appendJSON(value, to: &line)
        }
        line.append(UInt8(ascii: "}"))
    }

    private func appendJSON(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string, .stringConvertible:
            LogEscaping.appendJSONString(LogEscaping.capped(Self.plainText(value)), to: &line)
        case .array, .dictionary:
            let start = line.count
            Self.appendNested(value, depth: 0, until: start + 2 * LogEscaping.maxBytes, to: &line)
            guard line.count - start > LogEscaping.maxBytes else { return }
            // Cut JSON is no JSON: what is left of a large value is shown as text.
            let nested = String(decoding: line[start...], as: UTF8.self)
            line.removeSubrange(start...)
            LogEscaping.appendJSONString(LogEscaping.capped(nested), to: &line)
        }
    }

    private static func plainText(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string, .stringConvertible: return value.description
        case .array, .dictionary:
            var nested: [UInt8] = []
            appendNested(value, depth: 0, until: 2 * LogEscaping.maxBytes, to: &nested)
            return String(decoding: nested, as: UTF8.self)
        }
    }

    /// Appends arrays and dictionaries as compact JSON, stopping once that is too long to be shown whole anyway; beyond
    /// eight levels only their kind is shown.
    private static func appendNested(
        _ value: Logger.MetadataValue, depth: Int, until end: Int, to line: inout [UInt8]
    ) {
        switch value {
        case .string, .stringConvertible:
            LogEscaping.appendJSONString(LogEscaping.capped(value.description), to: &line)
        case .array, .dictionary:
            guard depth < 8 else { return line.append(contentsOf: #""…""#.utf8) }
            appendContainer(value, depth: depth, until: end, to: &line)
        }
    }

    private static func appendContainer(
        _ value: Logger.MetadataValue, depth: Int, until end: Int, to line: inout [UInt8]
    ) {
        let isArray: Bool
        let elements: [(key: String?, value: Logger.MetadataValue)]
        switch value {
        case .array(let values):
            isArray = true
            elements = values.map { (nil, $0) }
        case .dictionary(let members):
            isArray = false
            elements = members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        case .string, .stringConvertible:
            return
        }
        line.append(UInt8(ascii: isArray ? "[" : "{"))
        for (index, element) in elements.enumerated() {
            guard line.count < end else { break }
            if index > 0 { line.append(UInt8(ascii: ",")) }
            if let key = element.key {
                LogEscaping.appendJSONString(LogEscaping.capped(key), to: &line)
                line.append(UInt8(ascii: ":"))
            }
            appendNested(element.value, depth: depth + 1, until: end, to: &line)
        }
        line.append(UInt8(ascii: isArray ? "]" : "}"))
    }
}

extension Logger.Level {
    fileprivate var shortName: String {
        switch self {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info: "INFO"
        case .notice: "NOTE"
        case .warning: "WARN"
        case .error: "ERROR"
        case .critical: "CRIT"
        }
    }

    fileprivate var colour: String {
        switch self {
        case .trace, .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .notice: "\u{1B}[36m"
        case .warning: "\u{1B}[33m"
        case .error, .critical: "\u{1B}[1;31m"
        }
    }
}
