# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Backends that hang, clients that do not read, floods and crowds."""

import json
import signal
import socket
import threading
import time
from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect
from vmcp_e2e.gateway import http_backend
from vmcp_e2e.processes import descriptors, eventually, resident_kilobytes
from vmcp_e2e.scripted import ScriptedBackend, tool
from vmcp_e2e.wire import BOTH, Wire

pytestmark = pytest.mark.anyio

RARE_CHECKS = {"failureHandling": {"healthCheckInterval": "30s"}}
"""No health check re-lists the tools by chance while the test looks."""


async def timed(call):
    started = time.monotonic()
    try:
        return await call, time.monotonic() - started
    except RPCError as error:
        return error, time.monotonic() - started


async def test_a_hanging_backend_is_cut_off_after_the_configured_time(launch, backends, everything, stopping):
    """The whole process is stopped, so not even its kernel's buffers help."""
    classic = stopping(backends.classic())
    gateway = launch(
        [http_backend("classic", classic.url), http_backend("everything", everything.url)],
        operational={"timeouts": {"default": "2s"}},
    )
    async with connect(HTTP(gateway.endpoint)) as client:
        await client.names("tools")
        classic.signal(signal.SIGSTOP)
        try:
            results = {}

            async def hang():
                results["hang"] = await timed(client.call("classic_echo", {}))

            async with anyio.create_task_group() as group:
                group.start_soon(hang)
                for _ in range(10):
                    answer, took = await timed(client.call_text("everything_echo", {"text": "quick"}))
                    assert answer == "quick"
                    assert took < 1
                with anyio.fail_after(4):
                    assert "everything_echo" in await client.names("tools")
                with anyio.fail_after(6):
                    async with connect(HTTP(gateway.endpoint)) as newcomer:
                        assert "everything_echo" in await newcomer.names("tools")
                        assert await newcomer.call_text("everything_echo", {"text": "new"}) == "new"
            error, took = results["hang"]
            assert isinstance(error, RPCError), error
            assert 1.5 < took < 4
        finally:
            classic.signal(signal.SIGCONT)
        with anyio.fail_after(15):
            while True:
                answer, _ = await timed(client.call_text("classic_echo", {"x": 2}))
                if answer == json.dumps({"arguments": {"x": 2}}):
                    break
                await anyio.sleep(0.2)


async def test_a_timeout_of_one_backend_is_its_own_and_cancels_the_call(launch, classic, everything, journal):
    """`operational.timeouts.perWorkload`; 4.5: the gateway cancels the backend in its own dialect."""
    mark = uuid4().hex
    gateway = launch(
        [http_backend("classic", classic.url), http_backend("everything", everything.url)],
        operational={"timeouts": {"default": "30s", "perWorkload": {"classic": "1s"}}},
    )
    async with connect(HTTP(gateway.endpoint)) as client:
        error, took = await timed(client.call("classic_sleep", {"seconds": 20, "mark": mark}))
        assert isinstance(error, RPCError)
        assert "time" in error.message.lower()
        assert 0.8 < took < 3
        await journal.wait("sleep.cancelled", mark=mark)
        answer, took = await timed(client.call_text("everything_slow", {"seconds": 2}))
        assert answer == "done"


def raw_call(port, session, body, path="/mcp"):
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nAccept: {BOTH}\r\n"
        f"Mcp-Session-Id: {session}\r\nMCP-Protocol-Version: 2025-11-25\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def test_a_client_that_shuts_down_its_write_side_still_gets_its_answer(gateway):
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        for name, arguments in (
            ("everything_slow", {"seconds": 0.5, "steps": 1}),
            ("classic_progress", {"steps": 3, "delay": 0.1}),
        ):
            parameters = {"name": name, "arguments": arguments, "_meta": {"progressToken": 1}}
            body = json.dumps(wire.message("tools/call", parameters, "half")).encode()

            def half():
                with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
                    connection.sendall(raw_call(gateway.port, wire.session, body))
                    connection.shutdown(socket.SHUT_WR)
                    received = b""
                    while block := connection.recv(65536):
                        received += block
                    return received

            received = await anyio.to_thread.run_sync(half)
            assert received.startswith(b"HTTP/1.1 200"), received[:200]
            assert b'"half"' in received and b'"result"' in received


