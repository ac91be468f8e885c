// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import TestSupport
import Testing

@testable import VirtualServer

@Suite struct TaskNewsTests {
    private final class Ear: TaskListener {
        func taskChanged(_ task: JSONSlice) {}
    }

    private static func report(_ name: String, bytes: Int) -> JSONSlice {
        JSONSlice(["taskId": .string(name), "x": .string(String(repeating: "x", count: bytes))])
    }

    private static func told(_ news: TaskNews) -> [String] {
        var told: [String] = []
        while let (item, _) = news.next() {
            switch item {
            case .report(let report): told.append(report["taskId"]?.string ?? "?")
            case .look: told.append("look")
            }
        }
        return told
    }

    @Test("Reports that wait are bounded in bytes: what is too much is forgotten, and the backend is asked")
    func bytes() async throws {
        let backend = try await ScriptedBackend.start()
        try await ServerHarness.run(["one": backend.url]) { harness in
            let news = TaskNews(.emptyObject)
            news.add(Ear(), as: harness.client().caller)
            let part = TaskNews.maximumWaitingBytes * 2 / 5
            for name in ["a", "b"] { _ = news.add(Self.report(name, bytes: part)) }
            #expect(Self.told(news) == ["a", "b"])
            for name in ["a", "b", "c"] { _ = news.add(Self.report(name, bytes: part)) }
            _ = news.add(Self.report("d", bytes: 1))
            #expect(Self.told(news) == ["look", "d"])
            _ = news.add(Self.report("e", bytes: TaskNews.maximumWaitingBytes))
            #expect(Self.told(news) == ["look"])
        }
        await backend.stop()
    }
}
