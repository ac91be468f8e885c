// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// A provider that has to find out about its upstream before it works, and to keep knowing it.
package protocol StartableUpstream: UpstreamProvider {
    /// Must succeed before anything else is asked of the provider.
    func start() async throws(UpstreamStartError)
    /// Renews what is known of the upstream when it is due; what cannot be renewed stays as it was.
    func maintain() async
}
