// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import NIOCore

extension ExampleServer {
    /// Serves `subscriptions/listen`: acknowledges first, then sends what was asked for until somebody ends it.
    func listen(_ request: ClientRequest, _ meta: RequestMeta) throws(RPCError) -> ModernWork {
        let filter = try filter(request, meta)
        let id = request.id
        return .running { [self] outlet in
            let number: Int
            let events: AsyncStream<Subscriptions.Event>
            do throws(RPCError) {
                (number, events) = try subscriptions.open(id, filter)
            } catch {
                return .failure(error)
            }
            defer { subscriptions.close(number) }
            counters.count(.listens)
            let notifications: JSONObject = ["notifications": .object(filter.value)]
            await outlet.send(
                Subscriptions.notification("notifications/subscriptions/acknowledged", notifications, to: id))
            for await event in events {
                switch event {
                case .message(let message):
                    await outlet.send(message)
                case .end(abruptly: true):
                    await outlet.breakOff()
                    return .silence
                case .end(abruptly: false):
                    return end(of: id)
                }
            }
            return .silence
        }
    }

    /// The tagged result of a subscription that the server ends; over stdio a cancellation follows it.
    private func end(of id: JSONSlice) -> Reply {
        var reply = Reply.result(["_meta": ["io.modelcontextprotocol/subscriptionId": .slice(id)]])
        reply.afterwards = Peer.notification("notifications/cancelled", ["requestId": .slice(id)])
        return modernised(reply)
    }

    private func filter(_ request: ClientRequest, _ meta: RequestMeta) throws(RPCError) -> Subscriptions.Filter {
        guard let wanted = request.params?["notifications"], wanted.kind == .object else {
            throw .invalidParams("subscriptions/listen needs the object \"notifications\"")
        }
        var filter = Subscriptions.Filter()
        for list in ["tools", "prompts", "resources"] {
            guard let flag = wanted.member("\(list)ListChanged") else { continue }
            guard let flag = flag.bool else { throw .invalidParams("\(list)ListChanged is a boolean") }
            if flag { filter.lists.insert(list) }
        }
        filter.uris = try Self.strings("resourceSubscriptions", in: wanted)?
            .filter { catalogue.hasResource($0) }
        filter.taskIDs = try Self.strings("taskIds", in: wanted)
        if filter.taskIDs != nil {
            guard meta.declaresTasks else { throw .missingCapability(RPCError.tasksCapability) }
            filter.taskIDs = filter.taskIDs?.filter { jobs.find($0, owner: nil) != nil }
        }
        return filter
    }

    /// An optional array of at most 1 000 strings.
    private static func strings(_ key: String, in object: JSONSlice) throws(RPCError) -> [String]? {
        guard let list = object.member(key) else { return nil }
        let strings = list.elements.prefix(1_001).map(\.string)
        guard list.kind == .array, strings.count <= 1_000, !strings.contains(nil) else {
            throw .invalidParams("\(key) is an array of at most 1000 strings")
        }
        return strings.compactMap { $0 }
    }
}

extension RequestMeta {
    var declaresTasks: Bool { capabilities["extensions"]?.member(Self.tasks)?.kind == .object }
}

extension RPCError {
    static let tasksCapability: JSONObject = ["extensions": [RequestMeta.tasks: [:]]]
}
