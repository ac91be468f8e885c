// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Aggregation
import Authentication
import Backends
import Logging
import NIOCore
import OutgoingAuth
import Synchronization

/// The lists of backends that know who asks, kept for each login, merged with the lists that are the same for all.
///
/// What one person may see says something about them, so nothing of it is ever part of another's lists, and not every
/// login of a person may see the same. Readings are bounded in number, age and waiting time; a slow backend delays a list
/// only a moment and is announced when it is read.
final class PersonalCapabilities: Sendable {
    private struct Reading {
        var catalog: BackendCatalog?
        var readAt: NIODeadline?
        var isRunning = false
        var isStale = false
        /// Another number with each announced change, so that one that comes during a reading is not taken for read.
        var announcements = 0

        var freshUntil: NIODeadline? {
            guard let readAt, !isStale else { return nil }
            return readAt + (catalog == nil ? PersonalCapabilities.retryAfter : PersonalCapabilities.maximumAge)
        }
    }

    /// Belongs to the lock. A class, because every call looks at it and copies nothing then.
    private final class Entry {
        var readings: [String: Reading] = [:]
        var snapshots: Snapshots?
        /// Another number with each reading: what was put together of older ones is not kept.
        var changes = 0
        /// Until when no reading needs a look; nil while one does.
        var freshUntil: NIODeadline?
        var lastUsed: NIODeadline

        init(lastUsed: NIODeadline) { self.lastUsed = lastUsed }
    }

    private final class Snapshots: Sendable {
        let listed: CapabilitySnapshot
        let routed: CapabilitySnapshot
        /// The shared lists that they were made with; another number means that they are made anew.
        let generation: Int

        init(listed: CapabilitySnapshot, routed: CapabilitySnapshot, generation: Int) {
            self.listed = listed
            self.routed = routed
            self.generation = generation
        }
    }

    private let capabilities: Capabilities
    private let backends: [Backend]
    private let names: Set<String>
    private let tasks = TaskSupervisor()
    private let entries = Mutex<[LoginKey: Entry]>([:])

    static let maximumLogins = 1000
    static let maximumAge = TimeAmount.seconds(300)
    static let retryAfter = TimeAmount.seconds(5)
    /// How long a caller waits for a first reading.
    private static let patience = Duration.seconds(3)
    private static let poll = Duration.milliseconds(10)

    /// `nil` when all backends answer everybody alike.
    init?(capabilities: Capabilities, backends: [Backend]) {
        let personal = backends.filter { $0.settings.credentials == .ofCaller }
        guard !personal.isEmpty else { return nil }
        self.capabilities = capabilities
        self.backends = personal
        names = Set(personal.map(\.name))
        for backend in personal {
            let name = backend.name
            backend.onAnnouncement { [weak self] kind in self?.changed(kind, at: name) }
        }
    }

    func listed(for caller: Caller) async -> CapabilitySnapshot {
        await current(for: caller).listed
    }

    func routed(for caller: Caller) async -> CapabilitySnapshot {
        await current(for: caller).routed
    }

    private func current(for caller: Caller) async -> Snapshots {
        if let settled = settled(for: caller.login) { return settled }
        await refresh(for: caller, waits: true)
        return snapshots(for: caller.login)
    }

    /// What most requests find: lists in which nothing has changed and that are not old.
    private func settled(for login: LoginKey) -> Snapshots? {
        let now = NIODeadline.now()
        let generation = capabilities.generation
        return entries.withLock { entries in
            guard let entry = entries[login], let freshUntil = entry.freshUntil, now < freshUntil,
                let snapshots = entry.snapshots, snapshots.generation == generation
            else { return nil }
            entry.lastUsed = now
            return snapshots
        }
    }

    /// A backend announced a change to someone. Who else it concerns only reading can tell.
    private func changed(_ kind: CapabilityKind, at backend: String) {
        entries.withLock { entries in
            for entry in entries.values {
                entry.readings[backend]?.isStale = true
                entry.readings[backend]?.announcements += 1
                entry.freshUntil = nil
            }
        }
        capabilities.announce([kind])
    }

    // MARK: Reading

