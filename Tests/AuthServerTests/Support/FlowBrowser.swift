// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

@testable import AuthServer

/// Keeps cookies and asks for HTML, as a person's browser does.
final class FlowBrowser: Sendable {
    private let cookies = Mutex<[String: String]>([:])
    let isPerson: Bool

    init(isPerson: Bool = true) { self.isPerson = isPerson }

    var jar: [String: String] {
        get { cookies.withLock { $0 } }
        set { cookies.withLock { $0 = newValue } }
    }

    func copy() -> FlowBrowser {
        let copy = FlowBrowser(isPerson: isPerson)
        copy.jar = jar
        return copy
    }

    func absorb(_ response: AuthResponse) {
        for cookie in response.sentCookies {
            cookies.withLock { $0[cookie.name] = cookie.attributes.contains("Max-Age=0") ? nil : cookie.value }
        }
    }

    func request(_ method: String, _ path: String, _ headers: [(name: String, value: String)]) -> AuthRequest {
        var headers = headers
        headers.append(("accept", isPerson ? "text/html,application/xhtml+xml;q=0.9" : "application/json"))
        let jar = jar
        if !jar.isEmpty { headers.append(("cookie", jar.map { "\($0)=\($1)" }.sorted().joined(separator: "; "))) }
        return AuthRequest(method: method, path: path, headers: headers, clientAddress: "192.0.2.7")
    }
}

struct FlowCookie: Equatable {
    var name: String
    var value: String
    var attributes: Set<String>
}

extension AuthResponse {
    var sentCookies: [FlowCookie] {
        headers("set-cookie").map { text in
            let parts = text.components(separatedBy: "; ")
            let pair = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return FlowCookie(
                name: String(pair[0]), value: pair.count > 1 ? String(pair[1]) : "", attributes: Set(parts.dropFirst()))
        }
    }

    var redirectTarget: URLComponents? { header("location").flatMap { URLComponents(string: $0) } }
    var answerText: String { String(decoding: body, as: UTF8.self) }
    /// The error code, wherever it is told.
    var toldError: String? {
        if let error = redirectTarget?.queryValue("error") { return error }
        let text = answerText
        guard let start = text.range(of: #""error":""#)?.upperBound else { return nil }
        return text[start...].firstIndex(of: "\"").map { String(text[start..<$0]) }
    }
}

extension URLComponents {
    func queryValue(_ name: String) -> String? { queryItems?.first { $0.name == name }?.value }
    /// Without query.
    var withoutQuery: String { "\(scheme ?? ""):\(host.map { "//\($0)" } ?? "")\(port.map { ":\($0)" } ?? "")\(path)" }
}
