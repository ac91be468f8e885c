// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Testing

/// Public keys and signatures that OpenSSL 3.0 made, as a second opinion.
enum SignatureFixtures {
    struct Row: Sendable, CustomTestStringConvertible {
        let algorithm: String
        let jwk: String
        /// Computed by other code.
        let thumbprint: String
        let signature: String

        var testDescription: String { algorithm }
    }

    static let message = "eyJhbGciOiJ0ZXN0In0.eyJzdWIiOiJ4In0"

    static let rows: [Row] = [
        Row(
            algorithm: "ES256",
            jwk: #"""
                {"crv":"P-256","kty":"EC","x":"XV7qdi1lVW1KTjzuEqrFvsuBvxtikhm3hbQzWctNK_g","y":"_UBbHf8f6RlK8pD\#
                eGnFTxo4CM2AyZIclDX49CBEXQB4"}
                """#,
            thumbprint: "1NaBjLeSwWeyRwcZDSt1--Z2e5JiHnmwihbQ5JQ4gLg",
            signature: #"-HRU_Se1qafc8076MBihva6_C3ppnnSkW05S960mDa4B5HSk1P6nFK6oImTFbRrr7qe8NgJs6y9T57INf5szAA"#),
        Row(
            algorithm: "ES384",
            jwk: #"""
                {"crv":"P-384","kty":"EC","x":"4z_swn4s8t_H7xQ3VflUoG_k16gvSaJOvw7xqHChNiBF1kkUNFvyS-fW9B32RzBk"\#
                ,"y":"aXZ7qeqmGrt3p_D4-j_GWqcAP_M6DgSLzduT62AMAejV0nzCUn3lO9ntamrqER1h"}
                """#,
            thumbprint: "qALJeN0FstpSsObfFD6XcmISdhFpr9KvuSZ38t6P_tc",
            signature: #"""
                i3zXYIeaFkg_vhhhpPa5tZNq1X0Qi21xt9pmsDGoXhiT_cUY8VDjKmYq6KNcTJqKUTzzYq0ltz6h1BMZ62Cq7FCJLS7OSs8L\#
                06heVJcGEZaKkQQJq_baKX6ARhHaNToH
                """#),
        Row(
            algorithm: "ES512",
            jwk: #"""
                {"crv":"P-521","kty":"EC","x":"AD1cSDiCmzr5ONs9OzXMHvv_I6vaVNk5ipRn8DBcImrHAYXRKDtnMPpHRUsO0xG96\#
                7MdEbWKIC61cK_1V7r8-CtT","y":"AOBYJ6uzAuVIsNmR35KR86Ai-wLGmpsTigxeu-gQI5DV-5LIgm5unmrfB6dMaOTfAF\#
                rbtvb16G_dIcaLCH0IxNcD"}
                """#,
            thumbprint: "K49D5gYiWbWiYJ_CGb5_VFU3yYT6H8gd2jdLXVZRd9E",
            signature: #"""
                AJuze5MiPhoqsXPWroOpwmGv9s9pyT6ohGZHT4ySUJBzce-R-yuX2-PRaIFZAz9NUNeIZhXeXUoSXg18bvUAErheAMuiFkp8\#
                2EoCJyMF5vEULBymbw8UIWXyJd3HOnzBl_drQv0OaHb1IzH3Ep4KzLaSuQHUi8ec-ovmN2m1qRMFNyxL
                """#),
        Row(
            algorithm: "EdDSA",
            jwk: #"{"crv":"Ed25519","kty":"OKP","x":"0hnuu0KP_nVwpp4wXBS5UxTvB1DxNph-q1cqJ2iJVbw"}"#,
            thumbprint: "7Kd5o4pxK_4svn6TnrsRCZPcBFRaoHIHDK0iVE4Gouc",
            signature: #"J_K0_PuyXjh3b7gGv2wVrAF_KOB_WtD5IIWrlld01Cp4Tv4na260_VRzmqaxWUi5zN-ldF6YGBOvsTwXiYMPAg"#),
        Row(
            algorithm: "RS256",
            jwk: #"""
                {"e":"AQAB","kty":"RSA","n":"2W9ZAtHAVgJ9BXb5QOMxuQW0ecmeiyGCOEJbQhC8JbALT2eQjLW2c2iOPtDd6ndD-yc\#
                wrTRuUpIcLBG5hzgC3XUoUsuPN8Li_9jlmDwkF9NQvPEjiXdFbBNLUg4QfnEQRELR0ofnp-pzVL3KS0n8jhOKcsKKLd7fnrT\#
                0Fuikfp7BTdxvvpmgdJ24lgqPWX_CSp0mGIoIsRTTmP-TKR9f8fofaTQmXfXlxXcK4GbxQqRbj5QZLU05TbyPzKejfILdSIm\#
                QGGIfWYHub05dhVBHFl9xt0MGMR7FXgsSpsSpuBC0nR_chOBJaMnPKyRQY2_k2sblhkdT7PjF1xZwqYnNLQ"}
                """#,
            thumbprint: "Odfdf5l8KhA6k1a3KA1NVpR9bgJEe2k1ooweBh-9TFg",
            signature: #"""
                xR0LuoLuV6jcIQvdYdKbX7LCeILeBNUE7MtA2us3geUfmbsMnzDMoW-HtKDjTWlMsd7OE7rZgVTB_edfoaGnBzfuf4ub83FL\#
                qlvCKhjHbnRsV5vvxJiGydBX3j1NaB_Ae3eznn7FC2XJrozQoagd9fNyiaSWps1bxbbcagXJjsvBJn4upl-DMfKOAjAAfIxU\#
                Y1a_iSsDzjd55WhAr0O5mQzU5Tim0R7dWpV1yoTA68wxgdC44SlA-os8xm8gGRX6jV3gfV1NuT9Lsa09j0-rn_cZa1cMWwnb\#
                UHm3BFsQlPVqJVdPu6Sv8Lv0gPkMA3SUOkuSBuR-kC1PAdF9M5KdHg
                """#),
        Row(
            algorithm: "RS384",
            jwk: #"""
                {"e":"AQAB","kty":"RSA","n":"2W9ZAtHAVgJ9BXb5QOMxuQW0ecmeiyGCOEJbQhC8JbALT2eQjLW2c2iOPtDd6ndD-yc\#
                wrTRuUpIcLBG5hzgC3XUoUsuPN8Li_9jlmDwkF9NQvPEjiXdFbBNLUg4QfnEQRELR0ofnp-pzVL3KS0n8jhOKcsKKLd7fnrT\#
                0Fuikfp7BTdxvvpmgdJ24lgqPWX_CSp0mGIoIsRTTmP-TKR9f8fofaTQmXfXlxXcK4GbxQqRbj5QZLU05TbyPzKejfILdSIm\#
                QGGIfWYHub05dhVBHFl9xt0MGMR7FXgsSpsSpuBC0nR_chOBJaMnPKyRQY2_k2sblhkdT7PjF1xZwqYnNLQ"}
                """#,
            thumbprint: "Odfdf5l8KhA6k1a3KA1NVpR9bgJEe2k1ooweBh-9TFg",
            signature: #"""
                o2nPVtr5YLtU5AnwR3Ice_JN-FqOXibcnDJCsZHn9y9tfeq7HWRTuI_UIskEfZv4IOZ026E8TxBTJEw1BeZpJKl0hdRO7B0E\#
                N4bLcbj9wm2fiZndWbCAfu-oA6hfye4mvizUBDGjTZZkR90JK5Gm5Q7XLPje2_m4ziX1mmuAUMp6QY9K4zXO392jU9crsCh2\#
                slK7_6W-TiJKEBeF0ClYeH1Bl9wUrVUXiAdKuevsDeHnhOBO0ghWLvnLMDPLH1COHwMGxEVE81j7VyB2D4hNo8p9LuDRclBd\#
                NRyqD-HuQhzjBDWCMxBSfU3O9NMt4rkmjfzQcnDeBza5nCqCmTcHNw
                """#),
        Row(
            algorithm: "RS512",
            jwk: #"""
                {"e":"AQAB","kty":"RSA","n":"2W9ZAtHAVgJ9BXb5QOMxuQW0ecmeiyGCOEJbQhC8JbALT2eQjLW2c2iOPtDd6ndD-yc\#
                wrTRuUpIcLBG5hzgC3XUoUsuPN8Li_9jlmDwkF9NQvPEjiXdFbBNLUg4QfnEQRELR0ofnp-pzVL3KS0n8jhOKcsKKLd7fnrT\#
                0Fuikfp7BTdxvvpmgdJ24lgqPWX_CSp0mGIoIsRTTmP-TKR9f8fofaTQmXfXlxXcK4GbxQqRbj5QZLU05TbyPzKejfILdSIm\#
                QGGIfWYHub05dhVBHFl9xt0MGMR7FXgsSpsSpuBC0nR_chOBJaMnPKyRQY2_k2sblhkdT7PjF1xZwqYnNLQ"}
                """#,
            thumbprint: "Odfdf5l8KhA6k1a3KA1NVpR9bgJEe2k1ooweBh-9TFg",
            signature: #"""
                ZprrgYQmgiSTzCT0sOZ01sGOQGJUT-4jHX9fX1-ir2JhnoWal8yzs3gbCA0vB3NPx_fbr_skGNmFD7SaGz_XrdRIswwlYoCg\#
                GfKRQgdm0ZYBNJp_uW1BNpLjnFXyyjk5nIJse7-oLuBoJSAU3JdK4qmZNF8rzTYka9IAeqJZSHUoSS9sOtIfglNdEiE6o7qL\#
                aUDw2JpkVaDnElS-2C0jtMIxzzUBXUaxgT-buhvQOjW3XRtFF2JKWxmM1FAjvLJS0WmKy0Vd9spSvtu7bUTsYjdiSbi7CCaS\#
                7YLTP399bGjsOpoqz3ByZ8P84i6aBiqHZ-yxK7r7gHg3_M6a70WUFA
                """#),
        Row(
            algorithm: "PS256",
            jwk: #"""
                {"e":"AQAB","kty":"RSA","n":"2W9ZAtHAVgJ9BXb5QOMxuQW0ecmeiyGCOEJbQhC8JbALT2eQjLW2c2iOPtDd6ndD-yc\#
                wrTRuUpIcLBG5hzgC3XUoUsuPN8Li_9jlmDwkF9NQvPEjiXdFbBNLUg4QfnEQRELR0ofnp-pzVL3KS0n8jhOKcsKKLd7fnrT\#
                0Fuikfp7BTdxvvpmgdJ24lgqPWX_CSp0mGIoIsRTTmP-TKR9f8fofaTQmXfXlxXcK4GbxQqRbj5QZLU05TbyPzKejfILdSIm\#
                QGGIfWYHub05dhVBHFl9xt0MGMR7FXgsSpsSpuBC0nR_chOBJaMnPKyRQY2_k2sblhkdT7PjF1xZwqYnNLQ"}
                """#,
            thumbprint: "Odfdf5l8KhA6k1a3KA1NVpR9bgJEe2k1ooweBh-9TFg",
            signature: #"""
                u44SEBjyXhmcsY_YRqcwq_MhhGPJB7YQzs4iDD5iyfE-mGWhzKXdqHEITqVrln6QyuzKtq_4taGvMTW1L_aC0TWmrUlqXjk7\#
                Yn7LEmHee64Y30jj5XreHNyKWKzN5CR67x8yB89Ekn5AX61RTV_yDJ6nN87nBha9MwQHg4Cs1BMxInLt3OO-__sMNRBgsCO6\#
                O6_PU06gJpgL7Qtr9J8m_p7RUY8Ghq9ziQ5erqHdxh8M1jmGDfU3FxtoQDKS5oAAdcf0-c8pdzdkggtiC9UknUKPgX1Zq7rA\#
                liQHYhYkzfL1Wz13X_tdTjWQR4GFbI62_Naq3FA9DIK_7x7ttHVz8g
                """#),
        Row(
            algorithm: "PS384",
            jwk: #"""
                {"e":"AQAB","kty":"RSA","n":"2W9ZAtHAVgJ9BXb5QOMxuQW0ecmeiyGCOEJbQhC8JbALT2eQjLW2c2iOPtDd6ndD-yc\#
                wrTRuUpIcLBG5hzgC3XUoUsuPN8Li_9jlmDwkF9NQvPEjiXdFbBNLUg4QfnEQRELR0ofnp-pzVL3KS0n8jhOKcsKKLd7fnrT\#
                0Fuikfp7BTdxvvpmgdJ24lgqPWX_CSp0mGIoIsRTTmP-TKR9f8fofaTQmXfXlxXcK4GbxQqRbj5QZLU05TbyPzKejfILdSIm\#
                QGGIfWYHub05dhVBHFl9xt0MGMR7FXgsSpsSpuBC0nR_chOBJaMnPKyRQY2_k2sblhkdT7PjF1xZwqYnNLQ"}
                """#,
            thumbprint: "Odfdf5l8KhA6k1a3KA1NVpR9bgJEe2k1ooweBh-9TFg",
            signature: #"""
                shu62JPTaU_6vSdlgqnYciz5L5Sm2Tn-fZ_QL6wHQYokDFgCv1HN-3sU2vrp1hIF1ytF4Y3a8oQXWElVxKVdw4sfFQwh620i\#
                1ZR6r9jBoHXQB2tkGyOGZC2j_-_mHfT6aLYtwvicAMbl3YF2rWtXLdLeoXOLmCGOYRcYADqOIvnFpZtqwN4H-CitqYNxlmtc\#
                3Wap6-czTfJ0PfioABEdvxB6t-crMhddWPSMMvuwZ4Mur_57MNHcR98yeaod9qUt_65mxVEtUBVs2dpS_-EnqYh9ERWr6a71\#
                7vmmWHQDqFyfFAXCNNgc8kW3DJxKCreIjD6GTLJ5cvJ-TS074R14pg
                """#),
        Row(
            algorithm: "PS512",
            jwk: #"""
                {"e":"AQAB","kty":"RSA","n":"2W9ZAtHAVgJ9BXb5QOMxuQW0ecmeiyGCOEJbQhC8JbALT2eQjLW2c2iOPtDd6ndD-yc\#
                wrTRuUpIcLBG5hzgC3XUoUsuPN8Li_9jlmDwkF9NQvPEjiXdFbBNLUg4QfnEQRELR0ofnp-pzVL3KS0n8jhOKcsKKLd7fnrT\#
                0Fuikfp7BTdxvvpmgdJ24lgqPWX_CSp0mGIoIsRTTmP-TKR9f8fofaTQmXfXlxXcK4GbxQqRbj5QZLU05TbyPzKejfILdSIm\#
                QGGIfWYHub05dhVBHFl9xt0MGMR7FXgsSpsSpuBC0nR_chOBJaMnPKyRQY2_k2sblhkdT7PjF1xZwqYnNLQ"}
                """#,
            thumbprint: "Odfdf5l8KhA6k1a3KA1NVpR9bgJEe2k1ooweBh-9TFg",
            signature: #"""
                V8NOoLi_jZNt0be6TiMo2GZji0F8Fac72glvZ3thNvAIhDtBNh7GGe0Gc1wM3uT6Zdqvh4XofaI_PQyXmEeV419DxGeXuvLC\#
                whBsIMF6j4gLAfkhTHvI0o-MqtPVvKxng6yN36lDaYnpP7dRgxrbx8P_z1yARXFpvujac-bDlOX8li5dBMaE4JTYZNROmb_U\#
                bUBIae-g1jygZKPjcLv-gqEgY9zidLUf5gZJcENjyrM_fPD0wt9TfsCn8k_hPSMwp4OVD-8384quKHRe3RKlPvbwI3tH9dpp\#
                1nP6VB5zlO4STD5ZFMzVocdSg-7WiPyeC-s7E1xDW6cfht-BqdZeGQ
                """#),
    ]

    /// By the RSA key, PS256 but with a salt that fills the key.
    static let pssWithLongSalt =
        #"""
        U73YDPk-GhDdhYE4LiQHb7Pj8jJYkhCo2klWgeF3rIdfuIu6ZL8Api5VRSXcHMUII6w6UUxg7PtUpKrZiN4QgjR9SKrF7e1w\#
        MOmmbEWDiCjAhvDARTeYWfX8up5dm66iT65RNFPHXgM0uTRJqDDdZ4igYnM_4QMtns1FsahZ6bRejOeCqWeHAsLycqP6Jrv8\#
        6D2g9Q86TVGJVGvWgP8W6wiakQUI1Jnm69zyQI45dHUAeawz3Z1NxSf_VdDzsNp_zoszCT3xzP5mLuV6kfLxT27Nva6Y5MTM\#
        8Nc4RKda6T1mRbkeii5vvOYaHl-kM_Y0-UDTVBi-0RThaTz9PQZ3eg
        """#

    /// By the P-256 key, but in DER.
    static let derES256 =
        #"""
        MEUCIQD7wK3BvSQL6-EKIg3eYx7ethryMwRxF5-hFSVodvSImwIgIdnklYxY_phBnlTmL543HdMDg86OyF34Vko7cVd8l68
        """#

    /// 1024 bits.
    static let smallRSA =
        #"""
        {"e":"AQAB","kty":"RSA","n":"3-q50GeUB9PwK63cKS7gpTMpAXxVYFOv3gKwLKCiK3vpp76rU6YyzArQDQwFYfdTdo2\#
        TerNb4rP-PAu4ONmBHJWTfQFhVVtEEfPXBRLEVJ4v0XeIMNUxHRZQf3CXSthqkmQG-ES5_IlAa3rOU2xidfAVNpz2xaDc_4e\#
        UveMZ4e8"}
        """#
}
