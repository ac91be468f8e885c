# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The wire checks notice what is wrong, and only that: recordings of a gateway that says what each row says."""

import itertools
import json

import pytest

from vmcp_e2e.clients import connect
from vmcp_e2e.conversations import Recording
from vmcp_e2e.judge import TO_BACKENDS, TO_CLIENTS, Judge
from vmcp_e2e.schemas import MODERN, Schemas, schema_folder
from vmcp_e2e.wire import LEGACY, Wire
from vmcp_e2e.wire_checks import WireChecks

pytestmark = pytest.mark.skipif(schema_folder() is None, reason="there are no schemas here")

TOOL = {"name": "t", "inputSchema": {"type": "object"}}
VERSION = "io.modelcontextprotocol/protocolVersion"
META = {VERSION: MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


@pytest.fixture(scope="module")
def schemas():
    return Schemas(schema_folder())


@pytest.fixture
def recording(schemas):
    return Recording(Judge(schemas))


_taps = itertools.count()


def exchange(recording, request, *answers, gateway="server", status=200, sse=False, request_headers=None, **headers):
    """One POST with its answers."""
    tap = f"test-{next(_taps)}"
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    about = {"tap": tap, "gateway": gateway, "server": "s", "method": "POST", "path": "/mcp"}
    recording.take({"kind": "request", "headers": request_headers or {}, "body": body, **about})
    kind = {"content-type": "text/event-stream" if sse else "application/json"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    recording.take({"kind": "response", "tap": tap, "status": status, "headers": kind | names})
    for answer in answers:
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        data = b"event: message\ndata: " + data + b"\n\n" if sse else data
        for part in (data[:7], data[7:]):
            recording.take({"kind": "data", "tap": tap, "data": part})
    recording.take({"kind": "end", "tap": tap})
    return recording.judge.problems


def request(method, identifier=1, **params):
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}


def result(value, identifier=1):
    return {"jsonrpc": "2.0", "id": identifier, "result": value}


def error(code, identifier=1, **more):
    found = {"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": "m", **more}}
    return {name: value for name, value in found.items() if value is not None}


def opened(recording, version, gateway="server"):
    info = {"name": "x", "version": "1"}
    asked = request("initialize", protocolVersion=version, capabilities={}, clientInfo=info)
    answer = result({"protocolVersion": version, "capabilities": {}, "serverInfo": info})
    exchange(recording, asked, answer, gateway=gateway, mcp_session_id="one")
    assert recording.judge.problems == []
    return {"mcp-session-id": "one"}


AUDIO = {"content": [{"type": "audio", "data": "AA==", "mimeType": "audio/wav"}]}
CALL = request("tools/call", name="t")
LIST = request("tools/list")
ELICIT = request("elicitation/create", 7, message="m", requestedSchema={"type": "object", "properties": {}})

LEGACY_ROWS = [
    ("2025-11-25", LIST, result({"tools": [TOOL]}), None),
    ("2025-11-25", LIST, result({"tools": [{"name": "t"}]}), "'inputSchema' is a required property"),
    ("2025-11-25", LIST, result({"tools": [TOOL]}, "1"), "nobody used"),
    ("2025-11-25", LIST, result({"tools": [TOOL], "nextCursor": None}), "nextCursor"),
    ("2025-11-25", LIST, b'{"jsonrpc":"2.0","id":1,"id":1,"result":{"tools":[]}}', "twice"),
    ("2025-11-25", LIST, b'{"jsonrpc":"2.0","id":1,"result":{"tools":[NaN]}}', "NaN"),
    ("2025-11-25", LIST, b'{"jsonrpc":"2.0","id":1,"result":', "Expecting value"),
    ("2025-11-25", LIST, {"id": 1, "result": {"tools": []}}, "jsonrpc"),
    ("2025-11-25", LIST, error(-32600), None),
    ("2025-11-25", LIST, error(-32602, None), "answers the id"),
    ("2025-11-25", LIST, error("-32602"), "is not of type 'integer'"),
    ("2025-11-25", CALL, result(AUDIO), None),
    ("2025-03-26", CALL, result(AUDIO), None),
    ("2024-11-05", CALL, result(AUDIO), "not a CallToolResult"),
    ("2025-11-25", CALL, result({"content": [{"type": "resource_link", "name": "n", "uri": "a:b"}]}), None),
    ("2025-03-26", CALL, result({"content": [{"type": "resource_link", "name": "n", "uri": "a:b"}]}), "CallToolResult"),
    ("2025-06-18", CALL, ELICIT, None),
    ("2025-03-26", CALL, ELICIT, "no ServerRequest"),
    ("2025-11-25", CALL, request("nobody/knows", 7), "no ServerRequest"),
    ("2025-11-25", CALL, {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}, "Token"),
    ("2025-11-25", CALL, {"jsonrpc": "2.0", "method": "notifications/nobody"}, "no ServerNotification"),
    ("2025-11-25", CALL, [], None),
    ("2025-11-25", CALL, "text", "must be an object"),
]


