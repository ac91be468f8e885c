// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Observability
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
        var secrets: [Secret] = []
        for path in stateSecretFiles {
            do throws(SecretError) {
                try SecretFile.check(path, atLeast: StateSeal.minimumSecretBytes)
                let secret = try SecretReference.file(path: path).resolve(environment: [:]).exposed
                guard secret.utf8.count >= StateSeal.minimumSecretBytes else {
                    throw SecretError.tooShort(path: path, minimum: StateSeal.minimumSecretBytes)
                }
                secrets.append(Secret(secret))
            } catch {
                throw StartupError("parking.stateSecretFiles: \(error)")
            }
        }
        return secrets
    }
}