    private func refresh(for caller: Caller, waits: Bool) async {
        let started = ContinuousClock.now
        let login = caller.login
        let (due, isMissing) = entries.withLock { entries -> ([Backend], Bool) in
            let now = NIODeadline.now()
            let entry = entries[login] ?? Entry(lastUsed: now)
            entry.lastUsed = now
            entry.freshUntil = now + Self.maximumAge
            var due: [Backend] = []
            var isMissing = false
            for backend in backends {
                var reading = entry.readings[backend.name] ?? Reading()
                if let freshUntil = reading.freshUntil, now < freshUntil {
                    entry.freshUntil = entry.freshUntil.map { min($0, freshUntil) }
                } else {
                    entry.freshUntil = nil
                    // An old list serves until the new one is there, unless it is known to be wrong.
                    if reading.catalog == nil && reading.readAt == nil || reading.isStale { isMissing = true }
                    if !reading.isRunning {
                        reading.isRunning = true
                        due.append(backend)
                    }
                }
                entry.readings[backend.name] = reading
            }
            if entries[login] == nil, entries.count >= Self.maximumLogins,
                let oldest = entries.min(by: { $0.value.lastUsed < $1.value.lastUsed })?.key
            {
                entries[oldest] = nil
            }
            entries[login] = entry
            return (due, isMissing)
        }
        for backend in due { tasks.run(on: caller.shard.executor) { await self.read(backend, for: caller) } }
        guard isMissing, waits else { return }
        while ContinuousClock.now - started < Self.patience, !Task.isCancelled, isReading(for: login) {
            try? await Task.sleep(for: Self.poll)
        }
    }

    private func isReading(for login: LoginKey) -> Bool {
        entries.withLock { entries in
            entries[login]?.readings.values.contains { $0.isRunning && ($0.readAt == nil || $0.isStale) } ?? false
        }
    }

    private func read(_ backend: Backend, for caller: Caller) async {
        let started = ContinuousClock.now
        let login = caller.login
        let known = entries.withLock { $0[login]?.readings[backend.name]?.announcements }
        var catalog: BackendCatalog?
        var problem: BackendError?
        if let session = caller.sessions.session(with: backend, on: caller.shard) {
            do throws(BackendError) {
                catalog = try await session.readCatalog(on: caller.shard)
            } catch {
                problem = error
                backend.logger.info("Lists could not be read for a caller", metadata: ["error": "\(error)"])
            }
        }
        let hasChanged = entries.withLock { entries -> Bool in
            guard let entry = entries[login], var reading = entry.readings[backend.name] else {
                return false
            }
            let hadCatalog = reading.catalog != nil
            reading.isRunning = false
            reading.isStale = reading.announcements != known
            reading.readAt = .now()
            // Away is not the same as refused: only who may not see a list loses the last one.
            if problem?.keepsLastLists != true { reading.catalog = catalog }
            entry.readings[backend.name] = reading
            entry.snapshots = nil
            entry.changes += 1
            entry.freshUntil = nil
            return hadCatalog != (reading.catalog != nil)
        }
        if hasChanged, ContinuousClock.now - started > Self.patience {
            capabilities.announce(Set(CapabilityKind.allCases))
        }
    }

    // MARK: Snapshots

    private func snapshots(for login: LoginKey) -> Snapshots {
        let shared = capabilities.catalogs
        let (cached, readings, changes) = entries.withLock { entries in
            let entry = entries[login]
            return (entry?.snapshots, entry?.readings ?? [:], entry?.changes)
        }
        if let cached, cached.generation == shared.generation { return cached }
        let own = backends.compactMap { readings[$0.name]?.catalog }
        let visible = shared.visible.filter { !names.contains($0.backend) }
        let known = shared.known.filter { !names.contains($0.backend) }
        let routed = capabilities.snapshot(of: known + own)
        let listed = visible.count == known.count ? routed : capabilities.snapshot(of: visible + own)
        let snapshots = Snapshots(listed: listed, routed: routed, generation: shared.generation)
        entries.withLock { entries in
            if let entry = entries[login], entry.changes == changes { entry.snapshots = snapshots }
        }
        return snapshots
    }
}

extension BackendError {
    /// Whether the lists that a caller saw before stay: the backend is away, or the provider of the credential is.
    fileprivate var keepsLastLists: Bool {
        switch self {
        case .unauthorized, .noCredential(.notSignedIn), .noCredential(.signInExpired), .noCredential(.needsMoreScope),
            .noCredential(.scopeNotGranted), .answered, .closed:
            false
        default: true
        }
    }
}

extension Caller {
    fileprivate var login: LoginKey { LoginKey(principal) }
}
