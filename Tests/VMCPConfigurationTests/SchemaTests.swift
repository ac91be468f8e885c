// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import VMCPConfiguration

struct SchemaTests {
    /// The folder `config` of the repository.
    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("config")

    @Test("The schema in the repository is the one that this program makes")
    func upToDate() throws {
        let file = Self.folder.appendingPathComponent("vmcp.schema.json")
        let text = ConfigurationSchema.jsonSchema()
        if ProcessInfo.processInfo.environment["VMCP_WRITE_SCHEMA"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text, "run the test with VMCP_WRITE_SCHEMA=1")
    }

    @Test("The schema is the same every time and is JSON")
    func deterministic() throws {
        let text = ConfigurationSchema.jsonSchema()
        #expect(ConfigurationSchema.jsonSchema() == text)
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let properties = object?["properties"] as? [String: Any]
        #expect(properties?.keys.contains("limits") == true)
        #expect(
            object?["required"] as? [String] == ["name", "groupRef", "incomingAuth", "outgoingAuth", "aggregation"])
        let definitions = try #require(object?["$defs"] as? [String: Any])
        let references = text.matches(of: /"#\/\$defs\/([A-Za-z0-9]+)"/).map { String($0.output.1) }
        #expect(Set(references) == Set(definitions.keys))
    }

    @Test("No two sections share a name in the schema, and no section has a key twice")
    func distinctNames() {
        var sections: [String: ObjectIdentifier] = [:]
        let definitions = SchemaDefinitions { section in
            let name = String(describing: section)
            #expect(sections[name, default: ObjectIdentifier(section)] == ObjectIdentifier(section))
            sections[name] = ObjectIdentifier(section)
            #expect(Set(section.keys.map(\.name)).count == section.keys.count)
            #expect(section.keys.allSatisfy { $0.isDocumented })
        }
        _ = definitions.schema(of: Configuration.self)
        _ = definitions.all()
        #expect(sections.count > 30)
    }
}
