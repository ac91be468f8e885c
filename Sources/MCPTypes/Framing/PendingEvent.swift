// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The fields of the event whose closing blank line has not arrived yet.
struct PendingEvent: Sendable {
    private(set) var event: String?
    private(set) var data: ByteBuffer?
    private(set) var id: String?
    var retry: Int?
    private var dataLineEnds = 0
    private var nameBytes = 0

    /// What counts against `SSELimits.maxEventBytes`.
    var size: Int { (data?.readableBytes ?? 0) + dataLineEnds + nameBytes }

    var isEmpty: Bool { size == 0 && id == nil && retry == nil }

    /// Adds a data line: the first is kept as the slice it is, later ones are joined to a copy.
    mutating func appendData(_ value: ByteBuffer) {
        guard var joined = data else {
            data = value
            dataLineEnds = 1
            return
        }
        data = nil
        joined.writeInteger(0x0A, as: UInt8.self)
        joined.writeImmutableBuffer(value)
        data = joined
    }

    mutating func setEvent(_ value: ByteBuffer) {
        let text = String(buffer: value)
        event = text.isEmpty || text == "message" ? nil : text
        nameBytes += value.readableBytes
    }

    /// Sets the id, unless it holds a NUL: such a line is ignored.
    mutating func setID(_ value: ByteBuffer) {
        guard !value.readableBytesView.contains(0) else { return }
        id = String(buffer: value)
        nameBytes += value.readableBytes
    }
}
