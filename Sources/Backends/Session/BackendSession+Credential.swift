// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import OutgoingAuth

extension BackendSession {
    /// The credential's fields for one request; none without a credential.
    func credentialFields() async throws(BackendError) -> [ForwardedHeaders.Field] {
        guard let credential else { return [] }
        do throws(CredentialProblem) {
            return try await credential.fields().map { ForwardedHeaders.Field(name: $0.name, value: $0.value) }
        } catch {
            throw error == .sessionEnded ? .closed : .noCredential(error)
        }
    }
}

extension ForwardedHeaders {
    /// These headers with the credential's, which take the place of any of the same name.
    func adding(credential fields: [Field]) -> ForwardedHeaders {
        guard !fields.isEmpty else { return self }
        guard !self.fields.isEmpty else { return ForwardedHeaders(fields: fields) }
        let names = Set(fields.map { $0.name.lowercased() })
        return ForwardedHeaders(fields: self.fields.filter { !names.contains($0.name.lowercased()) } + fields)
    }
}
