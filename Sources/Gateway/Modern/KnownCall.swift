// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import VirtualServer

/// The last tool call of a connection that was found good. A client that calls a tool again under the same head sends
/// the same text but for the id and the arguments; the rest has been looked at then, and costs a comparison.
///
/// Confined to its connection's event loop.
final class KnownCall {
    /// A call as far as its own text has to say it.
    struct Repetition {
        let id: RequestID
        let members: RequestMembers
        let meta: ModernMeta
    }

    private enum Gap { case id, arguments }

    private final class Call {
        let headers: RequestHeaders
        let text: GappedText<Gap>
        /// Where in that text, its gaps closed, the parameters are.
        let params: Range<Int>
        /// Whether the id stands before them.
        let beginsWithID: Bool
        let layout: RequestMembers.Layout
        let meta: ModernMeta
        /// What the arguments may be, below what they are a part of.
        let limits: JSONLimits

        init(
            _ headers: RequestHeaders, _ text: GappedText<Gap>, params: Range<Int>, beginsWithID: Bool,
            _ layout: RequestMembers.Layout, _ meta: ModernMeta, _ limits: JSONLimits
        ) {
            self.headers = headers
            self.text = text
            self.params = params
            self.beginsWithID = beginsWithID
            self.layout = layout
            self.meta = meta
            self.limits = limits
        }
    }

    private var call: Call?
    /// The head under which a call came that is not kept: only a second one shows that there may be more.
    private var seen: RequestHeaders?
    /// How many more calls may be kept in vain, because each differs.
    private var patience = KnownCall.fullPatience

    private static let fullPatience = 4
    /// What is kept with a connection, while it is idle too.
    private static let maximumBytes = 4 << 10
    /// The arguments stand in an object within an object.
    private static let argumentsDepth = 2

    /// What `body` says, if it is the call that is known but for its id and its arguments.
    func repetition(_ body: ByteBuffer, _ headers: RequestHeaders) -> Repetition? {
        guard let call, call.headers === headers,
            let found = body.withUnsafeReadableBytes({ Self.places(in: $0, call) })
        else { return nil }
        let whole = JSONSlice(trusted: body)
        guard let id = RequestID(whole.part(found.id)) else { return nil }
        patience = Self.fullPatience
        let bytes = found.arguments?.range.count ?? 0
        return Repetition(
            id: id, members: RequestMembers(whole.part(found.params), call.layout.withArguments(ofBytes: bytes)),
            meta: call.meta)
    }

    private struct Places {
        var id: JSONPlace
        var arguments: JSONPlace?
        var params: JSONPlace
    }

    private static func places(in text: UnsafeRawBufferPointer, _ call: Call) -> Places? {
        var id = 0..<0
        var arguments: Range<Int>?
        let end = call.text.end(in: text) { gap, start in
            guard let end = JSONSlice.endOfValue(validating: text, from: start, limits: call.limits) else { return nil }
            switch gap {
            case .id: id = start..<end
            case .arguments: arguments = start..<end
            }
            return end
        }
        guard end == text.count else { return nil }
        let start = call.params.lowerBound + (call.beginsWithID ? id.count : 0)
        return Places(
            id: JSONPlace(id), arguments: arguments.map { JSONPlace($0) },
            params: JSONPlace(start..<start + call.params.count + (arguments?.count ?? 0)))
    }

    /// Keeps a tool call in place of the last one, if its head was that of the call before.
    ///
    /// - Parameters:
    ///   - body: the whole message.
    ///   - members: of its parameters, which have been found good, as have `meta` and `headers`.
    func remember(
        _ body: ByteBuffer, _ members: RequestMembers, _ meta: ModernMeta, _ headers: RequestHeaders,
        _ limits: JSONLimits
    ) {
        call = nil
        defer { seen = headers }
        let layout = members.layout
        let argumentsBytes = layout.arguments?.range.count ?? 0
        guard seen === headers, patience > 0, body.readableBytes - argumentsBytes <= Self.maximumBytes,
            // An answer to an earlier round is given once.
            members.duplicate == nil, !layout.hasRound
        else { return }
        patience -= 1
        var id: Range<Int>?
        var params: Range<Int>?
        let scanned = try? JSONSlice.scanObject(validating: body, limits: limits) { text, range in
            if range.hasKey("id", in: text) { id = range.valueStart..<range.valueEnd }
            if range.hasKey("params", in: text) { params = range.valueStart..<range.valueEnd }
        }
        guard scanned != nil, let id, let params else { return }
        var parts = [(range: id, gap: Gap.id)]
        if let place = layout.arguments?.range {
            parts.append((params.lowerBound + place.lowerBound..<params.lowerBound + place.upperBound, .arguments))
        }
        let text = body.withUnsafeReadableBytes { GappedText($0, without: parts) }
        let beginsWithID = id.lowerBound < params.lowerBound
        let start = params.lowerBound - (beginsWithID ? id.count : 0)
        var rest = limits
        rest.depth -= Self.argumentsDepth
        // No text has more values than bytes.
        rest.values -= text.count
        call = Call(
            headers, text, params: start..<start + params.count - argumentsBytes, beginsWithID: beginsWithID,
            layout.withArguments(ofBytes: 0), meta, rest)
    }
}
