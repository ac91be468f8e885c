// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import Logging
package import MCPTypes

extension VirtualServer {
    /// Sets the level at every backend that the client uses; those it will use get it with their handshake.
    package func setLogLevel(_ level: LogLevel, caller: Caller) async {
        let sessions = caller.sessions.setLogLevel(level)
        await withDiscardingTaskGroup { group in
            for session in sessions {
                group.addTask(executorPreference: caller.shard.executor) {
                    do throws(BackendError) {
                        try await session.setLogLevel(level, on: caller.shard)
                    } catch {
                        session.backend.logger.warning(
                            "The log level could not be set", metadata: ["error": "\(error)"])
                    }
                }
            }
        }
    }

    package func rootsChanged(caller: Caller) {
        for session in caller.sessions.opened where session.handshake != nil {
            session.notify(.rootsListChanged, params: nil, on: caller.shard)
        }
    }
}
