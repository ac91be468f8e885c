# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Backends that break the protocol, and names that nobody should have to see."""

import contextlib
import json
import re
import threading
import time
from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect, text
from vmcp_e2e.environment import BACKENDS, binary, python
from vmcp_e2e.gateway import http_backend, stdio_backend
from vmcp_e2e.processes import resident_kilobytes
from vmcp_e2e.scripted import ScriptedBackend, tool
from vmcp_e2e.wire import Wire

pytestmark = pytest.mark.anyio

NAME = re.compile(r"[A-Za-z0-9_./-]{1,64}")
"""What the conformance suite takes for a name, the slash included."""

HOSTILE = [
    tool("good"),
    tool("nul\u0000byte"),
    tool("new\nline\r\nX-Injected: yes"),
    tool("escape\u001b[2J"),
    tool("x" * 10_240),
    tool("y" * 70),
    tool("y" * 69 + "z"),
    tool(""),
    tool("spaces in it"),
    tool("ünïcödé"),
    tool("\u202egnp.exe"),
    tool("../../etc/passwd"),
    tool("a/b"),
    tool("twin", description="the first"),
    tool("twin", description="the second"),
    {"name": 5, "inputSchema": {"type": "object"}},
    {"name": None, "inputSchema": {"type": "object"}},
    {"name": ["list"], "inputSchema": {"type": "object"}},
    {"inputSchema": {"type": "object"}},
    {"name": "no_schema"},
    {"name": "schema_is_text", "inputSchema": "object"},
    {"name": "schema_is_null", "inputSchema": None},
    {"name": "wrong_description", "description": 7, "inputSchema": {"type": "object"}},
    {"name": "no_type", "inputSchema": {}},
    {"name": "boolean_property", "inputSchema": {"type": "object", "properties": {"x": True}}},
    {"name": "required_is_true", "inputSchema": {"type": "object", "required": True}},
    tool("nulls", title=None, description=None, icons=None, annotations={"title": None}, outputSchema=None),
    tool("icons", icons=[{"mimeType": "image/png"}, {"src": "https://icons.example/a.png"}, 5]),
    tool("output", outputSchema={"type": "object", "required": "all"}),
    "a string",
    None,
    17,
    [],
    tool("also_good", annotations={"readOnlyHint": True}),
]


async def test_hostile_names_cost_themselves_and_nothing_else(launch, everything):
    """SE-14: Every name that is shown is one that a client can use, and a good neighbour is never lost."""
    def call(exchange):
        exchange.text(exchange.params["name"])

    with ScriptedBackend(HOSTILE, **{"tools/call": call}) as backend:
        gateway = launch([http_backend("evil", backend.url), http_backend("everything", everything.url)])
        async with connect(HTTP(gateway.endpoint)) as client:
            listed = await client.list_all("tools")
            names = [entry["name"] for entry in listed]
            assert {"evil_good", "evil_also_good", "everything_echo", "everything_add"} <= set(names)
            # What is wrong with these can be left out or said rightly; the wire checks look at the result.
            mended = {f"evil_{name}" for name in ("no_type", "boolean_property", "nulls", "icons", "output")}
            assert mended <= set(names) and "evil_required_is_true" not in names
            assert len(names) == len(set(names))
            assert [name for name in names if not NAME.fullmatch(name)] == []
            assert await client.call_text("evil_good") == "good"
            assert await client.call_text("evil_also_good") == "also_good"
            for name in [name for name in names if name.startswith("evil_")]:
                original = await client.call_text(name)
                if name == f"evil_{original}":
                    continue
                assert not NAME.fullmatch(f"evil_{original}"), f"{name} calls {original}"
            for entry in listed:
                assert isinstance(entry["inputSchema"], dict)
            for name in ("evil_new\nline\r\nX-Injected: yes", "evil_" + "q" * 10_240, "evil_\u0000"):
                with pytest.raises(RPCError) as caught:
                    await client.call(name)
                assert caught.value.code == -32602
            await client.ping()
            again = [entry["name"] for entry in await client.list_all("tools")]
            assert again == names
        raw = gateway.log.read_bytes()
        assert b"\x1b[2J" not in raw and b"\x00" not in raw, "control characters reached the log"