@pytest.mark.parametrize("sse", [False, True])
@pytest.mark.parametrize("version, asked, answer, problem", LEGACY_ROWS)
def test_what_a_legacy_client_is_sent(recording, version, asked, answer, problem, sse):
    headers = opened(recording, version)
    problems = exchange(recording, asked, answer, request_headers=headers, sse=sse)
    if problem is None:
        assert problems == []
    else:
        assert any(problem in text for text in problems), problems


MODERN_ROWS = [
    ("tools/list", result({"tools": [TOOL], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}), None),
    ("tools/list", result({"tools": [TOOL], "ttlMs": 0, "cacheScope": "private"}), "'resultType' is a required"),
    ("tools/list", result({"tools": [TOOL], "resultType": "complete"}), "is a required property"),
    ("tools/call", result({"resultType": "input_required", "requestState": "s"}), None),
    ("tools/call", result({"resultType": "input_required", "requestState": 1}), "not a InputRequiredResult"),
    ("tools/call", ELICIT, "no ServerRequest"),
    ("initialize", result({"resultType": "complete"}), "no result for the method"),
    ("tools/list", error(-32022), "UnsupportedProtocolVersionError"),
    ("tools/list", error(-32022, data={"supported": ["2025-11-25"], "requested": MODERN}), None),
    ("tools/call", error(-32021, data={"requiredCapabilities": []}), "MissingRequiredClientCapabilityError"),
]


@pytest.mark.parametrize("method, answer, problem", MODERN_ROWS)
def test_what_a_modern_client_is_sent(recording, method, answer, problem):
    problems = exchange(recording, request(method, _meta=META), answer)
    if problem is None:
        assert problems == []
    else:
        assert any(problem in text for text in problems), problems


BACKEND_ROWS = [
    ("2025-11-25", request("tools/call", name="t"), {}, None),
    ("2025-11-25", request("tools/call"), {}, "not a CallToolRequest"),
    ("2025-11-25", request("server/discover"), {}, "no ClientRequest"),
    ("2025-11-25", LIST, {"mcp-protocol-version": "2025-06-18"}, "mcp-protocol-version is '2025-06-18'"),
    ("2025-11-25", LIST, {"mcp-protocol-version": None}, "mcp-protocol-version is None"),
    ("2025-03-26", LIST, {"mcp-protocol-version": None}, None),
    ("2025-11-25", result({}, 99), {}, "nobody used"),
    ("2025-11-25", b"{", {}, "Expecting property name"),
]


@pytest.mark.parametrize("version, message, headers, problem", BACKEND_ROWS)
def test_what_a_legacy_backend_is_sent(recording, version, message, headers, problem):
    headers = opened(recording, version, "client") | {"mcp-protocol-version": version} | headers
    headers = {name: value for name, value in headers.items() if value is not None}
    problems = exchange(recording, message, gateway="client", request_headers=headers)
    if problem is None:
        assert problems == []
    else:
        assert any(problem in text for text in problems), problems