@pytest.mark.parametrize("manner", ["half-closed", "Connection: close", "kept alive"])
async def test_a_slow_reader_loses_nothing_however_the_connection_ends(gateway, manner):
    """Eight megabytes over a window of a few kilobytes, five seconds long, while others are served."""
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        parameters = {"name": "example_large", "arguments": {"bytes": 8_000_000}}
        body = json.dumps(wire.message("tools/call", parameters, "slow")).encode()
        request = raw_call(gateway.port, wire.session, body)
        received = bytearray()

        def read():
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            connection.settimeout(20)
            connection.connect(("127.0.0.1", gateway.port))
            if manner == "Connection: close":
                connection.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            else:
                connection.sendall(request)
            if manner == "half-closed":
                connection.shutdown(socket.SHUT_WR)
            started = time.monotonic()
            with connection:
                while len(received) < 8_000_150 and (block := connection.recv(65536)):
                    received.extend(block)
                    if time.monotonic() - started < 5:
                        time.sleep(0.01)

        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, read)
            for _ in range(10):
                _, took = await timed(wire.request("ping"))
                assert took < 1
                await anyio.sleep(0.05)
    assert len(received) > 8_000_000
    assert b'"slow"' in received


async def test_half_closed_and_half_sent_requests_leave_nothing_behind(gateway):
    """SE-05: bodies that stop short, streams whose client shut down, headers that never end."""
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        body = json.dumps(wire.message("ping")).encode()
        whole = raw_call(gateway.port, wire.session, body)
        listen = (
            f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\nAccept: text/event-stream\r\n"
            f"Mcp-Session-Id: {wire.session}\r\nMCP-Protocol-Version: 2025-11-25\r\n\r\n"
        ).encode()
        await wire.request("ping")
        before = descriptors(gateway.pid)
        connections = []
        for data in (whole[:-5], whole[:40], listen, b"", b"\r\n", b"POST /mcp HTTP/1.1\r\n", whole + whole[:30]):
            for _ in range(5):
                connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                connections.append(connection)
        assert (await wire.request("ping"))["result"] == {}
        for connection in connections:
            connection.close()
        eventually(lambda: descriptors(gateway.pid) <= before + 3, 15, "the end of the half-closed connections")
        assert (await wire.request("ping"))["result"] == {}


async def test_a_backend_that_closes_half_way_costs_one_call(launch, everything):
    """Headers only, half a body, half an event, nothing at all."""
    def script(exchange):
        kind = exchange.arguments["kind"]
        full = json.dumps({"jsonrpc": "2.0", "id": exchange.id, "result": {"content": []}}).encode()
        if kind == "nothing":
            exchange.cut()
        elif kind == "headers":
            exchange.raw(200, b"", length=len(full))
        elif kind == "half a body":
            exchange.raw(200, full[:20], length=len(full))
        elif kind == "half an event":
            exchange.stream()
            exchange.write(b"event: message\ndata: " + full[:20])
        elif kind == "an empty stream":
            exchange.stream()
        else:
            exchange.text("fine")

    with ScriptedBackend([tool("t")], **{"tools/call": script}) as backend:
        gateway = launch(
            [http_backend("script", backend.url), http_backend("everything", everything.url)],
            operational={"timeouts": {"default": "5s"}},
        )
        async with connect(HTTP(gateway.endpoint)) as client:
            for kind in ("nothing", "headers", "half a body", "half an event", "an empty stream"):
                calls = len(backend.calls())
                result, took = await timed(client.call("script_t", {"kind": kind}))
                assert isinstance(result, RPCError), f"{kind}: {result}"
                assert "outcome" in result.message.lower() and "unknown" in result.message.lower(), f"{kind}: {result}"
                assert took < 7
                assert len(backend.calls()) == calls + 1, f"{kind}: the call was repeated"
                assert await client.call_text("script_t", {"kind": "fine"}) == "fine"
                assert await client.call_text("everything_echo", {"text": "x"}) == "x"


