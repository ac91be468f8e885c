// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import VMCPConfiguration

#if canImport(Glibc)
import Glibc
private let openFiles = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
#elseif canImport(Musl)
import Musl
private let openFiles = RLIMIT_NOFILE
#endif

/// How many files and sockets the process may have open at a time (getrlimit(2)).
///
/// Shells and service managers set the soft limit to 1024 for the sake of programs that use select(2), and leave it to
/// all others to raise it; the configuration's own bounds would never be reached otherwise. Child processes inherit the
/// limit, so it is raised to what is needed and no further.
package struct DescriptorLimit: Sendable, Hashable {
    package var soft: UInt64
    package var hard: UInt64

    package init(soft: UInt64, hard: UInt64) {
        self.soft = soft
        self.hard = hard
    }

    /// - Returns: `nil` when there is nothing to be raised.
    package func raised(for wanted: Int) -> DescriptorLimit? {
        let target = min(UInt64(clamping: wanted), hard)
        return target > soft ? DescriptorLimit(soft: target, hard: hard) : nil
    }

    /// Raises the limit of this process; says so where not even the clients' connections fit in.
    package static func raise(for configuration: Configuration, logger: Logger) {
        let needed = configuration.ownDescriptors + configuration.limits.maxConnections
        guard let current = current() else {
            logger.warning("The limit of open files is unknown", metadata: ["errno": "\(errno)"])
            return
        }
        var limit = current
        if let raised = current.raised(for: configuration.maximumDescriptors) {
            if raised.apply() {
                limit = raised
            } else {
                logger.warning("The limit of open files could not be raised", metadata: ["errno": "\(errno)"])
            }
        }
        guard limit.soft < needed else { return }
        logger.warning(
            "Fewer files may be open than limits.maxConnections needs; lower it, or raise the hard limit",
            metadata: ["limit": "\(limit.soft)", "needed": "\(needed)"])
    }

    private static func current() -> DescriptorLimit? {
        var values = rlimit()
        guard getrlimit(openFiles, &values) == 0 else { return nil }
        return DescriptorLimit(soft: UInt64(values.rlim_cur), hard: UInt64(values.rlim_max))
    }

    private func apply() -> Bool {
        var values = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard))
        return setrlimit(openFiles, &values) == 0
    }
}

extension Configuration {
    /// Beside connections: files, event loops, listeners.
    fileprivate var ownDescriptors: Int { 1024 }

    /// Descriptors that may be open at a time: every client may cause a connection to a backend that lasts as long as its
    /// own, and backends have others besides.
    fileprivate var maximumDescriptors: Int {
        let backends = backends.reduce(0) { sum, backend in
            switch backend.transport {
            case .streamableHTTP, .sse: sum + backend.maxConcurrentRequests
            // Three pipes, and what watches the process.
            case .stdio: sum + 8
            }
        }
        let peers = parking.forwarding.map { 3 * $0.maxRequests } ?? 0
        return ownDescriptors + 2 * limits.maxConnections + backends + peers
    }
}
