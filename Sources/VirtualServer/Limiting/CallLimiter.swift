// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Authentication
package import Logging
package import MCPTypes
package import NIOCore

/// Admits requests as often as `CallLimits` say, for all edges of one process.
///
/// A request counts under every limit that it falls under, or, when one of them has no token left, under none. A
/// caller's own limits are asked first: whoever is over them uses up nothing that is there for everybody.
package final class CallLimiter: Sendable {
    private let now: @Sendable () -> NIODeadline
    private let logger: Logger
    /// Under which all requests fall.
    private let general: [CallLimit]
    /// Under which calls of single tools fall, with the general ones.
    private let tools: [String: [CallLimit]]

    package init(_ limits: CallLimits, now: @escaping @Sendable () -> NIODeadline = { .now() }, logger: Logger) {
        self.now = now
        self.logger = logger
        func perUser(_ rate: CallRate?, _ tool: String?) -> CallLimit? {
            rate.map { CallLimit($0, UserCallBuckets($0, maximum: limits.maximumUsers), isPerUser: true, tool: tool) }
        }
        func shared(_ rate: CallRate?, _ tool: String?) -> CallLimit? {
            rate.map { CallLimit($0, SharedCallBucket($0), isPerUser: false, tool: tool) }
        }
        let own = perUser(limits.perUser, nil)
        let all = shared(limits.shared, nil)
        general = [own, all].compactMap { $0 }
        var tools: [String: [CallLimit]] = [:]
        for (name, limit) in limits.tools {
            tools[name] = [perUser(limit.perUser, name), own, shared(limit.shared, name), all].compactMap { $0 }
        }
        self.tools = tools
    }

    /// The tools that have limits of their own.
    var toolNames: [String] { tools.keys.sorted() }

    /// Counts a request.
    ///
    /// - Parameter tool: the name of the tool that it calls, as clients know it.
    /// - Throws: when it is one too many.
    package func admit(_ principal: Principal, tool: String?) throws(RequestError) {
        let limits = tool.flatMap { tools[$0] } ?? general
        guard !limits.isEmpty else { return }
        let time = now()
        for (index, limit) in limits.enumerated() {
            guard let wait = limit.buckets.take(for: principal, at: time) else { continue }
            for passed in limits[..<index] { passed.buckets.giveBack(to: principal) }
            report(limit, principal, time)
            throw limit.refusal(wait: wait)
        }
    }

    private func report(_ limit: CallLimit, _ principal: Principal, _ time: NIODeadline) {
        guard let count = limit.refusals.add(at: time) else { return }
        var metadata: Logger.Metadata = ["limit": "\(limit.key)", "refused": "\(count)"]
        if let tool = limit.tool { metadata["tool"] = "\(tool.bounded(to: 128))" }
        if limit.isPerUser { metadata["user"] = "\(principal.subject.bounded(to: 128))" }
        logger.warning("Refused requests beyond a rate limit", metadata: metadata)
    }
}

/// One limit, and what is counted under it.
private final class CallLimit: Sendable {
    let rate: CallRate
    let buckets: any CallBuckets
    let isPerUser: Bool
    let tool: String?
    let refusals = RefusalCount()

    init(_ rate: CallRate, _ buckets: any CallBuckets, isPerUser: Bool, tool: String?) {
        self.rate = rate
        self.buckets = buckets
        self.isPerUser = isPerUser
        self.tool = tool
    }

    /// As the configuration calls it.
    var key: String { (tool == nil ? "" : "tools.") + (isPerUser ? "perUser" : "shared") }

    func refusal(wait: Int) -> RequestError {
        let what = tool.map { "calls of \"\($0.bounded(to: 128))\"" } ?? "requests"
        let whose = isPerUser ? "of one user" : "of all callers together"
        return .rateLimited("Rate limit exceeded: too many \(what) \(whose)", limit: key, retryAfter: wait)
    }
}
