# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Two replicas of one server, and a client whose requests come to them in turn."""

import json
from contextlib import asynccontextmanager

import anyio
import pytest

from vmcp_e2e.clients import GENERATION
from vmcp_e2e.gateway import Gateway, http_backend
from vmcp_e2e.processes import free_port

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(GENERATION == 1, reason="the 1.x SDK has sessions, which stay where they are"),
]

if GENERATION > 1:
    import mcp_types as types
    from mcp import Client, MCPError
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client


class Replicas:
    """Gateways of one configuration that know each other."""

    def __init__(self, folder, backends, names):
        self.folder, self.backends = folder, backends
        self.ports = {name: free_port() for name in names}
        self.secrets = {}
        for kind in ("state", "replicas"):
            path = folder / f"{kind}-secret"
            path.write_text(f"the {kind} secret of this test, long enough")
            self.secrets[kind] = str(path)
        self.gateways = {name: self.start(name) for name in names}

    def start(self, name):
        forwarding = {
            "instance": name,
            "listen": f"127.0.0.1:{self.ports[name]}",
            "peers": {other: f"http://127.0.0.1:{port}" for other, port in self.ports.items() if other != name},
            "secretFiles": [self.secrets["replicas"]],
        }
        parking = {"stateSecretFiles": [self.secrets["state"]], "forwarding": forwarding}
        return Gateway(self.folder, self.backends, parking=parking).launch()

    def stop(self):
        for gateway in self.gateways.values():
            gateway.stop()


@pytest.fixture
def replicas(tmp_path, backends, stopping):
    legacy = stopping(backends.example("--era", "legacy"))
    replicas = Replicas(tmp_path, [http_backend("legacy", legacy.url)], ["vmcp-0", "vmcp-1"])
    yield replicas
    replicas.stop()


@asynccontextmanager
async def in_turn(gateways, **callbacks):
    """A client whose every request comes to another gateway than the one before; and what came where."""
    seen = []

    async def route(request):
        port = gateways[len(seen) % len(gateways)].port
        body = json.loads(request.content or b"{}")
        seen.append((body.get("method"), "requestState" in (body.get("params") or {}), port))
        request.url = request.url.copy_with(port=port)
        request.headers["host"] = f"127.0.0.1:{port}"

    http = create_mcp_http_client()
    http.event_hooks["request"].append(route)
    async with http, Client(streamable_http_client(gateways[0].endpoint, http_client=http), **callbacks) as client:
        yield client, seen


def text(result):
    return "".join(block.text for block in result.content if block.type == "text")


async def test_each_round_comes_to_another_replica(replicas):
    """PK-23: a call that waits belongs to one replica, its answers come to any."""
    gateways = list(replicas.gateways.values())

    async def elicit(context, params):
        content = {"username": "ann", "email": "a@example.com"}
        return types.ElicitResult(action="accept", content=content)

    async with in_turn(gateways, elicitation_callback=elicit) as (client, seen):
        for _ in range(4):
            start = len(seen)
            result = await client.call_tool("legacy_test_elicitation", {"message": "Who are you?"})
            assert "action=accept" in text(result) and "ann" in text(result)
            calls = [(state, port) for method, state, port in seen[start:] if method == "tools/call"]
            assert [state for state, _ in calls] == [False, True]
            assert calls[0][1] != calls[1][1]


async def test_an_owner_that_was_killed_has_no_call_any_more(replicas):
    """PK-23: a retry is told to come again while nobody is there, and that the call is gone once somebody is."""
    first, second = replicas.gateways["vmcp-0"], replicas.gateways["vmcp-1"]
    errors = []

    async def elicit(context, params):
        first.kill()
        return types.ElicitResult(action="accept", content={"username": "ann", "email": "a@example.com"})

    async def route(request):
        body = json.loads(request.content or b"{}")
        gateway = second if "requestState" in (body.get("params") or {}) else first
        request.url = request.url.copy_with(port=gateway.port)
        request.headers["host"] = f"127.0.0.1:{gateway.port}"
        last["request"] = request.content, dict(request.headers)

    last = {}
    http = create_mcp_http_client()
    http.event_hooks["request"].append(route)
    async with http:
        transport = streamable_http_client(first.endpoint, http_client=http)
        async with Client(transport, elicitation_callback=elicit) as client:
            with anyio.fail_after(20), pytest.raises(MCPError) as caught:
                await client.call_tool("legacy_test_elicitation", {"message": "Who are you?"})
            errors.append(caught.value.error.data["reason"])
            assert caught.value.error.code == -32603
            replicas.gateways["vmcp-0"] = replicas.start("vmcp-0")
            content, headers = last["request"]
            again = await http.post(second.endpoint, content=content, headers=headers)
            assert again.status_code == 400
            errors.append(again.json()["error"]["data"]["reason"])
    assert errors == ["owner_unavailable", "request_state_gone"]
