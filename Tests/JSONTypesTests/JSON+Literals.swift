// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

/// Validates a text that a test has written down.
func json(_ text: String) throws -> JSONSlice {
    try JSONSlice(validating: ByteBuffer(string: text))
}
