# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A way to a server that something stands on."""

import asyncio
import contextlib


class Route:
    """Listens on a port of its own; what becomes of a connection, `serve` says."""

    def __init__(self, port):
        self.target = port

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        raise NotImplementedError

    async def join(self, reader, writer, there_reader, there_writer):
        """Passes on both directions until the server has said everything."""
        upwards = asyncio.create_task(self._pass(reader, there_writer))
        await self._pass(there_reader, writer)
        upwards.cancel()

    @staticmethod
    async def _pass(reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