async def test_a_client_that_does_not_read_costs_bounded_memory(launch):
    """SE-06: 300 MB of notifications towards a client that reads nothing."""
    written = [0]
    ended = threading.Event()

    def script(exchange):
        block = json.dumps({
            "jsonrpc": "2.0",
            "method": "notifications/message",
            "params": {"level": "info", "data": "x" * 60_000},
        })
        try:
            exchange.stream()
            for _ in range(5000):
                exchange.event(block)
                written[0] += len(block)
            exchange.event({"jsonrpc": "2.0", "id": exchange.id, "result": {"content": []}})
        except OSError:
            pass
        finally:
            ended.set()

    with ScriptedBackend([tool("pour"), tool("echo")], **{"tools/call": script}) as backend:
        gateway = launch([http_backend("script", backend.url)], operational={"timeouts": {"default": "60s"}})
        async with Wire(gateway.endpoint) as wire:
            await wire.open()
            await wire.request("tools/list")
            before = resident_kilobytes(gateway.pid)
            body = json.dumps(wire.message("tools/call", {"name": "script_pour", "arguments": {}})).encode()
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            connection.connect(("127.0.0.1", gateway.port))
            connection.sendall(raw_call(gateway.port, wire.session, body))
            peak = 0
            for _ in range(30):
                await anyio.sleep(0.1)
                peak = max(peak, resident_kilobytes(gateway.pid))
                if ended.is_set():
                    break
            assert (await wire.request("ping"))["result"] == {}
            connection.close()
            assert peak - before < 80 * 1024, f"{peak - before} kB more after {written[0]} bytes"


@pytest.mark.parametrize("name, count", [("classic_flood", 3000), ("example_flood", 10_000)])
async def test_a_flood_of_log_messages_arrives_in_order_and_disturbs_nobody(gateway, name, count):
    async with connect(HTTP(gateway.endpoint)) as client, connect(HTTP(gateway.endpoint)) as bystander:
        await client.set_level("debug")
        slowest, finished = [0.0], anyio.Event()

        async def flood():
            with anyio.fail_after(60):
                await client.call_text(name, {"count": count}, timeout=60)
            finished.set()

        async with anyio.create_task_group() as group:
            group.start_soon(flood)
            while not finished.is_set():
                _, took = await timed(bystander.call_text("everything_echo", {"text": "x"}))
                slowest[0] = max(slowest[0], took)
                await anyio.sleep(0.05)
        assert slowest[0] < 3
        assert bystander.logs == []
        numbers = [
            entry["data"]["index"] if isinstance(entry["data"], dict) else int(entry["data"].split()[1])
            for entry in client.logs
        ]
        assert numbers == list(range(count))


LIST_CHANGED = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}


class Stormy(ScriptedBackend):
    """Announces list changes on the stream of the call (`post`) or on every GET stream (`get`)."""

    def __init__(self):
        super().__init__([tool("storm")], **{"tools/call": self.storm})
        self.gusts = 0
        self.listen = self.stream

    def storm(self, exchange):
        self.tools.append(tool(f"new{len(self.tools)}"))
        self.gusts += exchange.arguments.get("get", 0)
        exchange.stream()
        for _ in range(exchange.arguments.get("post", 0)):
            exchange.event(LIST_CHANGED)
        exchange.event({"jsonrpc": "2.0", "id": exchange.id, "result": {"content": []}})

    def stream(self, exchange):
        exchange.stream()
        sent = self.gusts
        while not self.released.wait(0.05):
            while sent < self.gusts:
                exchange.event(LIST_CHANGED)
                sent += 1

    def listings(self):
        return len([exchange for exchange in list(self.seen) if exchange.message.get("method") == "tools/list"])


