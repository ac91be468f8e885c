# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What the SDK makes of a rate that is used up."""

import pytest

from vmcp_e2e.clients import GENERATION
from vmcp_e2e.gateway import http_backend

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(GENERATION == 1, reason="the 1.x SDK is Legacy only, and is told the same in the same way"),
]

if GENERATION > 1:
    from mcp import Client, MCPError


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_sdk_is_told_and_goes_on(launch, example, mode):
    """SE-11: the error arrives as one, with when to come back, and the client can use what is not limited."""
    gateway = launch(
        [http_backend("example", example.url)],
        rateLimiting={"tools": [{"name": "example_echo", "shared": {"maxTokens": 2, "refillPeriod": "24h"}}]},
    )
    async with Client(gateway.endpoint, mode=mode) as client:
        for text in ("one", "two"):
            result = await client.call_tool("example_echo", {"text": text})
            assert result.content[0].text == text
        for _ in range(3):
            with pytest.raises(MCPError) as refused:
                await client.call_tool("example_echo", {"text": "three"})
            error = refused.value.error
            assert error.code == 429
            assert error.message.startswith("Rate limit exceeded")
            assert error.data["limit"] == "tools.shared"
            assert 40000 < error.data["retryAfterSeconds"] <= 43200
        assert "example_echo" in {tool.name for tool in (await client.list_tools()).tools}
        assert not (await client.call_tool("example_stats", {})).is_error
