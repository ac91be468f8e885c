// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the composer found besides the tree.
struct YAMLFinding {
    let position: SourcePosition
    let keyPath: String
    let message: String
    let isWarning: Bool
}

/// Builds the tree of the first document of a text.
///
/// It is a loop over events with its own stack, so nesting costs no machine stack. Duplicate keys are recorded and the
/// first one kept; syntax errors, too much nesting and too many alias copies end the tree.
struct YAMLComposer {
    /// Bounds of one document.
    struct Limits {
        var depth = 100
        /// How many nodes all aliases of a document may stand for together.
        var aliasedNodes = 100_000
        /// How many findings are kept; a file with more is not being read by a person.
        var findings = 500
    }

    /// A list or map whose end has not come yet.
    private final class OpenCollection {
        let isMapping: Bool
        let start: SourcePosition
        let anchor: String?
        let tag: String?
        var items: [YAMLNode] = []
        var pairs: [YAMLPair] = []
        var lines: [String: Int] = [:]
        /// The key whose value comes next; its scalar is nil for a key that is a collection.
        var pending: (key: YAMLScalar?, position: SourcePosition)?

        init(isMapping: Bool, start: SourcePosition, anchor: String?, tag: String?) {
            self.isMapping = isMapping
            self.start = start
            self.anchor = anchor
            self.tag = tag
        }
    }

    private let limits: Limits
    private var open: [OpenCollection] = []
    private var anchors: [String: YAMLNode] = [:]
    private var openAnchors: [String] = []
    private var aliased = 0
    private var root: YAMLNode?
    private(set) var findings: [YAMLFinding] = []

    private init(limits: Limits) {
        self.limits = limits
    }

    /// Composes the first document; the root is nil when the text has none or is broken (then a finding says why).
    static func compose(_ text: String, limits: Limits = Limits()) -> (root: YAMLNode?, findings: [YAMLFinding]) {
        var composer = YAMLComposer(limits: limits)
        do {
            try composer.run(YAMLEventStream(text))
        } catch {
            composer.fail(error)
            return (nil, composer.findings)
        }
        return (composer.root, composer.findings)
    }

    private mutating func run(_ stream: YAMLEventStream) throws(YAMLSyntaxError) {
        while true {
            let (event, position) = try stream.next()
            switch event {
            case .documentStart: continue
            case .streamEnd: return
            case .documentEnd:
                lookBehindDocument(stream)
                return
            case .alias(let name): try receive(alias(name, at: position), at: position)
            case .scalar(let scalar, let anchor, let tag):
                warn(aboutTag: tag, at: position)
                let node = YAMLNode(content: .scalar(scalar), position: position, tag: tag)
                if let anchor { anchors[anchor] = node }
                try receive(node, at: position)
            case .sequenceStart(let anchor, let tag): try begin(false, anchor, tag, at: position)
            case .mappingStart(let anchor, let tag): try begin(true, anchor, tag, at: position)
            case .collectionEnd: try end()
            }
        }
    }

    private mutating func begin(
        _ isMapping: Bool, _ anchor: String?, _ tag: String?, at position: SourcePosition
    ) throws(YAMLSyntaxError) {
        warn(aboutTag: tag, at: position)
        guard open.count < limits.depth else { throw tooDeep(at: position) }
        open.append(OpenCollection(isMapping: isMapping, start: position, anchor: anchor, tag: tag))
        if let anchor {
            anchors[anchor] = nil
            openAnchors.append(anchor)
        }
    }

    private mutating func end() throws(YAMLSyntaxError) {
        guard let collection = open.popLast() else { return }
        let content: YAMLNode.Content =
            collection.isMapping ? .mapping(collection.pairs) : .sequence(collection.items)
        let node = YAMLNode(content: content, position: collection.start, tag: collection.tag)
        if let anchor = collection.anchor {
            openAnchors.removeAll { $0 == anchor }
            anchors[anchor] = node
        }
        try receive(node, at: node.position)
    }

