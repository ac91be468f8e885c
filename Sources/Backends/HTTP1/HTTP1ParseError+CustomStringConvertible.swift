// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension HTTP1ParseError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidStatusLine: "The response does not start with an HTTP/1.1 status line. Check the URL and port."
        case .unsupportedVersion: "The response is neither HTTP/1.1 nor HTTP/1.0."
        case .invalidStatusCode(let code): "The response has status \(code), which is not between 100 and 599."
        case .switchingProtocols: "The response switches protocols, which was not asked for."
        case .bareLineFeed: "A line of the response ends with LF instead of CRLF."
        case .obsoleteFolding: "A header line of the response starts with white space (obsolete line folding)."
        case .whitespaceBeforeColon: "A header of the response has white space between its name and the colon."
        case .invalidFieldName: "A header line of the response has no valid field name."
        case .invalidFieldValue(let name): "The response header \(name) holds a control character."
        case .invalidContentLength: "The Content-Length of the response is not a number."
        case .conflictingContentLengths: "The response has several Content-Length values that differ."
        case .contentLengthWithTransferEncoding: "The response has both Content-Length and Transfer-Encoding."
        case .unsupportedTransferEncoding: "The response uses a Transfer-Encoding other than chunked."
        case .transferEncodingInHTTP10: "The response is HTTP/1.0 and has a Transfer-Encoding."
        case .invalidChunkSize: "The chunked body of the response has an invalid chunk-size line."
        case .chunkSizeOverflow: "The chunked body of the response has a chunk size beyond any possible size."
        case .missingChunkEnd: "A chunk of the response body is not followed by CRLF."
        case .headTooLarge(let limit): "The response head is longer than \(limit) bytes."
        case .tooManyFields(let limit): "The response has more than \(limit) header or trailer lines."
        case .tooManyInformationalResponses(let limit):
            "More than \(limit) interim responses came before the final one."
        case .chunkLineTooLong(let limit): "A chunk-size line of the response is longer than \(limit) bytes."
        case .tooManyChunkExtensions: "The chunked body of the response has more extension bytes than content."
        case .trailersTooLarge(let limit): "The trailers of the response are longer than \(limit) bytes."
        case .bodyTooLarge(let limit):
            "The response body is longer than \(limit) bytes. Raise the limit if it should be."
        case .truncated: "The connection ended before the response was complete."
        }
    }
}
