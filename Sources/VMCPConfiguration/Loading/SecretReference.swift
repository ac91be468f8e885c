// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import Observability

/// Where a secret is; the secret itself is fetched when it is needed, and never stands in the configuration.
package enum SecretReference: Sendable, Hashable {
    /// A file whose content, without white space around it, is the secret.
    case file(path: String)
    /// An environment variable whose value, as it is, is the secret.
    case environment(variable: String)

    /// Fetches the secret; the file is read again each time, so that a replaced one is noticed.
    package func resolve(environment: [String: String]) throws(SecretError) -> Secret {
        switch self {
        case .environment(let variable):
            guard let value = environment[variable], !value.isEmpty else { throw .variableNotSet(variable) }
            guard value.utf8.count <= SecretFile.maximumBytes else {
                throw .variableTooLong(variable, limit: SecretFile.maximumBytes)
            }
            return Secret(value)
        case .file(let path):
            guard let text = String(validating: try SecretFile.bytes(at: path), as: UTF8.self) else {
                throw .notText(path: path)
            }
            let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !secret.isEmpty else { throw .tooShort(path: path, minimum: 1) }
            return Secret(secret)
        }
    }
}

/// Why a secret cannot be had, with what to do; it never holds a part of the secret.
package enum SecretError: Error, Sendable, Hashable, CustomStringConvertible {
    case variableNotSet(String)
    case variableTooLong(String, limit: Int)
    case missing(path: String)
    case notRegular(path: String)
    case unreadable(path: String)
    case tooLarge(path: String, limit: Int)
    case tooShort(path: String, minimum: Int)
    case notText(path: String)

    package var description: String {
        switch self {
        case .variableNotSet(let name):
            "the environment variable \(quoted(name)) is not set; set it before starting"
        case .variableTooLong(let name, let limit):
            "the environment variable \(quoted(name)) is longer than \(limit) bytes; write the secret alone into it"
        case .missing(let path): "there is no file \(quoted(path, limit: 200)); create it or correct the path"
        case .notRegular(let path): "\(quoted(path, limit: 200)) is no regular file; name a file with the content"
        case .unreadable(let path):
            "\(quoted(path, limit: 200)) cannot be read; give the user of this process the permission"
        case .tooLarge(let path, let limit):
            "\(quoted(path, limit: 200)) is larger than \(limit) bytes; it is probably the wrong file"
        case .tooShort(let path, 1): "\(quoted(path, limit: 200)) is empty; write the secret into it"
        case .tooShort(let path, let minimum):
            "\(quoted(path, limit: 200)) has less than \(minimum) bytes; write at least \(minimum) random ones"
        case .notText(let path): "\(quoted(path, limit: 200)) is not UTF-8 text; save the secret in that encoding"
        }
    }
}

extension SectionReader {
    /// Where a secret is, as one of two keys says; the file wins. Whether the secret can be had is checked here.
    func secretReference(
        file fileKey: Key<String>, variable variableKey: Key<String>, minimumLength: Int = 1
    ) -> SecretReference? {
        let path = self[fileKey].nonEmpty
        let variable = self[variableKey].nonEmpty
        if let path {
            if variable != nil { warn(variableKey, "has no effect beside \(fileKey.name); remove one of them") }
            let reference = SecretReference.file(path: place.reading.resolve(path: path))
            // Without a folder, nothing is looked up on disk.
            if place.reading.directory != nil { check(reference, fileKey, minimumLength) }
            return reference
        }
        return secretReference(variable: variableKey, minimumLength: minimumLength)
    }

    /// The same, where only an environment variable can be named.
    func secretReference(variable key: Key<String>, minimumLength: Int = 1) -> SecretReference? {
        guard let variable = self[key].nonEmpty else { return nil }
        let reference = SecretReference.environment(variable: variable)
        check(reference, key, minimumLength)
        return reference
    }

    private func check(_ reference: SecretReference, _ key: Key<String>, _ minimumLength: Int) {
        guard place.isInUse else { return }
        do throws(SecretError) {
            let secret = try reference.resolve(environment: place.reading.environment)
            guard secret.exposed.utf8.count < minimumLength else { return }
            refuse(key, "the secret has less than \(minimumLength) characters; use a longer random one")
        } catch .variableNotSet(let name) where !TemplateText.isIdentifier(name) {
            // Not repeated: people write the secret itself here.
            refuse(key, "names no environment variable that is set; write the name of one, never the secret itself")
        } catch {
            refuse(key, error.description)
        }
    }

    /// The path of a file, relative to the folder of the configuration; it is checked but not read.
    func file(
        _ key: Key<String>, atLeast minimum: Int = 1, atMost maximum: Int = SecretFile.maximumBytes
    ) -> String? {
        guard let path = self[key].nonEmpty else { return nil }
        return at(key).checkedFile(path, atLeast: minimum, atMost: maximum)
    }
}

extension Place {
    /// The path of a file that has to be there; what is wrong with the file is reported here.
    func checkedFile(
        _ path: String, atLeast minimum: Int = 1, atMost maximum: Int = SecretFile.maximumBytes
    ) -> String {
        let path = reading.resolve(path: path)
        guard isInUse, reading.directory != nil else { return path }
        do throws(SecretError) {
            try SecretFile.check(path, atLeast: minimum, atMost: maximum)
        } catch {
            refuse(error.description)
        }
        return path
    }
}
