// swift-tools-version: 6.2
// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// This list is the picture of the design: a target imports only targets that stand above it.

let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (Context.environment["VMCP_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)])

extension Target.Dependency {
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let deque = product(name: "DequeModule", package: "swift-collections")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let logging = product(name: "Logging", package: "swift-log")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
    static let signals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    static let system = product(name: "SystemPackage", package: "swift-system")
    static let yams = product(name: "Yams", package: "Yams")
}

/// A library target and the tests beside it.
func module(
    _ name: String, uses dependencies: [Target.Dependency], tests: [Target.Dependency]? = []
) -> [Target] {
    let library = Target.target(name: name, dependencies: dependencies, swiftSettings: settings)
    guard let tests else { return [library] }
    return [
        library,
        .testTarget(
            name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies + tests, swiftSettings: settings),
    ]
}

let package = Package(
    name: "vmcp",
    products: [.executable(name: "vmcp", targets: ["vmcp"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // Values and pure functions.
        module("JSONTypes", uses: [.nioCore], tests: ["TestSupport"]),
        module("MCPTypes", uses: ["JSONTypes", .nioCore], tests: ["TestSupport"]),
        module("Observability", uses: [.logging]),
        module("CEL", uses: ["JSONTypes", .nioCore]),
        // Not "Configuration": a package that Hummingbird brings has a target of that name.
        module("VMCPConfiguration", uses: ["Observability", "CEL", .yams]),
        module("Aggregation", uses: ["JSONTypes", "MCPTypes", .nioCore]),

        // State, and the world outside: one store, one client for whatever others can point us at.
        module("Storage", uses: [.crypto, .grdb, .logging], tests: ["TestSupport"]),
        module(
            "OutboundHTTP", uses: [.asyncHTTPClient, .logging, .nioCore, .nioHTTP1, .nioPosix, .nioSSL],
            tests: ["TestSupport"]),

        // Who asks: the resource server's side, and the authorization server's.
        module(
            "Authentication",
            uses: ["JSONTypes", "Observability", "OutboundHTTP", .crypto, .cryptoExtras, .logging, .nioCore],
            tests: ["TestSupport"]),
        module(
            "AuthServer",
            uses: [
                "JSONTypes", "Observability", "CEL", "Storage", "OutboundHTTP", "Authentication", .asn1, .crypto,
                .cryptoExtras, .httpTypes, .hummingbird, .logging, .nioCore,
            ],
            tests: ["TestSupport"]),

        // What backends are shown of whoever asks.
        module("OutgoingAuth", uses: ["Observability", "Authentication"]),

        // Scripted peers and raw clients; only tests import it.
        module(
            "TestSupport", uses: ["JSONTypes", "MCPTypes", "Storage", .logging, .nioCore, .nioHTTP1, .nioPosix],
            tests: nil),

        // What talks to backends.
        module(
            "Backends",
            uses: [
                "JSONTypes", "MCPTypes", "Aggregation", "OutboundHTTP", "OutgoingAuth", .deque, .logging, .nioCore,
                .nioPosix, .nioSSL, .nioTLS, .subprocess, .system,
            ],
            tests: ["TestSupport"]),

        // The core, without transports, and the edge that has them.
        module(
            "VirtualServer",
            uses: [
                "JSONTypes", "MCPTypes", "Observability", "Aggregation", "Authentication", "OutgoingAuth", "Backends",
                .crypto, .logging, .nioCore,
            ],
            tests: ["TestSupport", .nioPosix]),
        module(
            "Gateway",
            uses: [
                "JSONTypes", "MCPTypes", "Observability", "Aggregation", "OutboundHTTP", "Authentication", "Backends",
                "VirtualServer", .crypto, .deque, .httpTypes, .hummingbird, .hummingbirdCore, .logging, .nioCore,
                .nioHTTP1, .nioHTTPTypes, .nioHTTPTypesHTTP1, .nioPosix,
            ],
            tests: ["TestSupport", .nioEmbedded]),

        // An "everything" MCP server of our own: for the quick start, the tests and the benchmark.
        module("ExampleBackend", uses: ["JSONTypes", .hummingbird, .lifecycle, .logging, .nioCore, .nioPosix]),

        // Everything put together, and the program.
        module(
            "VMCPApplication",
            uses: [
                "JSONTypes", "MCPTypes", "Observability", "VMCPConfiguration", "Aggregation", "Storage", "OutboundHTTP",
                "Authentication", "AuthServer", "Backends", "OutgoingAuth", "VirtualServer", "Gateway", .crypto,
                .hummingbird, .lifecycle, .logging, .nioCore, .nioPosix,
            ],
            tests: ["ExampleBackend", "TestSupport"]),
        [
            .executableTarget(
                name: "vmcp",
                dependencies: [
                    "MCPTypes", "Observability", "VMCPConfiguration", "Backends", "ExampleBackend", "VMCPApplication",
                    .argumentParser, .lifecycle, .logging, .nioPosix, .signals,
                ],
                swiftSettings: settings)
        ],
    ].flatMap { $0 },
    swiftLanguageModes: [.v6]
)
