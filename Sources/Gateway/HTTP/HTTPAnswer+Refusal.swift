// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import MCPTypes

extension HTTPAnswer {
    /// What a request gets that a page of strangers may have sent.
    init(_ refusal: OriginPolicy.Refusal) {
        switch refusal {
        case .missingHost: self = .text(400, "Bad Request: missing Host header")
        case .ambiguousHost: self = .text(400, "Bad Request: more than one Host header")
        case .foreignHost(let host): self = .text(403, "Forbidden: invalid Host header \"\(host.bounded(to: 128))\"")
        case .foreignOrigin:
            self = .error(RequestError(.invalidRequest, "Forbidden: invalid Origin header", httpStatus: 403), id: nil)
        }
    }
}
