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

    private struct Head {
        let headers: RequestHeaders
        /// All of the head but its gaps: what stands before each, and what stands behind the last one.
        var texts: [(text: String, gap: Gap)] = []
        var rest = ""
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
        var position = 0
        var bodyBytes = 0
        var client = head.headers.client
        var isOther = false
        for (known, gap) in head.texts {
            guard text.continues(with: known, at: &position) else { return nil }
            let start = position
            switch gap {
            case .contentLength:
                while position < min(text.count, start + 10), text[position] != 0x0D { position += 1 }
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
        guard text.continues(with: head.rest, at: &position) else { return nil }
        patience = Self.fullPatience
        return PlainRequest(
            headers: isOther ? RequestHeaders(head.headers, client) : head.headers, headBytes: position,
            bodyBytes: bodyBytes)
    }

    /// Keeps a head in place of the last one, or none.
    mutating func remember(_ plain: PlainRequestHead, _ headers: RequestHeaders, in text: UnsafeRawBufferPointer) {
        head = nil
        guard patience > 0, plain.length <= Self.maximumBytes else { return }
        patience -= 1
        var gaps = [(plain.contentLengthDigits, Gap.contentLength)]
        if let place = plain.sessionID { gaps.append((place, .client(.sessionID))) }
        if let place = plain.authorization { gaps.append((place, .client(.authorization))) }
        if let place = plain.dpop { gaps.append((place, .client(.dpop))) }
        gaps.sort { $0.0.lowerBound < $1.0.lowerBound }
        var new = Head(headers: headers)
        var position = 0
        for (range, gap) in gaps {
            new.texts.append((String(decoding: text[position..<range.lowerBound], as: UTF8.self), gap))
            position = range.upperBound
        }
        new.rest = String(decoding: text[position..<plain.length], as: UTF8.self)
        head = new
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `expected` comes next; `position` is moved behind it then.
    fileprivate func continues(with expected: String, at position: inout Int) -> Bool {
        let end = position + expected.utf8.count
        guard end <= count, expected.isSpelled(UnsafeRawBufferPointer(rebasing: self[position..<end])) else {
            return false
        }
        position = end
        return true
    }
}
