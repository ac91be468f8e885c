// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Backends
import HTTPTypes
import Hummingbird
import JSONTypes
import MCPTypes
import NIOCore
import VirtualServer

/// The routes that say how the process and its backends are. They carry no secrets and no raw error text.
struct StatusRoutes: Sendable {
    let settings: GatewaySettings
    let server: VirtualServer
    /// Sorted by name.
    let backends: [Backend]
    /// What clients learn of the resource that this server is; `nil` while nobody authenticates.
    let metadata: ProtectedResourceMetadata?

    private static let anyMethod: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]

    /// Whether a path belongs to this router rather than to the MCP endpoint.
    static func claims(_ path: Substring) -> Bool {
        if path == "/mcp" { return false }
        return switch path {
        case "/health", "/ping", "/readyz", "/status", "/api/backends/health", "/.well-known": true
        default: path.hasPrefix("/.well-known/") || path.hasPrefix("/oauth/") || path == "/oauth"
        }
    }

    /// - Parameter claimed: paths that other routes have been registered for.
    func add(to router: Router<GatewayRequestContext>, claimed: (@Sendable (Substring) -> Bool)? = nil) {
        for method in Self.anyMethod {
            for path: RouterPath in ["/health", "/ping"] {
                add(path, method, to: router) { Self.json(["status": "ok"], newline: true) }
            }
            add("/readyz", method, to: router) { Self.json(["mode": "static", "status": "ready"], newline: true) }
            add("/api/backends/health", method, to: router) { Self.json(health, newline: false) }
            for path: RouterPath in ["/.well-known", "/.well-known/**"] {
                add(path, method, to: router) { Self.notFound }
            }
            if claimed?("/oauth/") != true {
                for path: RouterPath in ["/oauth", "/oauth/**"] { add(path, method, to: router) { Self.notFound } }
            }
            for path: RouterPath in [
                "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/**",
            ] {
                router.on(path, method: method) { request, _ in
                    let response = resourceMetadata(method, path: request.uri.path)
                    return method == .head ? response.createHeadResponse() : response
                }
            }
            if method != .get && method != .head {
                router.on("/status", method: method) { _, _ in
                    var response = Response(
                        status: .methodNotAllowed,
                        body: ResponseBody(byteBuffer: ByteBuffer(string: "Method Not Allowed\n")))
                    response.headers[.contentType] = "text/plain; charset=utf-8"
                    response.headers[.allow] = "GET, HEAD"
                    return response
                }
            }
        }
        for method in [HTTPRequest.Method.get, .head] {
            add("/status", method, to: router) {
                var response = Self.json(status, newline: true)
                response.headers[.xContentTypeOptions] = "nosniff"
                response.headers[.cacheControl] = "no-store"
                return response
            }
        }
    }

    /// An answer to `HEAD` is the one to `GET` without its body (RFC 9110 §9.3.2).
    private func add(
        _ path: RouterPath, _ method: HTTPRequest.Method, to router: Router<GatewayRequestContext>,
        _ respond: @escaping @Sendable () -> Response
    ) {
        router.on(path, method: method) { _, _ in method == .head ? respond().createHeadResponse() : respond() }
    }

    /// RFC 9728: served at the well-known path and at the one with the resource's own path in it.
    private func resourceMetadata(_ method: HTTPRequest.Method, path: String) -> Response {
        guard let metadata, metadata.isServed(at: path) else { return Self.notFound }
        var response: Response
        switch method {
        case .get, .head:
            response = Response(status: .ok, body: ResponseBody(byteBuffer: metadata.document()))
        case .options:
            response = Response(status: .noContent)
        default:
            response = Response(status: .methodNotAllowed)
            response.headers[.allow] = "GET, HEAD, OPTIONS"
        }
        let fields = method == .options ? ProtectedResourceMetadata.corsHeaders : ProtectedResourceMetadata.headers
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        return response
    }

    private static var notFound: Response { json(["error": "not_found"], newline: false, status: .notFound) }

    private static func json(_ value: JSONValue, newline: Bool, status: HTTPResponse.Status = .ok) -> Response {
        var body = ByteBuffer()
        body.writeJSON(value)
        if newline { body.writeStaticString("\n") }
        var response = Response(status: status, body: ResponseBody(byteBuffer: body))
        response.headers[.contentType] = "application/json"
        return response
    }

    var status: JSONValue {
        let current = backends.map { ($0, $0.health.status) }
        return [
            "backends": .array(
                current.map { backend, status in
                    var entry: JSONObject = [
                        "name": .string(backend.name),
                        "health": .string(status.rawValue),
                        "transport": .string(backend.settings.endpoint.transportName),
                        "auth_type": .string(backend.settings.credentials.strategyName),
                    ]
                    if let revision = revision(of: backend) { entry["mcp_revision"] = .string(revision) }
                    return .object(entry)
                }),
            "healthy": .bool(current.contains { $0.1 == .healthy }),
            "version": .string("v\(GatewayIdentity.version)"),
            "group_ref": .string(settings.group),
        ]
    }

    /// A backend is part of it from its first probe on.
    var health: JSONValue {
        let probed = backends.map { ($0, $0.health.current) }.filter { $0.1.tracker.lastCheckTime != nil }
        func count(_ status: HealthStatus) -> JSONValue {
            .number(JSONNumber(probed.count { $0.1.tracker.status == status }))
        }
        var object: JSONObject = [
            "monitoring_enabled": true,
            "summary": [
                "Total": .number(JSONNumber(probed.count)), "Healthy": count(.healthy), "Degraded": count(.degraded),
                "Unhealthy": count(.unhealthy), "Unknown": count(.unknown), "Unauthenticated": count(.unauthenticated),
            ],
        ]
        guard !probed.isEmpty else { return .object(object) }
        var entries = JSONObject()
        for (backend, health) in probed {
            entries[backend.name] = [
                "Status": .string(health.tracker.status.rawValue),
                "ConsecutiveFailures": .number(JSONNumber(health.tracker.consecutiveFailures)),
                "LastCheckTime": .string(RFC3339.render(health.tracker.lastCheckTime)),
                "LastErrorCategory": .string(health.tracker.lastErrorCategory?.rawValue ?? ""),
                "LastTransitionTime": .string(RFC3339.render(health.tracker.lastTransitionTime)),
                "CircuitState": .string(health.breaker.state.rawValue),
                "CircuitLastChanged": .string(RFC3339.render(health.breaker.lastChangeTime)),
                "MCPRevision": .string(revision(of: backend) ?? ""),
            ]
        }
        object["backends"] = .object(entries)
        return .object(object)
    }

    private func revision(of backend: Backend) -> String? {
        server.capabilities.report(of: backend.name)?.handshake?.revision.rawValue
    }
}

extension HTTPField.Name {
    // A valid token always makes a name; the fallback keeps the type honest.
    fileprivate static let xContentTypeOptions = HTTPField.Name("X-Content-Type-Options") ?? .accept
}
