// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Private keys that OpenSSL 3.0 made for these tests; they protect nothing and are used nowhere else.
enum PEMFixtures {
    static let rsaPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDZb1kC0cBWAn0F
        dvlA4zG5BbR5yZ6LIYI4QltCELwlsAtPZ5CMtbZzaI4+0N3qd0P7JzCtNG5Skhws
        EbmHOALddShSy483wuL/2OWYPCQX01C88SOJd0VsE0tSDhB+cRBEQtHSh+en6nNU
        vcpLSfyOE4pywoot3t+etPQW6KR+nsFN3G++maB0nbiWCo9Zf8JKnSYYigixFNOY
        /5MpH1/x+h9pNCZd9eXFdwrgZvFCpFuPlBktTTlNvI/Mp6N8gt1IiZAYYh9Zge5v
        Tl2FUEcWX3G3QwYxHsVeCxKmxKm4ELSdH9yE4Eloyc8rJFBjb+TaxuWGR1Ps+MXX
        FnCpic0tAgMBAAECggEATiBQH082iLEEMv54uPPpXc3K9yeWq+8yVvygxbA1qmUC
        61kO+0AfeoBK/A8YbbLE3m1KdDGuokSVktAblZZukRwTjQxPPX3tCnjopjaV0WnA
        TONoHXCZpSeZnLYo/wWpDp3jvn3Oour+3agEE+FVuccTrAByneDDAMeMHN8im8vN
        S91MtjJZETza10wskd5FxZ3UcsjlOpeWe0ArK7bDAHpMUr56Z2xHxfmD8cs6wpqX
        TX2d8uUDEY/+6/1pLYijMz3C4weXClgGsCfNjNekK3UAMdcio85PA3CTkY6MYR0S
        OmuLatiDpzVYuvwV+rsjx198bUncW1jgDTR5dg0sEQKBgQD7kS55C4iIQScpgXci
        Wuyvi91uA+YyL2sahpQtbSPmTvqUyLGP5AGQw3gcJJxBDJZ1fLfoByPw5VpHuvRd
        GKux6VMtHO6b5LGdbZawYd0DVYJpB8c7BEfyRhsSGHzru4rWxFk8LGyGlbkWg10v
        BCsY7TVxc5iREgD2eBUOVxn4BwKBgQDdRDIyf2qCT32PKmqYHChGwVGiawgHWLDM
        pzLW+OJ8H6hM8/jbNN66epFIzMKYDoLauRiDPpFo3RDqI+rLHqKWWRINkVzg4syQ
        wTOBQSNTuO+xbCGvqQYbN5l5/O2ea2VCb0KrwZnqDTHbqGC2D/tz152s0DYzeFRE
        Xk3Nh7i8KwKBgQDjRd5+bPUEZBhFXzmKSCrczbdW1R765+wTItJr19Y/E8s+77G7
        FXp0lqPEiS7BdeXYbryXWxwVXp+ZfkWWddtn+Cu07haDsLDmUUN6Rm+tu2r+CJDt
        uIhnUP7T8lupfN2J+gnEWz4QuONme3eMKm/lLSjDPnPvXBySjxo2wmorsQKBgA+A
        CoAtGtn8FZCk6Qi02EF0o3JcSxiwptn/UHlsv/jwAss5QBKjFoM7uNe/uFYMljAa
        TVRMWsVczyWH1JfcEomzvacDqtz6JlhxoFkKph3kU647I/T5Qzs+3tqD1GWHonVP
        8/yyOEUEHZ0Eo5m9buEDlsEXaOScJlMPxCWEv3U3AoGARZVLghlx8A8Vq0Wk0YFo
        gr35AE+n5XLjQvd+8WY3cDpaKGXgWqdFrZFOcnODyFHD8AFIUcamvhELRpH0vzgP
        JPrjFzxGhInJyrLO+1LMr1D3MpfRJw3wGcNkSVcqc808o+k8xGcel7MgFq5kxjJT
        xkkLherCtDIXlvVF1GB9vlc=
        -----END PRIVATE KEY-----
        """

    static let rsaPKCS1 = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIEowIBAAKCAQEA2W9ZAtHAVgJ9BXb5QOMxuQW0ecmeiyGCOEJbQhC8JbALT2eQ
        jLW2c2iOPtDd6ndD+ycwrTRuUpIcLBG5hzgC3XUoUsuPN8Li/9jlmDwkF9NQvPEj
        iXdFbBNLUg4QfnEQRELR0ofnp+pzVL3KS0n8jhOKcsKKLd7fnrT0Fuikfp7BTdxv
        vpmgdJ24lgqPWX/CSp0mGIoIsRTTmP+TKR9f8fofaTQmXfXlxXcK4GbxQqRbj5QZ
        LU05TbyPzKejfILdSImQGGIfWYHub05dhVBHFl9xt0MGMR7FXgsSpsSpuBC0nR/c
        hOBJaMnPKyRQY2/k2sblhkdT7PjF1xZwqYnNLQIDAQABAoIBAE4gUB9PNoixBDL+
        eLjz6V3NyvcnlqvvMlb8oMWwNaplAutZDvtAH3qASvwPGG2yxN5tSnQxrqJElZLQ
        G5WWbpEcE40MTz197Qp46KY2ldFpwEzjaB1wmaUnmZy2KP8FqQ6d4759zqLq/t2o
        BBPhVbnHE6wAcp3gwwDHjBzfIpvLzUvdTLYyWRE82tdMLJHeRcWd1HLI5TqXlntA
        Kyu2wwB6TFK+emdsR8X5g/HLOsKal019nfLlAxGP/uv9aS2IozM9wuMHlwpYBrAn
        zYzXpCt1ADHXIqPOTwNwk5GOjGEdEjpri2rYg6c1WLr8Ffq7I8dffG1J3FtY4A00
        eXYNLBECgYEA+5EueQuIiEEnKYF3Ilrsr4vdbgPmMi9rGoaULW0j5k76lMixj+QB
        kMN4HCScQQyWdXy36Acj8OVaR7r0XRirselTLRzum+SxnW2WsGHdA1WCaQfHOwRH
        8kYbEhh867uK1sRZPCxshpW5FoNdLwQrGO01cXOYkRIA9ngVDlcZ+AcCgYEA3UQy
        Mn9qgk99jypqmBwoRsFRomsIB1iwzKcy1vjifB+oTPP42zTeunqRSMzCmA6C2rkY
        gz6RaN0Q6iPqyx6illkSDZFc4OLMkMEzgUEjU7jvsWwhr6kGGzeZefztnmtlQm9C
        q8GZ6g0x26hgtg/7c9edrNA2M3hURF5NzYe4vCsCgYEA40Xefmz1BGQYRV85ikgq
        3M23VtUe+ufsEyLSa9fWPxPLPu+xuxV6dJajxIkuwXXl2G68l1scFV6fmX5FlnXb
        Z/grtO4Wg7Cw5lFDekZvrbtq/giQ7biIZ1D+0/JbqXzdifoJxFs+ELjjZnt3jCpv
        5S0owz5z71wcko8aNsJqK7ECgYAPgAqALRrZ/BWQpOkItNhBdKNyXEsYsKbZ/1B5
        bL/48ALLOUASoxaDO7jXv7hWDJYwGk1UTFrFXM8lh9SX3BKJs72nA6rc+iZYcaBZ
        CqYd5FOuOyP0+UM7Pt7ag9Rlh6J1T/P8sjhFBB2dBKOZvW7hA5bBF2jknCZTD8Ql
        hL91NwKBgEWVS4IZcfAPFatFpNGBaIK9+QBPp+Vy40L3fvFmN3A6Wihl4FqnRa2R
        TnJzg8hRw/ABSFHGpr4RC0aR9L84DyT64xc8RoSJycqyzvtSzK9Q9zKX0ScN8BnD
        ZElXKnPNPKPpPMRnHpezIBauZMYyU8ZJC4XqwrQyF5b1RdRgfb5X
        -----END RSA PRIVATE KEY-----
        """