@pytest.mark.parametrize("headers, problem", [
    ({}, None),
    ({"mcp-method": "tools/list"}, "mcp-method"),
    ({"mcp-name": "=?base64?dA==?="}, None),
    ({"mcp-name": "other"}, "mcp-name"),
    ({"mcp-protocol-version": "2025-11-25"}, "mcp-protocol-version"),
])
def test_the_headers_that_a_modern_backend_is_sent(recording, headers, problem):
    headers = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": "t"} | headers
    asked = request("tools/call", name="t", _meta=META)
    problems = exchange(recording, asked, gateway="client", request_headers=headers)
    assert [problem in text for text in problems] == ([True] if problem else [])


def test_answers_to_what_a_backend_asked(recording):
    headers = opened(recording, "2025-11-25", "client") | {"mcp-protocol-version": "2025-11-25"}
    exchange(recording, CALL, ELICIT, gateway="client", sse=True, request_headers=headers)
    assert exchange(recording, result({"action": "accept"}, 7), gateway="client", request_headers=headers) == []
    problems = exchange(recording, result({"action": "maybe"}, 7), gateway="client", request_headers=headers)
    assert "not a ElicitResult" in problems[0]


@pytest.mark.parametrize("status, answer, problem", [
    (400, error(-32600, None), None),
    (401, {"error": "invalid_token"}, None),
    (200, {"error": "invalid_token"}, "jsonrpc"),
    (404, error(-32600, 4711), "nobody used"),
])
def test_answers_to_nobody(recording, status, answer, problem):
    problems = exchange(recording, b"{", answer, status=status)
    assert (problems == []) if problem is None else any(problem in text for text in problems)


STRANGE = [
    None, True, 5, "text", [], [[]], [None, 1], {}, {"id": 1}, {"id": [], "method": "ping"}, {"id": 1, "method": []},
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": "x"},
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": {}}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"task": 1, "_meta": {VERSION: []}}},
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"_meta": {VERSION: "9999-99-99"}}},
    {"jsonrpc": "2.0", "id": 1, "result": 5}, {"jsonrpc": "2.0", "id": {}, "error": []}, b"[" * 100_000, b"\xff", b"",
]


@pytest.mark.parametrize("gateway", ["server", "client"])
@pytest.mark.parametrize("asked", STRANGE, ids=range(len(STRANGE)))
def test_nothing_strange_stops_the_checks(recording, asked, gateway):
    """Both sides say each of these, and after it what is wrong is still noticed."""
    for answer in STRANGE:
        exchange(recording, asked, answer, gateway=gateway)
        exchange(recording, asked, answer, gateway=gateway, sse=True)
    recording.judge.problems.clear()
    assert exchange(recording, LIST, result({}))


def test_standard_streams(recording):
    def line(origin, message):
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        recording.take({"kind": "line", "tap": "p", "gateway": "server", "origin": origin, "data": data})

    line("client", request("ping", "a"))
    line("server", result({}, "a"))
    line("client", b"{\n")
    line("server", error(-32700, None))
    assert recording.judge.problems == []
    line("server", b"Welcome!\n")
    line("server", result({}, "b"))
    assert ["Expecting value" in text or "nobody used" in text for text in recording.judge.problems] == [True, True]


def test_http_with_sse(recording):
    about = {"gateway": "server", "server": "s", "headers": {}}
    recording.take({"kind": "request", "tap": "get", "method": "GET", "path": "/sse", "body": b"", **about})
    recording.take({
        "kind": "response", "tap": "get", "status": 200, "headers": {"content-type": "text/event-stream"},
    })
    recording.take({"kind": "data", "tap": "get", "data": b"event: endpoint\ndata: /messages?session=1\n\n"})
    body = json.dumps(CALL).encode()
    recording.take({
        "kind": "request", "tap": "post", "method": "POST", "path": "/messages?session=1", "body": body, **about,
    })
    answer = json.dumps(result({"content": []})).encode()
    recording.take({"kind": "data", "tap": "get", "data": b"event: message\r\ndata: " + answer + b"\r\n\r\n"})
    assert recording.judge.problems == []
    recording.take({"kind": "data", "tap": "get", "data": b"data: " + answer.replace(b'"id": 1', b'"id": 2') + b"\n\n"})
    assert "nobody used" in recording.judge.problems[0]


