// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends requests to peers that the operator named, private addresses included, and hands their answers on while they
/// come, however long that takes.
///
/// Every request has a connection of its own: one that idles could be closed by its peer just when it is used again,
/// and what is sent here must not be lost. Redirects are not followed.
package final class StreamingHTTPClient: Sendable {
    /// Why there is no answer, or no more of it.
    package enum Failure: Error, Sendable, Hashable {
        /// Nothing was sent.
        case notConnected
        /// The request may have arrived.
        case lost
        /// By us.
        case cancelled
    }

    package static let connectTimeout = TimeAmount.seconds(2)

    private let patient: HTTPClient
    /// For peers that are never silent for long while they are there.
    private let strict: HTTPClient

    /// - Parameters:
    ///   - silence: after which a peer counts as gone that says something now and then while it works. Whoever takes an
    ///     answer so slowly that nothing is read for that long loses it, too.
    ///   - probes: for peers that have nothing to say while they work.
    package init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        connectTimeout: TimeAmount = StreamingHTTPClient.connectTimeout, silence: TimeAmount, probes: QuietPeerProbes
    ) {
        patient = Self.client(group, connectTimeout, silence: nil, probes)
        strict = Self.client(group, connectTimeout, silence: silence, probes)
    }

    private static func client(
        _ group: any EventLoopGroup, _ connectTimeout: TimeAmount, silence: TimeAmount?, _ probes: QuietPeerProbes
    ) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: connectTimeout, read: silence), decompression: .disabled)
        configuration.httpVersion = .http1Only
        // The library's only way to a new connection's options.
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.submit { try probes.apply(to: channel) }
        }
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 100_000
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroup: group, configuration: configuration)
    }

    /// The library insists on it.
    deinit {
        patient.shutdown { _ in }
        strict.shutdown { _ in }
    }

    /// Ends what is under way; every later request fails.
    package func close() async {
        try? await patient.shutdown()
        try? await strict.shutdown()
    }

    /// - Parameter isNeverSilent: whether the peer says something now and then until it has answered, so that silence
    ///   means that it is gone: one that dies with its machine closes nothing.
    package func post(
        _ url: String, headers: [(name: String, value: String)], body: ByteBuffer, isNeverSilent: Bool
    ) async throws(Failure) -> StreamingResponse {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.headers.add(name: "Connection", value: "close")
        request.body = .bytes(body)
        let client = isNeverSilent ? strict : patient
        do {
            return StreamingResponse(try await client.execute(request, deadline: .distantFuture))
        } catch {
            throw Failure(error)
        }
    }
}

/// An answer whose body is still coming. Whoever lets go of it ends the exchange.
package struct StreamingResponse: Sendable {
    private let response: HTTPClientResponse

    fileprivate init(_ response: HTTPClientResponse) { self.response = response }

    package var status: Int { Int(response.status.code) }

    /// The value of the first field of that name, whatever its case.
    package func header(_ name: String) -> String? { response.headers.first(name: name) }

    /// Takes the body piece by piece; no more is read from the peer than has been taken, but for what is on its way.
    package func read(_ take: (ByteBuffer) async -> Void) async throws(StreamingHTTPClient.Failure) {
        do {
            for try await bytes in response.body {
                await take(bytes)
                try Task.checkCancellation()
            }
        } catch {
            throw StreamingHTTPClient.Failure(error)
        }
    }
}

extension StreamingHTTPClient.Failure {
    fileprivate init(_ error: any Error) {
        self =
            switch TransportError(error, isClosed: false) {
            case .notConnected: .notConnected
            case .failed(.cancelled): .cancelled
            case .failed: (error as? HTTPClientError) == .getConnectionFromPoolTimeout ? .notConnected : .lost
            }
    }
}
