# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Backends that die, restart or never were there."""

import contextlib
import json
import os
import signal
import sys
import time
from uuid import uuid4

import anyio
import httpx
import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect
from vmcp_e2e.gateway import http_backend, stdio_backend
from vmcp_e2e.processes import alive, children, eventually, free_port
from vmcp_e2e.wire import Wire, events

pytestmark = pytest.mark.anyio

PATIENT = {"failureHandling": {"healthCheckInterval": "30s", "unhealthyThreshold": 3}}
"""A backend that is away for two seconds is not given up."""


async def outcome(client, name, arguments):
    """The error that a call ends with."""
    with anyio.fail_after(15):
        with pytest.raises(RPCError) as caught:
            await client.call(name, arguments)
    return caught.value


def says_outcome_unknown(error):
    message = error.message.lower()
    return "outcome" in message and "unknown" in message


async def recovered(client, name, arguments, expected, timeout=15):
    """Calls until the answer is right again; every failure on the way must be a prompt error."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            with anyio.fail_after(10):
                assert await client.call_text(name, arguments) == expected
            return
        except RPCError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} did not come back within {timeout} s: {error}") from error
            await anyio.sleep(0.1)


async def test_a_stdio_backend_killed_in_mid_call(launch, backends, everything, journal):
    """ST-10: the caller learns that the outcome is unknown, the child is started again, nobody else notices."""
    gateway = launch([backends.classic_child("child"), http_backend("everything", everything.url)])
    mark, caught = uuid4().hex, []
    async with connect(HTTP(gateway.endpoint)) as client:
        pid = int(await client.call_text("child_pid"))
        async with anyio.create_task_group() as group:

            async def call():
                caught.append(await outcome(client, "child_sleep", {"seconds": 30, "mark": mark}))

            group.start_soon(call)
            await journal.wait("sleep.start", mark=mark)
            os.kill(pid, signal.SIGKILL)
            started = time.monotonic()
            assert await client.call_text("everything_echo", {"text": "unmoved"}) == "unmoved"
            assert time.monotonic() - started < 2
        assert says_outcome_unknown(caught[0]), caught[0]
        await recovered(client, "child_echo", {"x": 1}, json.dumps({"arguments": {"x": 1}}))
        assert int(await client.call_text("child_pid")) != pid
        assert len(journal.find("sleep.start", mark=mark)) == 1, "the call was repeated"


async def test_an_http_backend_killed_in_mid_call(launch, backends, everything, journal, stopping):
    classic = backends.classic()
    gateway = launch([http_backend("classic", classic.url), http_backend("everything", everything.url)])
    mark, caught = uuid4().hex, []
    async with connect(HTTP(gateway.endpoint)) as client:
        async with anyio.create_task_group() as group:

            async def call():
                caught.append(await outcome(client, "classic_sleep", {"seconds": 30, "mark": mark}))

            group.start_soon(call)
            await journal.wait("sleep.start", mark=mark)
            classic.kill()
            started = time.monotonic()
            assert await client.call_text("everything_echo", {"text": "unmoved"}) == "unmoved"
            assert time.monotonic() - started < 2
        assert says_outcome_unknown(caught[0]), caught[0]
        with anyio.fail_after(5), pytest.raises(RPCError):
            await client.call("classic_echo", {})
        assert "everything_echo" in await client.names("tools")
        again = stopping(backends.classic(port=classic.port))
        assert not again.exited()
        await recovered(client, "classic_echo", {"x": 1}, json.dumps({"arguments": {"x": 1}}))
    assert len(journal.find("sleep.start", mark=mark)) == 1, "the call was repeated"


async def test_a_restarted_backend_costs_no_call(launch, backends, journal, stopping):
    """GB-59, BC-12: the lost session is opened again and the call, which provably did not run, is sent again."""
    classic = backends.classic()
    gateway = launch([http_backend("classic", classic.url)], operational=PATIENT)
    async with connect(HTTP(gateway.endpoint)) as client:
        before = json.loads(await client.call_text("classic_counter"))
        assert before["count"] == 1
        classic.stop()
        again = stopping(backends.classic(port=classic.port))
        mark = uuid4().hex
        answer = json.loads(await client.call_text("classic_counter", {"mark": mark}))
        assert answer["count"] == 1, "a new backend session starts anew"
        assert len(journal.find("call", mark=mark)) == 1
        answers = []

        async def one(index):
            answers.append(await client.call_text("classic_echo", {"index": index}))

        again.stop()
        stopping(backends.classic(port=classic.port))
        async with anyio.create_task_group() as group:
            for index in range(20):
                group.start_soon(one, index)
        assert len(answers) == 20
        assert "classic://static/00" in await client.names("resources")


async def test_subscriptions_survive_a_restart_of_the_backend(launch, backends, stopping):
    """GB-34: the watch is set up again."""
    classic = backends.classic()
    gateway = launch([http_backend("classic", classic.url)], operational=PATIENT)
    async with connect(HTTP(gateway.endpoint)) as client:
        await client.subscribe("classic://watched/a")
        classic.stop()
        stopping(backends.classic(port=classic.port))
        deadline = time.monotonic() + 20
        while not client.received("notifications/resources/updated"):
            assert time.monotonic() < deadline, "no update after the restart"
            await client.call_text("classic_touch", {"uri": "classic://watched/a"})
            await anyio.sleep(0.2)


async def test_a_backend_that_is_dead_at_start_does_not_hold_up_the_others(launch, backends, everything, stopping):
    port = free_port()
    entries = [
        http_backend("classic", f"http://127.0.0.1:{port}/mcp"),
        http_backend("everything", everything.url),
        stdio_backend("missing", "/nowhere/no-such-program"),
        stdio_backend("dying", "/bin/false"),
    ]
    started = time.monotonic()
    gateway = launch(entries, healthy=False)
    assert time.monotonic() - started < 5
    async with connect(HTTP(gateway.endpoint)) as client:
        with anyio.fail_after(5):
            names = await client.names("tools")
        assert "everything_echo" in names
        assert not [name for name in names if name.startswith(("classic_", "missing_", "dying_"))]
        assert await client.call_text("everything_echo", {"text": "x"}) == "x"
        with pytest.raises(RPCError):
            await client.call("classic_echo", {})
        client.notifications.clear()
        stopping(backends.classic(port=port))
        await client.wait_notification("notifications/tools/list_changed", timeout=15)
        with anyio.fail_after(10):
            while "classic_echo" not in await client.names("tools"):
                await anyio.sleep(0.2)
        assert await client.call_text("classic_echo", {}) == json.dumps({"arguments": {}})
    gateway.wait_health(names=["everything"])
    assert gateway.health()["missing"] not in ("healthy", "degraded")
    assert gateway.health()["dying"] not in ("healthy", "degraded")


async def test_every_backend_down_still_leaves_a_working_gateway(launch):
    gateway = launch([http_backend("gone", f"http://127.0.0.1:{free_port()}/mcp")], healthy=False)
    async with connect(HTTP(gateway.endpoint)) as client:
        await client.ping()
        for kind in ("tools", "resources", "prompts"):
            assert await client.names(kind) == []
        with pytest.raises(RPCError) as caught:
            await client.call("gone_echo")
        assert caught.value.code == -32602


async def test_a_child_that_dies_again_and_again_is_not_started_in_a_tight_loop(launch, folder, everything):
    counter = folder / f"starts-{uuid4().hex}"
    command = ["-c", f"echo x >> {counter}; exit 3"]
    gateway = launch([stdio_backend("dying", "/bin/sh", *command), http_backend("everything", everything.url)], False)
    async with connect(HTTP(gateway.endpoint)) as client:
        await anyio.sleep(4)
        assert await client.call_text("everything_echo", {"text": "x"}) == "x"
    assert 1 <= len(counter.read_text().splitlines()) < 30


async def test_sigterm_with_open_streams_calls_and_children(launch, backends, everything, journal):
    """SE-12: exit 0 within ten seconds, the children are gone, waiting clients are let go."""
    gateway = launch([backends.classic_child("child"), http_backend("everything", everything.url)])
    family = children(gateway.pid)
    assert family
    mark, ended = uuid4().hex, []

    async def listen(wire):
        with contextlib.suppress(httpx.HTTPError):
            async with wire.listen() as response:
                async for _ in events(response):
                    pass
        ended.append("stream")

    async def call(wire):
        parameters = {"name": "child_sleep", "arguments": {"seconds": 60, "mark": mark}}
        with contextlib.suppress(httpx.HTTPError):
            response = await wire.post(wire.message("tools/call", parameters))
            assert "error" in await wire.answer_of(response)
        ended.append("call")

    async with Wire(gateway.endpoint) as idle, Wire(gateway.endpoint) as busy:
        await idle.open()
        await busy.open()
        await busy.call("child_echo")
        family = children(gateway.pid)
        async with anyio.create_task_group() as group:
            group.start_soon(listen, idle)
            group.start_soon(listen, busy)
            group.start_soon(call, busy)
            await journal.wait("sleep.start", mark=mark)
            started = time.monotonic()
            gateway.signal(signal.SIGTERM)
            code = await anyio.to_thread.run_sync(lambda: gateway.popen.wait(15))
            took = time.monotonic() - started
            with anyio.fail_after(5):
                while len(ended) < 3:
                    await anyio.sleep(0.05)
    assert code == 0
    assert took < 10.5
    eventually(lambda: not any(alive(pid) for pid in family), 5, "the end of the children")


async def test_sigterm_with_idle_streams_only_is_quick(launch, backends, everything):
    """An open stream on which nothing happens is nothing to wait for."""
    gateway = launch([backends.classic_child("child"), http_backend("everything", everything.url)])
    async with Wire(gateway.endpoint) as one, Wire(gateway.endpoint) as two, anyio.create_task_group() as group:
        for wire in (one, two):
            await wire.open()
            await wire.call("child_echo")

            async def listen(wire=wire):
                with contextlib.suppress(httpx.HTTPError):
                    async with wire.listen() as response:
                        async for _ in events(response):
                            pass

            group.start_soon(listen)
        await anyio.sleep(0.3)
        started = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert await anyio.to_thread.run_sync(lambda: gateway.popen.wait(15)) == 0
        assert time.monotonic() - started < 5


async def test_a_killed_gateway_leaves_no_children(launch, backends):
    """Their standard input ends with it."""
    gateway = launch([backends.classic_child("child")])
    async with connect(HTTP(gateway.endpoint)) as client:
        await client.call_text("child_echo")
        family = children(gateway.pid)
        assert family
        gateway.kill()
        eventually(lambda: not any(alive(pid) for pid in family), 10, "the end of the children")


async def test_a_stubborn_child_is_killed_in_the_end(launch, folder):
    """ST-11: neither end of input nor SIGTERM moves it."""
    script = folder / f"stubborn-{uuid4().hex}.py"
    script.write_text(
        "import json, os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for line in sys.stdin:\n"
        "    message = json.loads(line)\n"
        "    method, result = message.get('method'), {}\n"
        "    if method == 'initialize':\n"
        "        result = {'protocolVersion': message['params']['protocolVersion'], 'capabilities': {'tools': {}},\n"
        "                  'serverInfo': {'name': 'stubborn', 'version': '1'}}\n"
        "    elif method == 'tools/list':\n"
        "        result = {'tools': [{'name': 'stay', 'inputSchema': {'type': 'object'}}]}\n"
        "    if 'id' in message:\n"
        "        print(json.dumps({'jsonrpc': '2.0', 'id': message['id'], 'result': result}), flush=True)\n"
        "time.sleep(600)\n"
    )
    gateway = launch([stdio_backend("stubborn", sys.executable, script)])
    family = children(gateway.pid)
    assert family
    try:
        started = time.monotonic()
        assert gateway.stop(timeout=15) == 0
        assert time.monotonic() - started < 12
        eventually(lambda: not any(alive(pid) for pid in family), 1, "the end of the child")
    finally:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
