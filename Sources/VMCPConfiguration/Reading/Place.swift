// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A node together with where it stands: what every value is read from.
struct Place {
    let node: YAMLNode
    /// Where the key or the list item starts.
    let start: SourcePosition
    let keyPath: String
    /// Whether rules count here; a block that the chosen type does not use only has to be well formed.
    let isInUse: Bool
    let reading: Reading

    /// The place that a message points at: a scalar itself, otherwise the key before it.
    var position: SourcePosition {
        if case .scalar(let scalar) = node.content, scalar.resolved != .null { return node.position }
        return start
    }

    /// Reports a value of the wrong kind.
    func malformed(_ message: String) {
        reading.error(message, at: position, keyPath: keyPath)
    }

    /// Reports a value of the right kind that breaks a rule; silent in a block that is not in use.
    func refuse(_ message: String) {
        if isInUse { reading.error(message, at: position, keyPath: keyPath) }
    }

    func warn(_ message: String) {
        if isInUse { reading.warning(message, at: position, keyPath: keyPath) }
    }

    func child(_ node: YAMLNode, key: String, at start: SourcePosition, isInUse: Bool = true) -> Place {
        enter(node, at: start, keyPath: KeyPathText.appending(key: key, to: keyPath), isInUse: isInUse)
    }

    func item(_ node: YAMLNode, index: Int) -> Place {
        enter(node, at: node.position, keyPath: KeyPathText.appending(index: index, to: keyPath), isInUse: true)
    }

    /// The places of all entries of this map, for rules that look at many of them.
    var children: [String: Place] {
        Dictionary(
            (members() ?? []).map { ($0.key, child($0.value, key: $0.key, at: $0.keyPosition)) },
            uniquingKeysWith: { $1 })
    }

    /// The place of an entry of this map, or where it would be.
    func entry(_ key: String) -> Place {
        guard let member = members()?.first(where: { $0.key == key }) else {
            return absent(KeyPathText.appending(key: key, to: keyPath))
        }
        return child(member.value, key: key, at: member.keyPosition)
    }

    /// Whether this map has the entry with something in it; what it holds may still be wrong.
    func has(_ key: String) -> Bool {
        guard let member = members()?.first(where: { $0.key == key }) else { return false }
        return switch member.value.content {
        case .scalar(let scalar): scalar.resolved != .null && !scalar.text.isEmpty
        case .sequence(let items): !items.isEmpty
        case .mapping(let pairs): !pairs.isEmpty
        }
    }

    /// The place of an item of this list, or where it would be.
    func entry(_ index: Int) -> Place {
        guard case .sequence(let items) = node.content, items.indices.contains(index) else {
            return absent(KeyPathText.appending(index: index, to: keyPath))
        }
        return item(items[index], index: index)
    }

    /// The place of something that is not written: nothing stands there, and messages about it point here.
    private func absent(_ keyPath: String) -> Place {
        let nothing = YAMLScalar(text: "", isQuoted: false, tag: nil)
        let node = YAMLNode(content: .scalar(nothing), position: position, tag: nil)
        return Place(node: node, start: position, keyPath: keyPath, isInUse: isInUse, reading: reading)
    }

    /// The texts of this list, each with its place; nulls and malformed items are left out, as in the value.
    var texts: [(place: Place, text: String)] {
        guard case .sequence(let items) = node.content else { return [] }
        return items.enumerated().compactMap { index, node in
            guard case .scalar(let scalar) = node.content, scalar.resolved != .null else { return nil }
            return (item(node, index: index), scalar.text)
        }
    }

    private func enter(_ node: YAMLNode, at start: SourcePosition, keyPath: String, isInUse: Bool) -> Place {
        let place = Place(
            node: node, start: start, keyPath: keyPath, isInUse: self.isInUse && isInUse, reading: reading)
        reading.remember(place.position, of: keyPath)
        return place
    }

    /// The members of a mapping with its merge keys resolved: own members win, then the earlier merged ones.
    func members() -> [YAMLPair]? {
        guard case .mapping(let pairs) = node.content else { return nil }
        return merged(pairs)
    }

    private func merged(_ pairs: [YAMLPair]) -> [YAMLPair] {
        guard pairs.contains(where: \.isMerge) else { return pairs }
        var result = pairs.filter { !$0.isMerge }
        var seen = Set(result.map(\.key))
        for pair in pairs where pair.isMerge {
            for source in mergeSources(pair) {
                for member in merged(source) where seen.insert(member.key).inserted { result.append(member) }
            }
        }
        return result
    }

    private func mergeSources(_ pair: YAMLPair) -> [[YAMLPair]] {
        let values: [YAMLNode] = if case .sequence(let items) = pair.value.content { items } else { [pair.value] }
        return values.compactMap { value in
            if case .mapping(let source) = value.content { return source }
            reading.error(
                "only a map can be merged with <<; write <<: *name of a map", at: pair.keyPosition, keyPath: keyPath)
            return nil
        }
    }

    /// Whether an empty list stands here.
    var isEmptyList: Bool {
        if case .sequence(let items) = node.content { return items.isEmpty }
        return false
    }

    /// What stands here, in words.
    var kind: String {
        switch node.content {
        case .mapping: return "a map"
        case .sequence: return "a list"
        case .scalar(let scalar):
            switch scalar.resolved {
            case .null: return "nothing"
            case .boolean: return "the boolean \(scalar.text)"
            case .integer, .number: return "the number \(scalar.text)"
            case .string: return "the text \(quoted(scalar.text))"
            }
        }
    }
}
