// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AuthServer

@Suite struct DocumentFreshnessTests {
    @Test(
        "A document counts for as long as its headers say, between a minute and a day",
        arguments: [
            ([], nil, .seconds(300)), ([""], nil, .seconds(300)), (["public"], nil, .seconds(300)),
            (["max-age=600"], nil, .seconds(600)), (["public, max-age=600"], nil, .seconds(600)),
            (["MAX-AGE=600"], nil, .seconds(600)), ([" max-age = 600 "], nil, .seconds(600)),
            ([#"max-age="600""#], nil, .seconds(600)), (["public", "max-age=600"], nil, .seconds(600)),
            (["max-age=0"], nil, .seconds(60)), (["max-age=59"], nil, .seconds(60)),
            (["max-age=60"], nil, .seconds(60)),
            (["max-age=86400"], nil, .seconds(86_400)), (["max-age=86401"], nil, .seconds(86_400)),
            (["max-age=99999999999999999999"], nil, .seconds(86_400)),
            (["max-age=-5"], nil, .seconds(60)), (["max-age=soon"], nil, .seconds(60)),
            (["max-age"], nil, .seconds(60)),
            (["max-age=600, max-age=120"], nil, .seconds(120)), (["max-age=600"], "100", .seconds(500)),
            (["max-age=600"], "9999", .seconds(60)), (["max-age=600"], "x", .seconds(600)),
            (["no-cache"], nil, .seconds(60)), (["no-cache, max-age=600"], nil, .seconds(60)),
            (["s-maxage=600"], nil, .seconds(300)), (["x-max-age=600"], nil, .seconds(300)),
            (["no-store"], nil, .once), (["max-age=600, No-Store"], nil, .once),
            (["max-age=600", "no-store"], nil, .once),
        ] as [([String], String?, DocumentFreshness)])
    func freshness(controls: [String], age: String?, expected: DocumentFreshness) {
        #expect(DocumentFreshness(cacheControl: controls, age: age, fallback: 300) == expected)
    }

    @Test("The operator's fallback is bounded too")
    func fallback() {
        #expect(DocumentFreshness(cacheControl: [], age: nil, fallback: 5) == .seconds(60))
        #expect(DocumentFreshness(cacheControl: [], age: nil, fallback: 999_999) == .seconds(86_400))
    }
}
