// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import AuthServer

@Suite struct EndpointPipelineTests {
    /// Answers with what it was given and remembers how often it was asked.
    private final class Echo: AuthEndpoint {
        let rules: EndpointRules
        let headers: [(name: String, value: String)]
        private let seen = Mutex<[EndpointRequest]>([])

        init(_ rules: EndpointRules, headers: [(name: String, value: String)] = []) {
            self.rules = rules
            self.headers = headers
        }

        var requests: [EndpointRequest] { seen.withLock { $0 } }

        func respond(to request: EndpointRequest) async -> AuthResponse {
            seen.withLock { $0.append(request) }
            return AuthResponse(status: 200, headers: headers, body: Array("ok".utf8))
        }
    }

    private static let form = "application/x-www-form-urlencoded"
    private let clock = ClientsClock()
    private let pipeline: EndpointPipeline

    init() {
        var limits = RateLimiter.Limits()
        limits.token = RateLimit(burst: 3, perSecond: 1)
        pipeline = EndpointPipeline(
            limiter: RateLimiter(limits: limits, now: clock.now),
            rendering: HTTPAnswerRendering(issuer: "https://as.example.com", serverName: "Acme"))
    }

    private static func token(refusesRepeated: Bool = true, repeatable: Set<String> = ["resource"]) -> Echo {
        Echo(
            EndpointRules(
                methods: ["POST"], content: .form, limitClass: .token, allowsCrossOrigin: true, repeatable: repeatable,
                refusesRepeated: refusesRepeated))
    }

    private static func browser() -> Echo {
        Echo(EndpointRules(methods: ["GET"], content: .query, limitClass: .browser))
    }

    private static func post(
        _ body: String, type: [String] = [form], headers: [(name: String, value: String)] = [],
        address: String = "192.0.2.1"
    ) -> AuthRequest {
        AuthRequest(
            method: "POST", path: "/oauth/token", headers: type.map { ("Content-Type", $0) } + headers,
            body: Array(body.utf8), clientAddress: address)
    }

    private static func get(_ query: String, accept: String? = nil) -> AuthRequest {
        AuthRequest(
            method: "GET", path: "/oauth/authorize", query: query, headers: accept.map { [("Accept", $0)] } ?? [],
            clientAddress: "192.0.2.1")
    }

