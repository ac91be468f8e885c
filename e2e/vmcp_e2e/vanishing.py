# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A way to a server that can vanish as a machine does that loses its power: without closing anything."""

import asyncio
import contextlib
import socket

from vmcp_e2e.routes import Route

TCP_REPAIR = 19
"""Of Linux: a socket in this mode closes without telling its peer (CRIU's doing)."""


def may_vanish():
    """Whether this machine lets us: it takes CAP_NET_ADMIN."""
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            probe.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 0)
        except OSError:
            return False
    return True


class VanishingRoute(Route):
    def __init__(self, port):
        super().__init__(port)
        self.connections = []
        """To whoever comes this way, and from us to the server, a pair for each connection."""

    async def __aexit__(self, *_):
        await super().__aexit__()
        for pair in self.connections:
            for writer in pair:
                writer.transport.abort()

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self.connections.append((writer, there_writer))
            await self.join(reader, writer, there_reader, there_writer)

    def vanish(self):
        """All connections end here, and whoever came this way is not told; new ones find their way."""
        gone, self.connections = self.connections, []
        for writer, there in gone:
            there.transport.abort()
            own = writer.get_extra_info("socket")
            if own.fileno() >= 0:
                own.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            writer.transport.abort()
        return len(gone)