async def test_hostile_resources_and_prompts(launch, everything):
    resources = [
        {"uri": "evil://good", "name": "good"},
        {"uri": "", "name": "empty"},
        {"uri": 5, "name": "number"},
        {"name": "no uri"},
        {"uri": "evil://good", "name": "twin"},
        {"uri": "evil://" + "x" * 20_000, "name": "long"},
        {"uri": "evil://new\nline", "name": "line"},
        {"uri": "no-scheme", "name": "relative"},
        {"uri": "http://", "name": "nowhere"},
        {"uri": "evil://mended", "name": "m", "title": None, "size": 1.5, "annotations": {"audience": ["robot"]}},
        "text",
        None,
    ]
    templates = [{"uriTemplate": "evil://{", "name": "broken"}, {"uriTemplate": "evil://t/{id}", "name": "t"}, 5]
    prompts = [{"name": "good"}, {"name": 7}, {}, None, {"name": "x" * 10_000}, {"name": "tab\there"}]
    prompts += [{"name": "listless", "arguments": {}}, {"name": "mended", "arguments": [{"name": "a", "required": None}]}]

    def initialize(exchange):
        capabilities = {"resources": {}, "prompts": {}, "tools": {}}
        information = {"name": "evil", "version": "1"}
        version = exchange.params["protocolVersion"]
        answer = {"protocolVersion": version, "capabilities": capabilities, "serverInfo": information}
        backend.sessions.add("evil")
        exchange.result(answer, Mcp_Session_Id="evil")

    def read(exchange):
        exchange.result({"contents": [{"uri": exchange.params["uri"], "text": "read"}]})

    backend = ScriptedBackend(
        [tool("t")],
        **{
            "initialize": initialize,
            "resources/list": lambda exchange: exchange.result({"resources": resources}),
            "resources/templates/list": lambda exchange: exchange.result({"resourceTemplates": templates}),
            "prompts/list": lambda exchange: exchange.result({"prompts": prompts}),
            "resources/read": read,
        },
    )
    with backend:
        gateway = launch([http_backend("evil", backend.url), http_backend("everything", everything.url)])
        async with connect(HTTP(gateway.endpoint)) as client:
            uris = await client.names("resources")
            assert "evil://good" in uris and "everything://static" in uris
            assert "evil://mended" in uris and "no-scheme" not in uris and "http://" not in uris
            assert len(uris) == len(set(uris))
            assert "evil://t/{id}" in await client.names("resourceTemplates")
            assert "test://item/{id}" in await client.names("resourceTemplates")
            names = await client.names("prompts")
            assert "evil_good" in names and "everything_review" in names
            assert "evil_mended" in names and "evil_listless" not in names
            assert [name for name in names if not NAME.fullmatch(name)] == []
            assert (await client.read("evil://good"))["contents"][0]["text"] == "read"
            assert (await client.read("evil://t/1"))["contents"][0]["text"] == "read"


def answering(**kinds):
    """A script that lies as the argument `kind` says."""
    def script(exchange):
        kinds[exchange.arguments.get("kind", "honest")](exchange)

    return script


def honest(exchange):
    exchange.text("honest")


def envelope(exchange, **members):
    return {"jsonrpc": "2.0", "id": exchange.id, **members}


RESULT = {"content": [{"type": "text", "text": "a lie"}]}


def stream_of(*messages):
    def script(exchange):
        exchange.stream()
        for message in messages:
            exchange.event(message(exchange) if callable(message) else message)

    return script


