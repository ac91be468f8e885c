// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends

/// Where the interesting parts of a plain `POST` lie in its bytes.
///
/// Plain is what nobody can read in two ways: one spelling of the request line, every line ended by CRLF, no control or
/// non-ASCII bytes, exactly one `Host` and one decimal `Content-Length`, and nothing that changes how the message ends or
/// what happens to the connection. Everything else is no error here but somebody else's business: reading yields `nil`,
/// and the full decoder looks at the same bytes. It so refuses what must be refused (RFC 9112 §5, §6.3, §11.2), and
/// whatever is read here, the decoder would read alike.
struct PlainRequestHead {
    /// How many bytes the head has, the empty line included.
    private(set) var length = 0
    private(set) var target = 0..<0
    private(set) var host = 0..<0
    private(set) var contentLength = 0
    /// Where the digits of `Content-Length` stand.
    private(set) var contentLengthDigits = 0..<0
    private(set) var accept: Range<Int>?
    private(set) var contentType: Range<Int>?
    private(set) var sessionID: Range<Int>?
    private(set) var protocolVersion: Range<Int>?
    private(set) var authorization: Range<Int>?
    private(set) var dpop: Range<Int>?
    /// Fields that repeat what a Modern body says: `Mcp-Method`, `Mcp-Name`, `Mcp-Param-…`. None in Legacy requests.
    private(set) var routing: [(name: Range<Int>, value: Range<Int>)] = []
    /// W3C Trace Context.
    private(set) var traceparent: Range<Int>?
    private(set) var tracestate: Range<Int>?

    /// - Parameters:
    ///   - bytes: all that has arrived, from the first byte of the request.
    ///   - maximumBytes: longer heads are not plain.
    ///   - maximumLines: nor are those with more lines.
    init?(_ bytes: UnsafeRawBufferPointer, maximumBytes: Int, maximumLines: Int) {
        let text = UnsafeRawBufferPointer(rebasing: bytes.prefix(maximumBytes))
        guard var position = readRequestLine(text) else { return nil }
        var lines = 0
        while true {
            guard position + 1 < text.count else { return nil }
            if text[position] == .carriageReturn {
                guard text[position + 1] == .lineFeed else { return nil }
                break
            }
            lines += 1
            guard lines <= maximumLines, let next = readFieldLine(text, position) else { return nil }
            position = next
        }
        length = position + 2
        guard !host.isEmpty, !contentLengthDigits.isEmpty else { return nil }
    }

    /// - Returns: where the next line begins.
    private mutating func readRequestLine(_ text: UnsafeRawBufferPointer) -> Int? {
        guard text.continues(with: "POST /", at: 0) else { return nil }
        var position = 6
        while position < text.count, text[position].isPlainInTarget { position += 1 }
        guard text.continues(with: " HTTP/1.1\r\n", at: position) else { return nil }
        target = 5..<position
        return position + 11
    }

    /// - Returns: where the next line begins.
    private mutating func readFieldLine(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var position = HTTP1Bytes.endOfToken(in: text, from: start)
        let name = start..<position
        guard !name.isEmpty, position < text.count, text[position] == UInt8(ascii: ":") else { return nil }
        position += 1
        while position < text.count, text[position] == .space { position += 1 }
        let valueStart = position
        position = HTTP1Bytes.endOfPlainText(in: text, from: position)
        let value = valueStart..<position
        guard !value.isEmpty, text[position - 1] != .space, position + 1 < text.count,
            text[position] == .carriageReturn, text[position + 1] == .lineFeed,
            note(text, name, value)
        else { return nil }
        return position + 2
    }

    /// - Returns: whether the request is still a plain one.
    private mutating func note(_ text: UnsafeRawBufferPointer, _ name: Range<Int>, _ value: Range<Int>) -> Bool {
        func isNamed(_ expected: StaticString) -> Bool { isSpelled(expected, name) }
        func isSpelled(_ expected: StaticString, _ part: Range<Int>) -> Bool {
            HTTP1Bytes.equals(UnsafeRawBufferPointer(rebasing: text[part]), expected)
        }
        if text[name.lowerBound] | 0x20 == UInt8(ascii: "m"), name.count > 4,
            isSpelled("mcp-", name.prefix(4)),
            !isNamed("mcp-session-id"), !isNamed("mcp-protocol-version")
        {
            routing.append((name, value))
            return true
        }
        switch name.count {
        case 2: return !isNamed("te")
        case 4:
            if isNamed("host") {
                guard host.isEmpty else { return false }
                host = value
            } else if isNamed("dpop") {
                return Self.take(value, &dpop)
            }
        case 6:
            if isNamed("accept") { return Self.take(value, &accept) }
            return !isNamed("origin") && !isNamed("expect")
        case 7: return !isNamed("upgrade") && !isNamed("trailer")
        case 10:
            if isNamed("tracestate") { return Self.take(value, &tracestate) }
            // The second is only for the eyes of the full decoder.
            return (!isNamed("connection") || isSpelled("keep-alive", value)) && !isNamed("x-vmcp-hop")
        case 11: if isNamed("traceparent") { return Self.take(value, &traceparent) }
        case 12: if isNamed("content-type") { return Self.take(value, &contentType) }
        case 13:
            if isNamed("authorization") { return Self.take(value, &authorization) }
            return !isNamed("last-event-id")
        case 14:
            if isNamed("mcp-session-id") { return Self.take(value, &sessionID) }
            if isNamed("content-length") { return takeContentLength(text, value) }
        case 16: return !isNamed("proxy-connection")
        case 17: return !isNamed("transfer-encoding")
        case 20: if isNamed("mcp-protocol-version") { return Self.take(value, &protocolVersion) }
        default: break
        }
        return true
    }

    /// A field that is there twice is for the full decoder, too.
    private static func take(_ value: Range<Int>, _ slot: inout Range<Int>?) -> Bool {
        guard slot == nil else { return false }
        slot = value
        return true
    }

    private mutating func takeContentLength(_ text: UnsafeRawBufferPointer, _ value: Range<Int>) -> Bool {
        guard contentLengthDigits.isEmpty,
            let length = Self.contentLength(UnsafeRawBufferPointer(rebasing: text[value]))
        else { return false }
        contentLength = length
        contentLengthDigits = value
        return true
    }

    /// What nothing but digits say, one way only: without zeros in front, and not so many that they could overflow.
    static func contentLength(_ digits: UnsafeRawBufferPointer) -> Int? {
        guard 1...9 ~= digits.count, digits.count == 1 || digits[0] != UInt8(ascii: "0") else { return nil }
        var length = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            length = length * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return length
    }
}

extension UInt8 {
    fileprivate static var carriageReturn: UInt8 { 0x0D }
    fileprivate static var lineFeed: UInt8 { 0x0A }
    fileprivate static var space: UInt8 { 0x20 }

    /// What paths and queries are usually written with (RFC 3986 §2.3, and `/?=&%:@+,;`).
    @inline(__always)
    fileprivate var isPlainInTarget: Bool {
        guard self < 128 else { return false }
        let set: UInt64 = self < 64 ? 0xAFFF_F860_0000_0000 : 0x47FF_FFFE_87FF_FFFF
        return (set &>> UInt64(self & 63)) & 1 == 1
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func continues(with expected: StaticString, at start: Int) -> Bool {
        guard count - start >= expected.utf8CodeUnitCount else { return false }
        for offset in 0..<expected.utf8CodeUnitCount where self[start + offset] != expected.utf8Start[offset] {
            return false
        }
        return true
    }
}
