// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension TransportError {
    /// The one border where the libraries' errors become ours.
    init(_ error: any Error, isClosed: Bool) {
        switch error {
        case let error as TransportError: self = error
        case let error as OutboundError: self = .failed(error)
        case is CancellationError: self = .failed(isClosed && !Task.isCancelled ? .closed : .cancelled)
        case let error as HTTPClientError: self = Self(error, isClosed: isClosed)
        case let error as IOError:
            self = Self.connecting.contains(error.errnoCode) ? .notConnected : .failed(.unreachable)
        case is NIOConnectionError: self = .notConnected
        case let error as ChannelError: self = Self(error)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self = .failed(.tls)
        default: self = .failed(.unreachable)
        }
    }

    private init(_ error: HTTPClientError, isClosed: Bool) {
        self =
            switch error {
            case .cancelled, .requestStreamCancelled: .failed(isClosed && !Task.isCancelled ? .closed : .cancelled)
            case .alreadyShutdown: .failed(.closed)
            case .connectTimeout: .notConnected
            case .deadlineExceeded, .readTimeout, .writeTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
                .failed(.timedOut)
            case .invalidURL, .emptyHost, .emptyScheme: .failed(.invalidURL)
            default: .failed(.unreachable)
            }
    }

    private init(_ error: ChannelError) {
        if case .connectTimeout = error { self = .notConnected } else { self = .failed(.unreachable) }
    }

    /// What only a `connect` that got nowhere reports.
    private static let connecting: Set<CInt> = [
        ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT, ENETDOWN, EACCES, EPERM,
    ]
}
