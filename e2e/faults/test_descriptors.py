# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The limit of open files, which shells and service managers set low."""

import contextlib
import socket
from pathlib import Path

import anyio
import pytest

from vmcp_e2e.clients import HTTP, connect
from vmcp_e2e.gateway import Gateway, http_backend
from vmcp_e2e.processes import descriptors, eventually

pytestmark = pytest.mark.anyio


def limited(folder, backend, limit, **sections):
    """A gateway whose shell says `ulimit`."""
    gateway = Gateway(folder, [http_backend("everything", backend.url)], **sections)
    gateway.command = ["/bin/sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *gateway.command]
    return gateway


async def test_a_low_soft_limit_is_raised(folder, everything):
    """More clients than the shell would allow stay connected, and one more is served."""
    with limited(folder, everything, "-Sn 256").launch() as gateway, contextlib.ExitStack() as crowd:
        for _ in range(400):
            crowd.enter_context(socket.create_connection(("127.0.0.1", gateway.port), timeout=5))
        eventually(lambda: descriptors(gateway.pid) > 400, 15, "the crowd is inside")
        async with connect(HTTP(gateway.endpoint)) as client:
            with anyio.fail_after(10):
                assert await client.call_text("everything_echo", {"text": "served"}) == "served"
        limits = Path(f"/proc/{gateway.pid}/limits").read_text()
        soft = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3]
        assert int(soft) > 256


async def test_a_low_hard_limit_is_told_of_and_lived_with(folder, everything):
    """Clients who find no room wait, the log says why, and everything works again when others have left."""
    with limited(folder, everything, "-n 256").launch() as gateway:
        assert "Fewer files may be open than limits.maxConnections needs" in gateway.log.read_text()
        with contextlib.ExitStack() as crowd:
            for _ in range(400):
                crowd.enter_context(socket.create_connection(("127.0.0.1", gateway.port), timeout=5))
            eventually(lambda: descriptors(gateway.pid) >= 250, 15, "the limit is reached")
        async with connect(HTTP(gateway.endpoint)) as client:
            with anyio.fail_after(20):
                assert await client.call_text("everything_echo", {"text": "again"}) == "again"
