// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// What the kernel knows about connections, because a peer's close arrives some time after it was made.
package enum LoopbackConnections {
    /// Waits until this machine holds no connection to `port` any more: whoever had one has seen its end.
    package static func gone(to port: Int) async throws {
        try await eventually("connections to port \(port) are gone") { try timers(to: port).isEmpty }
    }

    /// Waits until the kernel asks the peer of a connection to `port` now and then whether it is there.
    package static func probed(to port: Int) async throws {
        try await eventually("a connection to port \(port) is probed") { try timers(to: port).contains("02") }
    }

    /// Of each connection which timer runs, as the kernel names it (proc_pid_net(5)): 02 is that of keep-alive.
    private static func timers(to port: Int) throws -> [Substring] {
        guard let file = fopen("/proc/net/tcp", "r") else { throw Missing("/proc/net/tcp") }
        defer { fclose(file) }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while case let read = fread(&part, 1, part.count, file), read > 0 { text += part.prefix(read) }
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst()
        return lines.compactMap { line in
            let fields = line.split(separator: " ")
            // The other end's port; 06 is TIME_WAIT, which belongs to nobody.
            guard fields.count > 5, fields[2].hasSuffix(suffix), fields[3] != "06" else { return nil }
            return fields[5].prefix(2)
        }
    }
}
