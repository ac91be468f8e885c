// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// One node of a composed YAML document.
///
/// An aliased node is shared, not copied, and keeps the position of the text that spells it. `weight` and `depth`
/// describe the node with every alias below it expanded; the composer bounds both, so no walk over the tree is long.
final class YAMLNode {
    enum Content {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        case mapping([YAMLPair])
    }

    let content: Content
    let position: SourcePosition
    /// The explicit tag, when one was written.
    let tag: String?
    let weight: Int
    let depth: Int

    init(content: Content, position: SourcePosition, tag: String?) {
        self.content = content
        self.position = position
        self.tag = tag
        switch content {
        case .scalar:
            weight = 1
            depth = 1
        case .sequence(let items):
            weight = items.reduce(1) { $0 + $1.weight }
            depth = 1 + (items.map(\.depth).max() ?? 0)
        case .mapping(let pairs):
            weight = pairs.reduce(1) { $0 + 1 + $1.value.weight }
            depth = 1 + (pairs.map(\.value.depth).max() ?? 0)
        }
    }

    /// Whether this is a scalar that means "nothing here".
    var isNull: Bool {
        if case .scalar(let scalar) = content { return scalar.resolved == .null }
        return false
    }
}

/// A key of a mapping with its value.
struct YAMLPair {
    let key: String
    let keyPosition: SourcePosition
    /// Whether the key is an unquoted `<<`, which merges the value's members into the mapping.
    let isMerge: Bool
    let value: YAMLNode
}
