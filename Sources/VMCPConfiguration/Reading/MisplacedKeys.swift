// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Keys that people try because other programs have them, with what to do instead.
enum MisplacedKeys {
    static func advice(for key: String, in keyPath: String) -> String? {
        guard keyPath.isEmpty else { return nil }
        return switch key {
        case "group": "did you mean \"groupRef\"?"
        case "host", "port", "listen": "the address is given to the serve command with --host and --port"
        case "timeouts": "did you mean \"operational.timeouts\"?"
        case "logLevel": "did you mean \"operational.logLevel\"?"
        case "optimiser": "did you mean \"optimizer\"?"
        default: nil
        }
    }
}
