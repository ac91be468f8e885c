// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

/// Which eras a backend has shown that it speaks; `nil` where it has shown nothing yet.
///
/// An era is a property of the server, so what one session learns serves all of them (2026-07-28, Versioning). It is
/// forgotten as soon as an answer contradicts it.
package struct BackendEras: Sendable, Hashable {
    package internal(set) var legacy: Bool?
    package internal(set) var modern: Bool?
    /// It leaves `resultType` out and is Modern all the same, so that its absence says nothing.
    var omitsResultType = false
    /// It answered that it does not know `subscriptions/listen`, as FastMCP 4 does. Whatever comes back after it was
    /// away may know it.
    var lacksListening = false

    package init(legacy: Bool? = nil, modern: Bool? = nil) {
        self.legacy = legacy
        self.modern = modern
    }
}

/// In which order a new connection tries the eras.
enum EraOrder: Sendable, Hashable {
    case legacyOnly
    case modernOnly
    case legacyThenModern
    case modernThenLegacy

    /// What is known to fail comes second instead of never, because a backend may have been replaced.
    init(_ setting: EraSetting, _ preference: EraPreference, knowing eras: BackendEras) {
        switch (setting, preference) {
        case (.legacy, _): self = .legacyOnly
        case (.modern, _): self = .modernOnly
        case (.auto, .legacyFirst):
            self = eras.legacy == false && eras.modern == true ? .modernThenLegacy : .legacyThenModern
        case (.auto, .modernFirst):
            self = eras.modern == false ? .legacyThenModern : .modernThenLegacy
        }
    }
}
