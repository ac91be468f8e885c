// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import VMCPConfiguration
import VirtualServer

extension CallLimits {
    init(_ limits: Configuration.RateLimiting) {
        self.init()
        shared = limits.shared.map { CallRate($0) }
        perUser = limits.perUser.map { CallRate($0) }
        for tool in limits.tools {
            tools[tool.name] = Tool(
                shared: tool.shared.map { CallRate($0) }, perUser: tool.perUser.map { CallRate($0) })
        }
    }
}

extension CallRate {
    fileprivate init(_ bucket: Configuration.RateLimiting.Bucket) {
        self.init(calls: bucket.maxTokens, period: TimeAmount(bucket.refillPeriod))
    }
}
