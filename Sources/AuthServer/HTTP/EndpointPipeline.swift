// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What holds for all endpoints: the checks before one sees a request, and the headers of every answer.
///
/// The order of the checks is part of the contract: method, rate limit, size, media type, form, repeated parameters.
package struct EndpointPipeline: Sendable {
    package static let maximumBodyBytes = 65_536

    private let limiter: RateLimiter
    private let rendering: any AnswerRendering

    package init(limiter: RateLimiter, rendering: any AnswerRendering) {
        self.limiter = limiter
        self.rendering = rendering
    }

    /// - Parameter request: its body may have been cut, but not to less than one byte above `maximumBodyBytes`.
    package func respond(to request: AuthRequest, at endpoint: any AuthEndpoint) async -> AuthResponse {
        let rules = endpoint.rules
        if request.method == "OPTIONS", rules.allowsCrossOrigin {
            return finished(CrossOrigin.preflight(methods: rules.methods), rules, request)
        }
        guard rules.methods.contains(request.method) else {
            var answer = refusal(Refusal.method, rules, request)
            let others = rules.allowsCrossOrigin ? ["OPTIONS"] : []
            answer.headers.append(("Allow", (rules.methods + others).joined(separator: ", ")))
            return finished(answer, rules, request)
        }
        guard limiter.admits(rules.limitClass, from: request.clientAddress) else {
            return finished(refusal(Refusal.tooMany, rules, request), rules, request)
        }
        do {
            let parameters = try Self.parameters(request, rules)
            let answer = await endpoint.respond(to: EndpointRequest(http: request, parameters: parameters))
            return finished(answer, rules, request)
        } catch {
            return finished(refusal(error, rules, request), rules, request)
        }
    }

    /// The answer for paths that are ours but lead nowhere.
    package func notFound(_ request: AuthRequest, allowsCrossOrigin: Bool) -> AuthResponse {
        let answer = AuthResponse(
            status: 404, headers: [("Content-Type", "application/json")], body: Array(#"{"error":"not_found"}"#.utf8))
        let rules = EndpointRules(
            methods: [], content: .query, limitClass: .metadata, allowsCrossOrigin: allowsCrossOrigin)
        return finished(answer, rules, request)
    }

    private enum Refusal {
        static let method = OAuthError(.invalidRequest, "The method is not allowed here", status: 405)
        static let tooMany = OAuthError(
            .temporarilyUnavailable, "Too many requests; try again in a moment", status: 429, retryAfter: 1)
        static let bodySize = OAuthError(.invalidRequest, "The request is larger than 64 KiB", status: 413)
        static let querySize = OAuthError(.invalidRequest, "The query is larger than 64 KiB", status: 414)
        static let mediaType = OAuthError(
            .invalidRequest, "The Content-Type must be application/x-www-form-urlencoded")
        static let malformed = OAuthError(.invalidRequest, "The parameters are not validly encoded")
        static let tooManyParameters = OAuthError(.invalidRequest, "There are too many parameters")
        static let tooLong = OAuthError(.invalidRequest, "A parameter is too long")
        static let repeated = OAuthError(.invalidRequest, "A parameter occurs more than once")
    }

    private static func parameters(_ request: AuthRequest, _ rules: EndpointRules) throws(OAuthError) -> Parameters {
        guard request.body.count <= maximumBodyBytes else { throw Refusal.bodySize }
        if let announced = request.header("content-length").flatMap(Int.init), announced > maximumBodyBytes {
            throw Refusal.bodySize
        }
        guard request.query.utf8.count <= maximumBodyBytes else { throw Refusal.querySize }
        let parameters: Parameters
        switch rules.content {
        case .query: parameters = try parse(request.query.utf8)
        case .form:
            let types = request.headers("content-type")
            guard types.count == 1, MediaType.essence(types[0]) == "application/x-www-form-urlencoded" else {
                throw Refusal.mediaType
            }
            parameters = try parse(request.body)
        case .json: parameters = Parameters([])
        }
        if rules.refusesRepeated, !parameters.repeated.isSubset(of: rules.repeatable) { throw Refusal.repeated }
        return parameters
    }

    private static func parse(_ text: some Sequence<UInt8>) throws(OAuthError) -> Parameters {
        do {
            return try Parameters(parsing: text)
        } catch {
            throw switch error {
            case .malformed: Refusal.malformed
            case .tooMany: Refusal.tooManyParameters
            case .tooLong: Refusal.tooLong
            }
        }
    }

    /// People get a page where people are expected, programs JSON.
    private func refusal(_ error: OAuthError, _ rules: EndpointRules, _ request: AuthRequest) -> AuthResponse {
        rules.limitClass == .browser ? rendering.direct(error, to: request) : rendering.json(error, to: request)
    }

    /// Adds the headers that every answer has, unless the endpoint chose its own.
    private func finished(_ answer: AuthResponse, _ rules: EndpointRules, _ request: AuthRequest) -> AuthResponse {
        var answer = answer
        func add(_ name: String, _ value: String) {
            if answer.header(name) == nil { answer.headers.append((name, value)) }
        }
        // Only the documents that anyone may keep say so themselves.
        if answer.header("Cache-Control") == nil {
            add("Cache-Control", "no-store")
            add("Pragma", "no-cache")
        }
        add("X-Content-Type-Options", "nosniff")
        add("Referrer-Policy", "no-referrer")
        if rules.allowsCrossOrigin { for (name, value) in CrossOrigin.answerHeaders { add(name, value) } }
        return answer
    }
}
