# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A reverse proxy that shows a server under a path of its own: it cuts the path off, and knows nothing else."""

import asyncio
import contextlib

from vmcp_e2e.routes import Route


class PrefixProxy(Route):
    def __init__(self, prefix, port):
        super().__init__(port)
        self.prefix = prefix
        self.refused = []
        """Request targets that were not below the prefix."""

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader, writer):
        """One request for each connection: the head is changed, everything after it is passed on as it comes."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, version = head.split("\r\n", 1)[0].split(" ")
            if not target.startswith(self.prefix + "/"):
                self.refused.append(target)
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                writer.close()
                return
            fields = [line for line in head.split("\r\n")[1:-2] if not line.lower().startswith("connection:")]
            lines = [f"{method} {target[len(self.prefix) :]} {version}", *fields, "Connection: close", "", ""]
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
            there_writer.write("\r\n".join(lines).encode())
            await self.join(reader, writer, there_reader, there_writer)
            there_writer.close()