    /// Puts a complete node where the innermost open collection expects one.
    private mutating func receive(_ node: YAMLNode, at position: SourcePosition) throws(YAMLSyntaxError) {
        guard open.count + node.depth <= limits.depth + 1 else { throw tooDeep(at: position) }
        guard let collection = open.last else {
            root = node
            return
        }
        if !collection.isMapping {
            collection.items.append(node)
        } else if let pending = collection.pending {
            add(node, for: pending, to: collection)
            collection.pending = nil
        } else if case .scalar(let key) = node.content {
            collection.pending = (key, position)
        } else {
            record("a list or a map cannot be a key; write a name", at: position, keyPath: keyPath)
            collection.pending = (nil, position)
        }
    }

    private mutating func add(
        _ node: YAMLNode, for pending: (key: YAMLScalar?, position: SourcePosition), to mapping: OpenCollection
    ) {
        guard let key = pending.key else { return }
        if let line = mapping.lines[key.text] {
            record(
                "duplicate key, first written at line \(line) and again at line \(pending.position.line); keep one",
                at: pending.position, keyPath: keyPath)
            return
        }
        mapping.lines[key.text] = pending.position.line
        let isMerge = key.text == "<<" && !key.isQuoted
        mapping.pairs.append(
            YAMLPair(key: key.text, keyPosition: pending.position, isMerge: isMerge, value: node))
    }

    private mutating func alias(_ name: String, at position: SourcePosition) throws(YAMLSyntaxError) -> YAMLNode {
        guard let node = anchors[name] else {
            let reason = openAnchors.contains(name) ? "contains itself" : "is not defined above"
            throw YAMLSyntaxError(position: position, message: "not valid YAML: the anchor \(quoted(name)) \(reason)")
        }
        aliased += node.weight
        guard aliased <= limits.aliasedNodes else {
            throw YAMLSyntaxError(
                position: position,
                message:
                    "the aliases of this file stand for more than \(limits.aliasedNodes) nodes; write less by alias")
        }
        return node
    }

    /// Only the first document counts; anything behind it deserves a word.
    private mutating func lookBehindDocument(_ stream: YAMLEventStream) {
        let rest: SourcePosition?
        do throws(YAMLSyntaxError) {
            let (event, position) = try stream.next()
            if case .streamEnd = event { rest = nil } else { rest = position }
        } catch {
            rest = error.position
        }
        guard let rest else { return }
        findings.append(
            YAMLFinding(
                position: rest, keyPath: "", message: "only the first document of a file is read; the rest is ignored",
                isWarning: true))
    }

    private mutating func warn(aboutTag tag: String?, at position: SourcePosition) {
        guard let tag, tag != "!", findings.count < limits.findings else { return }
        let standard = "tag:yaml.org,2002:"
        if tag.hasPrefix(standard) {
            let known = ["str", "int", "bool", "float", "null", "map", "seq"]
            guard !known.contains(String(tag.dropFirst(standard.count))) else { return }
        }
        findings.append(
            YAMLFinding(
                position: position, keyPath: keyPath,
                message: "the tag \(quoted(tag)) has no meaning here and is ignored",
                isWarning: true))
    }

    /// A text that stopped being YAML; it always counts, however much was found before.
    private mutating func fail(_ error: YAMLSyntaxError) {
        findings.append(
            YAMLFinding(position: error.position, keyPath: "", message: error.message, isWarning: false))
    }

    private mutating func record(_ message: String, at position: SourcePosition, keyPath: String) {
        guard findings.count < limits.findings else { return }
        findings.append(YAMLFinding(position: position, keyPath: keyPath, message: message, isWarning: false))
    }

    private func tooDeep(at position: SourcePosition) -> YAMLSyntaxError {
        YAMLSyntaxError(position: position, message: "nested deeper than \(limits.depth) levels; flatten this part")
    }

    /// The path of the node that is read now.
    private var keyPath: String {
        open.reduce("") { path, collection in
            guard collection.isMapping else { return KeyPathText.appending(index: collection.items.count, to: path) }
            return collection.pending?.key.map { KeyPathText.appending(key: $0.text, to: path) } ?? path
        }
    }
}
