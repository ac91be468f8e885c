// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing
import VMCPApplication

@Suite struct DescriptorLimitTests {
    @Test(
        "The soft limit is raised to what is needed, never beyond the hard one, and never lowered",
        arguments: [
            (1024, 524_288, 34_048, 34_048), (1024, 4096, 34_048, 4096), (20_000, 20_000, 34_048, nil),
            (65_536, 524_288, 34_048, nil), (1024, UInt64.max, 34_048, 34_048),
        ] as [(UInt64, UInt64, Int, UInt64?)])
    func raised(soft: UInt64, hard: UInt64, wanted: Int, expected: UInt64?) {
        let raised = DescriptorLimit(soft: soft, hard: hard).raised(for: wanted)
        #expect(raised?.soft == expected)
        if let raised { #expect(raised.hard == hard) }
    }
}
