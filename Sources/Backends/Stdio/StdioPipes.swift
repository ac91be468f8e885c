// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// The pipes for messages between the gateway and one child, every end close-on-exec.
///
/// Close-on-exec keeps one child from holding another's pipes open; the child's own ends survive because they are
/// duplicated onto 0 and 1. Standard error has no pipe here: `Subprocess` reads it, off the event loop.
struct StdioPipes {
    typealias Pipe = (readEnd: FileDescriptor, writeEnd: FileDescriptor)

    let input: Pipe
    let output: Pipe

    static func open() throws(StdioError) -> StdioPipes {
        var made: [Pipe] = []
        do {
            for _ in 0..<2 { made.append(try FileDescriptor.pipe(options: [.closeOnExec])) }
        } catch {
            for pipe in made { close([pipe.readEnd, pipe.writeEnd]) }
            throw .noResources("no pipe: \(error)")
        }
        return StdioPipes(input: made[0], output: made[1])
    }

    var childEnds: [FileDescriptor] { [input.readEnd, output.writeEnd] }

    static func close(_ descriptors: [FileDescriptor]) {
        // A close can only fail for a descriptor that is not open, and these are ours.
        for descriptor in descriptors { try? descriptor.close() }
    }
}