class Item:
    """A test with marks."""

    def __init__(self, *marks):
        self.marks = marks

    def iter_markers(self, name):
        return [mark for mark in self.marks if mark.name == name]


@pytest.mark.parametrize("excused, left", [((), 1), (("CallToolResult",), 0), (("ListToolsResult",), 1)])
def test_only_what_a_test_names_is_excused(excused, left):
    checks = WireChecks(schema_folder())
    exchange(checks.recording, CALL, result({}))
    marks = [pytest.mark.passes_through(*excused, reason="it lies").mark] if excused else []
    assert len(checks.own_problems(Item(*marks))) == left
    assert checks.own_problems(Item()) == []


def seen(checks, revision):
    checks.listen()
    assert checks.judge.problems == []
    return {direction: checks.judge.counts[revision, direction] for direction in (TO_CLIENTS, TO_BACKENDS)}


@pytest.mark.anyio
@pytest.mark.parametrize("version", LEGACY)
async def test_messages_of_every_kind_are_seen_and_valid(gateway, wire_checks, version):
    """BP-06: results, errors and notifications of every verb, and what the backends are sent for them."""
    before = seen(wire_checks, version), seen(wire_checks, LEGACY[-1])
    uri, answers = "classic://static/03", 1
    async with Wire(gateway.endpoint) as wire:
        await wire.open(version)
        for method, params in (
            ("ping", None),
            ("tools/list", {}),
            ("tools/call", {"name": "classic_echo", "arguments": {"a": 1}}),
            ("tools/call", {"name": "classic_fail", "arguments": {}}),
            ("tools/call", {"name": "classic_refuse", "arguments": {}}),
            ("tools/call", {"name": "nobody"}),
            ("nobody/knows", {}),
            ("resources/list", {}),
            ("resources/templates/list", {}),
            ("resources/read", {"uri": uri}),
            ("resources/read", {"uri": "nobody://knows"}),
            ("resources/subscribe", {"uri": uri}),
            ("resources/unsubscribe", {"uri": uri}),
            ("prompts/list", {}),
            ("prompts/get", {"name": "classic_greet", "arguments": {"name": "A"}}),
            ("completion/complete", {"ref": {"type": "ref/prompt", "name": "classic_greet"},
                                     "argument": {"name": "name", "value": "an"}}),
            ("logging/setLevel", {"level": "debug"}),
        ):
            await wire.request(method, params)
            answers += 1
        parameters = {"name": "classic_progress", "arguments": {"steps": 2}, "_meta": {"progressToken": "p"}}
        messages = await wire.messages_of(await wire.post(wire.message("tools/call", parameters)))
        assert len(messages) == 3
    after = seen(wire_checks, version), seen(wire_checks, LEGACY[-1])
    assert after[0][TO_CLIENTS] - before[0][TO_CLIENTS] == answers + len(messages)
    assert after[1][TO_BACKENDS] - before[1][TO_BACKENDS] >= 10


@pytest.mark.anyio
async def test_what_the_sdk_is_sent_is_seen(target, wire_checks):
    before = seen(wire_checks, LEGACY[-1])

    async def elicit(params):
        return {"action": "decline"}

    async with connect(target, elicit=elicit) as client:
        await client.ping()
        await client.call_text("classic_ask")
    after = seen(wire_checks, LEGACY[-1])
    # Two answers, one question, and the answer to initialize.
    assert after[TO_CLIENTS] - before[TO_CLIENTS] >= 4
