// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Where browsers come to: authorize, consent and callback share cookies, so they need one origin.
struct CallbackRules {
    let issuer: String
    /// As written.
    let baseURL: HTTPURL?
    let upstreams: [AuthServerRunConfig.Upstream]
    let section: SectionReader

    private typealias Keys = AuthServerRunConfig.Keys

    /// The base of the authorization endpoint; what is wrong is reported.
    func authorizationBase() -> String {
        guard let issuerURL = try? HTTPURL(parsing: issuer) else { return baseURL?.text ?? issuer }
        let callbacks = upstreams.indices.compactMap { index -> (index: Int, url: HTTPURL)? in
            (try? HTTPURL(parsing: upstreams[index].client.redirectURI)).map { (index, $0) }
        }
        if let baseURL {
            for (index, url) in callbacks where url.origin != baseURL.origin {
                place(index).refuse(
                    "is not on \(baseURL.origin), where browsers reach the authorization endpoint; write "
                        + "\(baseURL.text)\(AuthServerRunConfig.callbackPath)")
            }
            return baseURL.text
        }
        guard let other = callbacks.first(where: { $0.url.origin != issuerURL.origin }) else { return issuer }
        if let stranger = callbacks.first(where: { $0.url.origin != callbacks[0].url.origin }) {
            place(stranger.index).refuse(
                "is on another origin than \(callbacks[0].url.origin) of the first upstream, and the cookie of a "
                    + "sign-in reaches one only; use one origin for all")
            return issuer
        }
        let path = AuthServerRunConfig.callbackPath
        guard other.url.text.hasSuffix(path) else {
            place(other.index).refuse(
                "is on another origin than the issuer and does not end in \(path); write "
                    + "authorization_endpoint_base_url")
            return issuer
        }
        let base = String(other.url.text.dropLast(path.count))
        place(other.index).warn(
            "is on another origin than the issuer, so browsers are sent to \(base)/oauth/authorize; write "
                + "authorization_endpoint_base_url if that is meant")
        return base
    }

    private func place(_ index: Int) -> Place {
        section.at(Keys.upstreams).entry(index).entry(upstreams[index].block).entry("redirect_uri")
    }
}
