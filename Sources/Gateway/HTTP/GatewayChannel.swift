// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Backends
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Hummingbird's HTTP/1 channel with our connection handler in front of the codec.
struct GatewayChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    let environment: ConnectionEnvironment
    let shards: Shards

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = environment.limits.headerBytes
            limits.maxHeaderListSize = environment.limits.headerBytes
            limits.maxHeaderFieldCount = environment.limits.headerCount
            let decoder = HTTPRequestDecoder(
                leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: limits)
            let connection = ConnectionHandler(shard: shards.shard(of: channel.eventLoop), environment: environment)
            let pipeline = channel.pipeline.syncOperations
            // What is passed through is looked up among all headers, which only the decoder keeps.
            if environment.endpoint.settings.passthroughHeaders.isEmpty, environment.peers == nil {
                try pipeline.addHandler(PlainRequestHandler(connection: connection))
            }
            try pipeline.addHandler(ByteToMessageHandler(decoder))
            try pipeline.addHandler(connection)
            try pipeline.addHandler(HTTPResponseEncoder())
            try pipeline.addHandler(AnswerEndMarker(connection: connection))
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value asyncChannel: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: asyncChannel, logger: logger)
    }
}
