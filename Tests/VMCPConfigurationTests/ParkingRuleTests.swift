// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VMCPConfiguration

/// `parking`, `http.legacySSE` and `backends[].era`.
@Suite struct ParkingRuleTests {
    private func errors(_ text: String) -> [String] {
        LoadOutcome(ConfigurationText.with(["metadata": text])).errors
    }

    @Test("Nothing has to be said")
    func defaults() {
        let parking = Configuration.Parking.standard
        #expect(parking.mode == .on)
        #expect(!parking.allowAnonymous && !parking.roots && parking.labelQuestions)
        #expect(parking.roundTtl == .seconds(300) && parking.lifeTtl == .seconds(1800))
        #expect(parking.maxParks == 1000 && parking.perPrincipal == 16 && parking.perBackend == 100)
        #expect(!Configuration.HTTP.standard.legacySSE)
    }

    @Test(
        "What cannot be is refused with its place",
        arguments: [
            ("parking: {mode: maybe}", "parking.mode"),
            ("parking: {debounceMs: 300}", "parking.debounceMaxMs"),
            ("parking: {roundTtl: 5s}", "parking.roundTtl"),
            ("parking: {maxRounds: 0}", "parking.maxRounds"),
            ("parking: {stateSecretFiles: [relative]}", "parking.stateSecretFiles"),
            ("parking: {forwardings: {}}", "parking.forwardings"),
            ("http: {legacySSE: perhaps}", "http.legacySSE"),
        ])
    func refused(text: String, place: String) {
        let errors = errors(text)
        #expect(errors.count == 1)
        #expect(errors.first?.hasPrefix(place) == true, "\(errors)")
    }
}
