// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// The whole authorization server as a function from a request to an answer; only HTTP itself is missing.
package struct AuthServerRouter: Sendable {
    private let routes: AuthRoutes
    private let endpoints: [AuthRoute: any AuthEndpoint]
    private let pipeline: EndpointPipeline

    /// - Parameter endpoints: a route without one is answered like a path that leads nowhere.
    package init(
        settings: AuthServerSettings, endpoints: [AuthRoute: any AuthEndpoint], pipeline: EndpointPipeline
    ) {
        routes = AuthRoutes(settings)
        self.endpoints = endpoints
        self.pipeline = pipeline
    }

    /// Whether a path is this server's; cheap enough to be asked for every request.
    package func owns(_ path: String) -> Bool { routes.resolve(path) != nil }

    /// `nil` when the path is not ours.
    package func respond(to request: AuthRequest) async -> AuthResponse? {
        switch routes.resolve(request.path) {
        case nil: return nil
        case .nothing(let allowsCrossOrigin):
            return pipeline.notFound(request, allowsCrossOrigin: allowsCrossOrigin)
        case .route(let route):
            guard let endpoint = endpoints[route] else {
                return pipeline.notFound(request, allowsCrossOrigin: false)
            }
            return await pipeline.respond(to: request, at: endpoint)
        }
    }
}
