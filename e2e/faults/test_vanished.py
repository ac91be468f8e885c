# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Backends that are gone without a word, and networks that forget."""

from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import HTTP, connect
from vmcp_e2e.gateway import http_backend
from vmcp_e2e.vanishing import VanishingRoute, may_vanish

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not may_vanish(), reason="closing a connection in silence takes CAP_NET_ADMIN"),
]

RARE_CHECKS = {"failureHandling": {"healthCheckInterval": "60s"}}
"""No health check re-lists the tools by chance while the test looks."""


async def test_a_stream_that_vanished_is_opened_again(launch, classic):
    """What a backend announces reaches its clients although the connection that it came by closed at one end only."""
    async with VanishingRoute(classic.port) as route:
        entries = [http_backend("classic", f"http://127.0.0.1:{route.port}/mcp")]
        settings = {"operational": RARE_CHECKS, "limits": {"keepAliveInterval": "1s"}}
        # The route is served meanwhile.
        gateway = await anyio.to_thread.run_sync(lambda: launch(entries, **settings))
        name = f"grown_{uuid4().hex[:8]}"
        async with connect(HTTP(gateway.endpoint)) as client, connect(HTTP(classic.url)) as direct:
            assert "classic_grow" in await client.names("tools")
            assert route.vanish() > 0
            await direct.call_text("grow", {"kind": "tool", "name": name})
            try:
                with anyio.fail_after(15):
                    await client.wait_list("tools", lambda names: f"classic_{name}" in names)
            finally:
                await direct.call_text("shrink", {"kind": "tool", "name": name})