    /// Too small.
    static let rsa1024 = """
        -----BEGIN PRIVATE KEY-----
        MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAN/qudBnlAfT8Cut
        3Cku4KUzKQF8VWBTr94CsCygoit76ae+q1OmMswK0A0MBWH3U3aNk3qzW+Kz/jwL
        uDjZgRyVk30BYVVbRBHz1wUSxFSeL9F3iDDVMR0WUH9wl0rYapJkBvhEufyJQGt6
        zlNsYnXwFTac9sWg3P+HlL3jGeHvAgMBAAECgYB4SjnuSmaM2f9xB6J5gVRviw9h
        W/Dloa+d3eXU46qbH6NDWTvi4Sry0HA6QhX2Lg7pZl8vEIGxRS60BTu/VqFzv0ec
        7ylZHoZl4nUZNKoOoymlAB8MP48ghm0zNWCdOrFBzQIRwRfJA/ngQYnVHBe/Lfit
        XVtMSKyRcMCdgymW+QJBAPegu/34qckBPAtEWxG9JIbKWvWaSh7Sk0sRtHOVYp+C
        5vvJW5u1YStPaUHidw1730zGeO2Np6Vkm+qMhlBypQMCQQDnfMTCeWn2puKrru4U
        WJDbIx5aK2nf5m49MDHhSIky7oP5HVf/D/p4Q6cCJWiGc0VtUcGPf9mJtk99zw48
        vC2lAkEA4HNt0s9wvgQDc8b6sQJ7OD304od+RZ/i6Hlc0iOGqETTr0edZG6sa8Bo
        DNMDzFIKXiHL/K6YVX7zIE9Nc1/nFwJBANsqzRuXWpT1ooyL3cuToupnUJhsnBwp
        jlwOYlt6krOPEZJtjt/l3+23l8q3YkRRpP0At/NGR89TteVWgZNNUyUCQBkPC1i/
        jebCIZUGWWEwNGgk8nrcD1qzYmsjgA0eEPPhLPB+ef/sCjsFZAXm9drSbijl9E3d
        AqUZIM8f4oZrVnI=
        -----END PRIVATE KEY-----
        """

