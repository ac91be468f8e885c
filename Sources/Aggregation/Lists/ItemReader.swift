// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes

/// The members of a listed item that are interpreted here, found in one pass over it.
struct ItemReader {
    let item: JSONSlice
    /// The name, URI or template.
    let identity: ExactText
    /// ``identity`` as the backend spells it, quotes included.
    let identityJSON: JSONSlice
    let annotations: JSONSlice?
    let inputSchema: JSONSlice?
    /// What was mended, each as a part of a sentence.
    let repairs: [String]

    enum Defect: Error {
        case notAnObject
        case repeatedKey(StaticString)
        case noIdentity(StaticString)
        case identityNotAString(StaticString)
        case emptyIdentity(StaticString)
        /// A member has a type that strict clients refuse.
        case wrongShape(String)

        var sentence: String {
            switch self {
            case .notAnObject: "dropped: the item is not a JSON object"
            case .repeatedKey(let key): "dropped: the item has \"\(key)\" twice, and readers would disagree on it"
            case .noIdentity(let key): "dropped: the item has no \"\(key)\""
            case .identityNotAString(let key): "dropped: \"\(key)\" is not a string"
            case .emptyIdentity(let key): "dropped: \"\(key)\" is empty"
            case .wrongShape(let defect): "dropped: \(defect)"
            }
        }
    }

    init(_ item: JSONSlice, kind: ListKind) throws(Defect) {
        guard item.kind == .object else { throw .notAnObject }
        let identityKey = kind.identityKey
        var identityJSON: JSONSlice?
        var annotations: JSONSlice?
        var inputSchema: JSONSlice?
        var hasDescription = false
        for member in item.members {
            if member.key.isString(identityKey) {
                guard identityJSON == nil else { throw .repeatedKey(identityKey) }
                identityJSON = member.value
            } else if kind != .tools {
                continue
            } else if member.key.isString("annotations") {
                guard annotations == nil else { throw .repeatedKey("annotations") }
                annotations = member.value
            } else if member.key.isString("inputSchema") {
                guard inputSchema == nil else { throw .repeatedKey("inputSchema") }
                inputSchema = member.value
            } else if member.key.isString("description") {
                guard !hasDescription else { throw .repeatedKey("description") }
                hasDescription = true
            }
        }
        guard let identityJSON else { throw .noIdentity(identityKey) }
        guard let identity = identityJSON.string else { throw .identityNotAString(identityKey) }
        guard !identity.isEmpty else { throw .emptyIdentity(identityKey) }
        let repair = ItemRepair(item, kind: kind)
        if !repair.notes.isEmpty {
            annotations = kind == .tools ? repair.item["annotations"] : nil
            inputSchema = kind == .tools ? repair.item["inputSchema"] : nil
        }
        let item = repair.item
        if let defect = ItemShape.defect(of: item, kind: kind) { throw .wrongShape(defect) }
        if annotations?.duplicateKey() != nil { throw .repeatedKey("annotations.*") }
        self.item = item
        self.identity = ExactText(identity)
        self.identityJSON = identityJSON
        self.annotations = annotations
        self.inputSchema = inputSchema
        repairs = repair.notes
    }
}

extension ItemReader {
    /// The usable items of one backend, the first of each identity, in the backend's order.
    static func items(_ kind: ListKind, of catalog: BackendCatalog, log: inout WarningLog) -> [ItemReader] {
        var seen: Set<ExactText> = []
        var result: [ItemReader] = []
        result.reserveCapacity(catalog[kind].count)
        for slice in catalog[kind] {
            do throws(Defect) {
                let item = try ItemReader(slice, kind: kind)
                if seen.insert(item.identity).inserted {
                    result.append(item)
                    if !item.repairs.isEmpty {
                        log.add(
                            .mendedItem, backend: catalog.backend, item: item.identity.text,
                            "\(kind.noun) mended: \(item.repairs.joined(separator: ", "))")
                    }
                } else {
                    let name = item.identity.text
                    log.add(
                        .duplicateItem, backend: catalog.backend, item: name,
                        "\(kind.noun) listed twice; the first is kept")
                }
            } catch {
                let name = slice.member("\(kind.identityKey)")?.string ?? ""
                log.add(.malformedItem, backend: catalog.backend, item: name, "\(kind.noun) \(error.sentence)")
            }
        }
        return result
    }
}
