# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Every way to the MCP endpoint asks who comes."""

import pytest

from vmcp_e2e.wire import MODERN

pytestmark = pytest.mark.anyio

META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def modern(method, **params):
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    return {"json": body, "headers": {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}}


WAYS = {
    "POST": ("POST", "/mcp", {"json": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}),
    "GET": ("GET", "/mcp", {"headers": {"Accept": "text/event-stream"}}),
    "DELETE": ("DELETE", "/mcp", {}),
    "discover": ("POST", "/mcp", modern("server/discover")),
    "listen": ("POST", "/mcp", modern("subscriptions/listen", notifications={})),
    "tasks": ("POST", "/mcp", modern("tasks/get", taskId="x")),
    "SSE": ("GET", "/sse", {"headers": {"Accept": "text/event-stream"}}),
    "SSE POST": ("POST", "/messages?sessionId=0", {"json": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}),
    "catch-all": ("POST", "/", {"json": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("token", [None, "not-a-token"])
async def test_no_way_in_without_a_good_token(raw_site, way, token):
    """AU-37."""
    site = raw_site(http={"legacySSE": True})
    method, path, more = WAYS[way]
    headers = {"Accept": "application/json, text/event-stream"} | more.get("headers", {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    response = await site.http.request(method, site.origin + path, json=more.get("json"), headers=headers)
    assert response.status_code == 401
    assert "resource_metadata=" in response.headers["www-authenticate"]