    static let rsaEncryptedPKCS8 = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIsjiF2HvF4ZECAggA
        MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBAXp0e0QpGxZGSgfo/7dHntBIIE
        0Fg8l/EmD6mcFwAelJVrtJC/dwzArSbm9XSIKHc+ricx1uzK9cJB6VZg6RduDWMn
        RIQjTH8E1mUjn6y4M0TVjky2+3IoA8Z5nuWy5HCureZte40PlZ0NwO272BI6jqlM
        jhmJgTn8gwH7Lg7TlJYSLLtHenVybYno56tQbK1LSj/+m7+qbsXlN80rbsaAHnuM
        kpUVPnGQ8xOFf1lW+7o5lMv0cWWt2/fP7VX6PE5Q5vt0DvXP/PM8RIPfONSVHRG3
        hAhoZMy4/9gSbINB9vvRPwOUAC2nJC6yblwy6LlcBfu6Fqalx9qTL137LTuWoJN3
        KoMCH0+xwcMiCGTJwxQSw6yg0SjhZU8BGps3pJ4CE98tHevSUckPK7xWhapmsmu4
        2rKauAXotD58hAfG5+nKH9Ie4Ws0a/zwSW0OW4pvn1N9gGzWf0PYoYSPYnjBeOhC
        xiFbBNNo1n4MmYv4qiW+b5o6llIBr0LAlG4Aru+Z1r6xjoOnYobm6WzfZrqBNNZu
        v5X0RXiuyvYi/XlKygf89ErcSvYbRS/GXr0kv92W5hz/PZhKYqLVfaOOieklUfyI
        KpSLSPkvUJDI+r7M7XWq5a0rwdgJG8HRiqoKVCP+lCxdoWzTz4SAgFMYLACaz3B2
        OBhAubs5WALBznQ234sCLeUM4074xpt6Vsdv7ZMttBe2CknMjW69pXUBsDDlQM5g
        Bsg+uq8SJ7lXnf87S6U3+tazYv+UGCaXFoPWOzCxQJue+hauMEL6XbIlmCdYmeue
        pWJxPj1FIc0mkB/S4FGqZEhMskDc+6SwzZBTy5rf5ZlylTIF4SDaYVZ+R9+81PaG
        /vSV2ca6eNnP292QOOut81Jk3jnyHfPyK5ElYJOZRi9pn87ov7JVgYiLNr2HwkEa
        Y3/b0vgWpei9YrbdwG+FyM0/vnWTyL3Y1OTmp70h6sRc6ZQ5GHd5lT0mrXKI1WzX
        oS2H5JcmDL6qhv2C3YsGH+gv2vJXm5mmDChmrhmxNbOAlbkfK8C8qJuv/zOvMfr2
        DGnJ5iM5Y2m7aF3rSjYOGS1PFr842a7mGusVr3nJnHCmCyPMlmLPsmPdJ6Ds97rJ
        nh2uqQvMo1Ibnnkal4YGgKfDX6fk2+eNSVhnnG5z+jx3h5A5V6WKhhvBqXdpOQFj
        wbNiX2qeBdm4RvVpqnk3R1+uzFJuzANzLoWieinAhM7h3z/2QJ/zpDfV5lWgmuuW
        ygnOpwAJrBs44p0y8kPFdbgt7GzpfLurp2ca/vMQhaKjWP8JtGw+uzHPpb8Jci/d
        g0ImWOshEBtMMILKX4d0t6S5QGqVXs1/E/5F3S7hrecZPTQ7MXiSa2qjBdT1i1tm
        fh0D5+jB8t0MN85CoO6nqSyF4AWHOMce2jCSpYdX6LmBL+8gHcsvwUZV5TM1QKCq
        i95Knb+4/cOGGpUoeYunpur87fnZ5S65sbmC31TLY0/1dvuDUaJZZKWMzSYp/x5s
        OPwMzah75OV4K0sqqcOR3Wz+BfPtiTG1woWi1hYu5ctMnJBaZC8DkY1KMXr0+XNq
        4RTUEjBo1aGARC7+AtphAc0jxlcoT1tVCseRGfJOhma0ctRLqzYO7zMAw/yJBY56
        STWKv2ASwTIYn3AAO7rpBg775+K23PJntSyuWjjmgpn8
        -----END ENCRYPTED PRIVATE KEY-----
        """

    static let rsaEncryptedPKCS1 = """
        -----BEGIN RSA PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,20BBF8E5FEDE9F1E708CB78C901E1EB7