LIES = {
    "wrong id": lambda exchange: exchange.json({"jsonrpc": "2.0", "id": 987654, "result": RESULT}),
    "no id": lambda exchange: exchange.json({"jsonrpc": "2.0", "result": RESULT}),
    "invalid json": lambda exchange: exchange.raw(200, b'{"jsonrpc":"2.0","id":'),
    "not an object": lambda exchange: exchange.raw(200, b"42"),
    "empty body": lambda exchange: exchange.raw(200, b""),
    "invalid utf-8": lambda exchange: exchange.raw(
        200, json.dumps(envelope(exchange, result={"x": "?"})).encode().replace(b"?", b"\xff\xfe")
    ),
    "deep": lambda exchange: exchange.raw(
        200, json.dumps(envelope(exchange, result=0)).encode().replace(b"0}", b"[" * 200_000 + b"]" * 200_000 + b"}")
    ),
    "result and error": lambda exchange: exchange.json(
        envelope(exchange, result=RESULT, error={"code": 1, "message": "x"})
    ),
    "neither": lambda exchange: exchange.json(envelope(exchange)),
    "error is text": lambda exchange: exchange.json(envelope(exchange, error="bad")),
    "accepted": lambda exchange: exchange.raw(202, kind=None),
    "no content": lambda exchange: exchange.raw(204, kind=None),
    "html": lambda exchange: exchange.raw(200, b"<html>Login</html>", kind="text/html"),
    "500": lambda exchange: exchange.raw(500, b"Traceback (most recent call last): secret", kind="text/plain"),
    "503": lambda exchange: exchange.raw(503, b"busy", kind="text/plain"),
    "401": lambda exchange: exchange.raw(401, b"{}", WWW_Authenticate="Bearer realm=secret-realm"),
    "stream of nothing": stream_of(),
    "stream of garbage": stream_of("not json", "{}", "[1,2,3]"),
    "stream of other answers": stream_of({"jsonrpc": "2.0", "id": 1234567, "result": {}}),
}


@pytest.fixture
def liar(launch, everything):
    """A gateway with a lying backend, a two second timeout and an honest neighbour."""
    with ScriptedBackend([tool("t")], **{"tools/call": answering(honest=honest, **LIES)}) as backend:
        gateway = launch(
            [http_backend("liar", backend.url), http_backend("everything", everything.url)],
            operational={"timeouts": {"default": "2s"}},
        )
        gateway.backend = backend
        yield gateway


@pytest.mark.timeout(180)
async def test_no_lie_becomes_an_answer_and_none_lasts(liar):
    """SE-14, GB-57: an error within the time, without the backend's text, and the next call works."""
    problems = []
    async with connect(HTTP(liar.endpoint)) as client:
        for kind in LIES:
            started, calls = time.monotonic(), len(liar.backend.calls())
            try:
                with anyio.fail_after(6):
                    result = await client.call("liar_t", {"kind": kind})
                    problems.append(f"{kind}: became the result {str(result)[:200]}")
            except RPCError as error:
                if "secret" in str(error) or "secret" in json.dumps(error.data, default=str):
                    problems.append(f"{kind}: leaks {error}")
                if error.code in range(-32022, -32019):
                    problems.append(f"{kind}: reserved code {error.code}")
            except TimeoutError:
                problems.append(f"{kind}: no answer within 6 s")
            if time.monotonic() - started > 3.5:
                problems.append(f"{kind}: took {time.monotonic() - started:.1f} s")
            if len(liar.backend.calls()) - calls > 1:
                problems.append(f"{kind}: the call was sent {len(liar.backend.calls()) - calls} times")
            try:
                with anyio.fail_after(5):
                    assert await client.call_text("liar_t") == "honest"
                    assert await client.call_text("everything_echo", {"text": "x"}) == "x"
            except (RPCError, TimeoutError, AssertionError) as error:
                problems.append(f"{kind}: afterwards {error!r}")
    assert problems == []


