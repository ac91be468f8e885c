// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Logging
import Synchronization

/// A failure of key material of one kind, which may also be one of its files.
protocol KeyMaterialFailure: Error, Hashable, CustomStringConvertible {
    init(file: KeyFileError)
}

/// A value made of the contents of files, made anew when they change.
///
/// Contents are compared, not times: a few small files every few seconds cost nothing, and a change within one tick of
/// the file system's clock is not missed. The value is replaced whole or not at all.
final class FileBacked<Value: Sendable, Failure: KeyMaterialFailure>: Sendable {
    typealias Make = @Sendable ([KeyFile.Contents]) throws(Failure) -> Value

    private struct State {
        var value: Value
        var digests: [SHA256Digest]
        /// What was logged about the present contents of the files; nil while they are good.
        var reported: Failure?
        /// The contents that failed last, so that they are not parsed again and again.
        var refused: [SHA256Digest]?
    }

    private let files: [KeyFile]
    private let purpose: String
    private let logger: Logger
    private let make: Make
    private let state: Mutex<State>

    /// Reads all files now; any that is unreadable or invalid is an error.
    ///
    /// - Parameter purpose: what the files are, for the log.
    init(files: [KeyFile], purpose: String, logger: Logger, make: @escaping Make) throws(Failure) {
        let contents = try Self.read(files)
        let value = try make(contents)
        self.files = files
        self.purpose = purpose
        self.logger = logger
        self.make = make
        state = Mutex(State(value: value, digests: contents.map(Self.digest)))
        warnOfPermissions(contents)
    }

    var value: Value { state.withLock { $0.value } }

    /// Reads the files again; a new value is given to `adopt` before anyone can get it from here.
    ///
    /// Files that cannot be read or used leave the value as it is and are logged once. Reads from disk: not for an
    /// event loop. Call it from one task.
    ///
    /// - Returns: whether the value was replaced.
    @discardableResult
    func refresh(adopt: (Value) -> Void = { _ in }) -> Bool {
        let contents: [KeyFile.Contents]
        do throws(Failure) {
            contents = try Self.read(files)
        } catch {
            report(error, refused: nil)
            return false
        }
        let digests = contents.map(Self.digest)
        let (isCurrent, isRefused) = state.withLock { ($0.digests == digests, $0.refused == digests) }
        guard !isRefused else { return false }
        guard !isCurrent else {
            recovered()
            return false
        }
        let value: Value
        do throws(Failure) {
            value = try make(contents)
        } catch {
            report(error, refused: digests)
            return false
        }
        adopt(value)
        state.withLock { $0 = State(value: value, digests: digests) }
        logger.info("\(purpose) reloaded", metadata: ["files": "\(files.count)"])
        warnOfPermissions(contents)
        return true
    }

    private func report(_ failure: Failure, refused: [SHA256Digest]?) {
        let isNew = state.withLock { state in
            let isNew = state.reported != failure || (refused != nil && state.refused != refused)
            state.reported = failure
            state.refused = refused
            return isNew
        }
        guard isNew else { return }
        logger.error("\(purpose) not reloaded; the former ones stay in use", metadata: ["problem": "\(failure)"])
    }

    /// The files are what they were when the value was made.
    private func recovered() {
        let wasBroken = state.withLock { state in
            defer { (state.reported, state.refused) = (nil, nil) }
            return state.reported != nil
        }
        if wasBroken { logger.info("\(purpose) readable again and unchanged") }
    }

    private func warnOfPermissions(_ contents: [KeyFile.Contents]) {
        for file in contents where file.isOpenToOthers {
            logger.warning(
                "file with key material is open to other users; chmod it to 0400 or 0600",
                metadata: ["path": "\(file.path)", "mode": "0\(String(file.mode, radix: 8))"])
        }
    }

    private static func read(_ files: [KeyFile]) throws(Failure) -> [KeyFile.Contents] {
        var contents: [KeyFile.Contents] = []
        for file in files {
            do throws(KeyFileError) {
                contents.append(try file.read())
            } catch {
                throw Failure(file: error)
            }
        }
        return contents
    }

    private static func digest(_ contents: KeyFile.Contents) -> SHA256Digest {
        SHA256.hash(data: contents.bytes)
    }
}