        oVYGQL1IDC4tm2c3UPHX0iyvWcXy6IUfIbarguh1onen0nZFklqbyhGu+TQ3D9S/
        hFsjneQPc1eirIMJixdjGLBclpVmx3KRfDuo5MSgp2HnNItbWG3dI+U5krWKTN7E
        IUSptheQxoivRe+per5Wvr4/mz0qgKP46+wRc3JuF99vlxjYaC0Ckg15L8khRTJa
        Tscwpc9UEs9KeocDh8ijgWrMVElEEkzXBsPOglKR7mPJiCN5UMDAmbqH6pEewa5t
        AOsI39T8lkECvrgaWpIgkSfZPLcLoNWq9i2ZGd659oXo5Ld6R4p0FcCV9zK3Hyjl
        ZB4523Mmj0fTIkwdCzaSUr9ogq+W03B1DjteNVcb8VEuVWP6lHgnpidtY2AcpLtY
        sTpgTSRkbl5+AJmrRXHWiMoDx29dF0BiNT0FZ/CWpFjwltNgxzDfcTsOsHuwmTX3
        nx1zNd5iAsr7o/JviVvihHN9XhvJ/c+TIVjiMQFTHRmHEx/dVKu7h6Htqqhlhk+F
        lhoJRlNOLTckU+VgoE5wEr1BvpzTz/8Dpre+IpqLfB0ssqtCJQ15qhrd5EPzgfeO
        LrPcfvihngAHgkbJrpb5gtUCI7k/Smj20Nk2yB15AQ3QqmZsvB1Wpwt7eN3RwyJ9
        0uDLU6ngpBtvWmJshGdd+O4wYdd6E+qcdV4CmZBjb33/qDWTR5yDs784/gXPNHOR
        iS/L4dm/wbYncI9cBJYiDcMAU9hLN2n2J9EjeGIv01dLQFc8rvGG77XJKm6+FxfH
        ATDtxTNtd5prWgv8jJyplvb5JivPRRJ9NCNTJZx9E6DbowaJxtHgyPXEvApUyXZ5
        QegeEACdmCGzB73dxckrCCdlcB3uYbcc7U5i88D1BaeuCwQGihIxlNH6ZTFCTGxA
        44xzSwmqPV3Ty94pDsdiTP26qA6HZ/FDS/ICQwiKW5XTBaZqGZIQX4PDVzXpAKDC
        6eLWjGJ1GKAlgAVPpfenoa2Q7xmOjjuASBWA8H0m8CGOPvW8MeIKJkXLkBgxKT/I
        9SeWPM0G2GcdlUwBEbUmtYOCAlT6PWOWBDHHs1KsoBnpPuSbORMspYvvq0v6+7Bw
        +HsBIJXdfFObUxjqrxSf6yUr1JXcRuwMesCyHxpjghk70uRSI6CBxWue+CdE6IX1
        8ZDtCOBy+EEEzCEUhw9pjIRrEB8gdqNXJO6m+neGMmLeUWJxCL0L5DjCSGt02+QK
        pjFHOb/U6HF3S9gVYYFIEGEJ+YTmDKlC7vvWfyPnaz/M2k2k4NasMhyrqbOhS4Gk
        BWSObrx9gkuBhVfHOQctDGSS3wIyF0wZqckwc4bZaIItg8PMEDboO7btEGFtRqpu
        WkwmdLbuyivDXqS91+3GWD71zdKDhvcf0rsOxhMwPaulthiYubEH6E2VxwMvfDrY
        5b4jjVPfbO5KtPOmvAFBnm4Fd35Hv3HXTCvzzNs4LOISnNcR2BnjJl3PaRG30Nbz
        SHNIujIvTMSLLmTSjfJ35mHOw3h1BSqW+1F7E9nlO8j0BQo7cFgcyX6rlm+9uYCD
        DiZpJzTp1mo4mYcDE1tYEmtHzAH1habLEytO9a7kJSiVmfBMoGMchz9DgnQPEaeY
        -----END RSA PRIVATE KEY-----
        """

    static let rsaPublic = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2W9ZAtHAVgJ9BXb5QOMx
        uQW0ecmeiyGCOEJbQhC8JbALT2eQjLW2c2iOPtDd6ndD+ycwrTRuUpIcLBG5hzgC
        3XUoUsuPN8Li/9jlmDwkF9NQvPEjiXdFbBNLUg4QfnEQRELR0ofnp+pzVL3KS0n8
        jhOKcsKKLd7fnrT0Fuikfp7BTdxvvpmgdJ24lgqPWX/CSp0mGIoIsRTTmP+TKR9f
        8fofaTQmXfXlxXcK4GbxQqRbj5QZLU05TbyPzKejfILdSImQGGIfWYHub05dhVBH
        Fl9xt0MGMR7FXgsSpsSpuBC0nR/chOBJaMnPKyRQY2/k2sblhkdT7PjF1xZwqYnN
        LQIDAQAB
        -----END PUBLIC KEY-----
        """

