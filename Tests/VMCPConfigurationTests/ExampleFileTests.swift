// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

struct ExampleFileTests {
    private static let environment = Dictionary(
        uniqueKeysWithValues: [
            "CATALOG_API_KEY", "VMCP_EXCHANGE_SECRET", "TOOLHIVE_OIDC_CLIENT_SECRET", "HUB_EXCHANGE_SECRET",
            "HUB_IDP_SECRET", "HUB_CRM_SECRET", "HUB_SSO_SECRET", "HUB_CODE_SECRET", "ISSUE_TRACKER_TOKEN",
            "HTTPS_PROXY", "NO_PROXY", "SSO_CLIENT_SECRET", "CODE_CLIENT_SECRET",
        ].map { ($0, "value") } + [("HOME", "/home/example")])

    static let files: [String] =
        (FileManager.default.enumerator(atPath: SchemaTests.folder.path)?.allObjects as? [String] ?? [])
        .filter { $0.hasSuffix(".yaml") && !$0.hasSuffix("authserver-config.yaml") }.sorted()

    private static func load(_ file: String) throws(ConfigurationError) -> LoadedConfiguration {
        try ConfigurationLoader(environment: environment)
            .load(path: SchemaTests.folder.appendingPathComponent(file).path)
    }

    @Test("Every example loads without a warning", arguments: files)
    func loads(file: String) throws {
        let loaded = try Self.load(file)
        #expect(loaded.warnings == [])
        #expect(loaded.configuration.name.isEmpty == false)
    }

    @Test("All examples are there")
    func list() {
        #expect(
            Self.files == [
                "examples/embedded-auth-server.yaml", "examples/oidc-cedar-workflow.yaml",
                "examples/old-and-new.yaml", "examples/one-backend.yaml", "examples/priorities-and-overrides.yaml",
                "examples/remote-sign-in.yaml", "examples/search-and-scripts.yaml",
                "examples/stdio-backends.yaml", "examples/two-replicas.yaml", "minimal.yaml", "mode-b-minimal.yaml",
                "mode-b.yaml", "quickstart.yaml",
                "sibling/vmcp.yaml",
            ])
    }

    @Test(
        "The examples for a first try need nothing that is missing",
        arguments: [
            "quickstart.yaml", "minimal.yaml", "mode-b-minimal.yaml", "mode-b.yaml", "sibling/vmcp.yaml",
            "examples/old-and-new.yaml", "examples/one-backend.yaml", "examples/remote-sign-in.yaml",
            "examples/stdio-backends.yaml", "examples/two-replicas.yaml",
        ])
    func supported(file: String) throws {
        #expect(try Self.load(file).configuration.unsupportedFeatures() == [])
    }

    @Test("What the large example of Mode B lacks in this version is named")
    func largeExample() throws {
        let features = try Self.load("examples/embedded-auth-server.yaml").configuration.unsupportedFeatures()
        #expect(
            features.map(\.keyPath) == [
                "incomingAuth.authz", "outgoingAuth.backends.wiki", "outgoingAuth.backends.crm", "audit", "telemetry",
            ])
    }

    @Test("The two forms of Mode B say the same")
    func forms() throws {
        let inline = try Self.load("mode-b.yaml").configuration
        let sibling = try Self.load("sibling/vmcp.yaml").configuration
        #expect(inline.authServer?.runConfig == sibling.authServer?.runConfig)
        #expect(inline.incomingAuth == sibling.incomingAuth)
        #expect(inline.outgoingAuth == sibling.outgoingAuth)
        #expect(inline.authServer != nil)
    }

    @Test("The quick start has its three backends")
    func quickstart() throws {
        let configuration = try Self.load("quickstart.yaml").configuration
        #expect(configuration.backends.map(\.name) == ["notes", "calendar", "library"])
        guard case .stdio(let notes) = configuration.backends[0].transport,
            case .streamableHTTP(let library) = configuration.backends[2].transport
        else {
            Issue.record("\(configuration.backends)")
            return
        }
        #expect(notes.executable == "vmcp")
        #expect(notes.arguments == ["example-backend", "--transport", "stdio", "--profile", "notes"])
        #expect(library.text == "http://127.0.0.1:4484/mcp")
    }
}
