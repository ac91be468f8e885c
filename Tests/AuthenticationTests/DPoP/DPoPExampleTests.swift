// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Authentication
import Foundation
import Testing

/// The examples of RFC 9449, with the clock set to their time.
struct DPoPExampleTests {
    private static let header =
        #"""
        eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklD\#
        UkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2\#
        R1JEQSIsImNydiI6IlAtMjU2In19
        """#
    private static let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"

    @Test("the token requests of figures 2 and 6")
    func tokenRequests() throws {
        let examples = [
            (
                #"""
                eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29t\#
                L3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x\#
                7NVY-FNyJK70nfbV37xRZT3Lg
                """#, 1_562_262_616.0
            ),
            (
                #"""
                eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29t\#
                L3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620Bxq\#
                hvYC8ynrrvZLTk41mSRroapUA
                """#, 1_562_265_296
            ),
        ]
        for (rest, time) in examples {
            let proof = try DPoPProof(headers: ["\(Self.header).\(rest)"])
            let verified = try proof.verify(
                method: "POST", url: "https://server.example.com/token", now: Date(timeIntervalSince1970: time + 5))
            #expect(verified.thumbprint == Self.thumbprint)
            #expect(verified.jti == "-BwC3ESc6acc2lTc")
            #expect(verified.issued == Date(timeIntervalSince1970: time))
            #expect(verified.nonce == nil)
        }
    }

    @Test("the request of figure 12 with its access token")
    func resource() throws {
        let proof = try DPoPProof(
            parsing: """
                \(Self.header).eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZ\
                S5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc\
                05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-y\
                qyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA
                """)
        func verify(token: String) throws(DPoPError) -> VerifiedDPoPProof {
            try proof.verify(
                method: "GET", url: "https://resource.example.org/protectedresource", accessToken: token,
                boundTo: Self.thumbprint, now: Date(timeIntervalSince1970: 1_562_262_618))
        }
        #expect(try verify(token: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU").jti == "e1j3V_bKic8-LAEB")
        #expect(throws: DPoPError.wrongToken) { try verify(token: "Kz~8mXK1EalYznwH") }
    }
}
