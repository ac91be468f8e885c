// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Gateway
import Logging
import NIOCore
import Observability
import OutboundHTTP
import VMCPConfiguration
import VirtualServer

extension ParkingSettings {
    /// - Parameter isForEverybody: whether callers that nothing tells apart come from more than this machine: then
    ///   one of them could answer another's question.
    init(_ parking: Configuration.Parking, isForEverybody: Bool) {
        self.init()
        isOn = parking.mode == .on && (!isForEverybody || parking.allowAnonymous)
        allowsAnonymous = !isForEverybody || parking.allowAnonymous
        roots = parking.roots
        labelsQuestions = parking.labelQuestions
        debounce = .milliseconds(Int64(parking.debounceMs))
        debounceMaximum = .milliseconds(Int64(parking.debounceMaxMs))
        roundTime = TimeAmount(parking.roundTtl)
        lifeTime = TimeAmount(parking.lifeTtl)
        cancelDrain = TimeAmount(parking.cancelDrain)
        maximumParks = parking.maxParks
        perPrincipal = parking.perPrincipal
        perBackend = parking.perBackend
        maximumRounds = parking.maxRounds
        asksPerRound = parking.maxAsksPerRound
        maximumQueued = parking.maxQueued
        askBytes = parking.maxAskBytes
        roundBytes = parking.maxRoundBytes
        responseBytes = parking.maxResponseBytes
        heldBytes = parking.maxHeldBytes
    }
}

extension SharingSettings {
    init(_ parking: Configuration.Parking) {
        self.init()
        roots = parking.roots
        poolPerKey = parking.poolPerKey
        leaseWait = TimeAmount(parking.leaseWait)
    }
}

extension BridgeSettings {
    init(_ parking: Configuration.Parking) {
        self.init()
        maximumRounds = parking.maxRounds
        roundLifetime = parking.lifeTtl
        labelsQuestions = parking.labelQuestions
    }
}

extension Configuration.Parking {
    /// The secrets that seal what clients carry, read once: a replaced file counts after a restart.
    func stateSecrets() throws(StartupError) -> [Secret] {
        try readSecrets(in: stateSecretFiles, of: "parking.stateSecretFiles", atLeast: StateSeal.minimumSecretBytes)
    }
}

/// - Parameter key: where the paths stand.
private func readSecrets(in paths: [String], of key: String, atLeast minimum: Int) throws(StartupError) -> [Secret] {
    var secrets: [Secret] = []
    for path in paths {
        do throws(SecretError) {
            try SecretFile.check(path, atLeast: minimum)
            let secret = try SecretReference.file(path: path).resolve(environment: [:])
            guard secret.exposed.utf8.count >= minimum else {
                throw SecretError.tooShort(path: path, minimum: minimum)
            }
            secrets.append(secret)
        } catch {
            throw StartupError("\(key): \(error)")
        }
    }
    return secrets
}

extension Configuration.Forwarding {
    /// This replica and what it knows of its peers, whose limits are its own.
    func replicas(
        _ options: ServeOptions, _ limits: Configuration.Limits, group: any EventLoopGroup, logger: Logger
    ) throws(StartupError) -> Replicas {
        let instance = try name(options)
        if listen.port != 0, listen.port == options.port {
            throw StartupError(
                "parking.forwarding.listen: \(listen.port) is the port for clients; choose one that they never reach")
        }
        return Replicas(
            instance: instance, secrets: try secrets(options.environment), maximumRequests: maxRequests,
            client: StreamingHTTPClient(
                group: group, silence: TimeAmount(silence(limits)),
                probes: QuietPeerProbes(every: TimeAmount(limits.keepAliveInterval))), logger: logger,
            baseURL: { baseURL(of: $0) })
    }

    /// After which a peer that writes comments has missed several, even if our client has kept it waiting for a while.
    private func silence(_ limits: Configuration.Limits) -> Duration {
        limits.keepAliveInterval * 3 + limits.writeTimeout * 2
    }

    private func name(_ options: ServeOptions) throws(StartupError) -> String {
        if let instance { return instance }
        let label = options.hostName.prefix { $0 != "." }.lowercased()
        guard Self.isLabel(label) else {
            throw StartupError(
                "parking.forwarding.instance: the host name \"\(options.hostName)\" is no name for a replica; write one"
            )
        }
        return label
    }

    private func secrets(_ environment: [String: String]) throws(StartupError) -> [Secret] {
        guard let secretVariable else {
            return try readSecrets(
                in: secretFiles, of: "parking.forwarding.secretFiles", atLeast: Self.minimumSecretBytes)
        }
        let secret: Secret
        do throws(SecretError) {
            secret = try SecretReference.environment(variable: secretVariable).resolve(environment: environment)
        } catch {
            throw StartupError("parking.forwarding.secretEnv: \(error)")
        }
        guard secret.exposed.utf8.count >= Self.minimumSecretBytes else {
            throw StartupError(
                "parking.forwarding.secretEnv: the secret has less than \(Self.minimumSecretBytes) bytes; "
                    + "use a longer random one")
        }
        return [secret]
    }
}
