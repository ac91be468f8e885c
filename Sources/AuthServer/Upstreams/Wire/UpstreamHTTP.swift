// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import OutboundHTTP

/// Requests to an upstream, each bounded in time and size, with JSON objects as answers.
struct UpstreamHTTP: Sendable {
    /// Of an answer: tokens, user information, metadata and key sets are far smaller.
    static let maximumBytes = 1 << 20
    static let timeout: Duration = .seconds(10)
    private static let limits = JSONLimits(depth: 32, stringBytes: maximumBytes, values: 50_000)

    let client: any OutboundHTTPClient
    let policy: AddressPolicy

    /// An answer that is neither a redirect nor a sign of overload.
    struct Reply: Sendable {
        let status: Int
        /// The body, if it is a JSON object without repeated members.
        let object: JSONSlice?
        /// The values of `WWW-Authenticate`.
        let challenges: [String]
    }

    func send(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) async throws(UpstreamFetchError) -> Reply {
        let response = try await response(method, url, headers: headers, body: body)
        return Reply(
            status: response.status, object: Self.object(response.body),
            challenges: response.headers.filter { $0.name.lowercased() == "www-authenticate" }.map(\.value))
    }

    /// A JSON document with status 200.
    func document(at url: String) async throws(UpstreamFetchError) -> JSONSlice {
        let reply = try await send("GET", url, headers: [("Accept", "application/json")])
        guard reply.status == 200 else { throw .status(reply.status) }
        guard let object = reply.object else { throw .malformed }
        return object
    }

    /// The bytes of a document with status 200.
    func bytes(at url: String) async throws(UpstreamFetchError) -> [UInt8] {
        let response = try await response("GET", url, headers: [("Accept", "application/json")], body: nil)
        guard response.status == 200 else { throw .status(response.status) }
        return response.body
    }

    private func response(
        _ method: String, _ url: String, headers: [(name: String, value: String)], body: [UInt8]?
    ) async throws(UpstreamFetchError) -> OutboundResponse {
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await client.send(
                OutboundRequest(
                    method: method, url: url, headers: headers, body: body, maximumBytes: Self.maximumBytes,
                    timeout: Self.timeout),
                policy: policy)
        } catch {
            throw .transport(error)
        }
        switch response.status {
        case 300...399: throw .redirected
        case 429, 500...599: throw .busy(status: response.status)
        default: return response
        }
    }

    private static func object(_ body: [UInt8]) -> JSONSlice? {
        guard body.count <= maximumBytes,
            let slice = try? JSONSlice(validating: ByteBuffer(bytes: body), limits: limits),
            slice.kind == .object, slice.duplicateKey() == nil
        else { return nil }
        return slice
    }
}
