// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// One step of a composite tool.
    package struct CompositeStep: Sendable, Hashable {
        package let id: String
        package let action: Action
        /// A template; the step is skipped unless it says `true`.
        package let condition: String?
        /// The steps that come first.
        package let dependsOn: [String]
        package let onError: ErrorHandling
        package let timeout: Duration
        /// What the step counts as having answered when it was skipped, by field.
        package let defaultResults: ConfigurationValue?

        package static let defaultTimeout = Duration.seconds(5 * 60)

        package indirect enum Action: Sendable, Hashable {
            /// Calls a tool; texts in the arguments are templates at every depth.
            case tool(name: String, arguments: ConfigurationValue?)
            case elicitation(Elicitation)
            case forEach(ForEach)
        }

        /// A question to the user.
        package struct Elicitation: Sendable, Hashable {
            /// A template.
            package let message: String
            package let schema: ConfigurationValue
            package let onDecline: Refusal?
            package let onCancel: Refusal?
        }

        /// What happens when the user does not answer a question.
        package enum Refusal: String, Sendable, Hashable, CaseIterable {
            case skipRemaining = "skip_remaining"
            case abort
            case `continue`
        }

        /// A step that runs once for each item of a list.
        package struct ForEach: Sendable, Hashable {
            /// A template that makes a JSON array.
            package let collection: String
            package let itemVariable: String
            package let maxParallel: Int
            package let maxIterations: Int
            package let step: CompositeStep
        }

        /// What happens when the step fails.
        package struct ErrorHandling: Sendable, Hashable {
            package let action: ErrorAction
            /// At most ten.
            package let retryCount: Int
            /// Before the first retry; later ones wait longer.
            package let retryDelay: Duration

            package static let abort = ErrorHandling(action: .abort, retryCount: 0, retryDelay: .seconds(1))
        }

        package enum ErrorAction: String, Sendable, Hashable, CaseIterable {
            case abort
            case `continue`
            case retry
        }

        /// Whether the steps behind this one may run without its answer.
        package var maySkip: Bool {
            condition != nil || onError.action == .continue
        }
    }
}
