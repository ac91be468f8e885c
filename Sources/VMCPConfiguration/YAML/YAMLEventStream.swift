// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import CYaml

/// One step of a YAML parse.
enum YAMLEvent {
    case documentStart
    case documentEnd
    case streamEnd
    case alias(String)
    case scalar(YAMLScalar, anchor: String?, tag: String?)
    case sequenceStart(anchor: String?, tag: String?)
    case mappingStart(anchor: String?, tag: String?)
    case collectionEnd
}

/// Where and why a text stopped being YAML.
struct YAMLSyntaxError: Error {
    let position: SourcePosition
    let message: String
}

/// The events of a YAML text, one at a time.
///
/// This sits directly on the C parser that Yams bundles. Yams' own composer recurses without a depth bound, hashes
/// whole key trees (an alias bomb used as a key never ends) and stops at the first duplicate key, naming one place.
final class YAMLEventStream {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// How many bytes of `input` are text.
    private let count: Int

    init(_ text: String) {
        count = text.utf8.count
        input = .allocate(capacity: max(count, 1))
        _ = input.initialize(from: text.utf8)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event with the place where its text starts.
    func next() throws(YAMLSyntaxError) -> (event: YAMLEvent, position: SourcePosition) {
        while true {
            var raw = yaml_event_t()
            guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
            defer { yaml_event_delete(&raw) }
            guard let event = Self.event(raw) else { continue }
            return (event, Self.position(raw.start_mark))
        }
    }

    private static func event(_ raw: yaml_event_t) -> YAMLEvent? {
        switch raw.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(string(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT: return scalar(raw)
        case YAML_SEQUENCE_START_EVENT:
            return .sequenceStart(
                anchor: string(raw.data.sequence_start.anchor), tag: string(raw.data.sequence_start.tag))
        case YAML_MAPPING_START_EVENT:
            return .mappingStart(
                anchor: string(raw.data.mapping_start.anchor), tag: string(raw.data.mapping_start.tag))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .collectionEnd
        case YAML_STREAM_START_EVENT: return nil
        // The parser answers with an empty event for ever once the stream has ended.
        default: return .streamEnd
        }
    }

    private static func scalar(_ raw: yaml_event_t) -> YAMLEvent {
        let scalar = raw.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        let tag = string(scalar.tag)
        let isQuoted = scalar.style != YAML_PLAIN_SCALAR_STYLE
        let text = String(decoding: bytes, as: UTF8.self)
        return .scalar(
            YAMLScalar(text: text, isQuoted: isQuoted, tag: tag), anchor: string(scalar.anchor), tag: tag)
    }

    private static func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private static func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(line: mark.line + 1, column: mark.column + 1)
    }

    private func syntaxError() -> YAMLSyntaxError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "the parser gave up"
        if parser.pointee.error == YAML_READER_ERROR {
            // The one kind of error that comes without a mark.
            let place = endOfText(beforeByte: min(Int(parser.pointee.problem_offset), count))
            return YAMLSyntaxError(position: place, message: "not valid YAML: \(problem)")
        }
        // The parser notices an unfinished text on a line behind the last one.
        let place = min(Self.position(parser.pointee.problem_mark), endOfText(beforeByte: count))
        if problem.hasPrefix("Maximum nesting level") {
            return YAMLSyntaxError(position: place, message: "nested deeper than a thousand levels; flatten this part")
        }
        guard let context = parser.pointee.context.map({ String(cString: $0) }) else {
            return YAMLSyntaxError(position: place, message: "not valid YAML: \(problem)")
        }
        let start = min(Self.position(parser.pointee.context_mark), endOfText(beforeByte: count))
        return YAMLSyntaxError(
            position: context.hasSuffix("a simple key") ? start : place,
            message: "not valid YAML: \(problem) \(context) that starts at line \(start.line)")
    }

    /// The place behind the first bytes of the text, with lines counted as the parser does.
    private func endOfText(beforeByte end: Int) -> SourcePosition {
        var line = 1
        var column = 1
        var previous: Unicode.Scalar = " "
        for scalar in String(decoding: input[..<end], as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                line += 1
                column = 1
            default: column += 1
            }
            previous = scalar
        }
        return SourcePosition(line: line, column: column)
    }
}
