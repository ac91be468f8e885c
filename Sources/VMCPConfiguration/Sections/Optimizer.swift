// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// Tool search instead of the whole tool list.
    package struct Optimizer: Sendable, Hashable {
        /// The base URL of the service that embeds texts; absent means keyword search only.
        package let embeddingService: String?
        package let embeddingServiceTimeout: Duration
        package let embeddingProvider: Provider
        package let embeddingModel: String?
        package let embeddingHeaders: [String: Secret]
        package let maxToolsToReturn: Int
        /// How much meaning counts against keywords, from 0 to 1.
        package let hybridSearchSemanticRatio: Double
        /// From 0 to 2.
        package let semanticDistanceThreshold: Double

        package enum Provider: String, Sendable, Hashable, CaseIterable {
            case tei
            case openai
        }
    }

    /// A tool that runs scripts over other tools.
    package struct CodeMode: Sendable, Hashable {
        package let isEnabled: Bool
        package let stepLimit: Int
        package let parallelMaxConcurrency: Int
        package let toolCallTimeout: Duration
    }
}

extension Configuration.Optimizer: Section {
    static let summary = "Tool search instead of the whole tool list; its presence turns it on."

    private enum Keys {
        static let embeddingService = Key<String>(
            "embeddingService", .string, "The base URL of the service that embeds texts.")
        static let embeddingServiceTimeout = DefaultKey<Duration>(
            "embeddingServiceTimeout", .nonNegativeDuration, default: .seconds(30), "How long it may take.")
        static let embeddingProvider = Key<Provider>("embeddingProvider", .nameOrEmpty, "What it speaks.")
        static let embeddingModel = Key<String>("embeddingModel", .string, "The model; required for openai.")
        static let embeddingHeaders = DefaultKey<[String: String]>(
            "embeddingHeaders", .stringMap, default: [:], "Further request headers; only for openai.")
        static let maxToolsToReturn = DefaultKey<Int>(
            "maxToolsToReturn", .integer(0...50), default: 8, "How many tools a search finds; 0 means 8.")
        static let hybridSearchSemanticRatio = DefaultKey<String>(
            "hybridSearchSemanticRatio", .numericString, default: "0.5",
            "How much meaning counts against keywords, from 0 to 1.")
        static let semanticDistanceThreshold = DefaultKey<String>(
            "semanticDistanceThreshold", .numericString, default: "1.0", "How far a meaning may be, from 0 to 2.")
    }

    static let keys: [any SectionKey] = [
        Keys.embeddingService, Keys.embeddingServiceTimeout, Keys.embeddingProvider, Keys.embeddingModel,
        Keys.embeddingHeaders, Keys.maxToolsToReturn, Keys.hybridSearchSemanticRatio, Keys.semanticDistanceThreshold,
    ]

    init(reading section: SectionReader) {
        embeddingService = section.url(Keys.embeddingService)?.text
        embeddingServiceTimeout = section[Keys.embeddingServiceTimeout].orWhenZero(.seconds(30))
        embeddingProvider = section[Keys.embeddingProvider] ?? .tei
        embeddingModel = section[Keys.embeddingModel].nonEmpty
        let headers = section[Keys.embeddingHeaders]
        embeddingHeaders = headers.mapValues(Secret.init)
        maxToolsToReturn = section[Keys.maxToolsToReturn].orWhenZero(8)
        hybridSearchSemanticRatio = section.number(Keys.hybridSearchSemanticRatio, 0...1, 0.5)
        semanticDistanceThreshold = section.number(Keys.semanticDistanceThreshold, 0...2, 1)
        if embeddingProvider == .openai {
            if section[Keys.embeddingService].nonEmpty == nil {
                section.missing("embeddingService", "embeddingProvider: openai needs the address of the service")
            }
            if embeddingModel == nil { section.missing("embeddingModel", "embeddingProvider: openai needs a model") }
        } else if !headers.isEmpty {
            section.refuse(Keys.embeddingHeaders, "are only for embeddingProvider: openai; remove them")
        }
        let places = section.at(Keys.embeddingHeaders).children
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            let isReserved = ["authorization", "content-type"].contains(name.lowercased())
            let problem =
                isReserved ? "\(quoted(name)) is set by this program; remove it" : HeaderRules.nameProblem(name)
            if let problem = problem ?? HeaderRules.valueProblem(value) {
                places[name]?.refuse(problem)
            }
        }
    }
}

extension SectionReader {
    /// A number that is written as a text.
    fileprivate func number(_ key: DefaultKey<String>, _ range: ClosedRange<Double>, _ fallback: Double) -> Double {
        guard let text = Optional(self[key]).nonEmpty else { return fallback }
        if let value = Double(text), range.contains(value) { return value }
        refuse(
            key, "\(quoted(text)) is not a number from \(Int(range.lowerBound)) to \(Int(range.upperBound)); write one")
        return fallback
    }
}

extension Configuration.CodeMode: Section {
    static let summary = "A tool that runs scripts over other tools."

    private enum Keys {
        static let enabled = DefaultKey<Bool>("enabled", .boolean, default: false, "Whether the tool is there.")
        static let stepLimit = DefaultKey<Int>(
            "stepLimit", .integer(), default: 100_000, "How many steps a script may take; 0 means the default.")
        static let parallelMaxConcurrency = DefaultKey<Int>(
            "parallelMaxConcurrency", .integer(), default: 10, "How many calls run at once; 0 means the default.")
        static let toolCallTimeout = DefaultKey<Duration>(
            "toolCallTimeout", .duration(), default: .seconds(30), "How long one call may take; 0 means the default.")
    }

    static let keys: [any SectionKey] = [
        Keys.enabled, Keys.stepLimit, Keys.parallelMaxConcurrency, Keys.toolCallTimeout,
    ]

    init(reading section: SectionReader) {
        isEnabled = section[Keys.enabled]
        let steps = section[Keys.stepLimit]
        let parallel = section[Keys.parallelMaxConcurrency]
        let timeout = section[Keys.toolCallTimeout]
        stepLimit = steps > 0 ? steps : Keys.stepLimit.fallback
        parallelMaxConcurrency = parallel > 0 ? parallel : Keys.parallelMaxConcurrency.fallback
        toolCallTimeout = timeout > .zero ? timeout : Keys.toolCallTimeout.fallback
    }
}
