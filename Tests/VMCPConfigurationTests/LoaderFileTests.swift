// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

struct LoaderFileTests {
    /// A folder of its own for each test, gone afterwards.
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vmcp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func failure(_ path: String) -> String? {
        do {
            _ = try ConfigurationLoader(environment: [:]).load(path: path)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("A file is loaded, and its name stands in front of every problem")
    func file() throws {
        try withFolder { folder in
            let path = folder.appendingPathComponent("my.yaml").path
            try ConfigurationText.with().write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try ConfigurationLoader(environment: [:]).load(path: path).configuration.name == "test")
            try "nam: x\n".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(failure(path)?.hasPrefix("\(path):1:1 aggregation: is required") == true)
        }
    }

    @Test("A file that is missing, a folder, too large or no text is refused")
    func unreadable() throws {
        try withFolder { folder in
            let missing = folder.appendingPathComponent("none.yaml").path
            #expect(failure(missing)?.hasPrefix("\(missing): cannot be read: ") == true)
            #expect(failure(folder.path)?.hasPrefix("\(folder.path): cannot be read: ") == true)
            let path = folder.appendingPathComponent("my.yaml")
            try Data([0x6E, 0xFF, 0xFE]).write(to: path)
            #expect(failure(path.path) == "\(path.path): is not UTF-8 text; save it in that encoding")
            try Data(repeating: 0x23, count: 1_048_577).write(to: path)
            #expect(failure(path.path)?.contains("is larger than 1048576 bytes") == true)
            try Data().write(to: path)
            #expect(failure(path.path)?.contains(":1:1: the file is empty") == true)
        }
    }

    @Test("A byte order mark is no content")
    func byteOrderMark() {
        #expect(LoadOutcome("\u{FEFF}" + ConfigurationText.with()).errors == [])
    }

    @Test("The authorization server's file beside the configuration is found, and is not allowed twice")
    func sibling() throws {
        try withFolder { folder in
            let sibling = folder.appendingPathComponent("authserver-config.yaml").path
            let oidc = "incomingAuth: {type: oidc, oidc: {issuer: 'https://i', audience: a, resource: r}}"
            let text = ConfigurationText.with(["incomingAuth": oidc])
            #expect(LoadOutcome(text, directory: folder.path).configuration?.authServer == nil)
            try "issuer: https://i\n".write(toFile: sibling, atomically: true, encoding: .utf8)
            let configuration = try #require(LoadOutcome(text, directory: folder.path).configuration)
            #expect(configuration.authServer == .sibling(path: sibling))
            let notes = configuration.unsupportedFeatures().filter { $0.file == sibling }
            #expect(notes.count == 1)
            let both = LoadOutcome(text + "authServer: {}\n", directory: folder.path)
            #expect(both.errors.count == 1)
            #expect(both.errors.first?.hasPrefix("authServer: the file ") == true)
            #expect(both.errors.first?.hasSuffix("keep one of the two") == true)
        }
    }
}
