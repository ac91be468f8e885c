// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import JSONTypes

/// The last plain head of a connection. Most of what requests on one connection say of themselves stays the same, and
/// what is the same byte for byte means the same, so its repetition costs a comparison.
///
/// What differs is the length of the body, the proof of a key, and, where many clients share a connection, who asks in
/// which session.
struct KnownHead {
    private enum Gap { case contentLength, sessionID, authorization, dpop }

    /// All of the head but its gaps: what stands before each, and what stands behind the last one.
    private var texts: [(text: String, gap: Gap)] = []
    private var rest = ""
    private var headers: RequestHeaders?
    /// How many more heads may be remembered in vain, because each differs.
    private var patience = Self.fullPatience

    private static let fullPatience = 4
    /// What is kept with a connection, while it is idle too; a head with a token has half of it.
    private static let maximumBytes = 4 << 10

    /// What `text` begins with, if that is the head which is known.
    mutating func request(_ text: UnsafeRawBufferPointer, maximumBytes: Int) -> PlainRequest? {
        guard let headers else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: text.prefix(maximumBytes))
        var position = 0
        var bodyBytes = 0
        var client = headers.client
        var isOther = false
        for (known, gap) in texts {
            guard text.continues(with: known, at: &position) else { return nil }
            let start = position
            switch gap {
            case .contentLength:
                while position < min(text.count, start + 10), text[position] != 0x0D { position += 1 }
                let digits = UnsafeRawBufferPointer(rebasing: text[start..<position])
                guard let length = PlainRequestHead.contentLength(digits) else { return nil }
                bodyBytes = length
            case .sessionID, .authorization, .dpop:
                position = HTTP1Bytes.endOfPlainText(in: text, from: position)
                let value = UnsafeRawBufferPointer(rebasing: text[start..<position])
                // What begins or ends with a space is read by others without it.
                guard let first = value.first, first != 0x20, value.last != 0x20 else { return nil }
                isOther = Self.note(value, gap, &client) || isOther
            }
        }
        guard text.continues(with: rest, at: &position) else { return nil }
        patience = Self.fullPatience
        return PlainRequest(
            headers: isOther ? RequestHeaders(headers, client) : headers, headBytes: position, bodyBytes: bodyBytes)
    }

    /// - Returns: whether the value is another one than `client` had.
    private static func note(
        _ value: UnsafeRawBufferPointer, _ gap: Gap, _ client: inout RequestHeaders.Client
    ) -> Bool {
        switch gap {
        case .contentLength: return false
        case .sessionID:
            if let known = client.sessionID, known.isSpelled(value) { return false }
            client.sessionID = String(decoding: value, as: UTF8.self)
        case .authorization:
            if case .one(let known) = client.authorization, known.isSpelled(value) { return false }
            client.authorization = .one(String(decoding: value, as: UTF8.self))
        case .dpop:
            if case .one(let known) = client.dpop, known.isSpelled(value) { return false }
            client.dpop = .one(String(decoding: value, as: UTF8.self))
        }
        return true
    }

    mutating func remember(_ head: PlainRequestHead, _ headers: RequestHeaders, in text: UnsafeRawBufferPointer) {
        guard patience > 0, head.length <= Self.maximumBytes else {
            self.headers = nil
            return
        }
        patience -= 1
        self.headers = headers
        var gaps = [(head.contentLengthDigits, Gap.contentLength)]
        if let place = head.sessionID { gaps.append((place, .sessionID)) }
        if let place = head.authorization { gaps.append((place, .authorization)) }
        if let place = head.dpop { gaps.append((place, .dpop)) }
        gaps.sort { $0.0.lowerBound < $1.0.lowerBound }
        texts = []
        var position = 0
        for (range, gap) in gaps {
            texts.append((String(decoding: text[position..<range.lowerBound], as: UTF8.self), gap))
            position = range.upperBound
        }
        rest = String(decoding: text[position..<head.length], as: UTF8.self)
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
