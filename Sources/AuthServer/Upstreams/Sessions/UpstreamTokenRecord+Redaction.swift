// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

// Rows are coded, so their secrets are plain texts; these keep them out of a text that somebody makes by mistake.

extension UpstreamTokenRecord.Tokens: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "<upstream tokens>" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}

extension UpstreamClientRecord: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "<upstream client>" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
