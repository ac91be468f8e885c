// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Observability

extension Configuration {
    /// Traces and metrics.
    package struct Telemetry: Sendable, Hashable {
        /// `host:port` or a URL of an OTLP/HTTP collector.
        package let endpoint: String?
        package let serviceName: String
        package let serviceVersion: String?
        package let tracingEnabled: Bool
        package let metricsEnabled: Bool
        /// The share of traces that is kept, from 0 to 1.
        package let samplingRate: Double
        /// Sent to the collector.
        package let headers: [String: Secret]
        /// Whether the collector is reached without TLS.
        package let isInsecure: Bool
        /// Whether `/metrics` answers on the main port.
        package let enablePrometheusMetricsPath: Bool
        /// Each becomes an attribute of every span.
        package let environmentVariables: [String]
        package let customAttributes: [String: String]
        package let useLegacyAttributes: Bool
        package let caCertPath: String?
    }
}

extension Configuration.Telemetry: Section {
    static let summary = "Traces and metrics."

    private enum Keys {
        static let endpoint = Key<String>("endpoint", .string, "host:port or URL of an OTLP/HTTP collector.")
        static let serviceName = Key<String>(
            "serviceName", .nonEmptyString, required: true, "What the server calls itself there.")
        static let serviceVersion = Key<String>("serviceVersion", .string, "Instead of the version of this program.")
        static let tracingEnabled = DefaultKey<Bool>("tracingEnabled", .boolean, default: false, "Send traces.")
        static let metricsEnabled = DefaultKey<Bool>("metricsEnabled", .boolean, default: false, "Send metrics.")
        static let samplingRate = Key<String>(
            "samplingRate", .numericString, "The share of traces that is kept, from 0 to 1.")
        static let headers = DefaultKey<[String: String]>("headers", .stringMap, default: [:], "Sent to the collector.")
        static let insecure = DefaultKey<Bool>("insecure", .boolean, default: false, "Reach it without TLS.")
        static let enablePrometheusMetricsPath = DefaultKey<Bool>(
            "enablePrometheusMetricsPath", .boolean, default: false, "Answer /metrics on the main port.")
        static let prometheusPort = Key<Int>("prometheusPort", .integer(0...65535), "Has no effect here.")
        static let metricsOnTransportPort = Key<Bool>("metricsOnTransportPort", .boolean, "Has no effect here.")
        static let environmentVariables = DefaultKey<[String]>(
            "environmentVariables", .strings, default: [], "Each becomes an attribute of every span.")
        static let customAttributes = DefaultKey<[String: String]>(
            "customAttributes", .stringMap, default: [:], "Attributes of this server.")
        static let useLegacyAttributes = DefaultKey<Bool>(
            "useLegacyAttributes", .boolean, default: false, "Use the old attribute names as well.")
        static let caCertPath = Key<String>("caCertPath", .string, "Trusted certificates for the collector.")
    }

    static let keys: [any SectionKey] = [
        Keys.endpoint, Keys.serviceName, Keys.serviceVersion, Keys.tracingEnabled, Keys.metricsEnabled,
        Keys.samplingRate, Keys.headers, Keys.insecure, Keys.enablePrometheusMetricsPath, Keys.prometheusPort,
        Keys.metricsOnTransportPort, Keys.environmentVariables, Keys.customAttributes, Keys.useLegacyAttributes,
        Keys.caCertPath,
    ]

    init(reading section: SectionReader) {
        endpoint = section[Keys.endpoint].nonEmpty
        serviceName = section[Keys.serviceName] ?? ""
        serviceVersion = section[Keys.serviceVersion].nonEmpty
        tracingEnabled = section[Keys.tracingEnabled]
        metricsEnabled = section[Keys.metricsEnabled]
        let rate = section[Keys.samplingRate].nonEmpty
        samplingRate = Self.share(rate) ?? 0
        headers = section[Keys.headers].mapValues(Secret.init)
        isInsecure = section[Keys.insecure]
        enablePrometheusMetricsPath = section[Keys.enablePrometheusMetricsPath]
        environmentVariables = section[Keys.environmentVariables]
        customAttributes = section[Keys.customAttributes]
        useLegacyAttributes = section[Keys.useLegacyAttributes]
        caCertPath = section[Keys.caCertPath].nonEmpty
        let advice = "has no effect; metrics are on the main port with enablePrometheusMetricsPath: true"
        if section[Keys.prometheusPort] != nil { section.warn(Keys.prometheusPort, advice) }
        if section[Keys.metricsOnTransportPort] != nil { section.warn(Keys.metricsOnTransportPort, advice) }
        check(section, rate)
    }

    private func check(_ section: SectionReader, _ rate: String?) {
        if endpoint != nil, !tracingEnabled, !metricsEnabled {
            section.refuse(
                Keys.endpoint, "has nothing to receive; set tracingEnabled or metricsEnabled, or remove the endpoint")
        }
        if let rate, Self.share(rate) == nil {
            section.warn(Keys.samplingRate, "\(quoted(rate)) is not a number from 0 to 1, so no trace is kept")
        } else if rate == nil, endpoint != nil, tracingEnabled {
            section.warn(Keys.samplingRate, "is not set, so no trace is kept; write a share such as \"0.05\"")
        }
    }

    private static func share(_ text: String?) -> Double? {
        text.flatMap(Double.init).flatMap { (0...1).contains($0) ? $0 : nil }
    }
}
