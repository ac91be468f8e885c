// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import ExampleBackend
import JSONTypes
import NIOCore
import TestSupport
import Testing

@Suite struct StatusRouteTests {
    @Test(
        "3.2, 3.3: /health, /ping and /readyz answer any method, to the byte",
        arguments: [
            ("/health", "{\"status\":\"ok\"}\n"), ("/ping", "{\"status\":\"ok\"}\n"),
            ("/health?deep=1", "{\"status\":\"ok\"}\n"),
            ("/readyz", "{\"mode\":\"static\",\"status\":\"ready\"}\n"),
        ])
    func liveness(_ path: String, _ body: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
                let reply = try await gateway.client.send(method, method == "POST" ? "{}" : nil, path: path)
                #expect(reply.status == 200, "\(method)")
                #expect(reply.text == body, "\(method)")
                #expect(reply.contentType == "application/json", "\(method)")
            }
            let head = try await gateway.client.send("HEAD", path: path)
            #expect(head.status == 200)
            #expect(head.head["content-length"] == "\(body.utf8.count)")
        }
    }

    @Test(
        "RFC 9110 §9.3.2: an answer to HEAD has no body, so that the next answer is where it should be",
        arguments: [
            "/health", "/ping", "/readyz", "/status", "/api/backends/health", "/.well-known/x", "/mcp",
        ])
    func head(_ path: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            try await gateway.client.withConnection { connection in
                try await connection.send(gateway.client.requestText("HEAD", path: path))
                _ = try await connection.reply(isForHEAD: true)
                try await connection.send(gateway.client.requestText("GET", path: "/health"))
                let reply = try await connection.reply()
                #expect(reply.text == "{\"status\":\"ok\"}\n")
            }
        }
    }

    @Test("3.3: /status lists the backends by name")
    func status() async throws {
        var plan = GatewayPlan()
        plan.backends = [.init("zeta"), .init("alpha")]
        try await RunningGateway.run(plan) { gateway in
            try await eventually("healthy backends") {
                let text = try await gateway.client.send("GET", path: "/status").text
                return text.contains("\"healthy\":true") && text.occurrences(of: "2025-11-25") == 2
            }
            let reply = try await gateway.client.send("GET", path: "/status")
            #expect(
                reply.text == """
                    {"backends":[\
                    {"name":"alpha","health":"healthy","transport":"streamable-http","auth_type":"unauthenticated","mcp_revision":"2025-11-25"},\
                    {"name":"zeta","health":"healthy","transport":"streamable-http","auth_type":"unauthenticated","mcp_revision":"2025-11-25"}\
                    ],"healthy":true,"version":"v0.1.0","group_ref":"lab"}

                    """)
            #expect(reply.contentType == "application/json")
            #expect(reply.head["x-content-type-options"] == "nosniff")
            #expect(reply.head["cache-control"] == "no-store")
        }
    }

    @Test("3.3: /status without backends")
    func emptyStatus() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let text = try await gateway.client.send("GET", path: "/status").text
            #expect(text == "{\"backends\":[],\"healthy\":false,\"version\":\"v0.1.0\",\"group_ref\":\"lab\"}\n")
        }
    }

    @Test("3.3: /status is read only", arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    func statusMethods(_ method: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let reply = try await gateway.client.send(method, path: "/status")
            #expect(reply.status == 405)
            #expect(reply.text == "Method Not Allowed\n")
            #expect(reply.contentType?.hasPrefix("text/plain") == true)
        }
    }

    @Test("3.3: /api/backends/health before any probe, or without backends, is all zeros")
    func emptyHealth() async throws {
        try await RunningGateway.run(.bare) { gateway in
            let reply = try await gateway.client.send("GET", path: "/api/backends/health")
            #expect(
                reply.text
                    == #"{"monitoring_enabled":true,"summary":{"Total":0,"Healthy":0,"Degraded":0,"Unhealthy":0,"#
                    + #""Unknown":0,"Unauthenticated":0}}"#)
            #expect(reply.contentType == "application/json")
        }
    }

    @Test("3.3: /api/backends/health tells each backend's state and times, and no error text")
    func health() async throws {
        var plan = GatewayPlan()
        plan.backends = [.init("good"), .init("locked") { $0.faults.authorization = "Bearer secret" }]
        try await RunningGateway.run(plan) { gateway in
            var reply = try await gateway.client.send("GET", path: "/api/backends/health")
            try await eventually("probes of both") {
                reply = try await gateway.client.send("GET", path: "/api/backends/health")
                return try reply.json["summary"]?["Total"]?.int == 2 && reply.text.contains("\"healthy\"")
            }
            let good = try reply.json["backends"]?["good"].orThrow("good in \(reply.text)")
            let keys = (good ?? .null).members.compactMap(\.key.string)
            #expect(
                keys == [
                    "Status", "ConsecutiveFailures", "LastCheckTime", "LastErrorCategory", "LastTransitionTime",
                    "CircuitState",
                    "CircuitLastChanged", "MCPRevision",
                ])
            #expect(good?["Status"]?.string == "healthy")
            #expect(good?["ConsecutiveFailures"]?.int == 0)
            #expect(good?["LastErrorCategory"]?.string == "")
            #expect(good?["CircuitState"]?.string == "closed")
            #expect(good?["CircuitLastChanged"]?.string == "0001-01-01T00:00:00Z")
            #expect(good?["MCPRevision"]?.string == "2025-11-25")
            let time = good?["LastCheckTime"]?.string ?? ""
            #expect(time.wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ/) != nil, "\(time)")
            let locked = try reply.json["backends"]?["locked"]
            #expect(locked?["Status"]?.string == "unauthenticated" || locked?["Status"]?.string == "unknown")
            #expect(locked?["LastErrorCategory"]?.string == "authentication_failed")
            #expect(locked?["MCPRevision"]?.string == "")
            // A time may have any digits.
            let said = reply.text.replacing(/"20[-\dT:.]+Z"/, with: "")
            for secret in ["127.0.0.1", "secret", "401", "\(gateway.backendPorts["locked"] ?? 0)"] {
                #expect(!said.contains(secret), "\(secret)")
            }
        }
    }

    @Test(
        "3.2, 3.4: what is well known is not there",
        arguments: [
            "/.well-known", "/.well-known/", "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-protected-resourceXYZ", "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/.well-known/jwks.json", "/.well-known/a/b/c", "/oauth", "/oauth/token", "/oauth/authorize",
        ])
    func wellKnown(_ path: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            for method in ["GET", "POST", "OPTIONS"] {
                let reply = try await gateway.client.send(method, path: path)
                #expect(reply.status == 404, "\(method)")
                #expect(reply.text == #"{"error":"not_found"}"#, "\(method)")
                #expect(reply.contentType == "application/json", "\(method)")
                #expect(reply.head["access-control-allow-origin"] == nil, "\(method)")
            }
        }
    }

    @Test(
        "3.2: every path that nothing claims is the MCP endpoint",
        arguments: [
            "/mcp", "/", "/foo", "/mcp/", "/mcp?x=1", "/metrics", "/healthz", "/status/more", "/oauth2/token", "/a/b/c",
            "/Health",
            "/readyz/x", "/well-known/x",
        ])
    func catchAll(_ path: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            var client = gateway.client
            client.path = path
            client = try await client.opened()
            #expect(try await client.result("ping").description == "{}")
            #expect(try await client.send("DELETE").status == 200)
        }
    }

    @Test(
        "RFC 9112 §3.2.2: a request target may be a whole URL",
        arguments: [
            ("GET", "/health", "{\"status\":\"ok\"}\n"), ("OPTIONS", "/mcp", "Method Not Allowed\n"),
        ])
    func absoluteForm(_ method: String, _ path: String, _ text: String) async throws {
        try await RunningGateway.run(.bare) { gateway in
            let target = "http://127.0.0.1:\(gateway.port)\(path)"
            let reply = try await gateway.client.send(method, path: target)
            #expect(reply.text == text)
        }
    }

    @Test("SE-10, GB-57: no route names a backend's address")
    func noAddresses() async throws {
        try await RunningGateway.run { gateway in
            _ = try await gateway.client.opened()
            let port = try gateway.backendPorts["one"].orThrow("a port")
            for path in ["/status", "/health", "/readyz", "/api/backends/health"] {
                let text = try await gateway.client.send("GET", path: path).text
                #expect(!text.contains(":\(port)"), "\(path)")
                #expect(!text.contains("127.0.0.1"), "\(path)")
            }
        }
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func occurrences(of part: String) -> Int { ranges(of: part).count }
}