    @Test("A form reaches the endpoint decoded; the query of a form request does not")
    func forms() async throws {
        let echo = Self.token()
        var request = Self.post("a=1&b=x%20y+z&c=&resource=r1&resource=r2")
        request.query = "a=2&d=3"
        let answer = await pipeline.respond(to: request, at: echo)
        #expect(answer.status == 200)
        let parameters = try #require(echo.requests.first?.parameters)
        #expect(
            parameters["a"] == "1" && parameters["b"] == "x y z" && parameters["c"] == nil && parameters["d"] == nil)
        #expect(parameters.all("resource") == ["r1", "r2"])
    }

    @Test("The query reaches the endpoint decoded; a body is ignored")
    func queries() async {
        let echo = Self.browser()
        var request = Self.get("a=1&b=%C3%A9")
        request.body = Array("a=2".utf8)
        _ = await pipeline.respond(to: request, at: echo)
        #expect(echo.requests.first?.parameters["a"] == "1" && echo.requests.first?.parameters["b"] == "é")
    }

    @Test("AU-20: Every answer has the headers that keep it to its reader")
    func headers() async {
        let answer = await pipeline.respond(to: Self.post("a=1"), at: Self.token())
        #expect(answer.header("Cache-Control") == "no-store" && answer.header("Pragma") == "no-cache")
        #expect(answer.header("X-Content-Type-Options") == "nosniff")
        #expect(answer.header("Referrer-Policy") == "no-referrer")
        #expect(answer.header("Access-Control-Allow-Origin") == "*")
        #expect(answer.header("Access-Control-Expose-Headers") == "DPoP-Nonce, WWW-Authenticate, Retry-After")
        #expect(answer.header("Access-Control-Allow-Credentials") == nil)

        let page = await pipeline.respond(to: Self.get(""), at: Self.browser())
        #expect(page.headers.allSatisfy { !$0.name.lowercased().hasPrefix("access-control") })
    }

    @Test("An endpoint's own headers are kept, and not doubled")
    func ownHeaders() async {
        let echo = Echo(
            EndpointRules(methods: ["GET"], content: .query, limitClass: .metadata),
            headers: [("cache-control", "public, max-age=3600"), ("Referrer-Policy", "same-origin")])
        let answer = await pipeline.respond(to: Self.get(""), at: echo)
        #expect(answer.headers("Cache-Control") == ["public, max-age=3600"])
        #expect(answer.header("Pragma") == nil)
        #expect(answer.headers("Referrer-Policy") == ["same-origin"])
    }

    @Test(
        "A method that the endpoint does not take is 405 and says which ones it takes",
        arguments: ["GET", "HEAD", "PUT", "DELETE", "PATCH", "post", "TRACE", ""])
    func methods(method: String) async {
        let echo = Self.token()
        var request = Self.post("a=1")
        request.method = method
        let answer = await pipeline.respond(to: request, at: echo)
        #expect(answer.status == 405)
        #expect(answer.headers("Allow") == ["POST, OPTIONS"])
        #expect(answer.header("Cache-Control") == "no-store")
        #expect(echo.requests.isEmpty)
    }

    @Test("Browsers may ask what they may send where other origins are welcome, and nowhere else")
    func preflight() async {
        let token = Self.token()
        var request = Self.post("")
        request.method = "OPTIONS"
        let answer = await pipeline.respond(to: request, at: token)
        #expect(answer.status == 204 && answer.body.isEmpty)
        #expect(answer.header("Access-Control-Allow-Origin") == "*")
        #expect(answer.header("Access-Control-Allow-Methods") == "POST")
        #expect(
            answer.header("Access-Control-Allow-Headers") == "Content-Type, Authorization, DPoP, MCP-Protocol-Version")
        #expect(token.requests.isEmpty)

        let page = await pipeline.respond(to: request, at: Self.browser())
        #expect(page.status == 405 && page.header("Allow") == "GET")
        #expect(page.headers.allSatisfy { !$0.name.lowercased().hasPrefix("access-control") })
    }

    @Test("Above its limit a client is told to come back, and the endpoint is not asked")
    func rateLimit() async {
        let echo = Self.token()
        for _ in 0..<3 { #expect(await pipeline.respond(to: Self.post("a=1"), at: echo).status == 200) }
        let answer = await pipeline.respond(to: Self.post("a=1"), at: echo)
        #expect(answer.status == 429 && answer.header("Retry-After") == "1")
        #expect(answer.bodyText.contains("temporarily_unavailable"))
        #expect(echo.requests.count == 3)
        #expect(await pipeline.respond(to: Self.post("a=1", address: "192.0.2.2"), at: echo).status == 200)
        clock.advance(.seconds(1))
        #expect(await pipeline.respond(to: Self.post("a=1"), at: echo).status == 200)
    }

    @Test("64 KiB fit; a byte more, sent or announced, does not")
    func size() async {
        let echo = Self.token()
        let fill = String(repeating: "x=&", count: 21_845)
        let fits = Self.post(String(repeating: "&", count: 65_536))
        #expect(fill.utf8.count < 65_536)
        #expect(await pipeline.respond(to: fits, at: echo).status == 200)
        let tooLong = Self.post(String(repeating: "&", count: 65_537))
        #expect(await pipeline.respond(to: tooLong, at: echo).status == 413)
        let announced = Self.post("a=1", headers: [("Content-Length", "65537")])
        #expect(await pipeline.respond(to: announced, at: echo).status == 413)
        let query = Self.get(String(repeating: "&", count: 65_537))
        #expect(await pipeline.respond(to: query, at: Self.browser()).status == 414)
        #expect(echo.requests.count == 1)
    }

    @Test(
        "A form says that it is one",
        arguments: [
            ([], 400), ([""], 400), (["application/json"], 400), (["multipart/form-data; boundary=x"], 400),
            (["application/x-www-form-urlencodedx"], 400), (["text/plain"], 400), ([form, form], 400),
            ([form], 200), (["Application/X-WWW-Form-Urlencoded;charset=UTF-8"], 200),
            (["\(form) ; charset=utf-8"], 200),
        ] as [([String], Int)])
    func mediaType(types: [String], status: Int) async {
        let answer = await pipeline.respond(to: Self.post("a=1", type: types), at: Self.token())
        #expect(answer.status == status)
        if status == 400 { #expect(answer.bodyText.contains(#""error":"invalid_request""#)) }
    }

    @Test(
        "Parameters that cannot be read are an invalid request",
        arguments: [
            "a=%", "a=%4", "a=%zz", "%=a", "a=%ff", "a=%c3%28", "a=%ed%a0%80",
            "a=" + String(repeating: "x", count: 2049), "token=" + String(repeating: "x", count: 16_385),
            String(repeating: "a=1&", count: 201),
        ])
    func malformed(body: String) async {
        let echo = Self.token()
        let answer = await pipeline.respond(to: Self.post(body), at: echo)
        #expect(answer.status == 400 && answer.bodyText.contains("invalid_request"))
        #expect(echo.requests.isEmpty)
    }

    @Test("Values have 2048 bytes, those of tokens 16 KiB")
    func valueBounds() async {
        let longest = "a=\(String(repeating: "x", count: 2048))&token=\(String(repeating: "y", count: 16_384))"
        #expect(await pipeline.respond(to: Self.post(longest), at: Self.token()).status == 200)
    }

    @Test("A parameter that is repeated is refused, unless it may be or the endpoint looks itself")
    func repeated() async {
        #expect(await pipeline.respond(to: Self.post("a=1&a=1"), at: Self.token()).status == 400)
        let exchange = Self.token(repeatable: ["resource", "audience"])
        #expect(await pipeline.respond(to: Self.post("audience=1&audience=2"), at: exchange).status == 200)
        let own = Self.token(refusesRepeated: false)
        #expect(await pipeline.respond(to: Self.post("a=1&a=2"), at: own).status == 200)
        #expect(own.requests.first?.parameters.repeated == ["a"])
    }

    @Test("The checks come in their order: method, limit, size, media type, form, repeated parameters")
    func order() async {
        var everything = Self.post("a=%&a=1" + String(repeating: "x", count: 65_536), type: ["text/plain"])
        everything.method = "PUT"
        let echo = Self.token()
        // The method is looked at before anything is counted.
        for _ in 0..<5 { #expect(await pipeline.respond(to: everything, at: echo).status == 405) }
        everything.method = "POST"
        #expect(await pipeline.respond(to: everything, at: echo).status == 413)
        let wrongType = await pipeline.respond(to: Self.post("a=%&a=1", type: ["text/plain"]), at: echo)
        #expect(wrongType.bodyText.contains("Content-Type"))
        let wrongForm = await pipeline.respond(to: Self.post("a=%&a=1"), at: echo)
        #expect(wrongForm.bodyText.contains("encoded"))
        // Three were counted.
        #expect(await pipeline.respond(to: everything, at: echo).status == 429)
    }

    @Test("People see pages where people are expected; programs always get JSON")
    func pages() async {
        let page = await pipeline.respond(to: Self.get("a=%", accept: "text/html"), at: Self.browser())
        #expect(page.status == 400 && page.header("Content-Type") == "text/html; charset=utf-8")
        #expect(page.header("Content-Security-Policy") != nil && page.header("Cache-Control") == "no-store")
        let json = await pipeline.respond(to: Self.get("a=%"), at: Self.browser())
        #expect(json.header("Content-Type") == "application/json;charset=UTF-8")
        var token = Self.post("a=%")
        token.headers.append(("accept", "text/html"))
        let program = await pipeline.respond(to: token, at: Self.token())
        #expect(program.header("Content-Type") == "application/json;charset=UTF-8")
    }

    @Test("A JSON body is left to its endpoint, whatever its type")
    func json() async {
        let echo = Echo(EndpointRules(methods: ["POST"], content: .json, limitClass: .registration))
        _ = await pipeline.respond(to: Self.post("{}", type: ["application/json"]), at: echo)
        _ = await pipeline.respond(to: Self.post("a=%", type: []), at: echo)
        #expect(echo.requests.count == 2)
    }

    @Test("HEAD is answered like GET; whoever writes the answer leaves out the body")
    func head() async {
        let echo = Echo(EndpointRules(methods: ["GET", "HEAD"], content: .query, limitClass: .metadata))
        var request = Self.get("")
        request.method = "HEAD"
        let answer = await pipeline.respond(to: request, at: echo)
        #expect(answer.status == 200 && !answer.body.isEmpty && echo.requests.count == 1)
    }

    @Test("Nothing is told about what is not there")
    func notFound() {
        let answer = pipeline.notFound(Self.get(""), allowsCrossOrigin: false)
        #expect(answer.status == 404 && answer.bodyText == #"{"error":"not_found"}"#)
        #expect(answer.header("Content-Type") == "application/json" && answer.header("Cache-Control") == "no-store")
        #expect(answer.header("Access-Control-Allow-Origin") == nil)
        #expect(pipeline.notFound(Self.get(""), allowsCrossOrigin: true).header("Access-Control-Allow-Origin") == "*")
    }
}
