// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Backends
package import JSONTypes

/// A tool call that has been counted, checked and, in most cases, made: what is left of it is its answer.
///
/// One that was made has to be ended, by `plainResult` or `finish`. A reference, because it is handed on often.
package final class StartedTool: Sendable {
    package let caller: Caller
    let call: BackendCall
    /// The caller's with the backend.
    let session: BackendSession
    /// The first request, where it is on its way; `nil` where something has to be waited for.
    package let first: StartedCall?

    init(_ call: BackendCall, _ caller: Caller, _ session: BackendSession, first: StartedCall?) {
        self.call = call
        self.caller = caller
        self.session = session
        self.first = first
    }

    /// The parameters, as they go to the backend.
    package var params: JSONSlice { call.params }
}
