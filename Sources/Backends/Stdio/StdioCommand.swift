// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What to run as a stdio backend.
///
/// `environment` is the whole environment of the child: nothing is inherited, because the gateway's own environment may
/// hold secrets that a backend must not see.
package struct StdioCommand: Sendable, Hashable {
    /// An absolute path, or a bare name that is looked up in `environment["PATH"]`.
    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    /// An absolute path; nil means the gateway's own working directory.
    package var workingDirectory: String?

    package init(
        executable: String,
        arguments: [String] = [],
        environment: [String: String] = [:],
        workingDirectory: String? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// Refuses values that `execve` would cut short or misread.
    func validate() throws(StdioError) {
        guard !executable.isEmpty else { throw .invalidCommand("the executable is empty") }
        guard executable.utf8.first == UInt8(ascii: "/") || !executable.utf8.contains(UInt8(ascii: "/")) else {
            throw .invalidCommand(
                "the executable \"\(executable)\" is a relative path; "
                    + "write an absolute path, or a bare name to look up in PATH"
            )
        }
        for text in [executable] + arguments + [workingDirectory ?? ""] where text.utf8.contains(0) {
            throw .invalidCommand("an argument or path of \"\(executable)\" contains a NUL character")
        }
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0) else {
                throw .invalidCommand(
                    "the environment variable name \"\(name)\" is empty or contains \"=\" or a NUL character"
                )
            }
            guard !value.utf8.contains(0) else {
                throw .invalidCommand("the value of environment variable \(name) contains a NUL character")
            }
        }
        if let workingDirectory, workingDirectory.utf8.first != UInt8(ascii: "/") {
            throw .invalidCommand("the working directory \"\(workingDirectory)\" is not an absolute path")
        }
    }
}
