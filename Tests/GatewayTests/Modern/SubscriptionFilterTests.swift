// SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
// SPDX-License-Identifier: Apache-2.0

import JSONTypes
import MCPTypes
import NIOCore
import Testing

@testable import Gateway

@Suite struct SubscriptionFilterTests {
    private func read(_ text: String?, maximum: Int = 4, hasTasks: Bool = true) -> Result<
        SubscriptionFilter, RequestError
    > {
        let params = text.flatMap { try? JSONSlice(validating: ByteBuffer(string: $0)) }
        do throws(RequestError) {
            return .success(try SubscriptionFilter(params, maximumResources: maximum, hasTasks: hasTasks))
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "What is asked for is what is acknowledged, without what nobody here knows",
        arguments: [
            ("{}", "{}"), (#"{"toolsListChanged":true}"#, #"{"toolsListChanged":true}"#),
            (#"{"toolsListChanged":false,"promptsListChanged":null}"#, "{}"),
            (
                #"{"resourcesListChanged":true,"promptsListChanged":true,"toolsListChanged":true}"#,
                #"{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true}"#
            ),
            (#"{"resourceSubscriptions":[]}"#, #"{"resourceSubscriptions":[]}"#),
            (#"{"resourceSubscriptions":["b","a","b"]}"#, #"{"resourceSubscriptions":["b","a"]}"#),
            (#"{"taskIds":["t","u","t"],"com.example/x":true}"#, #"{"taskIds":["t","u"]}"#),
        ])
    func accepted(_ filter: String, _ acknowledged: String) throws {
        #expect(try read("{\"notifications\":\(filter)}").get().json.description == acknowledged)
    }

    @Test(
        "A filter that is missing or means nothing is -32602 with status 400",
        arguments: [
            nil, "{}", #"{"notifications":null}"#, #"{"notifications":[]}"#, #"{"notifications":"all"}"#,
            #"{"notifications":{"toolsListChanged":1}}"#, #"{"notifications":{"toolsListChanged":"true"}}"#,
            #"{"notifications":{"resourceSubscriptions":"a"}}"#, #"{"notifications":{"resourceSubscriptions":[1]}}"#,
            #"{"notifications":{"resourceSubscriptions":[""]}}"#, #"{"notifications":{"resourceSubscriptions":{}}}"#,
            #"{"notifications":{"resourceSubscriptions":["a","b","c","d","e"]}}"#,
            #"{"notifications":{"toolsListChanged":true,"toolsListChanged":false}}"#,
            #"{"notifications":{"taskIds":"t"}}"#, #"{"notifications":{"taskIds":[{}]}}"#,
            #"{"notifications":{"taskIds":["a","b","c","d","e"]}}"#,
        ] as [String?])
    func refused(_ text: String?) {
        guard case .failure(let error) = read(text) else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .invalidParams)
        #expect(error.httpStatus == 400)
    }

    @Test("LC-17: only who has declared the tasks extension may name tasks, even none")
    func tasksUndeclared() throws {
        for list in [#"["t"]"#, "[]"] {
            guard case .failure(let error) = read(#"{"notifications":{"taskIds":\#(list)}}"#, hasTasks: false) else {
                Issue.record("accepted")
                continue
            }
            #expect(error.code == .missingRequiredClientCapability)
            #expect(error.httpStatus == 400)
            let required = error.data?["requiredCapabilities"]
            #expect(required?.description == #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#)
        }
        #expect(try read(#"{"notifications":{"taskIds":null}}"#, hasTasks: false).get().taskIDs == nil)
    }
}
