// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

/// The file of the authorization server, and the files that its settings name.
struct AuthServerFileTests {
    private static let main = ConfigurationText.with(["incomingAuth": AuthServerText.incomingAuth()])

    private func load(_ folder: URL, _ text: String = main, environment: [String: String] = [:]) -> LoadOutcome {
        LoadOutcome(
            text, environment: AuthServerText.environment.merging(environment) { $1 }, directory: folder.path)
    }

    private func write(_ text: String, to folder: URL, _ name: String = "authserver-config.yaml") throws {
        try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }

    @Test("Without either form there is no authorization server")
    func modeA() throws {
        try withTemporaryFolder { folder in
            #expect(load(folder).configuration?.authServer == nil)
            #expect(load(folder).configuration != nil)
        }
    }

    @Test("The file beside the configuration is found, says the same as the section, and knows its places")
    func sibling() throws {
        try withTemporaryFolder { folder in
            try write(AuthServerText.with(), to: folder)
            let authServer = try #require(load(folder).configuration?.authServer)
            #expect(authServer.runConfig == (try AuthServerText.load().runConfig))
            #expect(
                authServer.location(of: "upstreams[0].name")
                    == ConfigurationLocation(
                        file: "authserver-config.yaml", position: SourcePosition(line: 4, column: 11),
                        keyPath: "upstreams[0].name"))
            #expect(authServer.location(of: "cimd") == nil)
            let problem = authServer.problem(.warning, at: "issuer", "is odd")
            #expect(problem.description == "authserver-config.yaml:1:9 issuer: is odd")
        }
    }

    @Test("The section knows its places as well")
    func inlinePlaces() throws {
        let outcome = LoadOutcome(AuthServerText.inline(AuthServerText.with()), environment: ["HOME": "/h"])
        let location = outcome.configuration?.authServer?.location(of: "upstreams[0].name")
        #expect(location?.keyPath == "authServer.runConfig.upstreams[0].name")
        #expect(location?.file == "vmcp.yaml")
    }

    @Test("Both forms at once are an error at the section, and the file is not even read")
    func both() throws {
        try withTemporaryFolder { folder in
            try write("issuer: [", to: folder)
            let outcome = load(folder, AuthServerText.inline(AuthServerText.with()))
            #expect(outcome.errors.count == 1, "\(outcome.description)")
            #expect(
                outcome.errors.first
                    == "authServer: the file \"authserver-config.yaml\" configures it as well; keep one of the two")
            #expect(outcome.problems.first?.file == "vmcp.yaml")
            #expect(outcome.problems.first?.position != nil)
        }
    }

    @Test("A file that cannot be read, is empty or no YAML never means Mode A")
    func unusable() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("authserver-config.yaml")
            func errors() -> [String] { load(folder).problems.map(\.description) }
            try FileManager.default.createSymbolicLink(
                at: file, withDestinationURL: folder.appendingPathComponent("nowhere"))
            #expect(errors().count == 1)
            #expect(errors().first?.hasPrefix("authserver-config.yaml: cannot be read: ") == true)
            try FileManager.default.removeItem(at: file)
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
            #expect(errors().first?.hasPrefix("authserver-config.yaml: cannot be read: ") == true)
            try FileManager.default.removeItem(at: file)
            try Data().write(to: file)
            #expect(
                errors() == [
                    "authserver-config.yaml:1:1: the file is empty; write at least issuer, allowed_audiences and "
                        + "upstreams, or remove it"
                ])
            try Data([0xFF, 0xFE]).write(to: file)
            #expect(errors() == ["authserver-config.yaml: is not UTF-8 text; save it in that encoding"])
            try Data(repeating: 0x23, count: 1_048_577).write(to: file)
            #expect(errors().first?.contains("is larger than 1048576 bytes") == true)
            try write("issuer: [", to: folder)
            #expect(errors().first?.hasPrefix("authserver-config.yaml:") == true)
            try write("- a", to: folder)
            #expect(errors() == ["authserver-config.yaml:1:1: expected a map, found a list"])
        }
    }

    @Test("The errors of both files are listed, the configuration's first, under the names that were given")
    func twoFiles() throws {
        try withTemporaryFolder { folder in
            try write(AuthServerText.with(["issuer": "issuer: https://hub.example.com/"]), to: folder)
            let path = folder.appendingPathComponent("my.yaml").path
            try ConfigurationText.with(["incomingAuth": AuthServerText.incomingAuth(), "name": "name: ''"])
                .write(toFile: path, atomically: true, encoding: .utf8)
            #expect {
                try ConfigurationLoader(environment: AuthServerText.environment).load(path: path)
            } throws: { error in
                (error as? ConfigurationError)?.problems.map { "\($0.file):\($0.position?.line ?? 0)" }
                    == ["\(path):1", "\(folder.path)/authserver-config.yaml:1"]
            }
        }
    }

    @Test("Keys that nobody knows are left alone in the file, but not in the section, and slips never are")
    func unknownKeys() throws {
        try withTemporaryFolder { folder in
            try write(AuthServerText.with(["x": "future_setting: {a: 1}"]), to: folder)
            let outcome = load(folder)
            #expect(outcome.errors == [])
            #expect(outcome.warnings == ["future_setting: unknown key, which has no effect"])
            try write(AuthServerText.with(["x": "hardning: {dpop: required}"]), to: folder)
            #expect(load(folder).errors == ["hardning: unknown key; did you mean \"hardening\"?"])
        }
        let inline = AuthServerText.inline(AuthServerText.with(["x": "future_setting: {a: 1}"]))
        #expect(
            LoadOutcome(inline, environment: ["HOME": "/h"]).errors == [
                "authServer.runConfig.future_setting: unknown key; remove it"
            ])
        let slip = ConfigurationText.with([
            "incomingAuth": AuthServerText.incomingAuth(), "authServer": "authServer: {runConfg: {}}",
        ])
        #expect(
            LoadOutcome(slip).errors == [
                "authServer.runConfig: is required; add it",
                "authServer.runConfg: unknown key; did you mean \"runConfig\"?",
            ])
    }

    @Test("Files of keys and secrets are checked before anything starts, and found relative to the configuration")
    func files() throws {
        try withTemporaryFolder { folder in
            func error(_ settings: KeyValuePairs<String, String>, environment: [String: String] = [:]) throws -> String
            {
                try write(AuthServerText.with(settings), to: folder)
                let outcome = load(folder, environment: environment)
                #expect(outcome.problems.count <= 1, "\(outcome.description)")
                #expect(outcome.problems.allSatisfy { $0.position != nil && $0.file == "authserver-config.yaml" })
                return outcome.errors.first ?? ""
            }
            let hmac: KeyValuePairs<String, String> = ["h": "hmac_secret_files: [hmac-0, '', hmac-1]"]
            try Data(repeating: 0x0A, count: 32).write(to: folder.appendingPathComponent("hmac-0"))
            #expect(
                try error(hmac).hasPrefix("hmac_secret_files[2]: there is no file \"\(folder.path)/hmac-1\"") == true)
            try Data(repeating: 0x61, count: 31).write(to: folder.appendingPathComponent("hmac-1"))
            #expect(try error(hmac).hasSuffix("has less than 32 bytes; write at least 32 random ones"))
            try Data(repeating: 0x61, count: 65_537).write(to: folder.appendingPathComponent("hmac-1"))
            #expect(try error(hmac).contains("is larger than 65536 bytes"))
            try Data(repeating: 0x61, count: 33).write(to: folder.appendingPathComponent("hmac-1"))
            #expect(try error(hmac) == "")
            #expect(
                load(folder).configuration?.authServer?.runConfig.hmacSecretFiles == [
                    "\(folder.path)/hmac-0", "\(folder.path)/hmac-1",
                ])
            #expect(
                try error(["h": "hmac_secret_files: ['', hmac-0]"]).hasPrefix(
                    "hmac_secret_files[0]: is empty; the first"))

            let keys: KeyValuePairs<String, String> = [
                "k": "signing_key_config: {key_dir: \(folder.path), signing_key_file: k0, fallback_key_files: [hmac-0]}"
            ]
            #expect(try error(keys).hasPrefix("signing_key_config.signing_key_file: there is no file"))
            try Data("x".utf8).write(to: folder.appendingPathComponent("k0"))
            #expect(try error(keys) == "")
            #expect(
                load(folder).configuration?.authServer?.runConfig.signingKeys
                    == .init(activeFile: "\(folder.path)/k0", fallbackFiles: ["\(folder.path)/hmac-0"]))

            #expect(
                try error(["s": "storage: {sqlite_config: {path: a.db, encryption_key_file: none}}"])
                    .hasPrefix("storage.sqlite_config.encryption_key_file: there is no file"))
            #expect(try error(["s": "storage: {sqlite_config: {path: a.db, encryption_key_file: hmac-0}}"]) == "")
            #expect(
                load(folder).configuration?.authServer?.runConfig.storage
                    == .sqlite(.init(path: "\(folder.path)/a.db", encryptionKeyFile: "\(folder.path)/hmac-0")))
            let redis =
                "storage: {type: redis, redis_config: {addr: 'r:1', key_prefix: a, "
                + "acl_user_config: {password_env_var: P}, tls: {ca_cert_file: none.pem}}}"
            #expect(
                try error(["s": redis], environment: ["P": ""]).hasPrefix(
                    "storage.redis_config.tls.ca_cert_file: there is no file"))
        }
    }

    @Test("Files of client secrets are read and checked, and never repeated")
    func secretFiles() throws {
        try withTemporaryFolder { folder in
            let upstream: KeyValuePairs<String, String> = [
                "upstreams": """
                upstreams:
                  - type: oidc
                    oidc_config: {issuer_url: 'https://s', client_id: c, client_secret_file: secret}
                """
            ]
            func errors(_ settings: KeyValuePairs<String, String>) throws -> [String] {
                try write(AuthServerText.with(settings), to: folder)
                return load(folder).errors
            }
            let file = folder.appendingPathComponent("secret")
            #expect(try errors(upstream).count == 1)
            try Data(" \n".utf8).write(to: file)
            #expect(try errors(upstream).first?.contains("is empty") == true)
            try Data([0x61, 0xFF]).write(to: file)
            #expect(try errors(upstream).first?.contains("is not UTF-8 text") == true)
            try Data("sesame\n".utf8).write(to: file)
            #expect(try errors(upstream) == [])
            let client: KeyValuePairs<String, String> = [
                "d": "delegate_clients: [{client_id: a, client_secret_file: secret, scopes: [openid], "
                    + "audiences: ['https://hub.example.com/mcp']}]"
            ]
            let short = try errors(client)
            #expect(short.count == 1)
            #expect(
                short.first?.hasPrefix("delegate_clients[0].client_secret_file: the secret has less than 32") == true)
            #expect(short.first?.contains("sesame") == false)
        }
    }

    @Test("Names of key files stay in their folder and are not repeated")
    func keyNames() throws {
        func errors(_ members: String) -> [String] {
            let text = AuthServerText.with(["k": "signing_key_config: {\(members)}"])
            return LoadOutcome(AuthServerText.inline(text), environment: ["HOME": "/h"]).errors
                .map { $0.replacing("authServer.runConfig.signing_key_config.", with: "") }
        }
        #expect(errors("key_dir: /k, signing_key_file: ../a").first?.contains("contains \"..\"") == true)
        #expect(errors("key_dir: /k, signing_key_file: /k/a").first?.contains("is joined to key_dir") == true)
        #expect(errors("signing_key_file: /k/a") == [])
        #expect(
            errors("key_dir: /k, signing_key_file: a, fallback_key_files: [b, '', a]") == [
                "fallback_key_files[1]: is empty; write the name of a file",
                "fallback_key_files[2]: \"a\" is listed already; remove it",
            ])
        let unused = try AuthServerText.load(["k": "signing_key_config: {key_dir: /k, fallback_key_files: [b]}"])
        #expect(unused.runConfig.signingKeys == nil)
        #expect(
            unused.warnings == [
                "signing_key_config.fallback_key_files: has no effect without signing_key_file; write that too"
            ])
    }
}
