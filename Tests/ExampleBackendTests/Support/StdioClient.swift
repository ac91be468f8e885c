// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import Logging
import NIOCore

@testable import ExampleBackend

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The other ends of a stdio backend's pipes.
final class StdioClient {
    private let descriptors: Descriptors
    private let toServer: Int32
    private var splitter = LineSplitter(limit: 64 << 20)
    private var lines: [String] = []
    private var isOpen = true
    /// What came after the last line feed.
    var unfinished: String { String(buffer: tail) }
    private var tail = ByteBuffer()

    init(toServer: Int32, fromServer: Int32) throws {
        self.toServer = toServer
        descriptors = try Descriptors(input: fromServer, output: toServer)
    }

    func send(_ text: String) async throws {
        try await descriptors.write(ByteBuffer(string: text))
    }

    /// The next line; nil at the end of the server's output.
    func line() async throws -> String? {
        while lines.isEmpty {
            guard let bytes = try await descriptors.read() else { return nil }
            tail.writeImmutableBuffer(bytes)
            if let end = tail.readableBytesView.lastIndex(of: 0x0A) { tail.moveReaderIndex(to: end + 1) }
            tail.discardReadBytes()
            for case .line(let line) in splitter.lines(in: bytes) { lines.append(String(buffer: line)) }
        }
        return lines.removeFirst()
    }

    func message() async throws -> JSONSlice {
        try JSONSlice(validating: ByteBuffer(string: try await line().required()))
    }

    /// The rest of the output.
    func rest() async throws -> [String] {
        var rest: [String] = []
        while let line = try await line() { rest.append(line) }
        return rest
    }

    func open(_ revision: String = "2025-11-25", _ capabilities: JSONValue = [:]) async throws {
        try await send(HTTPClient.initialize(revision, capabilities) + "\n")
        _ = try await message()["result"].required()
    }

    /// The end of input for the server.
    func hangUp() {
        if isOpen { close(toServer) }
        isOpen = false
    }

    func end() async throws {
        hangUp()
        descriptors.stop()
        try await descriptors.shutDown()
    }
}

/// Runs a backend over pipes until it ends by itself: the body, or the end of input after it, has to see to that.
func withStdioBackend<T: Sendable>(
    cancelling: Bool = false, _ configure: (inout ExampleBackendOptions) -> Void = { _ in },
    _ body: (StdioClient) async throws -> T
) async throws -> (result: T, rest: [String]) {
    var options = ExampleBackendOptions(transport: .stdio)
    configure(&options)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let toServer = try PipeEnds(), fromServer = try PipeEnds()
    let backend = ExampleBackend(
        options: options, logger: logger, input: toServer.readEnd, output: fromServer.writeEnd)
    let client = try StdioClient(toServer: toServer.writeEnd, fromServer: fromServer.readEnd)
    let running = Task {
        defer {
            close(fromServer.writeEnd)
            close(toServer.readEnd)
        }
        try await backend.run()
    }
    let result: Result<T, any Error>
    do {
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    if cancelling { running.cancel() } else { client.hangUp() }
    let rest = try await client.rest()
    try await running.value
    try await client.end()
    close(fromServer.readEnd)
    return (try result.get(), rest)
}

/// Both ends of a pipe.
struct PipeEnds {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Missing() }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    func send(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { write(writeEnd, $0.baseAddress, $0.count) }
    }

    func closeReadEnd() { close(readEnd) }
    func closeWriteEnd() { close(writeEnd) }
}