    static let rsaPSS = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADALBgkqhkiG9w0BAQoEggSpMIIEpQIBAAKCAQEA7yO69Ik8tkQ5elVr
        OBNSC8PXwG1nuTYQxfvVzBOi0Yu0RucShHAubGMc1hvRbXTd4J3B92a6VzXlEtZO
        7t8qNN9yn5KnuH3xe+oWwJMNC2/DBJkiASaHqH6LJKaeDqvX+v+5X7Xj/kEze3X7
        kBS0dX7aKyewKpKH5s7j6KAKDxUFHCiS+7geA6slJ2rOPKJ9/0+4gvIHiXAYBM4m
        v4w5gydTBDr4S3Ob546VKJggGtFMAkV2LZleR0pAkrRGdgwJ3vYsuTwlUmMhRjM0
        U9SHl7/ywj03HLV4VBdpxUY/SSjrnfhLhuP+2vsrsLydbai9kqdSEHdwxegWv+P3
        GvWGgwIDAQABAoIBAFJ0anEIpNNfwMXKkBacqsx9sXWbA4mb97qcM8KS/q/r0LQl
        1n+twoQCxJ2ap+Jqylo5avjoBdYuMhcFp9+7OO1UIkydH5GAc3Q7aa7qxTOtTHvY
        ZR4qb9oMD+QKQzNh0y2rYPp8V+mCB8NJEf1C9loQ7B63J4n2Tj+qFHFQRUefWCwc
        Mih3VCnC7HobddIN2MDqUQXk0aET93dkxtHjULL2vdppXLvlzXxQ7T5DwkFkINj0
        k14sVF2q0QRzUXk0H1tL6R93m/X28BogtnSFol/H/YxYFYG7rn5OkMvmlm0JZRst
        QTksH6MDZ7QhCywg6e6I4Av0Ny377Z325wVTN+kCgYEA+DItiF9nXgBnSqkQTfQC
        jjcKwY0hgWsnFaRjmTlRBK6ZTqF6Wjq6ZjKlpbfUPHr4Qc4IeMYNmYuMJNkVdYgg
        LKprxmDKllCdJlNJ1Lhbelsxdmq5bq7X0asgUUv5CPZpE2+YBpscJ/5hFg5LCVY9
        N/9LSe600O3YNJNefG4bQt0CgYEA9qinX8v1nOoovZq7tEcWeTdiAF9HBMbo4Ihz
        Lt0Q6Ka/MrgoqSdF963tNhjOqx0s7Y1emWJWjOSgbhhCLiY4K2GpJzGWnz8B5fSi
        vgUgIc4hGeDWRUawL3fpBh2ctwkaHJ/GTe8bfo0VZzgxQryG5zQNJEwsPhh9Dbwh
        6Mo26N8CgYEAlZdIskUuPA3qM6mqVhGX6LdsGDRD2YkHyZeHIDbXigbiB+5znCaB
        ak9kX3loxfsn3iGcIY7da4ocMalVsb0WB1XAF5UHBYoY7ZyNh1SGbjzAlyrEEN34
        3jpSBC3SL4C03C4KZxDd64z6XxzGRR5hT3rjme/xs2tnQGkCLeT/MVECgYEA0HJG
        wBZFQo5AT7tr1TYeL+I118qs4cSXGOk3Let0VqhT/DDVa93cqys4w/bC8Kh/R2Gp
        CEaqjfbH/UJS610xKrglkxG9EGbW29aZkawTM35XSt9PNMxAKF1Vd+2eerAeeQIt
        O79NpOzloY1DU/qupsS+NmaJHRDk3a6XmXsKXFECgYEAyadnpZA/RjOyGvmdHEVp
        LbryrNBI9UuQcOZM4HNC/jqwlmTKS8c6yrOkJdX3RSgW9VTRPLkivHr1f+y2jJ8s
        TgD9MxD+idwb+IMJstugmELfr1TXXwU7N2DtAias4FuMpWGt2fA7igWhsfeSAr01
        u0AgiBiILPwyJUld3WvpQ2E=
        -----END PRIVATE KEY-----
        """

    /// RFC 8017 calls this version 1; we refuse it.
    static let rsaThreePrimes = """
        -----BEGIN PRIVATE KEY-----
        MIIE8wIBADANBgkqhkiG9w0BAQEFAASCBN0wggTZAgEBAoIBAQCnwvJXBxFcQolD
        FWfgQ1UQLor4Lzi9+BQ6N8eUS7eqZLggxfcUSA5EfNMGNLXLuYRYN4g/6g/7dtlA
        pBlaPpX/FhL/M6GNp3MrLSOs49PbBF6pUDfyccBREpGgKbyp84yH4ysWgW8GQ1wT
        As38NwuDU+5JMoaIziFprWkaL/KsA7p1auXNKKwx850ByOdYg2pItpY5g6q213pd
        0ystQYl6auyXMM1KotAiZXwUv0WUz+8weZIEGY7El8xKzmcpbU5mNoWwm2iOnc/y
        dhFQ+UHIa8rg5WRX8suaZuOU9rk6OwO++fTYP57dst3KGt1oZrk7cjJWJLltX2sr
        aeSVMou5AgMBAAECggEAd914nen044C+5mmjAL/bRWab8Nx8pG9etIIqXbEEGAFC
        9le8RId/ejvd429B/cAd6ZI0DcbFiJzQeblGTA6vycUR6boQUlA0n8Lu3JckRjcH
        E963OoUXlvvKP7hDcpvn8crusjx0pBgu8hgz4GMghFh51rTwwedtWK5TtUi6IO1p
        WQzAPlfkcYvjdCLxgUE6Idht3LX6SBdkNtFvg5EzmZc8V+SCoy8gyOE+ymxj5Dwf
        XPGumBXEjIeFbIqqYiAAptHyZp9Z2SkTeHfQVaLY4R898LE+A0bmiFcqvLM9kBBz
        lnLK9Xh5yhPz41s3Yz3sgrcdPRnIdmhfiV0I3hvBQQJWB3L62VpuXXF+bPvs8n8A
        ThJ74O/LULQd+HHpJ+z7O6Il62P7EwQvH9TVzR5rWy/18wltZraL9bJuyOIulHaL
        W0CjX1FxEPQZaInNnO/S69Zro8glGKkCVgYTcd1HugE/9Mf3IOFLkIY3ziobBhRX
        jZA1JxYX4c92iNo8xkDOl23BTbTt1gnizq+x9ejKgj7T4rla9Fou2Bk9XdWy7SB6
        Pwm4rOXDJOMbwMr1nbhTAlYFd1ciBdz0zuKh4J+4Nn+nyqKCphQAzZssg5I/DQQy
        d0LyH3TPOIPIDOsy0H6g9Gm7hRB1jcDYc64d1POvV+nc9Wqs+FtKwISglHaAEfAp
        xTdJgQXPuQJWAL2uTQXKMQzTlO8WG2NTpIp5objZ7PEgWk2hDpiq+NnDpplys8R9
        wuynxUCbsWjvO43AJztK1s6P/3qQAc9kmu9Y2g6PzD4cIdtbeklp3igsQpPhP/EC
        VgGt4ByCpi3GxOcWQ42gO6sfEypjwY4hMGqtt8WGYWCnM7NnPJBlJw31fRAFzlqc
        JDVskAUAyVmvQ69PU1Lqcj15sOcQ6XuiP/iwmuUJFj0FqxdPJgQ8MIIBDDCCAQgC
        VgO04WdVxoCe63EQzSAIanHA5apwm/EcJiNY/R34Q57GD4MRHiCXT5ZaLdFTKosn
        8j+TKkrNW418Eq1G+ZBlY8Twzp4LpxY9XTt9AMblUhIYEXCzBDMLAlYDPSDgnLDx
        Xuw4RggXf4MTlwyYHAIHcyNYK8AxWegsasDPNDvxGoZuyKnUiSlZozQonT2NU1g2
        jz36r1QO+qltQ0YoD+KWqlQ3UQlGwscuDF3g7mwy9QJWATyOn9og2b053769ACIu
        ZqgDGj3athVcgUali0rnVLdLUw8IWxv00taUuooTSLmRUFjwS9dCuMAes1UuisSX
        Z1ZWPoQQHBvWjhJUnL55MlhnW/mXsg4=
        -----END PRIVATE KEY-----
        """

    static let p256PKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBRdR6D2V/VwobDi+
        fYYb8QEg2aSZNWvICaWP8ZBZvhGhRANCAARdXup2LWVVbUpOPO4SqsW+y4G/G2KS
        GbeFtDNZy00r+P1AWx3/H+kZSvKQ3hpxU8aOAjNgMmSHJQ1+PQgRF0Ae
        -----END PRIVATE KEY-----
        """

