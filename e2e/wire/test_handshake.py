# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Versions: the four Legacy revisions, and 2026-07-28 beside them."""

import pytest

from vmcp_e2e.clients import GENERATION
from vmcp_e2e.wire import LATEST, LEGACY, MODERN, Wire

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("version", LEGACY)
async def test_each_legacy_revision_is_spoken(gateway, version):
    """LC-01."""
    async with Wire(gateway.endpoint) as wire:
        answer = await wire.open(version)
        assert answer["protocolVersion"] == version
        names = [tool["name"] for tool in (await wire.request("tools/list"))["result"]["tools"]]
        assert "classic_echo" in names
        result = await wire.call("everything_echo", {"text": version})
        assert result["content"][0]["text"] == version


@pytest.mark.parametrize("version", ["1999-01-01", "2026-07-28", "2030-01-01", "nonsense"])
async def test_other_versions_are_answered_with_the_latest_legacy_one(gateway, version):
    """LC-02, LC-03, L23."""
    async with Wire(gateway.endpoint) as wire:
        assert (await wire.open(version))["protocolVersion"] == LATEST


async def test_sessions_of_different_versions_live_side_by_side(gateway):
    """LC-08."""
    async with Wire(gateway.endpoint) as old, Wire(gateway.endpoint) as new:
        await old.open("2025-03-26")
        await new.open("2025-11-25")
        batch = [old.message("ping"), old.message("tools/list")]
        assert (await old.post(batch)).status_code == 200
        assert (await new.post(batch)).status_code == 400
        assert (await old.request("ping"))["result"] == {}
        assert (await new.request("ping"))["result"] == {}


async def test_ping_and_requests_before_initialized_are_served(gateway):
    """LC-06, LC-05, L24."""
    async with Wire(gateway.endpoint) as wire:
        response = await wire.post(wire.initialize(LATEST))
        wire.session = response.headers["mcp-session-id"]
        assert (await wire.request("ping"))["result"] == {}
        assert (await wire.request("tools/list"))["result"]["tools"]


def modern(method, identifier=1, **params):
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "wire", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": {**params, "_meta": meta}}


@pytest.mark.parametrize("method, params, status, code", [
    ("server/discover", {}, 200, None),
    ("tools/list", {}, 200, None),
    ("tools/call", {"name": "everything_echo", "arguments": {"text": "x"}}, 200, None),
    ("initialize", {"protocolVersion": MODERN, "capabilities": {}, "clientInfo": {"name": "w", "version": "1"}}, 404,
     -32601),
    ("ping", {}, 404, -32601),
])
@pytest.mark.parametrize("identifier", [7, "seven"])
async def test_a_modern_request_is_served_by_itself(gateway, method, params, status, code, identifier):
    """LC-10, LC-15, LC-16: without a handshake, at the endpoint of all revisions, and without what 2026-07-28 removed."""
    async with Wire(gateway.endpoint) as wire:
        headers = {"MCP_Protocol_Version": MODERN, "Mcp_Method": method}
        if "name" in params:
            headers["Mcp_Name"] = params["name"]
        response = await wire.post(modern(method, identifier, **params), **headers)
        assert response.status_code == status
        body = response.json()
        assert body["id"] == identifier
        if code is None:
            assert body["result"]["resultType"] == "complete"
        else:
            assert body["error"]["code"] == code
        assert "mcp-session-id" not in response.headers


async def test_an_unknown_modern_version_is_echoed_as_requested(gateway):
    async with Wire(gateway.endpoint) as wire:
        message = modern("tools/list")
        message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01"
        response = await wire.post(message, MCP_Protocol_Version="2031-01-01", Mcp_Method="tools/list")
        assert response.status_code == 400
        assert response.json()["error"]["code"] == -32022
        assert response.json()["error"]["data"]["requested"] == "2031-01-01"


@pytest.mark.skipif(GENERATION < 2, reason="only mcp 2.x speaks 2026-07-28")
async def test_the_automatic_mode_of_the_2x_client_takes_the_modern_era(gateway):
    """The whole feature set works there, over the high-level client."""
    from mcp import Client

    async with Client(gateway.endpoint, mode="auto") as client:
        assert client.protocol_version == MODERN
        assert client.server_info.name == "e2e"
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert "everything_echo" in tools
        result = await client.call_tool("everything_add", {"a": 40, "b": 2})
        assert result.structured_content == {"total": 42, "terms": [40, 2]}
        contents = (await client.read_resource("everything://static")).contents
        assert contents[0].text == "static text"
        assert (await client.get_prompt("classic_greet", {"name": "A"})).messages


@pytest.mark.skipif(GENERATION < 2, reason="only mcp 2.x speaks 2026-07-28")
async def test_the_automatic_mode_takes_the_modern_era_over_stdio_too(stdio_command):
    from mcp import Client, StdioServerParameters

    parameters = StdioServerParameters(command=stdio_command.command, args=stdio_command.arguments)
    async with Client(parameters, mode="auto") as client:
        assert client.protocol_version == MODERN
        result = await client.call_tool("everything_echo", {"text": "by itself"})
        assert result.content[0].text == "by itself"
