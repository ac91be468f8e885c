// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Why a backend's bytes are not an acceptable HTTP/1.1 response.
///
/// Whatever the reason, the position of the next response is unknown: the connection must be closed.
package enum HTTP1ParseError: Error, Hashable {
    /// RFC 9112, section 4.
    case invalidStatusLine
    /// The version is neither HTTP/1.1 nor HTTP/1.0.
    case unsupportedVersion
    /// RFC 9110, section 15: outside 100 to 599.
    case invalidStatusCode(Int)
    /// 101 answers an upgrade, and we never ask for one.
    case switchingProtocols

    /// RFC 9112, section 2.2: a line ended with a line feed alone.
    case bareLineFeed
    /// RFC 9112, section 5.2: a field line starts with white space.
    case obsoleteFolding
    /// RFC 9112, section 5.1: white space between field name and colon.
    case whitespaceBeforeColon
    /// RFC 9110, section 5.1: the field name is empty or no token, or there is no colon.
    case invalidFieldName
    /// RFC 9110, section 5.5: the field value holds a control character, such as a lone CR or a NUL.
    case invalidFieldValue(name: String)

    /// RFC 9112, section 6.3: not a decimal number, or one that no body can have.
    case invalidContentLength
    /// RFC 9112, section 6.3: several values that differ.
    case conflictingContentLengths
    /// RFC 9112, section 6.1: both Content-Length and Transfer-Encoding, the mark of response splitting.
    case contentLengthWithTransferEncoding
    /// A transfer coding other than a single `chunked`; we ask for no other.
    case unsupportedTransferEncoding
    /// RFC 9112, section 6.1: Transfer-Encoding in an HTTP/1.0 message means faulty framing.
    case transferEncodingInHTTP10

    /// RFC 9112, section 7.1: the chunk-size line is no hexadecimal number with optional extensions.
    case invalidChunkSize
    /// The chunk size does not fit an integer.
    case chunkSizeOverflow
    /// The chunk is not followed by CRLF.
    case missingChunkEnd

    case headTooLarge(limit: Int)
    case tooManyFields(limit: Int)
    case tooManyInformationalResponses(limit: Int)
    case chunkLineTooLong(limit: Int)
    /// More bytes of chunk extensions than of content.
    case tooManyChunkExtensions
    case trailersTooLarge(limit: Int)
    case bodyTooLarge(limit: Int)

    /// The connection ended inside a response.
    case truncated
}