    static let p256SEC1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIAUXUeg9lf1cKGw4vn2GG/EBINmkmTVryAmlj/GQWb4RoAoGCCqGSM49
        AwEHoUQDQgAEXV7qdi1lVW1KTjzuEqrFvsuBvxtikhm3hbQzWctNK/j9QFsd/x/p
        GUrykN4acVPGjgIzYDJkhyUNfj0IERdAHg==
        -----END EC PRIVATE KEY-----
        """

    static let p384PKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAyQJ4MCqHEO37R4j3p
        P2mek/tYISKmctoZ/XJwy5aXE+4Y4vQcOOXD/XIUvq0yCdyhZANiAATjP+zCfizy
        38fvFDdV+VSgb+TXqC9Jok6/DvGocKE2IEXWSRQ0W/JL59b0HfZHMGRpdnup6qYa
        u3en8Pj6P8ZapwA/8zoOBIvN25PrYAwB6NXSfMJSfeU72e1qauoRHWE=
        -----END PRIVATE KEY-----
        """

    static let p384SEC1 = """
        -----BEGIN EC PRIVATE KEY-----
        MIGkAgEBBDAyQJ4MCqHEO37R4j3pP2mek/tYISKmctoZ/XJwy5aXE+4Y4vQcOOXD
        /XIUvq0yCdygBwYFK4EEACKhZANiAATjP+zCfizy38fvFDdV+VSgb+TXqC9Jok6/
        DvGocKE2IEXWSRQ0W/JL59b0HfZHMGRpdnup6qYau3en8Pj6P8ZapwA/8zoOBIvN
        25PrYAwB6NXSfMJSfeU72e1qauoRHWE=
        -----END EC PRIVATE KEY-----
        """

