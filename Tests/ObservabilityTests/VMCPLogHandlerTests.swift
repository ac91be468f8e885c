// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Testing

@testable import Observability

@Suite("Log lines")
struct VMCPLogHandlerTests {
    /// Logs into memory and returns the lines.
    private func lines(
        format: LogFormat,
        labels: [String: String] = [:],
        usesColour: Bool = false,
        provider: Logger.MetadataProvider? = nil,
        at time: Int64 = 1_767_323_045_678,
        _ body: (inout Logger) -> Void
    ) -> [String] {
        let sink = InMemorySink()
        let writer = LogWriter(sink: sink)
        var logger = Logger(label: "test") { _ in
            VMCPLogHandler(
                level: .debug, format: format, labels: labels, usesColour: usesColour, writer: writer,
                metadataProvider: provider, clock: { time })
        }
        body(&logger)
        #expect(writer.flush(within: .seconds(60)))
        return sink.lines
    }

    @Test("text: time, level, message, sorted pairs")
    func text() {
        let lines = lines(format: .text) { logger in
            logger.info("Listening", metadata: ["port": "4483", "host": "127.0.0.1"])
            logger.error("Failed")
            logger.trace("Below the level")
        }
        #expect(
            lines == [
                "2026-01-02T03:04:05.678Z INFO  Listening  host=127.0.0.1 port=4483",
                "2026-01-02T03:04:05.678Z ERROR Failed",
            ])
    }

    @Test("json: one object a line, the three fixed names first")
    func json() {
        let lines = lines(format: .json) { logger in
            logger.warning("Listening", metadata: ["port": "4483", "level": "own", "msg": "own", "time": "own"])
        }
        #expect(
            lines == [
                #"{"time":"2026-01-02T03:04:05.678Z","level":"warning","msg":"Listening","level_":"own","msg_":"own","#
                    + #""port":"4483","time_":"own"}"#
            ])
    }

    @Test("labels < the logger's metadata < the provider's < the event's")
    func mergeOrder() {
        let provider = Logger.MetadataProvider { ["b": "provider", "c": "provider", "d": "provider"] }
        let lines = lines(format: .text, labels: ["a": "label", "b": "label"], provider: provider) { logger in
            logger[metadataKey: "b"] = "logger"
            logger[metadataKey: "c"] = "logger"
            logger.info("m", metadata: ["d": "event"])
        }
        #expect(lines[0].hasSuffix("m  a=label b=provider c=provider d=event"))
    }

    @Test("an error of the event becomes a pair")
    func error() {
        struct Broken: Error, CustomStringConvertible { var description: String { "broken pipe" } }
        let lines = lines(format: .text) { $0.error("Failed", error: Broken()) }
        #expect(lines[0].hasSuffix(#"ERROR Failed  error="broken pipe""#))
    }

    @Test("colour surrounds the level only")
    func colour() {
        #expect(
            lines(format: .text, usesColour: true) { $0.info("m") } == [
                "2026-01-02T03:04:05.678Z \u{1B}[32mINFO\u{1B}[0m  m"
            ])
        #expect(lines(format: .json, usesColour: true) { $0.info("m") }.allSatisfy { !$0.contains("\u{1B}") })
    }

    @Test(
        "text: a value cannot break the line, the terminal or the pairs",
        arguments: [
            ("plain", "plain"), ("", #""""#), ("a b", #""a b""#), ("a=b", #""a=b""#), (#"a"b"#, #""a\"b""#),
            (#"a\b"#, #""a\\b""#), ("a\nb\r\tc", #""a\nb\r\tc""#), ("\u{1B}[31m", #""\u{1b}[31m""#),
            ("\u{9B}31m", #""\u{9b}31m""#), ("a\u{202E}b", #""a\u{202e}b""#), ("\u{2028}", #""\u{2028}""#),
            ("\u{0}", #""\u{0}""#), ("\u{7F}", #""\u{7f}""#), ("grüße👋", "grüße👋"),
        ]
    )
    func textEscapes(value: String, expected: String) {
        let lines = lines(format: .text) { $0.info("m", metadata: ["k": "\(value)"]) }
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix("m  k=\(expected)"))
    }

    @Test("text: the message is escaped too")
    func message() {
        let lines = lines(format: .text) { $0.info("line\n2026 ERROR forged \u{1B}[2J") }
        #expect(lines == [#"2026-01-02T03:04:05.678Z INFO  line\n2026 ERROR forged \u{1b}[2J"#])
    }

    @Test(
        "json: every line is JSON and gives back what was logged",
        arguments: [
            "plain", "", "a\"b\\c/", "a\nb\r\tc", "\u{0}\u{1}\u{1F}\u{7F}", "\u{2028}\u{2029}", "grüße👋", "{}[]",
        ]
    )
    func jsonEscapes(value: String) throws {
        let lines = lines(format: .json) { $0.info("\(value)", metadata: ["\(value)k": "\(value)"]) }
        #expect(lines.count == 1)
        let object = try #require(JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: String])
        #expect(object["msg"] == value)
        #expect(object["\(value)k"] == value)
    }

    @Test("nested metadata is JSON in both formats")
    func nested() {
        let value: Logger.MetadataValue = ["list": ["a", "\"b\"", ["c": "1"]], "empty": [:]]
        let json = #"{"empty":{},"list":["a","\"b\"",{"c":"1"}]}"#
        #expect(lines(format: .json) { $0.info("m", metadata: ["k": value]) }[0].hasSuffix(#""k":\#(json)}"#))
        let text = lines(format: .text) { $0.info("m", metadata: ["k": value]) }[0]
        #expect(text.hasSuffix(#"k="{\"empty\":{},\"list\":[\"a\",\"\\\"b\\\"\",{\"c\":\"1\"}]}""#))
    }

    @Test("a long value is cut at a character and says how much is missing", arguments: LogFormat.allCases)
    func caps(format: LogFormat) throws {
        let long = String(repeating: "x", count: 2047) + "é" + String(repeating: "q", count: 1000)
        let line = lines(format: format) { $0.info("\(long)", metadata: ["k": "\(long)"]) }[0]
        let cut = String(repeating: "x", count: 2047) + "… (1002 bytes cut)"
        #expect(line.components(separatedBy: cut).count == 3)
        #expect(!line.contains("q"))
        let exact = String(repeating: "z", count: 2048)
        #expect(lines(format: format) { $0.info("\(exact)") }[0].contains(exact))
    }

    @Test("a large or deep structure stays one bounded, valid line")
    func largeStructures() throws {
        var deep: Logger.MetadataValue = "x"
        for _ in 0..<100 { deep = [deep] }
        let wide: Logger.MetadataValue = .array((0..<100_000).map { "\($0)" })
        let line = lines(format: .json) { $0.info("m", metadata: ["deep": deep, "wide": wide]) }[0]
        #expect(line.utf8.count < 8 * 1024)
        let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["deep"] is [Any])
        #expect((object["wide"] as? String)?.contains("bytes cut") == true)
        var many: Logger.Metadata = [:]
        for number in 100..<200 { many["k\(number)"] = "v" }
        let text = lines(format: .text) { $0.info("m", metadata: many) }[0]
        #expect(text.contains(" k163=v omittedPairs=36"))
        #expect(!text.contains("k164"))
    }

    @Test("a secret in metadata is not shown", arguments: LogFormat.allCases)
    func secrets(format: LogFormat) {
        let secret = Secret("hunter2")
        let line = lines(format: format) {
            $0.info("token \(secret)", metadata: ["a": "\(secret)", "b": .stringConvertible(secret)])
        }[0]
        #expect(!line.contains("hunter2"))
        #expect(line.components(separatedBy: "<redacted>").count == 4)
    }

    @Test(
        "times are RFC 3339 in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"), (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func times(milliseconds: Int64, expected: String) {
        var line: [UInt8] = []
        LogTimestamp.append(unixMilliseconds: milliseconds, to: &line)
        #expect(String(decoding: line, as: UTF8.self) == expected)
    }
}
