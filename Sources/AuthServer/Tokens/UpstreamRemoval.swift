// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

package import Storage

/// A login whose upstream tokens are still to be forgotten: written with the revocation, removed when it is done.
///
/// Without it a process that dies in between would leave tokens of an ended login behind.
package struct UpstreamRemoval: StoredRecord, Hashable {
    package static let table = StorageTable("upstream_removal", capacity: 100_000)
    package static let isSealed = false
    package static let group = "upstream-removals"

    package var tsid: String

    package init(tsid: String) { self.tsid = tsid }

    package var id: String { RecordStore.id(ofHandle: tsid) }
}
