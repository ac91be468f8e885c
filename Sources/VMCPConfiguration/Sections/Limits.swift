// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// vmcp addition: bounds of everything that a client or a backend could make grow.
    package struct Limits: Sendable, Hashable {
        /// Of one request of a client.
        package let maxRequestBodyBytes: Int
        /// Of all header fields of a request together.
        package let maxHeaderBytes: Int
        package let maxHeaderCount: Int
        package let maxJSONDepth: Int
        /// In one JSON-RPC batch.
        package let maxBatchMessages: Int
        package let maxSessions: Int
        package let maxSessionsPerPrincipal: Int
        /// Open event streams of one session.
        package let maxStreamsPerSession: Int
        package let maxConnections: Int
        package let maxInFlightRequestsPerSession: Int
        /// Requests of 2026-07-28 that run at once; they belong to no session.
        package let maxModernRequests: Int
        package let maxModernRequestsPerPrincipal: Int
        /// Open `subscriptions/listen` streams.
        package let maxSubscriptions: Int
        package let maxSubscriptionsPerPrincipal: Int
        package let maxResourcesPerSubscription: Int
        /// Waiting for a client that does not read its subscription.
        package let maxQueuedBytesPerSubscription: Int
        /// Of one answer of a backend.
        package let maxBackendResponseBytes: Int
        /// Of all large answers that are on their way together.
        package let maxBufferedResponseBytes: Int
        /// Of one event of a backend's stream.
        package let maxEventBytes: Int
        /// Kept so that a client can resume a broken stream.
        package let maxResumableBytesPerSession: Int
        /// Waiting for a client that reads slowly.
        package let maxQueuedBytesPerStream: Int
        /// For the whole of a request's head and body.
        package let requestReadTimeout: Duration
        /// Between two requests on one connection.
        package let idleConnectionTimeout: Duration
        /// A client that accepts no byte for that long is cut.
        package let writeTimeout: Duration
        /// Between two comments on a quiet event stream, and until the peer of a quiet connection is asked for.
        package let keepAliveInterval: Duration
    }
}

extension Configuration.Limits: Section {
    static let summary = "vmcp addition. Bounds of everything that a client or a backend could make grow."

    private enum Keys {
        static let maxRequestBodyBytes = bytes("maxRequestBodyBytes", 8_388_608, "Bytes of one request of a client.")
        static let maxHeaderBytes = count(
            "maxHeaderBytes", 1024...1_048_576, 65_536, "Bytes of all header fields of a request together.")
        static let maxHeaderCount = count("maxHeaderCount", 10...10_000, 200, "Header fields of a request.")
        static let maxJSONDepth = count("maxJSONDepth", 8...1024, 128, "Nested containers in a message.")
        static let maxBatchMessages = count("maxBatchMessages", 1...10_000, 100, "Messages in one JSON-RPC batch.")
        static let maxSessions = count("maxSessions", 1...10_000_000, 20_000, "Sessions of all clients together.")
        static let maxSessionsPerPrincipal = count(
            "maxSessionsPerPrincipal", 1...10_000_000, 20_000, "Sessions of one identity.")
        static let maxStreamsPerSession = count(
            "maxStreamsPerSession", 1...1000, 8, "Open event streams of one session.")
        static let maxConnections = count("maxConnections", 1...1_000_000, 16_384, "Client connections.")
        static let maxInFlightRequestsPerSession = count(
            "maxInFlightRequestsPerSession", 1...100_000, 256, "Requests of one session that run at once.")
        static let maxModernRequests = count(
            "maxModernRequests", 1...1_000_000, 16_384, "Requests of 2026-07-28 that run at once.")
        static let maxModernRequestsPerPrincipal = count(
            "maxModernRequestsPerPrincipal", 1...1_000_000, 8192,
            "Requests of 2026-07-28 of one identity that run at once.")
        static let maxSubscriptions = count(
            "maxSubscriptions", 1...1_000_000, 16_384, "Open subscriptions of 2026-07-28.")
        static let maxSubscriptionsPerPrincipal = count(
            "maxSubscriptionsPerPrincipal", 1...1_000_000, 16_384, "Open subscriptions of one identity.")
        static let maxResourcesPerSubscription = count(
            "maxResourcesPerSubscription", 1...100_000, 1024, "Resources that one subscription listens to.")
        static let maxQueuedBytesPerSubscription = bytes(
            "maxQueuedBytesPerSubscription", 262_144,
            "Bytes that wait for a client that does not read its subscription."
        )
        static let maxBackendResponseBytes = bytes(
            "maxBackendResponseBytes", 104_857_600, "Bytes of one answer of a backend.")
        static let maxBufferedResponseBytes = count(
            "maxBufferedResponseBytes", 1_048_576...1_099_511_627_776, 1_073_741_824,
            "Bytes of all answers above 64 KiB that are on their way from backends to clients.")
        static let maxEventBytes = bytes("maxEventBytes", 16_777_216, "Bytes of one event of a backend's stream.")
        static let maxResumableBytesPerSession = count(
            "maxResumableBytesPerSession", 0...1_073_741_824, 1_048_576,
            "Bytes that are kept so that a client can resume a broken stream.")
        static let maxQueuedBytesPerStream = bytes(
            "maxQueuedBytesPerStream", 4_194_304, "Bytes that wait for a client that reads slowly.")
        static let requestReadTimeout = time("requestReadTimeout", 30, "For the whole of a request's head and body.")
        static let idleConnectionTimeout = time("idleConnectionTimeout", 120, "Between two requests on a connection.")
        static let writeTimeout = time("writeTimeout", 30, "A client that accepts no byte for that long is cut.")
        static let keepAliveInterval = time(
            "keepAliveInterval", 30,
            "Between two comments on a quiet event stream, and until a quiet backend is asked whether it is there.")

