# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Passes bytes on to an HTTP backend that cannot be listened to from inside, and writes the exchanges down."""

import argparse
import asyncio
import itertools
import os

import h11

from wirelog import LARGEST, headers, write

_numbers = itertools.count(1)


class Dialogue:
    """Understands one connection from the bytes that passed; what it does not understand it lets pass in silence."""

    def __init__(self, path, port):
        self.path, self.port = path, port
        self.server, self.client = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
        self.request, self.body, self.tap, self.sent = None, bytearray(), None, 0
        self.lost = False

    def hear(self, conn, data):
        if self.lost:
            return
        try:
            conn.receive_data(data)
            self._events()
        except (h11.ProtocolError, RuntimeError):
            self.lost = True

    def _events(self):
        for conn, other, handle in (
            (self.server, self.client, self._asked),
            (self.client, self.server, self._answered),
        ):
            while (event := conn.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.ConnectionClosed):
                    break
                handle(event)
                if not isinstance(event, h11.InformationalResponse):
                    other.send(event)
        if self.server.our_state is h11.DONE and self.server.their_state is h11.DONE:
            self.server.start_next_cycle()
            self.client.start_next_cycle()

    def _asked(self, event):
        if isinstance(event, h11.Request):
            self.request, self.body = event, bytearray()
        elif isinstance(event, h11.Data):
            self.body += event.data
        elif isinstance(event, h11.EndOfMessage):
            self.tap, self.sent = f"{os.getpid()}-{next(_numbers)}", 0
            write(self.path, kind="request", tap=self.tap, server=f"backend:{self.port}",
                  method=self.request.method.decode(), path=self.request.target.decode(),
                  headers=headers(self.request.headers), body=bytes(self.body))

    def _answered(self, event):
        if isinstance(event, h11.Response):
            write(self.path, kind="response", tap=self.tap, status=event.status_code, headers=headers(event.headers))
        elif isinstance(event, h11.Data):
            self.sent += len(event.data)
            if self.sent <= LARGEST:
                write(self.path, kind="data", tap=self.tap, data=bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            write(self.path, kind="end", tap=self.tap)


async def pump(source, target, hear):
    try:
        while data := await source.read(65536):
            hear(data)
            target.write(data)
            await target.drain()
        target.write_eof()
    except (OSError, RuntimeError):
        target.close()


async def main(port, target, path):
    async def serve(reader, writer):
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        dialogue = Dialogue(path, target)
        await asyncio.gather(
            pump(reader, upstream_writer, lambda data: dialogue.hear(dialogue.server, data)),
            pump(upstream_reader, writer, lambda data: dialogue.hear(dialogue.client, data)),
        )
        writer.close()
        upstream_writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024) as server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", type=int, required=True)
    parser.add_argument("--file", required=True)
    options = parser.parse_args()
    asyncio.run(main(options.port, options.target, options.file))
