// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Storage

@Suite("Turns at a database")
struct SQLiteActivityTests {
    private typealias Activity = SQLiteActivity<Int, String>

    private func isStart(_ admission: Activity.Admission) -> Bool {
        if case .start = admission { true } else { false }
    }

    private func refusal(_ admission: Activity.Admission) -> StorageError? {
        if case .refused(let error) = admission { error } else { nil }
    }

    private func isNow(_ closing: Activity.Closing) -> Bool { if case .now = closing { true } else { false } }
    private func isWaiting(_ closing: Activity.Closing) -> Bool { if case .waits = closing { true } else { false } }
    private func isClosed(_ closing: Activity.Closing) -> Bool { if case .isClosed = closing { true } else { false } }

    @Test("the first write starts the writer, the next ones queue up, in their order and in batches")
    func batches() {
        var activity = Activity(batchSize: 3, limit: 100)
        #expect(isStart(activity.add(0)))
        for write in 1..<8 { #expect(!isStart(activity.add(write))) }
        #expect(activity.nextBatch() == [0, 1, 2])
        #expect(!isStart(activity.add(8)))
        #expect(activity.nextBatch() == [3, 4, 5])
        #expect(activity.nextBatch() == [6, 7, 8])
        #expect(activity.nextBatch() == [])
        #expect(isStart(activity.add(9)))
    }

    @Test("a write that comes while the writer looks for the last time is not forgotten")
    func noLostStart() {
        var activity = Activity(batchSize: 3, limit: 100)
        _ = activity.add(0)
        _ = activity.nextBatch()
        #expect(!isStart(activity.add(1)))
        #expect(activity.nextBatch() == [1])
    }

    @Test("who waits is bounded, for writes and for reads")
    func bounds() {
        var activity = Activity(batchSize: 3, limit: 2)
        _ = activity.add(0)
        _ = activity.add(1)
        #expect(refusal(activity.add(2)) == .overloaded(limit: 2))
        _ = activity.nextBatch()
        #expect(refusal(activity.add(3)) == nil)
        #expect(activity.beginRead() == nil)
        #expect(activity.beginRead() == nil)
        #expect(activity.beginRead() == .overloaded(limit: 2))
        activity.endRead()
        #expect(activity.beginRead() == nil)
    }

    @Test("an idle database is closed at once, and everybody hears of it")
    func idle() {
        var activity = Activity(batchSize: 3, limit: 100)
        #expect(isNow(activity.close("a")))
        #expect(isWaiting(activity.close("b")))
        #expect(activity.mustCloseNow() == false)
        #expect(refusal(activity.add(0)) == .closed)
        #expect(activity.beginRead() == .closed)
        #expect(activity.finishClosing() == ["a", "b"])
        #expect(isClosed(activity.close("c")))
    }

    @Test("closing waits for the last writer and the last reader, and exactly one of them closes")
    func busy() {
        var activity = Activity(batchSize: 3, limit: 100)
        _ = activity.add(0)
        _ = activity.beginRead()
        #expect(isWaiting(activity.close("a")))
        #expect(refusal(activity.add(1)) == .closed)
        #expect(activity.nextBatch() == [0])
        #expect(activity.nextBatch() == [])
        activity.endRead()
        // Both were the last to leave before either asked.
        #expect(activity.mustCloseNow() == true)
        #expect(activity.mustCloseNow() == false)
        #expect(activity.finishClosing() == ["a"])
    }

    @Test("what was accepted is written before the database closes")
    func accepted() {
        var activity = Activity(batchSize: 1, limit: 100)
        _ = activity.add(0)
        _ = activity.add(1)
        _ = activity.close("a")
        #expect(activity.nextBatch() == [0])
        #expect(activity.mustCloseNow() == false)
        #expect(activity.nextBatch() == [1])
        #expect(activity.nextBatch() == [])
        #expect(activity.mustCloseNow() == true)
    }
}
