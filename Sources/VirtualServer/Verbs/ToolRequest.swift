// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore

/// The parameters of a tool call, found to be what they must be.
struct ToolRequest {
    let members: RequestMembers
    let name: String
    private let place: JSONPlace

    init(_ members: RequestMembers) throws(RequestError) {
        _ = try VirtualServer.parameters(members.params)
        try VirtualServer.refuseDuplicate(members.duplicate)
        guard let place = members.layout.named, let name = members.name?.string else {
            throw .invalidParams("name must be a string")
        }
        if let arguments = members.arguments, arguments.kind != .object {
            throw .invalidParams("arguments must be an object")
        }
        self.members = members
        self.name = name
        self.place = place
    }

    var arguments: JSONSlice? { members.arguments }

    /// The parameters under another name.
    ///
    /// - Parameters:
    ///   - other: `nil` where the name stays.
    ///   - meta: what is in the `_meta` of a Modern request.
    func named(_ other: JSONSlice?, _ meta: ModernMeta?) -> RequestParameters {
        let old = place.range
        let params = members.params ?? .emptyObject
        let text = other.map { params.replacing(old, with: $0) } ?? params
        guard let meta, let metaPlace = members.layout.meta?.range else { return RequestParameters(text) }
        let size = other?.bytes.readableBytes ?? old.count
        let shift = metaPlace.lowerBound < old.lowerBound ? 0 : size - old.count
        return RequestParameters(
            text, meta,
            metaPlace: JSONPlace(metaPlace.lowerBound + shift..<metaPlace.upperBound + shift),
            namePlace: JSONPlace(old.lowerBound..<old.lowerBound + size))
    }
}
