// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Where whole log lines end up. Called by one thread at a time, and it may block.
package protocol LogSink: Sendable {
    func write(_ bytes: UnsafeRawBufferPointer)
}

/// Writes to a descriptor that it does not own, such as standard error.
package struct DescriptorLogSink: LogSink {
    let descriptor: Int32

    package init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    package func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while let base = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            let written = systemWrite(base, rest.count)
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                // Someone made the terminal or pipe non-blocking: wait until it takes more.
                var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&event, 1, 1000)
            } else if errno != EINTR {
                // Nobody is left who could be told that standard error is gone.
                return
            }
        }
    }

    private func systemWrite(_ base: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Darwin)
        Darwin.write(descriptor, base, count)
        #elseif canImport(Musl)
        Musl.write(descriptor, base, count)
        #else
        Glibc.write(descriptor, base, count)
        #endif
    }
}
