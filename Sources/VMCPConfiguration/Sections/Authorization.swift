// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

extension Configuration {
    /// The Cedar policies that decide what a client may do.
    package struct Authorization: Sendable, Hashable {
        /// One policy each.
        package let policies: [String]
        /// A JSON array of Cedar entities.
        package let entitiesJSON: String
        /// The upstream provider whose token supplies the claims (Mode B).
        package let primaryUpstreamProvider: String?
        package let groupClaimName: String?
        package let roleClaimName: String?
        package let groupEntityType: String
    }

    /// The `authz` block as it is written, whose type may also be `none`.
    struct AuthorizationSection: Section {
        let authorization: Authorization?
    }
}

extension Configuration.AuthorizationSection {
    static let summary = "What clients may do."

    private enum Kind: String, CaseIterable {
        case cedar
        case none
    }

    private enum Keys {
        static let type = Key<Kind>("type", .name, required: true, "cedar, or none to allow everything.")
        static let policies = DefaultKey<[String]>(
            "policies", .nonEmptyStrings, default: [], "The Cedar policies, one in each item.")
        static let entitiesJSON = DefaultKey<String>(
            "entitiesJson", .string, default: "[]", "A JSON array of Cedar entities.")
        static let primaryUpstreamProvider = Key<String>(
            "primaryUpstreamProvider", .string, "The upstream provider whose token supplies the claims.")
        static let groupClaimName = Key<String>("groupClaimName", .string, "A further claim that holds groups.")
        static let roleClaimName = Key<String>(
            "roleClaimName", .string, "A second claim that is merged into the groups.")
        static let groupEntityType = DefaultKey<String>(
            "groupEntityType", .string, default: "THVGroup", "The Cedar type of groups, without ::.")
    }

    static let keys: [any SectionKey] = [
        Keys.type, Keys.policies, Keys.entitiesJSON, Keys.primaryUpstreamProvider, Keys.groupClaimName,
        Keys.roleClaimName, Keys.groupEntityType,
    ]

    init(reading section: SectionReader) {
        let policies = section[Keys.policies]
        let entities = section[Keys.entitiesJSON]
        let groupEntityType = section[Keys.groupEntityType]
        let value = Configuration.Authorization(
            policies: policies, entitiesJSON: entities.isEmpty ? "[]" : entities,
            primaryUpstreamProvider: section[Keys.primaryUpstreamProvider].nonEmpty,
            groupClaimName: section[Keys.groupClaimName].nonEmpty, roleClaimName: section[Keys.roleClaimName].nonEmpty,
            groupEntityType: groupEntityType.isEmpty ? "THVGroup" : groupEntityType)
        guard section[Keys.type] == .cedar else {
            authorization = nil
            return
        }
        authorization = value
        if !section.has(Keys.policies) || section.at(Keys.policies).isEmptyList {
            section.refuse(Keys.policies, "policies are required with type cedar; write at least one")
        }
        if !Self.isArray(value.entitiesJSON) {
            section.refuse(Keys.entitiesJSON, "is not a JSON array; write [] or a list of entities")
        }
        if !Self.isIdentifier(value.groupEntityType) {
            section.refuse(
                Keys.groupEntityType, "\(quoted(groupEntityType)) is not a plain Cedar identifier; leave out ::")
        }
        for (place, policy) in section.at(Keys.policies).texts { Self.warn(aboutActionsOf: policy, at: place) }
    }

    private static func isArray(_ text: String) -> Bool {
        struct Anything: Decodable {
            init(from decoder: any Decoder) {}
        }
        return (try? JSONDecoder().decode([Anything].self, from: Data(text.utf8))) != nil
    }

    private static func isIdentifier(_ text: String) -> Bool {
        text.first?.isNumber == false
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
                default: false
                }
            }
    }

    /// A policy about an action that never happens denies everything, which takes long to find out.
    private static func warn(aboutActionsOf policy: String, at place: Place) {
        let known = ["call_tool", "get_prompt", "read_resource", "list_tools", "list_prompts", "list_resources"]
        for part in policy.components(separatedBy: "Action::\"").dropFirst() {
            let action = String(part.prefix { $0 != "\"" })
            guard !known.contains(action) else { continue }
            place.warn(
                "the action \(quoted(action)) never happens; the actions are \(known.prefix(3).joined(separator: ", "))"
            )
        }
    }
}
