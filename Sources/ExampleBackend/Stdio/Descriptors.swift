// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads and writes two file descriptors with blocking calls on threads of their own.
///
/// Works for pipes, terminals, files and sockets alike and leaves their flags alone, which a parent process may
/// share. `stop` wakes both threads up; the descriptors stay open.
final class Descriptors: Sendable {
    struct Failure: Error {
        let call: StaticString
        let code: Int32
    }

    private let input: Int32
    private let output: Int32
    private let reading = NIOThreadPool(numberOfThreads: 1)
    private let writing = NIOThreadPool(numberOfThreads: 1)
    /// Readable as soon as everything has to stop.
    private let stopped: (read: Int32, write: Int32)

    init(input: Int32, output: Int32) throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(call: "pipe", code: errno) }
        self.input = input
        self.output = output
        stopped = (ends[0], ends[1])
        reading.start()
        writing.start()
    }

    deinit {
        _ = Self.closeDescriptor(stopped.read)
        _ = Self.closeDescriptor(stopped.write)
    }

    /// The next bytes; nil at the end of input or when stopped.
    func read() async throws -> ByteBuffer? {
        try await reading.runIfActive { [self] in
            guard try wait(for: input, Int16(POLLIN)) else { return nil }
            var buffer = ByteBuffer()
            let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 65_536) { space in
                let count = Self.readDescriptor(input, space)
                guard count >= 0 else { throw Failure(call: "read", code: errno) }
                return count
            }
            return count == 0 ? nil : buffer
        }
    }

    /// Writes everything, after whatever was written before; does nothing when stopped.
    func write(_ bytes: ByteBuffer) async throws {
        try await writing.runIfActive { [self] in
            try bytes.withUnsafeReadableBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty, try wait(for: output, Int16(POLLOUT)) {
                    // A pipe that is ready takes this much without blocking (POSIX: PIPE_BUF).
                    let count = Self.writeDescriptor(output, UnsafeRawBufferPointer(rebasing: rest.prefix(4_096)))
                    guard count >= 0 || errno == EAGAIN || errno == EINTR else {
                        throw Failure(call: "write", code: errno)
                    }
                    rest = rest.dropFirst(max(count, 0))
                }
            }
        }
    }

    func stop() {
        var byte: UInt8 = 1
        _ = withUnsafeBytes(of: &byte) { Self.writeDescriptor(stopped.write, $0) }
    }

    /// Ends the threads; call it after `stop` and when nothing is being read or written any more.
    func shutDown() async throws {
        try await reading.shutdownGracefully()
        try await writing.shutdownGracefully()
    }

    /// False when stopped.
    private func wait(for descriptor: Int32, _ event: Int16) throws(Failure) -> Bool {
        while true {
            var entries = [
                pollfd(fd: descriptor, events: event, revents: 0),
                pollfd(fd: stopped.read, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) >= 0 else {
                if errno == EINTR { continue }
                throw Failure(call: "poll", code: errno)
            }
            if entries[1].revents != 0 { return false }
            if entries[0].revents != 0 { return true }
        }
    }

    // The methods of this type hide the functions of the C library.
    private static func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

    private static func readDescriptor(_ descriptor: Int32, _ space: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.read(descriptor, space.baseAddress, space.count)
        #elseif canImport(Musl)
        Musl.read(descriptor, space.baseAddress, space.count)
        #elseif canImport(Darwin)
        Darwin.read(descriptor, space.baseAddress, space.count)
        #endif
    }

    private static func writeDescriptor(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Musl)
        Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #elseif canImport(Darwin)
        Darwin.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }
}
