// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOPosix
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Asks `getaddrinfo`, on threads of its own because it blocks and cannot be interrupted.
///
/// A caller that gives up leaves its lookup behind; the number of lookups that have not ended is bounded, so slow name
/// servers cost at most that many.
package final class SystemResolver: HostResolver {
    package static let threadCount = 4
    package static let maximumLookups = 64

    /// For the life of the process, like the resolver's own state.
    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: threadCount)
        pool.start()
        return pool
    }()

    private let lookups = Atomic(0)

    package init() {}

    package func addresses(of name: String) async throws(OutboundError) -> [IPAddress] {
        guard lookups.add(1, ordering: .relaxed).newValue <= Self.maximumLookups else {
            lookups.subtract(1, ordering: .relaxed)
            throw .overloaded
        }
        let answer = FirstAnswer<[IPAddress]>()
        Self.threads.submit { state in
            answer.give(state == .active ? Self.lookUp(name) : [])
            self.lookups.subtract(1, ordering: .relaxed)
        }
        guard let addresses = await answer.value(), !Task.isCancelled else { throw .cancelled }
        guard !addresses.isEmpty else { throw .unresolvable }
        return addresses
    }

    private static func lookUp(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        #if canImport(Darwin)
        hints.ai_socktype = SOCK_STREAM
        #else
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        #endif
        hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0, let first else { return [] }
        defer { freeaddrinfo(first) }
        var addresses: [IPAddress] = []
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            guard let address = address(of: entry.pointee), !addresses.contains(address) else { continue }
            addresses.append(address)
        }
        return addresses
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        guard let socket = entry.ai_addr else { return nil }
        return switch entry.ai_family {
        case AF_INET:
            socket.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { IPAddress($0.pointee.sin_addr) }
        case AF_INET6:
            socket.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { IPAddress($0.pointee.sin6_addr) }
        default: nil
        }
    }
}
