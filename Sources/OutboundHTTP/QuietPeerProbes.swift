// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Has the kernel ask the peer of a quiet connection whether it is still there (RFC 9293 §3.8.4).
///
/// Whoever only listens would otherwise wait for ever: a machine that loses its power closes nothing, and a network that
/// forgets quiet connections tells nobody. The probes also keep such a network from forgetting.
package struct QuietPeerProbes: Sendable, Hashable {
    /// After so much silence the peer is asked for the first time. Without an answer the connection has ended when twice
    /// that time is over, or at most two seconds later: the kernel counts whole ones.
    package let interval: TimeAmount

    private static let attempts = 3
    /// Of the kernel.
    private static let longest: Int64 = 32_767

    /// - Parameter interval: whole seconds, at least one.
    package init(every interval: TimeAmount) { self.interval = interval }

    /// Called on the channel's loop.
    package func apply(to channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        let seconds = min(max(interval.nanoseconds / 1_000_000_000, 1), Self.longest)
        try options.setOption(.socketOption(.so_keepalive), value: 1)
        for (option, value) in [
            (TCP_KEEPIDLE, Int(seconds)), (TCP_KEEPINTVL, max(Int(seconds) / Self.attempts, 1)),
            (TCP_KEEPCNT, Self.attempts),
        ] {
            try options.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: option)), value: value)
        }
    }
}
