// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Finds the backend for a URI: the one that lists it, else the one with the best matching template, else the only one
/// that lists anything with its scheme.
///
/// Results contain URIs that no list has, and clients read them; the last two steps keep those readable.
struct ResourceRouter: Sendable {
    /// What one backend's templates may cost while one URI is looked up, in byte steps.
    ///
    /// It bounds a hostile backend, and only that backend's templates go unmatched.
    static let stepsPerBackend = 2_000_000
    /// Longer URIs are found by their exact spelling or scheme only.
    static let maximumMatchedLength = 8192
    private static let maximumSchemeLength = 64

    private enum SchemeClaim {
        case only(String)
        case several
    }

    private struct Matcher {
        let template: URITemplate
        let backend: String
    }

    private let owners: [ExactText: String]
    private let templateOwners: [ExactText: String]
    /// Most literal bytes first, then by backend, then by text.
    private let matchers: [Matcher]
    private let schemes: [String: SchemeClaim]

    init(resources: ResourceOwnership, templates: ResourceOwnership, log: inout WarningLog) {
        owners = resources.owners
        templateOwners = templates.owners
        var schemes: [String: SchemeClaim] = [:]
        func claim(_ uri: String, by backend: String) {
            guard let scheme = Self.scheme(of: uri) else { return }
            switch schemes[scheme] {
            case nil: schemes[scheme] = .only(backend)
            case .only(let other) where ExactText(other) != ExactText(backend): schemes[scheme] = .several
            default: break
            }
        }
        for (uri, backend) in resources.claims { claim(uri, by: backend) }
        var parsed: [(rank: (Int, ExactText, ExactText), matcher: Matcher)] = []
        for item in templates.items {
            do throws(URITemplate.Invalid) {
                let template = try URITemplate(item.key)
                let rank = (-template.literalLength, ExactText(item.backend), ExactText(item.key))
                parsed.append((rank, Matcher(template: template, backend: item.backend)))
            } catch {
                log.add(
                    .invalidTemplate, backend: item.backend, item: item.key,
                    "the template is listed, and no URI is matched against it: \(error.sentence)")
            }
        }
        for (template, backend) in templates.claims { claim(template, by: backend) }
        matchers = parsed.sorted { $0.rank < $1.rank }.map(\.matcher)
        self.schemes = schemes
    }

    func route(uri: String) -> ResourceRoute? {
        if let backend = owners[ExactText(uri)] { return ResourceRoute(backend: backend) }
        if let backend = templateMatch(uri) { return ResourceRoute(backend: backend) }
        guard let scheme = Self.scheme(of: uri), case .only(let backend) = schemes[scheme] else { return nil }
        return ResourceRoute(backend: backend)
    }

    func route(template: String) -> ResourceRoute? {
        templateOwners[ExactText(template)].map(ResourceRoute.init)
    }

    private func templateMatch(_ uri: String) -> String? {
        guard !matchers.isEmpty, uri.utf8.count <= Self.maximumMatchedLength else { return nil }
        let bytes = Array(uri.utf8)
        var steps: [String: Int] = [:]
        for matcher in matchers where matcher.template.mayMatch(bytes) {
            if matcher.template.matches(bytes, steps: &steps[matcher.backend, default: Self.stepsPerBackend]) {
                return matcher.backend
            }
        }
        return nil
    }

    /// The scheme in lower case (RFC 3986 section 3.1), nil when the text does not begin with one.
    static func scheme(of uri: String) -> String? {
        let colon = uri.utf8.prefix(maximumSchemeLength + 1).firstIndex(of: UInt8(ascii: ":"))
        guard let colon, colon != uri.startIndex else { return nil }
        let scheme = uri.utf8[..<colon]
        for (offset, byte) in scheme.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                if offset == 0 { return nil }
            default: return nil
            }
        }
        return String(uri[..<colon]).lowercased()
    }
}
