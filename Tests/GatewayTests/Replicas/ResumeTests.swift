// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import JSONTypes
import MCPTypes
import NIOCore
import NIOHTTP1
import Observability
import Testing

@testable import Gateway

@Suite("What replicas send each other")
struct ResumeTests {
    private static let fields = ResumeFields(
        instance: "vmcp-0", time: 1_800_000_000, nonce: ResumeFields.newNonce(), accept: "application/json")
    private static let body = ByteBuffer(string: "body")

    @Test("A signature is good for all of what it covers, and for nothing else")
    func signature() throws {
        let keys = ResumeKeys([Secret("one secret of thirty-two bytes or more")])
        let signature = try #require(keys.signature(of: Self.fields, Self.body))
        #expect(keys.isValid(signature, of: Self.fields, Self.body))
        #expect(!keys.isValid(signature, of: Self.fields, ByteBuffer(string: "bodY")))
        #expect(!keys.isValid(String(signature.dropLast()), of: Self.fields, Self.body))
        #expect(!keys.isValid(signature + "A", of: Self.fields, Self.body))
        for change in [
            { $0.instance = "vmcp-1" }, { $0.time += 1 }, { $0.nonce = ResumeFields.newNonce() },
            { $0.accept = "text/event-stream" },
        ] as [(inout ResumeFields) -> Void] {
            var fields = Self.fields
            change(&fields)
            #expect(!keys.isValid(signature, of: fields, Self.body))
        }
    }

    @Test("Secrets are exchanged one replica after the other: every listed one is believed, the first one signs")
    func rotation() throws {
        let old = Secret("the old secret of thirty-two bytes or more")
        let new = Secret("the new secret of thirty-two bytes or more")
        let steps = [[old], [old, new], [new, old], [new]]
        for (before, after) in zip(steps, steps.dropFirst()) {
            for (sender, receiver) in [(before, after), (after, before)] {
                let signature = try #require(ResumeKeys(sender).signature(of: Self.fields, Self.body))
                #expect(ResumeKeys(receiver).isValid(signature, of: Self.fields, Self.body))
            }
        }
        let signature = try #require(ResumeKeys([old]).signature(of: Self.fields, Self.body))
        #expect(!ResumeKeys([new]).isValid(signature, of: Self.fields, Self.body))
        #expect(ResumeKeys([]).signature(of: Self.fields, Self.body) == nil)
    }

    @Test("A field that is missing, there twice or spelled otherwise is no field")
    func headers() {
        var good = HTTPHeaders([
            ("X-Vmcp-Instance", "vmcp-0"), ("X-Vmcp-Time", "1800000000"), ("X-Vmcp-Nonce", Self.fields.nonce),
            ("Accept", "application/json"),
        ])
        #expect(ResumeFields(good) == Self.fields)
        for name in ["X-Vmcp-Instance", "X-Vmcp-Time", "X-Vmcp-Nonce", "Accept"] {
            var headers = good
            headers.remove(name: name)
            #expect(ResumeFields(headers) == nil)
            headers = good
            headers.add(name: name, value: good[name][0])
            #expect(ResumeFields(headers) == nil)
        }
        for time in ["01800000000", "+1800000000", "1.8e9", ""] {
            good.replaceOrAdd(name: "X-Vmcp-Time", value: time)
            #expect(ResumeFields(good) == nil)
        }
    }

    @Test(
        "A time is believed within the window on both sides, and every other number is refused",
        arguments: [
            (1_799_999_970, true), (1_799_999_969, false), (1_800_000_030, true), (1_800_000_031, false), (0, false),
            (Int.min, false), (Int.max, false),
            // The difference wraps around to the one number whose magnitude is no `Int`.
            (Int.min + 1_800_000_000, false), (Int.min + 1_800_000_001, false),
        ] as [(Int, Bool)])
    func window(time: Int, isBelieved: Bool) {
        #expect(NonceMemory.believes(time, now: 1_800_000_000) == isBelieved)
    }

