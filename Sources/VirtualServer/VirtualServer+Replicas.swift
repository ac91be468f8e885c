// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import JSONTypes
package import MCPTypes

/// Parked calls of several replicas: which one a client's answer belongs to.
extension VirtualServer {
    /// The replica that keeps the call which a request goes on with.
    ///
    /// - Returns: `nil` when the request speaks of no parked call, or its state does not open; whoever serves the
    ///   request says so.
    package func keeper(of method: MCPMethod, _ params: JSONSlice?, principal: Principal) -> String? {
        guard parking != nil, let params, let text = params["requestState"]?.string,
            let target = (method == .resourcesRead ? params["uri"] : params["name"])?.string
        else { return nil }
        switch method {
        case .toolsCall, .promptsGet, .resourcesRead: break
        default: return nil
        }
        let subject = StateSubject(
            method: method, target: target, arguments: method == .resourcesRead ? nil : params["arguments"],
            principal: principal)
        do throws(RequestError) {
            return try seal.open(text, as: [.park], for: subject).fields["n"]?.string
        } catch {
            return nil
        }
    }

    /// What is answered when a call is kept by nobody any more.
    package static var keeperUnknown: RequestError { ParkError.gone }

    /// What is answered when a call is kept where nobody can be reached at the moment.
    package static var keeperUnavailable: RequestError { ParkError.keeperUnavailable }
}
