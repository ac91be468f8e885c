// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Keys that people try because other programs have them, with what to do instead.
enum MisplacedKeys {
    static func advice(for key: String, in keyPath: String) -> String? {
        switch key {
        case "client_secret":
            return "secrets do not stand in the file; write client_secret_file or client_secret_env_var"
        case "initial_access_token":
            return "tokens do not stand in the file; write initial_access_token_file or initial_access_token_env_var"
        case "password": return "passwords do not stand in the file; write password_env_var in acl_user_config"
        default: break
        }
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
