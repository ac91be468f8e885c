// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import JSONTypes
package import NIOCore

/// What a caller is told when a request fails: JSON-RPC code, message and data, and the HTTP status that carries them.
///
/// The message must not name a backend's address, credential or stack; those go to the log.
package struct RequestError: Error, Sendable {
    package var code: ErrorCode
    package var message: String
    package var data: JSONSlice?

    /// The HTTP status of the answer when nothing has been streamed yet. Legacy sessions answer application errors
    /// with 200, because 404 means the end of the session (2025-11-25, Transports, Session Management).
    package var httpStatus: Int

    /// Whether a backend answered the request with this: then the code is the backend's own, and a number that is ours
    /// does not mean what we mean by it.
    package var isRelayed = false

    package init(_ code: ErrorCode, _ message: String, data: JSONSlice? = nil, httpStatus: Int = 200) {
        self.code = code
        self.message = message
        self.data = data
        self.httpStatus = httpStatus
    }

    package static func methodNotFound(_ method: String) -> RequestError {
        RequestError(.methodNotFound, "Method not found: \(method.bounded(to: 64))")
    }

    package static func invalidParams(_ message: String) -> RequestError {
        RequestError(.invalidParams, message)
    }

    /// A header and the body disagree, or a required header is missing (2026-07-28, Transports).
    package static func headerMismatch(_ message: String) -> RequestError {
        RequestError(.headerMismatch, message, httpStatus: 400)
    }

    /// The request needs a capability that it does not declare; `required` is a `ClientCapabilities` object.
    package static func missingCapability(_ required: JSONValue) -> RequestError {
        RequestError(
            .missingRequiredClientCapability, "The request needs a client capability that it does not declare",
            data: JSONSlice(["requiredCapabilities": required]), httpStatus: 400)
    }

    /// - Parameters:
    ///   - supported: what the sender may try instead.
    ///   - requested: what it tried.
    package static func unsupportedVersion(
        _ requested: String?, supported: [ProtocolRevision]
    ) -> RequestError {
        var data: JSONObject = ["supported": .array(supported.map { .string($0.rawValue) })]
        if let requested { data["requested"] = .string(requested.bounded(to: 64)) }
        return RequestError(
            .unsupportedProtocolVersion, "Unsupported protocol version", data: JSONSlice(.object(data)),
            httpStatus: 400)
    }

    /// The request is one too many; nothing has been done for it.
    ///
    /// - Parameters:
    ///   - limit: the key of the configuration that says how many may be.
    ///   - seconds: after which the next one will do.
    package static func rateLimited(_ message: String, limit: String, retryAfter seconds: Int) -> RequestError {
        RequestError(
            .rateLimited, "\(message); try again in \(seconds) s",
            data: JSONSlice(["retryAfterSeconds": .number(JSONNumber(seconds)), "limit": .string(limit)]),
            httpStatus: 429)
    }

    /// What `Retry-After` says, where the answer has an HTTP status of its own (RFC 9110 section 10.2.3).
    package var retryAfter: Int? { httpStatus == 429 ? data?["retryAfterSeconds"]?.int : nil }

    /// The error with a machine-readable reason beside its text.
    package func because(_ reason: String) -> RequestError {
        var error = self
        error.data = JSONSlice(["reason": .string(reason)])
        return error
    }

    /// An error object as received from a backend, relayed with the same code, message and data.
    package init(relaying error: JSONSlice) {
        self.init(
            ErrorCode(rawValue: error["code"]?.int ?? ErrorCode.internalError.rawValue),
            error["message"]?.string ?? "The backend reported an error without a message",
            data: error["data"]
        )
    }
}

/// Errors are equal when the client is told the same; where they come from is not told.
extension RequestError: Hashable {
    package static func == (left: RequestError, right: RequestError) -> Bool {
        left.code == right.code && left.message == right.message && left.data == right.data
            && left.httpStatus == right.httpStatus
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
        hasher.combine(data)
        hasher.combine(httpStatus)
    }
}

extension RequestError: CustomStringConvertible {
    package var description: String { "\(code.rawValue) \(message)" }
}

extension String {
    /// At most `count` characters, so that text from a peer cannot flood an error or a log line.
    package func bounded(to count: Int) -> String {
        // `utf8.count` is O(1), `count` is not.
        if utf8.count <= count { return self }
        return String(prefix(count)) + "…"
    }
}

extension RequestError {
    /// The JSON-RPC error object.
    package func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"code":"#)
        buffer.writeInteger(asText: code.rawValue)
        buffer.writeStaticString(#","message":"#)
        buffer.writeJSONString(message)
        if let data {
            buffer.writeStaticString(#","data":"#)
            buffer.writeJSON(data)
        }
        buffer.writeStaticString("}")
    }
}

extension ByteBuffer {
    /// Appends the decimal digits of `value` without building a string.
    package mutating func writeInteger(asText value: Int) {
        if value >= 0 && value < 10 {
            writeInteger(UInt8(48 + value))
            return
        }
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { scratch in
            var index = scratch.count
            var magnitude = value.magnitude
            repeat {
                index -= 1
                scratch[index] = UInt8(truncatingIfNeeded: 48 + magnitude % 10)
                magnitude /= 10
            } while magnitude > 0
            if value < 0 {
                index -= 1
                scratch[index] = UInt8(ascii: "-")
            }
            _ = writeBytes(UnsafeRawBufferPointer(rebasing: scratch[index...]))
        }
    }
}
