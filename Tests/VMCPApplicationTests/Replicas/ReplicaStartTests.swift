// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOPosix
import TestSupport
import Testing
import VMCPApplication
import VMCPConfiguration

@Suite("Replicas that cannot start")
struct ReplicaStartTests {
    @Test(
        "What only the start can find out stops it",
        arguments: [
            ("port", "parking.forwarding.listen: 4499 is the port for clients"),
            ("host", "parking.forwarding.instance: the host name \"my_host.example\" is no name"),
            ("secret", "parking.forwarding.secretEnv: "), ("file", "parking.stateSecretFiles: "),
        ])
    func refused(what: String, message: String) async throws {
        let network = try await ReplicaNetwork.start(backend: "http://127.0.0.1:9/mcp")
        let plan = network.plan("a")
        var text = plan.configurationText(ports: [])
        var options = ServeOptions()
        options.environment = plan.environment
        options.hostName = "my_host.example"
        switch what {
        case "port":
            text = text.replacing("listen: 127.0.0.1:0", with: "listen: 127.0.0.1:4499")
            options.port = 4499
        case "host": text = text.replacing("    instance: a\n", with: "")
        case "secret": options.environment["PEER_SECRET"] = "short"
        default: text = text.replacing("stateSecretFiles: [", with: "stateSecretFiles: [/nowhere")
        }
        let loaded = try ConfigurationLoader(environment: plan.environment).load(text: text, fileName: "vmcp.yaml")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let error = await #expect(throws: StartupError.self) {
            _ = try await VMCPApplication(
                configuration: loaded.configuration, options: options, group: MultiThreadedEventLoopGroup.singleton,
                logger: logger)
        }
        #expect(error.map { "\($0)" }?.hasPrefix(message) == true, "\(String(describing: error))")
        await network.stop()
    }

    @Test("On standard input and output nothing of it is read or checked, and the log names the key")
    func stdio() async throws {
        let network = try await ReplicaNetwork.start(backend: "http://127.0.0.1:9/mcp")
        let plan = network.plan("a")
        let text = plan.configurationText(ports: []).replacing("    instance: a\n", with: "")
        var options = ServeOptions()
        options.environment = plan.environment
        options.environment["PEER_SECRET"] = "short"
        options.hostName = "my_host.example"
        options.isStdio = true
        let loaded = try ConfigurationLoader(environment: plan.environment).load(text: text, fileName: "vmcp.yaml")
        let lines = RecordedLog()
        let application = try await VMCPApplication(
            configuration: loaded.configuration, options: options, group: MultiThreadedEventLoopGroup.singleton,
            logger: lines.logger)
        #expect(lines.all.count { $0.hasPrefix("warning parking.forwarding has no effect with --stdio") } == 1)
        let (input, output, client) = try await LineClient.make()
        async let run: Void = application.runStdio(input: input, output: output)
        try await client.open()
        try await client.finish()
        try await run
        await client.close()
        await network.stop()
    }
}