@pytest.mark.parametrize("place", ["get", "post"])
async def test_list_changes_count_on_whichever_stream_they_come(launch, place):
    """Python servers say it on the session's GET stream or on the call's own stream, and to that session only."""
    with Stormy() as backend:
        gateway = launch([http_backend("script", backend.url)], operational=RARE_CHECKS)
        async with connect(HTTP(gateway.endpoint)) as client:
            await client.names("tools")
            await client.call("script_storm", {place: 1})
            await client.wait_notification("notifications/tools/list_changed")
            assert "script_new1" in await client.names("tools")
            assert await client.call_text("script_new1", {}) == ""


@pytest.mark.parametrize("place", ["get", "post"])
async def test_a_storm_of_list_changes_is_coalesced(launch, everything, place):
    """GB-28: the client sees a few announcements, the backend a few listings."""
    with Stormy() as backend:
        gateway = launch([http_backend("script", backend.url), http_backend("everything", everything.url)])
        async with connect(HTTP(gateway.endpoint)) as client:
            await client.names("tools")
            client.notifications.clear()
            listings = backend.listings()
            await client.call("script_storm", {place: 1000})
            await client.wait_notification("notifications/tools/list_changed")
            await anyio.sleep(1)
            assert 1 <= len(client.received("notifications/tools/list_changed")) <= 50
            assert backend.listings() - listings <= 50
            assert await client.call_text("everything_echo", {"text": "calm"}) == "calm"


async def test_ten_thousand_tools(launch, backends, everything, stopping):
    example = stopping(backends.example("--extra-tools", "10000"))
    gateway = launch([http_backend("example", example.url), http_backend("everything", everything.url)])
    async with connect(HTTP(gateway.endpoint)) as client, connect(HTTP(gateway.endpoint)) as bystander:
        pages, cursor, names = 0, None, []
        started = time.monotonic()
        while True:
            page = await client.list_page("tools", cursor)
            pages += 1
            assert 0 < len(page["tools"]) <= 1000
            names += [entry["name"] for entry in page["tools"]]
            cursor = page.get("nextCursor")
            if cursor is None:
                break
        assert time.monotonic() - started < 20
        assert pages >= 11
        assert len(names) == len(set(names)) >= 10_000
        assert names == sorted(names)
        assert {"example_tool_0000", "example_tool_9999", "everything_echo"} <= set(names)
        answer = await client.call_text("example_tool_9999", {"query": "x"})
        assert answer == "tool_9999 called"
        slowest, finished = 0.0, anyio.Event()

        async def list_all():
            for _ in range(3):
                await client.names("tools")
            finished.set()

        async with anyio.create_task_group() as group:
            group.start_soon(list_all)
            while not finished.is_set():
                _, took = await timed(bystander.call_text("everything_echo", {"text": "x"}))
                slowest = max(slowest, took)
        assert slowest < 2
    assert resident_kilobytes(gateway.pid) < 400 * 1024


async def test_many_sessions_come_and_go_without_a_trace(launch, classic, everything):
    gateway = launch([http_backend("classic", classic.url), http_backend("everything", everything.url)])

    async def visit(index):
        async with Wire(gateway.endpoint) as wire:
            await wire.open()
            await wire.call("everything_echo", {"text": str(index)})
            await wire.call("classic_counter", {})

    async def crowd(count):
        async with anyio.create_task_group() as group:
            for index in range(count):
                group.start_soon(visit, index)

    await crowd(10)
    before = descriptors(gateway.pid)
    for _ in range(4):
        await crowd(15)
    eventually(lambda: descriptors(gateway.pid) <= before + 8, 15, "the end of the backend sessions")
