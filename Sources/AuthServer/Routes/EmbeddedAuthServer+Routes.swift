// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
package import Hummingbird
import NIOCore

extension EmbeddedAuthServer {
    /// Mounts everything that the server answers, without authentication. Comes before other routes.
    ///
    /// - Parameter proxies: whom to believe about who asks, for the limits.
    package func registerHandlers<Context: RemoteAddressRequestContext>(
        on router: Router<Context>, proxies: TrustedProxies = TrustedProxies([])
    ) {
        router.add(middleware: AuthServerRoutes<Context>(server: self, proxies: proxies))
    }
}

/// Answers for every path of the authorization server, whatever the method, before any route is looked for.
private struct AuthServerRoutes<Context: RemoteAddressRequestContext>: RouterMiddleware {
    let server: EmbeddedAuthServer
    let proxies: TrustedProxies

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard server.owns(request.uri.path) else { return try await next(request, context) }
        let asked = try await AuthRequest(request, from: context.remoteAddress, proxies: proxies)
        guard let answer = await server.respond(to: asked) else { return Response(status: .notFound) }
        let response = Response(answer)
        // With the length that the body would have (RFC 9110 §9.3.2).
        return request.method == .head ? response.createHeadResponse() : response
    }
}

extension AuthRequest {
    /// Reads no more of the body than is needed to see that it is too long.
    fileprivate init(_ request: Request, from peer: SocketAddress?, proxies: TrustedProxies) async throws {
        var body: [UInt8] = []
        for try await chunk in request.body {
            body.append(contentsOf: chunk.readableBytesView.prefix(EndpointPipeline.maximumBodyBytes + 1 - body.count))
            if body.count > EndpointPipeline.maximumBodyBytes { break }
        }
        let headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        self.init(
            method: request.method.rawValue, path: request.uri.path, query: request.uri.query ?? "",
            headers: headers, body: body, clientAddress: "")
        clientAddress = proxies.client(peer: peer?.ipAddress ?? "", headers: self.headers)
    }
}

extension Response {
    fileprivate init(_ answer: AuthResponse) {
        var fields = HTTPFields()
        for (name, value) in answer.headers {
            // Our own names; one that is none would be a mistake of ours, and must not end the process.
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        self.init(
            status: HTTPResponse.Status(code: answer.status), headers: fields,
            body: answer.body.isEmpty
                ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
