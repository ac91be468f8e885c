// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Reads the keys of one section and refuses the ones that it does not have.
final class SectionReader {
    let place: Place
    private let members: [String: YAMLPair]
    private let keys: [any SectionKey]
    private var asked: Set<String> = []

    init(_ place: Place, members: [YAMLPair], keys: [any SectionKey]) {
        self.place = place
        self.keys = keys
        self.members = Dictionary(members.map { ($0.key, $0) }) { first, _ in first }
        for member in members where !keys.contains(where: { $0.name == member.key }) { refuse(unknown: member) }
    }

    /// A section in which nothing is written, for the defaults of its keys.
    static func empty(keys: [any SectionKey]) -> SectionReader {
        let node = YAMLNode(content: .mapping([]), position: .start, tag: nil)
        let reading = Reading(file: "", environment: [:], directory: nil)
        let place = Place(node: node, start: .start, keyPath: "", isInUse: false, reading: reading)
        return SectionReader(place, members: [], keys: keys)
    }

    /// The value of a key; nil when it is absent, null or malformed (then it is reported).
    subscript<Value>(key: Key<Value>) -> Value? {
        read(key, isInUse: true)
    }

    subscript<Value>(key: DefaultKey<Value>) -> Value {
        read(key.key, isInUse: true) ?? key.fallback
    }

    /// Reads a block whose rules only count when `isInUse` holds.
    func read<Value>(_ key: Key<Value>, isInUse: Bool) -> Value? {
        asked.insert(key.name)
        guard let pair = members[key.name], let place = self.place(of: pair, isInUse: isInUse) else {
            if key.isRequired {
                missing(key.name)
            } else if key.type.isSection, members[key.name] != nil {
                warn(key, "is empty and has no effect; write {} for its defaults or remove it")
            }
            return nil
        }
        return key.type.read(place)
    }

    /// Whether the key is written with something behind it.
    func has(_ key: any SectionKey) -> Bool {
        members[key.name].map { !$0.value.isNull } ?? false
    }

    /// Reports a rule that a key breaks.
    func refuse(_ key: any SectionKey, _ message: String) {
        at(key).refuse(message)
    }

    func warn(_ key: any SectionKey, _ message: String) {
        at(key).warn(message)
    }

    /// Reports that a key is missing.
    func missing(_ name: String, _ advice: String? = nil) {
        guard place.isInUse else { return }
        place.reading.error(
            advice.map { "is required; \($0)" } ?? "is required; add it",
            at: members[name]?.keyPosition ?? place.position,
            keyPath: KeyPathText.appending(key: name, to: place.keyPath))
    }

    /// The place of a key's value, or where it would be.
    func at(_ key: any SectionKey) -> Place {
        place.entry(key.name)
    }

    /// The keys of the section that its initialiser never asked for: a slip in the program, found by tests.
    var neglected: [String] {
        keys.map(\.name).filter { !asked.contains($0) }
    }

    private func place(of pair: YAMLPair, isInUse: Bool) -> Place? {
        let child = place.child(pair.value, key: pair.key, at: pair.keyPosition, isInUse: isInUse)
        return pair.value.isNull ? nil : child
    }

    private func refuse(unknown member: YAMLPair) {
        let names = keys.map(\.name)
        let keyPath = KeyPathText.appending(key: member.key, to: place.keyPath)
        let slip =
            MisplacedKeys.advice(for: member.key, in: place.keyPath)
            ?? Suggestion.nearest(to: member.key, among: names).map { "did you mean \(quoted($0))?" }
        if slip == nil, place.reading.toleratesUnknownKeys {
            place.reading.warning("unknown key, which has no effect", at: member.keyPosition, keyPath: keyPath)
            return
        }
        let advice =
            slip ?? (names.count <= 12 ? "the keys here are \(names.joined(separator: ", "))" : "remove it")
        place.reading.error("unknown key; \(advice)", at: member.keyPosition, keyPath: keyPath)
    }
}
