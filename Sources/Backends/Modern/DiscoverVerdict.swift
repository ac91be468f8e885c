// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes

/// What the outcome of `server/discover` says of a backend (2026-07-28, Versioning, Backward Compatibility).
enum DiscoverVerdict: Sendable {
    case modern(Handshake)
    /// The backend knows our revision and refused it all the same; once more may help.
    case tryAgain
    /// The backend wants `initialize`, with this revision if it named one.
    case legacy(ProtocolRevision?)
    /// The backend is Modern, and another era would not change what it refuses.
    case refused(BackendError)
    /// Nothing was said about eras, so nothing must be remembered.
    case inconclusive(BackendError)

    init(_ outcome: CallOutcome) {
        switch outcome {
        case .result(let result): self.init(result)
        case .failed(.answered(let error)): self.init(error)
        case .failed(.rejected(let status)):
            self = Self.isInconclusive(status) ? .inconclusive(.rejected(status: status)) : .legacy(nil)
        // Something that is no JSON-RPC answer at all.
        case .failed(.invalidResponse): self = .legacy(nil)
        case .failed(let error): self = .inconclusive(error)
        }
    }

    private init(_ result: JSONSlice) {
        guard ResultType(of: result) == .complete else {
            self = .refused(.invalidResponse("server/discover answered with a result that is not complete"))
            return
        }
        guard let versions = result["supportedVersions"], versions.kind == .array else {
            self = .legacy(nil)
            return
        }
        switch Self.common(versions) {
        case .v2026_07_28?: self = .modern(Handshake(discovered: result))
        case let revision?: self = .legacy(revision)
        case nil: self = .refused(.invalidResponse("it serves no revision that the gateway speaks"))
        }
    }

    private init(_ error: RequestError) {
        switch error.code {
        case .unsupportedProtocolVersion:
            guard let versions = error.data?["supported"], versions.kind == .array else {
                self = .tryAgain
                return
            }
            switch Self.common(versions) {
            case .v2026_07_28?: self = .tryAgain
            case let revision?: self = .legacy(revision)
            case nil: self = .refused(.invalidResponse("it serves no revision that the gateway speaks"))
            }
        case .headerMismatch, .missingRequiredClientCapability: self = .refused(.answered(error))
        default:
            self =
                Self.isInconclusive(error.httpStatus)
                ? .inconclusive(.rejected(status: error.httpStatus)) : .legacy(nil)
        }
    }

    /// The newest revision of `versions` that we speak.
    static func common(_ versions: JSONSlice) -> ProtocolRevision? {
        versions.elements.compactMap { $0.string.flatMap(ProtocolRevision.init(rawValue:)) }.max()
    }

    /// Whether an HTTP status speaks of the moment or of who asks, not of the server.
    static func isInconclusive(_ status: Int) -> Bool {
        switch status {
        case 300..<400, 401, 403, 407, 408, 425, 429, 500...: true
        default: false
        }
    }
}

extension BackendError {
    /// Whether a refused `initialize` may come from a backend that only knows the Modern way.
    var mayMeanModern: Bool {
        switch self {
        case .answered, .invalidResponse: true
        case .rejected(let status): [400, 404, 405].contains(status)
        default: false
        }
    }

    /// Whether an older server may stand behind the refusal, whose GET stream names the place for messages
    /// (2025-11-25, Transports, Backwards Compatibility).
    var mayMeanSSE: Bool {
        if case .rejected(let status) = self { [400, 404, 405].contains(status) } else { false }
    }

    /// Whether a probe that ended so leaves the other era worth a try on this occasion.
    var leavesOtherEra: Bool {
        switch self {
        case .timeout, .outcomeUnknown, .invalidResponse: true
        case .rejected(let status): ![401, 403, 407].contains(status)
        default: false
        }
    }
}
