// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

struct LoaderFileTests {
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
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("my.yaml").path
            try ConfigurationText.with().write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try ConfigurationLoader(environment: [:]).load(path: path).configuration.name == "test")
            try "nam: x\n".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(failure(path)?.hasPrefix("\(path):1:1 aggregation: is required") == true)
        }
    }

    @Test("A file that is missing, a folder, too large or no text is refused")
    func unreadable() throws {
        try withTemporaryFolder { folder in
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
}
