// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore
import Testing

@testable import ExampleBackend

@Suite struct ResourceTests {
    private func first(_ result: JSONSlice) throws -> JSONSlice {
        try Array(result["contents"].required().elements).first.required()
    }

    @Test(
        "Resources of the conformance suite can be read",
        arguments: [
            ("test://static-text", "text", "text/plain"), ("test://static-binary", "blob", "image/png"),
            ("test://watched-resource", "text", "text/plain"), ("test://template/123/data", "text", "application/json"),
            ("test://hidden/report", "text", "text/plain"),
        ])
    func read(uri: String, member: String, type: String) async throws {
        let contents = try first(try await CoreClient.open().result("resources/read", ["uri": .string(uri)]))
        #expect(contents["uri"]?.string == uri)
        #expect(contents["mimeType"]?.string == type)
        #expect(contents.member(member)?.string?.isEmpty == false)
    }

    @Test(
        "The variable of a template is decoded once",
        arguments: [
            ("abc", "abc"), ("a%20b", "a b"), ("%2541", "%41"), ("%C3%A9", "é"), ("a%2Fb", "a/b"),
        ])
    func variable(encoded: String, decoded: String) async throws {
        let uri = "test://template/\(encoded)/data"
        let contents = try first(try await CoreClient.open().result("resources/read", ["uri": .string(uri)]))
        let data = try JSONSlice(validating: .init(string: try contents["text"]?.string.required() ?? ""))
        #expect(data["id"]?.string == decoded && data["templateTest"]?.bool == true)
    }

    @Test(
        "What is not there is an error with the URI",
        arguments: [
            "test://nothing", "test://template//data", "test://template/a/b/data", "test://template/%zz/data",
            "test://template/%c3/data", "test://template/%e", "",
        ])
    func missing(uri: String) async throws {
        let client = try await CoreClient.open()
        for method in ["resources/read", "resources/subscribe"] {
            let error = try await client.error(method, ["uri": .string(uri)])
            #expect(error["code"]?.int == -32002 && error["data"]?["uri"]?.string == uri)
        }
    }

    @Test func `Hidden resources are in no list`() async throws {
        let client = try await CoreClient.open()
        for method in ["resources/list", "resources/templates/list"] {
            #expect(try await !client.result(method).description.contains("hidden"))
        }
    }

    @Test func `Subscribers, and only they, hear of a change`() async throws {
        let subscriber = try await CoreClient.open()
        let other = try await CoreClient.open(with: subscriber)
        let uri: JSONValue = ["uri": "test://watched-resource"]
        #expect(try await subscriber.result("resources/subscribe", uri).description == "{}")
        let before = try first(try await subscriber.result("resources/read", uri))
        #expect(try await other.text("touch_watched") == "Version 2")
        #expect(subscriber.announced.first?["params"]?["uri"]?.string == "test://watched-resource")
        #expect(subscriber.announced.compactMap(\.method) == ["notifications/resources/updated"])
        #expect(other.announced.isEmpty)
        #expect(try first(try await subscriber.result("resources/read", uri)) != before)
        #expect(try await subscriber.result("resources/unsubscribe", uri).description == "{}")
        _ = try await other.text("touch_watched")
        #expect(subscriber.announced.count == 1)
    }

    @Test func `A session has a bounded number of subscriptions`() async throws {
        let session = try await CoreClient.open().session
        for number in 0..<1_000 { #expect(session.subscribe("u\(number)")) }
        #expect(!session.subscribe("one more"))
    }
}
