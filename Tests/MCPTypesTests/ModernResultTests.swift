// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@Suite struct ModernResultTests {
    private static let signature = ModernResult.Signature(
        serverInfo: JSONSlice(["name": "gateway", "version": "1"]))

    private func parsed(_ text: String) throws -> JSONSlice { try JSONSlice(validating: ByteBuffer(string: text)) }

    @Test(
        "BP-17, BP-18: the kind of a result is what it says, and complete when it says nothing",
        arguments: [
            ("{}", ResultType.complete), (#"{"resultType":"complete"}"#, .complete),
            (#"{"resultType":"input_required"}"#, .inputRequired), (#"{"resultType":"task"}"#, .task),
            (#"{"resultType":"weird"}"#, .unknown("weird")), (#"{"resultType":"Complete"}"#, .unknown("Complete")),
            (#"{"resultType":"complete "}"#, .unknown("complete ")), (#"{"resultType":null}"#, .unknown("")),
            (#"{"resultType":1}"#, .unknown("")), (#"{"resultType":"comp\u006cete"}"#, .complete),
            (#"{"resultType":"completed"}"#, .unknown("completed")), (#"{"content":[],"resultType":"task"}"#, .task),
            (#"{"resultType":"complete","resultType":"task"}"#, .complete),
            (#"{"resultType":"task","resultType":"complete"}"#, .task),
        ])
    func kind(_ text: String, _ type: ResultType) throws {
        let result = try parsed(text)
        #expect(ResultType(of: result) == type)
    }

    @Test("BP-16, BP-21: a Legacy result gets a kind and our name, and keeps everything else byte for byte")
    func legacyResult() throws {
        let result = ModernResult.answer(
            try parsed(#"{"content":[{"type":"text","text":"x"}],"n":1.0,"_meta":{"com.example/a":1e400}}"#),
            signature: Self.signature, hints: nil)
        #expect(
            result.description
                == #"{"resultType":"complete","content":[{"type":"text","text":"x"}],"n":1.0,"_meta":{"#
                + #""io.modelcontextprotocol/serverInfo":{"name":"gateway","version":"1"},"com.example/a":1e400}}"#)
    }

    @Test(
        "M45: hints stand on complete results of cacheable operations, and on nothing else",
        arguments: [
            (#"{}"#, true, true), (#"{}"#, false, false), (#"{"ttlMs":5,"cacheScope":"public"}"#, false, false),
            (#"{"ttlMs":5,"cacheScope":"public"}"#, true, true),
            (#"{"resultType":"input_required","ttlMs":5,"cacheScope":"public"}"#, true, false),
            (#"{"resultType":"input_required"}"#, true, false),
        ])
    func hints(_ text: String, _ isCacheable: Bool, _ hasHints: Bool) throws {
        let hints = CacheHints(milliseconds: 7, scope: .private)
        let result = ModernResult.answer(try parsed(text), signature: Self.signature, hints: isCacheable ? hints : nil)
        #expect(result["ttlMs"]?.int == (hasHints ? 7 : nil))
        #expect(result["cacheScope"]?.string == (hasHints ? "private" : nil))
        #expect(result.duplicateKey() == nil)
    }

    @Test("A task keeps the time that it lives, which is no hint")
    func task() throws {
        let result = ModernResult.answer(
            try parsed(#"{"resultType":"task","taskId":"t","ttlMs":60000}"#), signature: Self.signature, hints: nil)
        #expect(result["ttlMs"]?.int == 60000)
    }

    @Test("BP-19: a backend's own name does not stay beside ours")
    func otherName() throws {
        let result = ModernResult.answer(
            try parsed(#"{"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"backend","version":"9"}}}"#),
            signature: Self.signature, hints: nil)
        #expect(result["_meta"]?[ModernMeta.serverInfoKey]?["name"]?.string == "gateway")
        #expect(result["_meta"]?.duplicateKey() == nil)
    }

    @Test(
        "A Legacy client sees nothing of what only Modern ones know",
        arguments: [
            (#"{"tools":[]}"#, #"{"tools":[]}"#),
            (#"{"resultType":"complete","tools":[],"ttlMs":1,"cacheScope":"public"}"#, #"{"tools":[]}"#),
            (#"{"content":[],"ttlMs":1}"#, #"{"content":[]}"#),
        ])
    func legacy(_ text: String, _ expected: String) throws {
        let result = try parsed(text)
        #expect(ModernResult.legacy(result).description == expected)
    }

    @Test(
        "Hints that are missing or no hints are the narrow ones",
        arguments: [
            ("{}", 0, CacheHints.Scope.private), (#"{"ttlMs":-5,"cacheScope":"public"}"#, 0, .public),
            (#"{"ttlMs":5,"cacheScope":"Public"}"#, 5, .private), (#"{"ttlMs":"5"}"#, 0, .private),
            (#"{"ttlMs":1.5}"#, 0, .private), (#"{"ttlMs":3,"cacheScope":"public"}"#, 3, .public),
        ])
    func reading(_ text: String, _ milliseconds: Int, _ scope: CacheHints.Scope) throws {
        let result = try parsed(text)
        #expect(CacheHints(of: result) == CacheHints(milliseconds: milliseconds, scope: scope))
    }

    @Test("What is made of several parts is as good as the worst of them")
    func combined() {
        let wide = CacheHints(milliseconds: 9, scope: .public)
        let long = CacheHints(milliseconds: 50, scope: .private)
        #expect(wide.combined(with: wide) == wide)
        #expect(wide.combined(with: long) == CacheHints(milliseconds: 9, scope: .private))
        #expect(long.combined(with: wide) == CacheHints(milliseconds: 9, scope: .private))
        #expect(wide.combined(with: .none) == .none)
    }
}