        private static func count(
            _ name: String, _ range: ClosedRange<Int>, _ fallback: Int, _ summary: String
        ) -> DefaultKey<Int> {
            DefaultKey(name, .integer(range), default: fallback, "vmcp addition. \(summary)")
        }

        private static func bytes(_ name: String, _ fallback: Int, _ summary: String) -> DefaultKey<Int> {
            count(name, 1024...1_073_741_824, fallback, summary)
        }

        private static func time(_ name: String, _ seconds: Int, _ summary: String) -> DefaultKey<Duration> {
            DefaultKey(
                name, .duration(atLeast: .seconds(1), atMost: .seconds(86_400)), default: .seconds(seconds),
                "vmcp addition. \(summary)")
        }
    }

    static let keys: [any SectionKey] = [
        Keys.maxRequestBodyBytes, Keys.maxHeaderBytes, Keys.maxHeaderCount, Keys.maxJSONDepth, Keys.maxBatchMessages,
        Keys.maxSessions, Keys.maxSessionsPerPrincipal, Keys.maxStreamsPerSession, Keys.maxConnections,
        Keys.maxInFlightRequestsPerSession, Keys.maxModernRequests, Keys.maxModernRequestsPerPrincipal,
        Keys.maxSubscriptions, Keys.maxSubscriptionsPerPrincipal, Keys.maxResourcesPerSubscription,
        Keys.maxQueuedBytesPerSubscription, Keys.maxBackendResponseBytes, Keys.maxBufferedResponseBytes,
        Keys.maxEventBytes,
        Keys.maxResumableBytesPerSession, Keys.maxQueuedBytesPerStream, Keys.requestReadTimeout,
        Keys.idleConnectionTimeout, Keys.writeTimeout, Keys.keepAliveInterval,
    ]

    /// The bounds of a file that names none.
    package static let standard = Configuration.Limits(reading: .empty(keys: keys))

    init(reading section: SectionReader) {
        maxRequestBodyBytes = section[Keys.maxRequestBodyBytes]
        maxHeaderBytes = section[Keys.maxHeaderBytes]
        maxHeaderCount = section[Keys.maxHeaderCount]
        maxJSONDepth = section[Keys.maxJSONDepth]
        maxBatchMessages = section[Keys.maxBatchMessages]
        maxSessions = section[Keys.maxSessions]
        maxSessionsPerPrincipal = section[Keys.maxSessionsPerPrincipal]
        maxStreamsPerSession = section[Keys.maxStreamsPerSession]
        maxConnections = section[Keys.maxConnections]
        maxInFlightRequestsPerSession = section[Keys.maxInFlightRequestsPerSession]
        maxModernRequests = section[Keys.maxModernRequests]
        maxModernRequestsPerPrincipal = section[Keys.maxModernRequestsPerPrincipal]
        maxSubscriptions = section[Keys.maxSubscriptions]
        maxSubscriptionsPerPrincipal = section[Keys.maxSubscriptionsPerPrincipal]
        maxResourcesPerSubscription = section[Keys.maxResourcesPerSubscription]
        maxQueuedBytesPerSubscription = section[Keys.maxQueuedBytesPerSubscription]
        maxBackendResponseBytes = section[Keys.maxBackendResponseBytes]
        maxBufferedResponseBytes = section[Keys.maxBufferedResponseBytes]
        maxEventBytes = section[Keys.maxEventBytes]
        maxResumableBytesPerSession = section[Keys.maxResumableBytesPerSession]
        maxQueuedBytesPerStream = section[Keys.maxQueuedBytesPerStream]
        requestReadTimeout = section[Keys.requestReadTimeout]
        idleConnectionTimeout = section[Keys.idleConnectionTimeout]
        writeTimeout = section[Keys.writeTimeout]
        keepAliveInterval = section[Keys.keepAliveInterval]
    }
}
