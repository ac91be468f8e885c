// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes
import NIOCore

/// Everything that can be observed of a parsed stream.
struct SSEOutcome: Equatable {
    var events: [SSEEvent] = []
    var error: SSEError?
    var lastEventID: String?
    var retry: Int?
}

/// When the parser is asked for events while chunks arrive.
enum SSEDrain: CaseIterable {
    case afterEachChunk, atTheEnd, onceAfterEachChunk

    func parse(_ chunks: [ByteBuffer], limits: SSELimits = .standard) -> SSEOutcome {
        var parser = SSEParser(limits: limits)
        var outcome = SSEOutcome()
        do throws(SSEError) {
            for chunk in chunks {
                parser.append(chunk)
                switch self {
                case .afterEachChunk: while let event = try parser.next() { outcome.events.append(event) }
                case .onceAfterEachChunk: if let event = try parser.next() { outcome.events.append(event) }
                case .atTheEnd: break
                }
            }
            while let event = try parser.next() { outcome.events.append(event) }
        } catch {
            outcome.error = error
        }
        outcome.lastEventID = parser.lastEventID
        outcome.retry = parser.retry
        return outcome
    }
}

/// The same format, written the slow and plain way of WHATWG HTML, section 9.2, for comparison.
enum SSEReference {
    static func parse(_ bytes: [UInt8]) -> SSEOutcome {
        var outcome = SSEOutcome()
        var event = SSEEvent()
        for line in lines(bytes) {
            if line.isEmpty {
                if let id = event.id { outcome.lastEventID = id == "" ? nil : id }
                if event.data != nil || event.id != nil { outcome.events.append(event) }
                event = SSEEvent()
                continue
            }
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            var value = line.dropFirst(name.count + 1)
            if value.first == 0x20 { value = value.dropFirst() }
            switch String(decoding: name, as: UTF8.self) {
            case "data":
                var data = event.data ?? ByteBuffer()
                if event.data != nil { data.writeInteger(0x0A, as: UInt8.self) }
                data.writeBytes(value)
                event.data = data
            case "event":
                let text = String(decoding: value, as: UTF8.self)
                event.event = ["", "message"].contains(text) ? nil : text
            case "id" where !value.contains(0): event.id = String(decoding: value, as: UTF8.self)
            case "retry" where !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }:
                event.retry = min(Int(String(decoding: value, as: UTF8.self)) ?? .max, Int(Int32.max))
                outcome.retry = event.retry
            default: break
            }
        }
        return outcome
    }

    /// The lines that have an end, without a byte order mark.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        var result: [[UInt8]] = []
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            result.append(Array(rest[..<end]))
            let isPair = rest[end] == 0x0D && end + 1 < rest.endIndex && rest[end + 1] == 0x0A
            rest = rest[(end + (isPair ? 2 : 1))...]
        }
        return result
    }
}
