// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
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

    /// What becomes of a call whose credential was refused. Such a request did not run: it was refused before it was
    /// looked at (RFC 9110 section 15.5.2).
    ///
    /// - Returns: whether it may be repeated with another credential.
    /// - Throws: what the caller has to do before it can work.
    func hasRemedy(
        for error: BackendError, _ method: MCPMethod, _ params: RequestParameters, sent: [ForwardedHeaders.Field],
        mayRenew: Bool
    ) async throws(BackendError) -> Bool {
        guard case .unauthorized(let status, let scopes) = error, let credential, mayRenew || status == 403,
            !Task.isCancelled
        else { return false }
        let target = params.text?["name"]?.string ?? params.text?["uri"]?.string
        let refusal = CredentialRefusal(
            status: status, scopes: scopes, operation: target.map { "\(method.name) \($0)" } ?? method.name,
            sent: sent.map { CredentialField(name: $0.name, value: $0.value) })
        switch await credential.refused(refusal) {
        case .none: return false
        case .retry: return mayRenew
        case .report(let problem): throw .noCredential(problem)
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