async def test_noise_around_the_answer_is_ignored(launch):
    """Answers nobody asked for, twice the same answer, comments, unknown notifications, odd line ends."""
    def script(exchange):
        exchange.stream()
        exchange.write(b"\xef\xbb\xbf: a comment\n\nretry: 10\n\nid: 1\nevent: other\ndata: {}\n\n")
        exchange.event({"jsonrpc": "2.0", "id": "nobody", "result": {}})
        exchange.event({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}})
        exchange.event({"jsonrpc": "2.0", "method": "notifications/nobody/knows", "params": {"x": [1]}})
        exchange.event({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": "forged"}})
        exchange.event({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}})
        answer = json.dumps(envelope(exchange, result={"content": [{"type": "text", "text": "found"}]}), indent=1)
        lines = "".join(f"data: {line}\r\n" for line in answer.splitlines())
        exchange.write(lines.encode() + b"\r\n")
        exchange.event(envelope(exchange, result={"content": [{"type": "text", "text": "again"}]}))

    with ScriptedBackend([tool("t")], **{"tools/call": script}) as backend:
        gateway = launch([http_backend("noisy", backend.url)])
        async with connect(HTTP(gateway.endpoint)) as client:
            for _ in range(3):
                assert await client.call_text("noisy_t") == "found"
            assert client.received("notifications/progress") == []


async def test_a_huge_answer_is_bounded(launch, everything):
    """BC-27, R15: the limit is 100 MiB; the rest is not collected."""
    def script(exchange):
        exchange.answered = True
        exchange.handler.send_response(200)
        exchange.handler.send_header("Content-Type", "application/json")
        exchange.handler.send_header("Connection", "close")
        exchange.handler.end_headers()
        exchange.handler.close_connection = True
        start = json.dumps(envelope(exchange))[:-1] + ', "result": {"content": [{"type": "text", "text": "'
        exchange.write(start.encode())
        block = b"x" * (1 << 20)
        for _ in range(400):
            exchange.write(block)
        exchange.write(b'"}]}}')

    with ScriptedBackend([tool("t")], **{"tools/call": script}) as backend:
        gateway = launch(
            [http_backend("huge", backend.url), http_backend("everything", everything.url)],
            operational={"timeouts": {"default": "30s"}},
        )
        async with Wire(gateway.endpoint) as wire:
            await wire.open()
            answer = await wire.request("tools/call", {"name": "huge_t", "arguments": {}})
            assert "error" in answer
            assert resident_kilobytes(gateway.pid) < 600 * 1024
            assert (await wire.call("everything_echo", {"text": "x"}))["content"][0]["text"] == "x"


async def test_large_answers_are_bounded_together(launch):
    """Each may be as large as it is; the one too many says that it has run, and there is room again afterwards."""
    refused = threading.Event()

    def script(exchange):
        exchange.answered = True
        body = json.dumps(envelope(exchange) | {"result": {"content": [{"type": "text", "text": "x" * (14 << 20)}]}})
        exchange.handler.send_response(200)
        exchange.handler.send_header("Content-Type", "application/json")
        exchange.handler.send_header("Content-Length", str(len(body)))
        exchange.handler.end_headers()
        with contextlib.suppress(OSError):
            exchange.write(body[: 12 << 20].encode())
            refused.wait(60)
            exchange.write(body[12 << 20 :].encode())

    limits = {"maxBackendResponseBytes": 16 << 20, "maxEventBytes": 16 << 20, "maxBufferedResponseBytes": 40 << 20}
    answers = []

    async def call(wire):
        answer = await wire.request("tools/call", {"name": "huge_t", "arguments": {}})
        answers.append(answer)
        if "error" in answer:
            refused.set()

    with ScriptedBackend([tool("t")], **{"tools/call": script}) as backend:
        gateway = launch([http_backend("huge", backend.url)], limits=limits)
        async with Wire(gateway.endpoint) as wire:
            await wire.open()
            async with anyio.create_task_group() as group:
                for _ in range(12):
                    group.start_soon(call, wire)
            errors = [answer["error"] for answer in answers if "error" in answer]
            assert 0 < len(errors) < len(answers)
            assert {error["code"] for error in errors} == {4001}
            assert all("has run" in error["message"] for error in errors)
            assert resident_kilobytes(gateway.pid) < 600 * 1024
            assert "result" in await wire.request("tools/call", {"name": "huge_t", "arguments": {}})


@pytest.mark.parametrize("kind", ["cursor for ever", "same cursor", "growing pages"])
async def test_lists_without_end_are_bounded(launch, everything, kind):
    """BC-26: page caps and repeated cursors."""
    def script(exchange):
        cursor = exchange.params.get("cursor")
        number = int(cursor or 0)
        following = str(number) if kind == "same cursor" and cursor else str(number + 1)
        size = 1 if kind != "growing pages" else 200
        tools = [tool(f"t{number:06}_{index}") for index in range(size)]
        exchange.result({"tools": tools, "nextCursor": following})

    with ScriptedBackend(**{"tools/list": script}) as backend:
        gateway = launch([http_backend("endless", backend.url), http_backend("everything", everything.url)], False)
        gateway.wait_health(names=["everything"])
        async with connect(HTTP(gateway.endpoint)) as client:
            with anyio.fail_after(15):
                names = await client.names("tools")
            assert "everything_echo" in names
            assert await client.call_text("everything_echo", {"text": "x"}) == "x"
        await anyio.sleep(1)
        assert len([entry for entry in backend.seen if entry.message.get("method") == "tools/list"]) < 5000
        assert resident_kilobytes(gateway.pid) < 400 * 1024


async def test_a_redirect_is_not_followed_to_another_host(launch, everything):
    """BC-28, R14."""
    with ScriptedBackend([tool("t")]) as elsewhere:
        def script(exchange):
            exchange.raw(307, kind=None, Location=elsewhere.url.replace("127.0.0.1", "localhost"))

        with ScriptedBackend([tool("t")], **{"tools/call": script}) as backend:
            gateway = launch([http_backend("moving", backend.url)])
            async with connect(HTTP(gateway.endpoint)) as client:
                with pytest.raises(RPCError):
                    await client.call("moving_t")
        assert elsewhere.seen == []


async def test_a_backend_that_trickles_is_cut_off(launch, everything):
    """A byte now and then does not keep a call alive beyond its time."""
    def script(exchange):
        exchange.answered = True
        exchange.handler.send_response(200)
        exchange.handler.send_header("Content-Type", "application/json")
        exchange.handler.send_header("Content-Length", "100000")
        exchange.handler.end_headers()
        for _ in range(200):
            exchange.write(b" ")
            time.sleep(0.1)

    with ScriptedBackend([tool("t")], **{"tools/call": script}) as backend:
        gateway = launch([http_backend("slow", backend.url)], operational={"timeouts": {"default": "2s"}})
        async with connect(HTTP(gateway.endpoint)) as client:
            started = time.monotonic()
            with pytest.raises(RPCError):
                await client.call("slow_t")
            assert 1.5 < time.monotonic() - started < 4


@pytest.mark.parametrize("answer", [
    {"protocolVersion": "1999-01-01", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}},
    {"protocolVersion": 7, "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}},
    {},
    [],
    None,
])
async def test_a_backend_with_a_broken_handshake_is_left_out(launch, everything, answer):
    with ScriptedBackend([tool("t")], initialize=lambda exchange: exchange.result(answer)) as backend:
        gateway = launch([http_backend("broken", backend.url), http_backend("everything", everything.url)], False)
        gateway.wait_health(names=["everything"])
        async with connect(HTTP(gateway.endpoint)) as client:
            names = await client.names("tools")
            assert "everything_echo" in names
            assert "broken_t" not in names
        assert gateway.health()["broken"] not in ("healthy", "degraded")


async def test_a_chatty_child_is_tolerated(launch, folder):
    """ST-12, ST-09: a banner on standard output and noise on standard error."""
    script = folder / f"chatty-{uuid4().hex}.sh"
    script.write_text(
        "#!/bin/sh\necho 'Welcome to the chatty server!'\necho\necho '{\"not\": \"json-rpc\"}'\n"
        "i=0; while [ $i -lt 2000 ]; do echo \"noise $i ....................................\" >&2; i=$((i+1)); done\n"
        f'exec "{python("mcp1")}" -B "{BACKENDS / "classic.py"}" --transport stdio\n'
    )
    script.chmod(0o755)
    gateway = launch([stdio_backend("chatty", script, inheritEnv=["PATH"])])
    async with connect(HTTP(gateway.endpoint)) as client:
        assert text(await client.call("chatty_echo", {"x": 1})) == json.dumps({"arguments": {"x": 1}})


@pytest.mark.parametrize("kind, survives", [
    ("wrong_id", False),
    ("unknown_id", True),
    ("duplicate", True),
    ("result_and_error", False),
    ("neither", False),
    ("not_an_object", False),
    ("invalid_json", False),
    ("invalid_utf8", False),
])
async def test_a_lie_of_the_backend_costs_that_call_at_most(launch, backends, stopping, kind, survives):
    """SE-14; the caller is told within the configured time, the backend stays usable."""
    example = stopping(backends.example())
    entries = [
        http_backend("example", example.url),
        stdio_backend("child", binary(), "example-backend", "--transport", "stdio", "--profile", "everything"),
    ]
    gateway = launch(entries, operational={"timeouts": {"default": "2s"}})
    async with connect(HTTP(gateway.endpoint)) as client:
        for backend in ("example", "child"):
            with anyio.fail_after(8):
                try:
                    result = await client.call(f"{backend}_bad_frame", {"kind": kind})
                    assert survives, f"{backend}: {result}"
                    assert text(result) == "a lie"
                except RPCError as error:
                    assert not survives, f"{backend}: {error}"
                with anyio.fail_after(5):
                    assert await client.call_text(f"{backend}_echo", {"text": "fine"}) == "fine"
