// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// What the URLs in the settings of the authorization server may be.
enum AuthServerURLRules {
    /// Why a text is no issuer (RFC 8414 section 2, and no trailing slash); nil when it is one.
    ///
    /// Issuers are compared letter by letter everywhere, so nothing is normalised here.
    static func issuerProblem(
        _ text: String, allowsHTTP: Bool, allowsLoopbackHTTP: Bool = true, allowsTrailingSlash: Bool = false
    ) -> String? {
        let url: HTTPURL
        do throws(HTTPURL.Malformed) {
            url = try HTTPURL(parsing: text)
        } catch {
            return error.message
        }
        if text.contains("?") { return "\(quoted(text)) has a query; an issuer has none, remove the part from ? on" }
        if !allowsTrailingSlash, text.hasSuffix("/") {
            return "\(quoted(text)) ends with a slash; write \(quoted(String(text.dropLast())))"
        }
        return httpProblem(url, allowsHTTP: allowsHTTP || (allowsLoopbackHTTP && url.isLoopback))
    }

    /// Why an endpoint must not be used: it sends secrets in the clear.
    static func endpointProblem(_ url: HTTPURL, allowsHTTP: Bool) -> String? {
        httpProblem(url, allowsHTTP: allowsHTTP || url.isLoopback)
    }

    private static func httpProblem(_ url: HTTPURL, allowsHTTP: Bool) -> String? {
        guard !url.isSecure, !allowsHTTP else { return nil }
        return "\(quoted(url.text)) is not https; use https, or set insecure_allow_http: true for a test"
    }

    /// Why a text cannot be the value of `resource` (RFC 8707 section 2); nil when it can.
    static func audienceProblem(_ text: String) -> String? {
        if text.isEmpty { return "is empty; write the URL of the resource" }
        do throws(HTTPURL.Malformed) {
            _ = try HTTPURL(parsing: text)
            return nil
        } catch {
            return error.message
        }
    }

    /// Two spellings of one resource have the same canonical form: scheme and host in lower case, no default port, and
    /// one trailing slash less. The text itself when it is no URL.
    static func canonicalResource(_ text: String) -> String {
        guard let url = try? HTTPURL(parsing: text) else { return text }
        let target = url.target.hasSuffix("/") ? String(url.target.dropLast()) : url.target
        return url.origin + target
    }
}

/// What a scope may be.
enum ScopeRules {
    /// Why a text is no scope token (RFC 6749 section 3.3); nil when it is one.
    static func problem(_ scope: String) -> String? {
        if scope.isEmpty { return "is empty; write a scope" }
        let isToken = scope.unicodeScalars.allSatisfy {
            (0x21...0x7E).contains($0.value) && $0 != "\"" && $0 != "\\"
        }
        return isToken
            ? nil
            : "\(quoted(scope)) is not one scope; write each scope as an item of its own, without spaces and quotes"
    }
}

extension ValueType where Value == [String] {
    /// A list of OAuth scopes.
    static var scopes: ValueType { list(of: .string.checked(ScopeRules.problem), nulls: .skipped) }
}

extension ValueType {
    /// The same, where an empty text means that the key is absent, as it does for a program that writes every key.
    var orEmpty: ValueType {
        let read = read
        return ValueType(
            schema: schema, spell: spell, placeholder: placeholder,
            read: { place in
                if case .scalar(let scalar) = place.node.content, scalar.text.isEmpty { return nil }
                return read(place)
            })
    }
}
