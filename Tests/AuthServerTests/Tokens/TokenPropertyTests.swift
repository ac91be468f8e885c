// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import AuthServer

/// Random histories against a model of rules R1 to R10.
struct TokenPropertyTests {
    /// What one family should do, in the simplest words.
    struct Model {
        enum State { case active, grace(at: TimeInterval, repeats: Int), spent }
        struct Token {
            var text: String
            var state = State.active
            var expires: TimeInterval
        }

        var tokens: [Token]
        var isOver = false
        let ends: TimeInterval
        let lifespan: TimeInterval
        let grace: TimeInterval

        enum Prediction: Equatable { case new, repeated(String), refused, revoked }

        mutating func present(_ index: Int, now: TimeInterval) -> Prediction {
            guard !isOver, now < ends else { return .refused }
            if case .grace(let at, _) = tokens[index].state, now >= at + grace { tokens[index].state = .spent }
            switch tokens[index].state {
            case .active:
                guard now < tokens[index].expires else { return .refused }
                tokens[index].state = .grace(at: now, repeats: 0)
                if index > 0 { tokens[index - 1].state = .spent }
                return .new
            case .grace(_, 3), .spent:
                isOver = true
                return .revoked
            case .grace(let at, let repeats):
                guard now >= at - 60 else { return .refused }
                tokens[index].state = .grace(at: at, repeats: repeats + 1)
                return .repeated(tokens[index + 1].text)
            }
        }
    }

    @Test("one request after the other: the server does what the model says", arguments: 1...60 as ClosedRange<UInt64>)
    func sequential(seed: UInt64) async throws {
        var generator = TokensGenerator(state: seed)
        let server = try TokensServer()
        let login = try await server.login()
        let rules = server.rules
        func now() -> TimeInterval { server.clock.now.timeIntervalSince1970 }
        var model = Model(
            tokens: [.init(text: try #require(login.refreshToken), expires: now() + rules.refreshLifespan)],
            ends: now() + rules.familyLifespan, lifespan: rules.refreshLifespan, grace: rules.grace)
        var access = [try #require(login.accessToken)]
        for _ in 0..<60 {
            if Int.random(in: 0..<3, using: &generator) == 0 {
                let steps: [TimeInterval] = [1, 10, 30, 31, 3600, 86400, 6 * 86400, -1, -10]
                server.clock.advance(by: steps.randomElement(using: &generator) ?? 0)
            }
            // Mostly the newest ones; now and then anything that ever existed.
            let oldest = Int.random(in: 0..<8, using: &generator) == 0 ? 0 : max(0, model.tokens.count - 2)
            let index = Int.random(in: oldest..<model.tokens.count, using: &generator)
            let reply = await server.refresh(model.tokens[index].text)
            switch model.present(index, now: now()) {
            case .new:
                #expect(reply.status == 200)
                let text = try #require(reply.refreshToken)
                #expect(!model.tokens.contains { $0.text == text })
                model.tokens.append(.init(text: text, expires: min(now() + model.lifespan, model.ends)))
            case .repeated(let text):
                #expect(reply.refreshToken == text)
            case .refused, .revoked:
                #expect(reply.error == "invalid_grant")
            }
            if let token = reply.accessToken {
                #expect(try server.isAccepted(token))
                access.append(token)
            }
            #expect(server.upstreams.deleted.isEmpty == !model.isOver)
            if model.isOver {
                #expect(try await server.refreshRows() == [])
                #expect(try access.allSatisfy { try !server.isAccepted($0) })
            }
        }
    }

    @Test(
        "all at once: never two branches, and an ended family has nothing alive",
        arguments: 1...60 as ClosedRange<UInt64>)
    func interleaved(seed: UInt64) async throws {
        var generator = TokensGenerator(state: seed &* 7919)
        let (server, turnstile) = try TokenConcurrencyTests.server(seed: seed)
        let code = try await server.codes.issueCode(for: TokensServer.authorization())
        let login = await server.redeem(code)
        var generations = [try #require(login.refreshToken)]
        var access = [try #require(login.accessToken)]
        for _ in 0..<12 {
            var bodies: [@Sendable () async -> (index: Int?, reply: TokensReply)] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                switch Int.random(in: 0..<40, using: &generator) {
                case 0: bodies.append { (nil, await server.redeem(code)) }
                case 1:
                    let token = generations.randomElement(using: &generator) ?? ""
                    bodies.append { (nil, await server.postRevoke(["token": token, "client_id": "app"])) }
                case 2...4:
                    let index = Int.random(in: 0..<generations.count, using: &generator)
                    let token = generations[index]
                    bodies.append { (index, await server.refresh(token)) }
                default:
                    let index = generations.count - 1
                    let token = generations[index]
                    bodies.append { (index, await server.refresh(token)) }
                }
            }
            let wasOver = !server.upstreams.deleted.isEmpty
            let answers = await turnstile.run(bodies)
            // Answers of one generation agree on the next, and no generation comes twice.
            for (index, reply) in answers {
                if let token = reply.accessToken { access.append(token) }
                guard let index, let successor = reply.refreshToken else { continue }
                #expect(!wasOver, "an ended family answered")
                if index + 1 < generations.count {
                    #expect(generations[index + 1] == successor)
                } else {
                    generations.append(successor)
                }
            }
            #expect(Set(generations).count == generations.count)
            let rows = try await server.refreshRows()
            let active = rows.filter { if case .active = $0.state { true } else { false } }
            let isOver = !server.upstreams.deleted.isEmpty
            #expect(active.count == (isOver ? 0 : 1))
            #expect(Set(rows.map(\.generation)).count == rows.count)
            if isOver {
                #expect(rows == [])
                #expect(try access.allSatisfy { try !server.isAccepted($0) })
                for token in generations { #expect(await server.refresh(token).error == "invalid_grant") }
                #expect(server.upstreams.deleted == ["tsid-1"])
            } else {
                #expect(try access.allSatisfy { try server.isAccepted($0) })
            }
            server.clock.advance(by: [0, 1, 31].randomElement(using: &generator) ?? 0)
        }
    }
}
