// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Observability
import Testing

@testable import VMCPConfiguration

struct SecretReferenceTests {
    private func failure(_ body: () throws -> Void) -> SecretError? {
        do {
            try body()
            return nil
        } catch {
            return error as? SecretError
        }
    }

    @Test("An environment variable is taken as it is")
    func variable() throws {
        let reference = SecretReference.environment(variable: "S")
        #expect(try reference.resolve(environment: ["S": " a\n"]) == Secret(" a\n"))
        #expect(failure { _ = try reference.resolve(environment: [:]) } == .variableNotSet("S"))
        #expect(failure { _ = try reference.resolve(environment: ["S": ""]) } == .variableNotSet("S"))
        let long = String(repeating: "a", count: 65_537)
        #expect(
            failure { _ = try reference.resolve(environment: ["S": long]) } == .variableTooLong("S", limit: 65_536))
        #expect(try reference.resolve(environment: ["S": String(long.dropLast())]).exposed.utf8.count == 65_536)
    }

    @Test("A file is trimmed, bounded and read anew each time")
    func file() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("secret")
            let reference = SecretReference.file(path: file.path)
            #expect(failure { _ = try reference.resolve(environment: [:]) } == .missing(path: file.path))
            try Data("\u{FEFF} \tsesame \r\n".utf8).write(to: file)
            #expect(try reference.resolve(environment: [:]).exposed.hasSuffix("sesame"))
            try Data(" \tsesame opens\r\n".utf8).write(to: file)
            #expect(try reference.resolve(environment: [:]) == Secret("sesame opens"))
            try Data().write(to: file)
            #expect(failure { _ = try reference.resolve(environment: [:]) } == .tooShort(path: file.path, minimum: 1))
            try Data(" \n".utf8).write(to: file)
            #expect(failure { _ = try reference.resolve(environment: [:]) } == .tooShort(path: file.path, minimum: 1))
            try Data([0xC3]).write(to: file)
            #expect(failure { _ = try reference.resolve(environment: [:]) } == .notText(path: file.path))
            try Data(repeating: 0x61, count: 65_537).write(to: file)
            #expect(
                failure { _ = try reference.resolve(environment: [:]) } == .tooLarge(path: file.path, limit: 65_536))
            try Data(repeating: 0x61, count: 65_536).write(to: file)
            #expect(try reference.resolve(environment: [:]).exposed.utf8.count == 65_536)
            #expect(
                failure { _ = try SecretReference.file(path: folder.path).resolve(environment: [:]) }
                    == .notRegular(path: folder.path))
        }
    }

    @Test("A pipe is refused instead of waited for")
    func pipe() throws {
        try withTemporaryFolder { folder in
            let path = folder.appendingPathComponent("pipe").path
            #expect(mkfifo(path, 0o600) == 0)
            #expect(failure { _ = try SecretFile.bytes(at: path) } == .notRegular(path: path))
        }
    }

    @Test("Raw keys keep every byte")
    func raw() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("hmac")
            let bytes = [UInt8](repeating: 0x0A, count: 31) + [0x00]
            try Data(bytes).write(to: file)
            #expect(try SecretFile.bytes(at: file.path, atLeast: 32) == bytes)
            #expect(
                failure { _ = try SecretFile.bytes(at: file.path, atLeast: 33) }
                    == .tooShort(path: file.path, minimum: 33))
        }
    }

    @Test("A message names the place and what to do, and nothing of the content")
    func messages() throws {
        let errors: [SecretError] = [
            .variableNotSet("S"), .variableTooLong("S", limit: 1), .missing(path: "/s"), .notRegular(path: "/s"),
            .unreadable(path: "/s"), .tooLarge(path: "/s", limit: 1), .tooShort(path: "/s", minimum: 1),
            .tooShort(path: "/s", minimum: 32), .notText(path: "/s"),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(errors.allSatisfy { $0.description.contains("S\"") || $0.description.contains("\"/s\"") })
    }
}

struct StateDirectoryTests {
    @Test(
        "The database is in the unit's folder, then in the user's",
        arguments: [
            (["STATE_DIRECTORY": "/var/lib/vmcp", "HOME": "/h"], "/var/lib/vmcp/vmcp.sqlite"),
            (["STATE_DIRECTORY": "/var/lib/a:/var/lib/b"], "/var/lib/a/vmcp.sqlite"),
            (["STATE_DIRECTORY": "/var/lib/a/"], "/var/lib/a/vmcp.sqlite"),
            (["XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/vmcp/hub.sqlite"),
            (["XDG_STATE_HOME": "x", "HOME": "/h"], "/h/.local/state/vmcp/hub.sqlite"),
            (["STATE_DIRECTORY": "", "XDG_STATE_HOME": "", "HOME": "/"], "/.local/state/vmcp/hub.sqlite"),
            (["HOME": "h"], nil), ([:], nil),
        ] as [([String: String], String?)])
    func path(environment: [String: String], expected: String?) {
        #expect(StateDirectory(environment: environment).path(serverName: "hub") == expected)
    }

    @Test("Different names never share a file, and none leaves the folder")
    func names() {
        #expect(StateDirectory.fileName("My-hub_1.0") == "My-hub_1.0")
        #expect(StateDirectory.fileName("../etc/passwd") == "%2E.%2Fetc%2Fpasswd")
        #expect(StateDirectory.fileName("a b") == "a%20b")
        #expect(StateDirectory.fileName("a%20b") == "a%2520b")
        #expect(StateDirectory.fileName("ä\u{1}") == "%C3%A4%01")
        #expect(StateDirectory.fileName("") == nil)
        #expect(StateDirectory.fileName(String(repeating: "a", count: 200)) != nil)
        #expect(StateDirectory.fileName(String(repeating: "a", count: 201)) == nil)
    }
}
