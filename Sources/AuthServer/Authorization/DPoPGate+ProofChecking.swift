// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension DPoPGate: ProofChecking {
    package func check(_ request: EndpointRequest, endpoint: String, isRequired: Bool) async -> ProofCheck {
        do {
            guard let proof = try await accept(request, endpoint: endpoint, required: isRequired) else {
                return ProofCheck(.absent)
            }
            return ProofCheck(.valid(thumbprint: proof.thumbprint), headers: Self.headers(proof.nextNonce))
        } catch {
            return ProofCheck(.refused(error.error), headers: Self.headers(error.nonce))
        }
    }

    private static func headers(_ nonce: String?) -> [(name: String, value: String)] {
        nonce.map { [("DPoP-Nonce", $0)] } ?? []
    }
}
