// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing
import VMCPApplication

/// What holds where the operator says nothing.
@Suite struct ServeOptionsTests {
    @Test("SE-03: without a word from the operator only this machine is listened to")
    func loopback() {
        let options = ServeOptions()
        #expect(options.host == "127.0.0.1")
        #expect(options.isLoopback)
        #expect(!options.allowsAnonymousNonLoopback)
    }
}
