// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the field lines of a head say about where the body ends and whether the connection persists.
struct HTTP1Framing: Sendable {
    private(set) var contentLength: Int?
    /// The index of the line that says it, if it is the only one.
    private(set) var contentLengthLine: Int?
    private(set) var isChunked = false
    private(set) var closes = false
    private(set) var keepsAlive = false
    /// The index of the first Content-Type line.
    private(set) var contentType: Int?

    /// Takes account of one field line, when it is one of the few that matter.
    @inline(__always)
    mutating func note(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, index: Int
    ) throws(HTTP1ParseError) {
        switch name.count {
        case 10 where HTTP1Bytes.equals(name, "connection"): noteConnection(value)
        case 12 where contentType == nil && HTTP1Bytes.equals(name, "content-type"): contentType = index
        case 14 where HTTP1Bytes.equals(name, "content-length"): try noteContentLength(value, index)
        case 17 where HTTP1Bytes.equals(name, "transfer-encoding"): try noteTransferEncoding(value)
        default: break
        }
    }

    private mutating func noteConnection(_ value: UnsafeRawBufferPointer) {
        HTTP1Bytes.forEachMember(of: value) { option in
            if HTTP1Bytes.equals(option, "close") { closes = true }
            if HTTP1Bytes.equals(option, "keep-alive") { keepsAlive = true }
        }
    }

    /// RFC 9112, section 6.3: repeated values are acceptable when they all are the same number.
    private mutating func noteContentLength(
        _ value: UnsafeRawBufferPointer, _ index: Int
    ) throws(HTTP1ParseError) {
        guard !isChunked else { throw .contentLengthWithTransferEncoding }
        contentLengthLine = contentLength == nil ? index : nil
        try HTTP1Bytes.forEachMember(of: value) { (member) throws(HTTP1ParseError) in
            let length = try Self.decimal(member)
            if let contentLength, contentLength != length { throw .conflictingContentLengths }
            contentLength = length
        }
    }

    /// Takes another value of the only Content-Length.
    ///
    /// - Returns: whether it is nothing but digits.
    mutating func replaceContentLength(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let length = try? Self.decimal(value) else { return false }
        contentLength = length
        return true
    }

    private mutating func noteTransferEncoding(_ value: UnsafeRawBufferPointer) throws(HTTP1ParseError) {
        guard contentLength == nil else { throw .contentLengthWithTransferEncoding }
        guard !isChunked, HTTP1Bytes.equals(value, "chunked") else { throw .unsupportedTransferEncoding }
        isChunked = true
    }

    private static func decimal(_ digits: UnsafeRawBufferPointer) throws(HTTP1ParseError) -> Int {
        guard !digits.isEmpty else { throw .invalidContentLength }
        var result = 0
        for byte in digits {
            guard byte >= 0x30, byte <= 0x39 else { throw .invalidContentLength }
            let (shifted, overflows) = result.multipliedReportingOverflow(by: 10)
            let (sum, carries) = shifted.addingReportingOverflow(Int(byte - 0x30))
            guard !overflows, !carries else { throw .invalidContentLength }
            result = sum
        }
        return result
    }
}
