// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Observability
import Testing

@testable import VMCPConfiguration

struct StaticHeadersTests {
    private func read(
        _ manifest: String, _ others: [String: String] = [:], passthrough: [String] = []
    ) -> (StaticHeaders?, [String]) {
        let environment = others.merging(["TOOLHIVE_HEADER_FORWARD_MY_BACKEND": manifest]) { $1 }
        let (headers, warnings) = StaticHeaders.read(
            environment: environment, backends: ["my-backend", "other"], passthroughHeaders: passthrough)
        #expect(headers.keys.allSatisfy { $0 == "my-backend" })
        return (headers["my-backend"], warnings)
    }

    @Test(
        "The variable of a backend has its name in capitals, everything else an underscore",
        arguments: [("my-backend", "MY_BACKEND"), ("a.b c", "A_B_C"), ("ü1", "_1"), ("x_y", "X_Y")])
    func variable(backend: String, suffix: String) {
        #expect(StaticHeaders.variable(for: backend) == "TOOLHIVE_HEADER_FORWARD_" + suffix)
    }

    @Test("Plain and secret headers are put together")
    func headers() {
        let (headers, warnings) = read(
            #"{"addPlaintextHeaders":{"X-B":"b\ud83d\ude00","X-A":"a"},"#
                + #""addHeadersFromSecret":{"Authorization":"KEY"},"more":1}"#,
            ["TOOLHIVE_SECRET_KEY": "s"])
        #expect(
            headers
                == .headers([
                    .init(name: "X-A", value: Secret("a")),
                    .init(name: "X-B", value: Secret("b😀")),
                    .init(name: "Authorization", value: Secret("s")),
                ]))
        #expect(warnings == [])
    }

    @Test(
        "A bad header refuses the backend",
        arguments: [
            (#"{"addPlaintextHeaders":{"Host":"a"}}"#, "is restricted"),
            (#"{"addPlaintextHeaders":{"X Y":"a"}}"#, "is not a header name"),
            (#"{"addPlaintextHeaders":{"X-Y":"a\nb"}}"#, "control characters"),
            (#"{"addHeadersFromSecret":{"X-Y":"GONE"}}"#, "TOOLHIVE_SECRET_GONE"),
            (#"{"addPlaintextHeaders":{"X-Tag":"a"}}"#, "passthroughHeaders"),
            (#"{"addPlaintextHeaders":{"X-A":"a"},"addHeadersFromSecret":{"x-a":"K"}}"#, "given twice"),
        ])
    func refused(manifest: String, reason: String) {
        let (headers, warnings) = read(manifest, ["TOOLHIVE_SECRET_K": "s"], passthrough: ["x-tag"])
        guard case .refused(let message) = headers else {
            Issue.record("\(String(describing: headers))")
            return
        }
        #expect(message.contains(reason))
        #expect(warnings == [])
    }

    @Test(
        "A manifest that is no JSON is skipped with a warning", arguments: ["{", "[]", #"{"addPlaintextHeaders":[]}"#])
    func malformed(manifest: String) {
        let (headers, warnings) = read(manifest)
        #expect(headers == nil)
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("TOOLHIVE_HEADER_FORWARD_MY_BACKEND is not the JSON") == true)
    }

    @Test("Two backends that share a variable are warned about")
    func sharedVariable() {
        let (headers, warnings) = StaticHeaders.read(
            environment: ["TOOLHIVE_HEADER_FORWARD_A_B": "{}"], backends: ["a_b", "a-b"], passthroughHeaders: [])
        #expect(headers == ["a-b": .headers([]), "a_b": .headers([])])
        #expect(warnings == ["TOOLHIVE_HEADER_FORWARD_A_B applies to the backends \"a-b\" and \"a_b\""])
    }
}
