# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Calls that wait for a client of 2026-07-28 while something happens to their backend."""

import os
import signal

import anyio
import pytest

from vmcp_e2e.clients import GENERATION
from vmcp_e2e.gateway import http_backend, stdio_backend
from vmcp_e2e.environment import binary
from vmcp_e2e.processes import children

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(GENERATION == 1, reason="the 1.x SDK is asked in the middle of its call"),
]

if GENERATION > 1:
    import mcp_types as types
    from mcp import Client, MCPError

PATIENT = {"failureHandling": {"healthCheckInterval": "30s", "unhealthyThreshold": 3}}
ANSWER = {"username": "ann", "email": "a@example.com"}


def text(result):
    return "".join(block.text for block in result.content if block.type == "text")


async def lost(gateway, tool, kill):
    """The error of a call whose backend is killed while the person thinks."""
    asked = []

    async def elicit(context, params):
        asked.append(params)
        kill()
        return types.ElicitResult(action="accept", content=ANSWER)

    async with Client(gateway.endpoint, elicitation_callback=elicit) as client:
        assert client.protocol_version == "2026-07-28"
        with anyio.fail_after(20), pytest.raises(MCPError) as caught:
            await client.call_tool(tool, {"message": "Who are you?"})
    assert len(asked) == 1, "the call was made again"
    return caught.value.error


async def test_an_http_backend_killed_while_a_call_waits(launch, backends, stopping):
    """PK-17: the retry gets the honest error, nothing is repeated, and the next call works with the next process."""
    backend = stopping(backends.example("--era", "legacy"))
    gateway = launch([http_backend("example", backend.url)], operational=PATIENT)
    error = await lost(gateway, "example_test_elicitation", backend.kill)
    assert error.code == -32603
    assert error.data["reason"] == "backend_lost"
    stopping(backends.example("--era", "legacy", port=backend.port))

    async def elicit(context, params):
        return types.ElicitResult(action="accept", content=ANSWER)

    async with Client(gateway.endpoint, elicitation_callback=elicit) as client:
        with anyio.fail_after(20):
            result = await client.call_tool("example_test_elicitation", {"message": "Who are you?"})
    assert "action=accept" in text(result)


async def test_a_child_killed_while_a_call_waits(launch):
    """PK-17 over stdio: the process that the call had for itself is gone."""
    command = ["example-backend", "--transport", "stdio", "--profile", "everything", "--era", "legacy"]
    gateway = launch([stdio_backend("child", binary(), *command)], operational=PATIENT)
    before = set(children(gateway.pid))

    def kill():
        own = set(children(gateway.pid)) - before
        assert own, "the call has no process of its own"
        for pid in own:
            os.kill(pid, signal.SIGKILL)

    error = await lost(gateway, "child_test_elicitation", kill)
    assert error.code == -32603
    assert error.data["reason"] == "backend_lost"