    static let p521PKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBlJ23ARUxpicvW/9L
        XnXNL9Tg9ht5qamnKR0MXXCZx2euDZ9ngZ+0Fb1z+b7Rdny5RwMLwqWgELxUBAt4
        CfYX6EGhgYkDgYYABAA9XEg4gps6+TjbPTs1zB77/yOr2lTZOYqUZ/AwXCJqxwGF
        0Sg7ZzD6R0VLDtMRveuzHRG1iiAutXCv9Ve6/PgrUwDgWCerswLlSLDZkd+SkfOg
        IvsCxpqbE4oMXrvoECOQ1fuSyIJubp5q3wenTGjk3wBa27b29ehv3SHGiwh9CMTX
        Aw==
        -----END PRIVATE KEY-----
        """

    static let p521SEC1 = """
        -----BEGIN EC PRIVATE KEY-----
        MIHcAgEBBEIBlJ23ARUxpicvW/9LXnXNL9Tg9ht5qamnKR0MXXCZx2euDZ9ngZ+0
        Fb1z+b7Rdny5RwMLwqWgELxUBAt4CfYX6EGgBwYFK4EEACOhgYkDgYYABAA9XEg4
        gps6+TjbPTs1zB77/yOr2lTZOYqUZ/AwXCJqxwGF0Sg7ZzD6R0VLDtMRveuzHRG1
        iiAutXCv9Ve6/PgrUwDgWCerswLlSLDZkd+SkfOgIvsCxpqbE4oMXrvoECOQ1fuS
        yIJubp5q3wenTGjk3wBa27b29ehv3SHGiwh9CMTXAw==
        -----END EC PRIVATE KEY-----
        """

    static let secp256k1PKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQg+jWbprQFnY8Xj/q0rEm2
        JLAV3p+2NqKDOW6NZIzkT/6hRANCAARd18iJGgmnFcS1S8v7W1U6mUegEBCAFet3
        Ht33xYcIKL544xdul/OgOqBWZwVp57hcrtwJm/f3ketUwatfTECn
        -----END PRIVATE KEY-----
        """

