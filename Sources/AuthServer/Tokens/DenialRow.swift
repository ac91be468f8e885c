// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Storage

/// A login or an access token that is refused although its tokens have not expired.
package struct DenialRow: StoredRecord, Hashable {
    package static let table = StorageTable("denied", capacity: 100_000)
    package static let isSealed = false

    package enum Subject: Sendable, Hashable, Codable {
        case tsid(String)
        case jti(String)
    }

    package var subject: Subject
    package var until: Date

    package init(_ subject: Subject, until: Date) {
        self.subject = subject
        self.until = until
    }

    /// Of the subject's kind and name; hashed, so that it has a bound.
    package var id: String {
        switch subject {
        case .tsid(let tsid): "tsid:" + RecordStore.id(ofHandle: tsid)
        case .jti(let jti): "jti:" + RecordStore.id(ofHandle: jti)
        }
    }
}
