// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One endpoint: what it takes, and what it answers.
///
/// What holds for all endpoints (method, limits, size, media type, duplicates, headers of the answer) is done before and
/// after by `EndpointPipeline`.
package protocol AuthEndpoint: Sendable {
    var rules: EndpointRules { get }
    /// The method is one of the rules', the size is within bounds and the parameters are parsed.
    func respond(to request: EndpointRequest) async -> AuthResponse
}

/// What the pipeline checks before an endpoint sees a request, and adds after.
package struct EndpointRules: Sendable {
    package enum Content: Sendable {
        /// Parameters are in the query; a body is ignored.
        case query
        /// Parameters are a form in the body.
        case form
        /// The body is JSON, and the endpoint reads it itself.
        case json
    }

    package enum LimitClass: Sendable, Hashable {
        case browser
        case token
        case registration
        /// Documents that anyone may read as often as they like.
        case metadata
    }

    package var methods: [String]
    package var content: Content
    package var limitClass: LimitClass
    /// Whether pages of other origins may read the answer.
    package var allowsCrossOrigin: Bool
    /// Parameters that may be repeated.
    package var repeatable: Set<String>
    /// Whether a repeated parameter is refused by the pipeline; otherwise the endpoint looks itself, because an error may
    /// have to be redirected.
    package var refusesRepeated: Bool

    package init(
        methods: [String], content: Content, limitClass: LimitClass, allowsCrossOrigin: Bool = false,
        repeatable: Set<String> = ["resource"], refusesRepeated: Bool = true
    ) {
        self.methods = methods
        self.content = content
        self.limitClass = limitClass
        self.allowsCrossOrigin = allowsCrossOrigin
        self.repeatable = repeatable
        self.refusesRepeated = refusesRepeated
    }
}

package struct EndpointRequest: Sendable {
    package var http: AuthRequest
    /// Of the query or of the form, as the endpoint's rules say.
    package var parameters: Parameters

    package init(http: AuthRequest, parameters: Parameters) {
        self.http = http
        self.parameters = parameters
    }
}
