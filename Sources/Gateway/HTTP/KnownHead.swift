// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import JSONTypes

/// The last plain head of a connection. Most of what requests on one connection say of themselves stays the same, and
/// what is the same byte for byte means the same, so its repetition costs a comparison.
///
/// What differs is the length of the body, the proof of a key, and, where many clients share a connection, who asks in
/// which session.
struct KnownHead {
    private enum Gap {
        case contentLength
        case client(RequestHeaders.Client.Field)
    }

    /// A reference, because every request looks at it.
    private final class Head {
        let headers: RequestHeaders
        /// All of the head but its gaps, and where in it they are.
        let text: [UInt8]
        let gaps: [(place: Int, gap: Gap)]

        init(_ headers: RequestHeaders, _ text: [UInt8], _ gaps: [(place: Int, gap: Gap)]) {
            self.headers = headers
            self.text = text
            self.gaps = gaps
        }
    }

    private var head: Head?
    /// How many more heads may be remembered in vain, because each differs.
    private var patience = Self.fullPatience

    private static let fullPatience = 4
    /// What is kept with a connection, while it is idle too; a head with a token has half of it.
    private static let maximumBytes = 4 << 10

    /// What `text` begins with, if that is the head which is known.
    mutating func request(_ text: UnsafeRawBufferPointer, maximumBytes: Int) -> PlainRequest? {
        guard let head else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: text.prefix(maximumBytes))
        guard let request = head.text.withUnsafeBytes({ Self.request(text, head, $0) }) else { return nil }
        patience = Self.fullPatience
        return request
    }

    private static func request(
        _ text: UnsafeRawBufferPointer, _ head: Head, _ known: UnsafeRawBufferPointer
    ) -> PlainRequest? {
        var position = 0
        var place = 0
        var bodyBytes = 0
        var client = head.headers.client
        var isOther = false
        for (end, gap) in head.gaps {
            guard text.continues(with: known[place..<end], at: &position) else { return nil }
            place = end
            let start = position
            switch gap {
            case .contentLength:
                while position < text.count, text[position] != 0x0D { position += 1 }
                let digits = UnsafeRawBufferPointer(rebasing: text[start..<position])
                guard let length = PlainRequestHead.contentLength(digits) else { return nil }
                bodyBytes = length
            case .client(let field):
                position = HTTP1Bytes.endOfPlainText(in: text, from: position)
                let value = UnsafeRawBufferPointer(rebasing: text[start..<position])
                // What begins or ends with a space is read by others without it.
                guard let first = value.first, first != 0x20, value.last != 0x20 else { return nil }
                isOther = client.note(value, field) || isOther
            }
        }
        guard text.continues(with: known[place...], at: &position) else { return nil }
        return PlainRequest(
            headers: isOther ? RequestHeaders(head.headers, client) : head.headers, headBytes: position,
            bodyBytes: bodyBytes)
    }

    /// Keeps a head in place of the last one, or none.
    mutating func remember(_ plain: PlainRequestHead, _ headers: RequestHeaders, in text: UnsafeRawBufferPointer) {
        head = nil
        guard patience > 0, plain.length <= Self.maximumBytes else { return }
        patience -= 1
        var fields = [(plain.contentLengthDigits, Gap.contentLength)]
        if let place = plain.sessionID { fields.append((place, .client(.sessionID))) }
        if let place = plain.authorization { fields.append((place, .client(.authorization))) }
        if let place = plain.dpop { fields.append((place, .client(.dpop))) }
        fields.sort { $0.0.lowerBound < $1.0.lowerBound }
        var known: [UInt8] = []
        var gaps: [(place: Int, gap: Gap)] = []
        var position = 0
        for (range, gap) in fields {
            known += text[position..<range.lowerBound]
            gaps.append((known.count, gap))
            position = range.upperBound
        }
        known += text[position..<plain.length]
        head = Head(headers, known, gaps)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `expected` comes next; `position` is moved behind it then.
    func continues(with expected: Slice<UnsafeRawBufferPointer>, at position: inout Int) -> Bool {
        guard expected.count <= count - position,
            matches(UnsafeRawBufferPointer(rebasing: expected), at: position)
        else { return false }
        position += expected.count
        return true
    }
}
