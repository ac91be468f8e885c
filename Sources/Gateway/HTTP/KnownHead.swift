// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends

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
        let text: GappedText<Gap>

        init(_ headers: RequestHeaders, _ text: GappedText<Gap>) {
            self.headers = headers
            self.text = text
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
        guard let request = Self.request(text, head) else { return nil }
        patience = Self.fullPatience
        return request
    }

    private static func request(_ text: UnsafeRawBufferPointer, _ head: Head) -> PlainRequest? {
        var bodyBytes = 0
        var client = head.headers.client
        var isOther = false
        let end = head.text.end(in: text) { gap, start in
            switch gap {
            case .contentLength:
                var end = start
                while end < text.count, text[end] != 0x0D { end += 1 }
                let digits = UnsafeRawBufferPointer(rebasing: text[start..<end])
                guard let length = PlainRequestHead.contentLength(digits) else { return nil }
                bodyBytes = length
                return end
            case .client(let field):
                let end = HTTP1Bytes.endOfPlainText(in: text, from: start)
                let value = UnsafeRawBufferPointer(rebasing: text[start..<end])
                // What begins or ends with a space is read by others without it.
                guard let first = value.first, first != 0x20, value.last != 0x20 else { return nil }
                isOther = client.note(value, field) || isOther
                return end
            }
        }
        guard let end else { return nil }
        return PlainRequest(
            headers: isOther ? RequestHeaders(head.headers, client) : head.headers, headBytes: end,
            bodyBytes: bodyBytes)
    }

    /// Keeps a head in place of the last one, or none.
    mutating func remember(_ plain: PlainRequestHead, _ headers: RequestHeaders, in text: UnsafeRawBufferPointer) {
        head = nil
        guard patience > 0, plain.length <= Self.maximumBytes else { return }
        patience -= 1
        var parts = [(range: plain.contentLengthDigits, gap: Gap.contentLength)]
        if let place = plain.sessionID { parts.append((place, .client(.sessionID))) }
        if let place = plain.authorization { parts.append((place, .client(.authorization))) }
        if let place = plain.dpop { parts.append((place, .client(.dpop))) }
        let whole = UnsafeRawBufferPointer(rebasing: text[..<plain.length])
        head = Head(headers, GappedText(whole, without: parts))
    }
}