    static let secp256k1SEC1 = """
        -----BEGIN EC PRIVATE KEY-----
        MHQCAQEEIPo1m6a0BZ2PF4/6tKxJtiSwFd6ftjaigzlujWSM5E/+oAcGBSuBBAAK
        oUQDQgAEXdfIiRoJpxXEtUvL+1tVOplHoBAQgBXrdx7d98WHCCi+eOMXbpfzoDqg
        VmcFaee4XK7cCZv395HrVMGrX0xApw==
        -----END EC PRIVATE KEY-----
        """

    /// What `openssl ecparam -genkey` writes: the parameters come first.
    static let p256WithParameters = """
        -----BEGIN EC PARAMETERS-----
        BggqhkjOPQMBBw==
        -----END EC PARAMETERS-----
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIN+qPM0J4jsYVwp2TgKStCbY05a+O96Rq3G1AVrlMsXQoAoGCCqGSM49
        AwEHoUQDQgAEIZUxVpEXy8bOcTvRRYLyAEBAVwaheFHyfE//Mo8ezUlXKGt66Apm
        eDIVR6ij4Xh1+9SHHFPSacZuTE80t5NZIw==
        -----END EC PRIVATE KEY-----
        """

    static let p256Explicit = """
        -----BEGIN EC PRIVATE KEY-----
        MIIBaAIBAQQgSAU+u1qDOzwBRMgZ96Jp6iWYNbQZKk9bsEMTT/E1x/aggfowgfcC
        AQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////
        MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57Pr
        vVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEE
        axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W
        K84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8
        YyVRAgEBoUQDQgAEDuqr7PHXyK/HLAinFqa7tX+sce97zijj+E6l/6LpLYK3Qclq
        u15zCUcyO1/NEy8fzhJj+JsDzCc75b1+u5Lvqw==
        -----END EC PRIVATE KEY-----
        """

    static let p256Compressed = """
        -----BEGIN EC PRIVATE KEY-----
        MFcCAQEEIAUXUeg9lf1cKGw4vn2GG/EBINmkmTVryAmlj/GQWb4RoAoGCCqGSM49
        AwEHoSQDIgACXV7qdi1lVW1KTjzuEqrFvsuBvxtikhm3hbQzWctNK/g=
        -----END EC PRIVATE KEY-----
        """

    static let p256NoPublic = """
        -----BEGIN EC PRIVATE KEY-----
        MDECAQEEIAUXUeg9lf1cKGw4vn2GG/EBINmkmTVryAmlj/GQWb4RoAoGCCqGSM49
        AwEH
        -----END EC PRIVATE KEY-----
        """

    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIBG75pdJV0/dnv4uMYppTNSYs3kbf1TzOVfcavf3GWZN
        -----END PRIVATE KEY-----
        """

    static let ed448 = """
        -----BEGIN PRIVATE KEY-----
        MEcCAQAwBQYDK2VxBDsEOTjA9Z0mkCWT23nHzyS3fH6cRZHE3aXshZLcKgprhNga
        MTM9TiC/rWAiSK+t0JEtem3AuQIDZaFNdg==
        -----END PRIVATE KEY-----
        """

    static let x25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VuBCIEIJgPMLOcIQ+IpoWop/7aJIZJrbv3fAYGpP0F0XRqVsBX
        -----END PRIVATE KEY-----
        """

    /// `ed25519` in the form of RFC 5958, with its public key.
    static let ed25519Version2 = """
        -----BEGIN PRIVATE KEY-----
        MFECAQEwBQYDK2VwBCIEIBG75pdJV0/dnv4uMYppTNSYs3kbf1TzOVfcavf3GWZN
        gSEA0hnuu0KP/nVwpp4wXBS5UxTvB1DxNph+q1cqJ2iJVbw=
        -----END PRIVATE KEY-----
        """

    /// The scalar of `p256SEC1` with the point of another key.
    static let p256WrongPoint = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIAUXUeg9lf1cKGw4vn2GG/EBINmkmTVryAmlj/GQWb4RoAoGCCqGSM49
        AwEHoUQDQgAEIZUxVpEXy8bOcTvRRYLyAEBAVwaheFHyfE//Mo8ezUlXKGt66Apm
        eDIVR6ij4Xh1+9SHHFPSacZuTE80t5NZIw==
        -----END EC PRIVATE KEY-----
        """
}