    @Test("A nonce is remembered as long as its request would be believed, and not much longer")
    func nonces() {
        var memory = NonceMemory()
        let start = 1_800_000_000
        let first = memory.take("a", now: start)
        #expect(first)
        for second in 0...(2 * NonceMemory.window) {
            let again = memory.take("a", now: start + second)
            #expect(!again)
        }
        var later = NonceMemory()
        // The fourth is of the generation before, the last has been forgotten.
        let taken = [("a", 0), ("b", 60), ("c", 61), ("b", 120), ("a", 200)].map { nonce, second in
            later.take(nonce, now: start + second)
        }
        #expect(taken == [true, true, true, false, true])
    }

    @Test("Who asks arrives as it was sent, and so does the message")
    func envelope() throws {
        let claims = try JSONSlice(validating: ByteBuffer(string: "{\"a\":\n [1, 2]}"))
        let full = Principal(
            issuer: "https://issuer.example", subject: "ann", name: "Ann \u{1F600}\n", email: "a@example.com",
            claims: claims, scopes: ["read", "write"], clientID: "client", tsid: "session", tokenID: "jti",
            tokenExpiry: Date(timeIntervalSince1970: 1_800_000_000.5), isTokenBound: true)
        for principal in [.anonymous, Principal(issuer: "i", subject: "s"), full] {
            let sent = ResumeEnvelope(
                principal: principal, trace: [("traceparent", "00-1-2-01")], message: ByteBuffer(string: "{}\n"))
            let bytes = try #require(sent.bytes)
            let read = try #require(ResumeEnvelope(bytes))
            #expect(read.principal == principal)
            #expect(read.principal.name == principal.name)
            #expect(read.principal.email == principal.email)
            #expect(read.principal.claims == principal.claims)
            #expect(read.principal.scopes == principal.scopes)
            #expect(read.principal.clientID == principal.clientID)
            #expect(read.principal.tsid == principal.tsid)
            #expect(read.principal.tokenID == principal.tokenID)
            #expect(read.principal.tokenExpiry == principal.tokenExpiry)
            #expect(read.principal.isTokenBound == principal.isTokenBound)
            #expect(read.trace.map(\.value) == ["00-1-2-01"])
            #expect(read.message == ByteBuffer(string: "{}\n"))
        }
    }

    @Test("More than a peer takes is not sent")
    func oversized() {
        let principal = Principal(
            issuer: "i", subject: "s", name: String(repeating: "x", count: ResumeEnvelope.maximumBytes))
        #expect(ResumeEnvelope(principal: principal, message: ByteBuffer()).bytes == nil)
    }

    @Test(
        "What is no envelope is not taken for one",
        arguments: [
            "", "\n", "2{}", "2\n{}", "-1\n{}", "02\n{}", "9\n{}", "99999999\n{}",
            "51\n{\"v\":2,\"principal\":{\"iss\":\"i\",\"sub\":\"s\",\"x\":\"yyy\"}}",
            "25\n{\"v\":1,\"principal\":null }", "31\n{\"v\":1,\"principal\":{\"iss\":\"i\"}}",
        ])
    func malformed(text: String) {
        #expect(ResumeEnvelope(ByteBuffer(string: text)) == nil)
    }

    @Test("A request is spelled anew around its parameters")
    func message() throws {
        var text = ByteBuffer()
        let params = try JSONSlice(validating: ByteBuffer(string: #"{"name": "x", "n": 1.0}"#))
        let sent = try #require(RequestID(JSONSlice(string: "a\"b")))
        text.writeRequest(id: sent, method: .toolsCall, params: params)
        guard case .request(let id, let method, let read) = try MCPMessage(parsing: text) else {
            Issue.record("no request")
            return
        }
        #expect(id == sent)
        #expect(method == .toolsCall)
        #expect(read == params)
    }
}
