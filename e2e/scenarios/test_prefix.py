# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The gateway under a path of its own, behind a proxy that cuts it off."""

import anyio
import pytest
from mcp import ClientSession
from mcp.client.sse import sse_client

from vmcp_e2e.clients import HTTP, connect
from vmcp_e2e.gateway import http_backend
from vmcp_e2e.prefix import PrefixProxy

pytestmark = pytest.mark.anyio


@pytest.fixture
def launched(launch, classic):
    def start(**http):
        return launch([http_backend("classic", classic.url)], http=http)

    return start


async def test_http_sse_works_below_a_prefix(launched):
    """SS-05: the first event names a path that the client can reach, and the SDK's own checks accept it."""
    gateway = launched(legacySSE=True, pathPrefix="/tools/one")
    async with PrefixProxy("/tools/one", gateway.port) as proxy:
        with anyio.fail_after(30):
            async with sse_client(f"{proxy.origin}/tools/one/sse") as streams, ClientSession(*streams) as session:
                await session.initialize()
                assert "classic_echo" in {tool.name for tool in (await session.list_tools()).tools}
                result = await session.call_tool("classic_echo", {"text": "below"})
                assert result.content
        assert proxy.refused == []


async def test_without_the_prefix_the_client_is_sent_elsewhere(launched):
    """What the key is for: at the root of its host the same address is right, below a path it is not."""
    gateway = launched(legacySSE=True)
    async with PrefixProxy("/tools/one", gateway.port) as proxy:
        with pytest.raises(BaseException) as failure:
            with anyio.fail_after(3):
                async with sse_client(f"{proxy.origin}/tools/one/sse") as streams, ClientSession(*streams) as session:
                    await session.initialize()
        assert failure.value is not None
        assert proxy.refused and proxy.refused[0].startswith("/messages?")


async def test_streamable_http_needs_no_prefix(launched):
    """A client knows the one address that it uses."""
    gateway = launched()
    async with PrefixProxy("/tools/one", gateway.port) as proxy:
        async with connect(HTTP(f"{proxy.origin}/tools/one/mcp")) as client:
            assert "classic_echo" in await client.names("tools")
        assert proxy.refused == []
