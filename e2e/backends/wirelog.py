# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What the gateway and a backend said to each other, byte by byte, for the tests to check (vmcp_e2e/taps.py).

The file is named by E2E_WIRE; without it nothing is kept. As a program this runs a stdio server and listens in:

    wirelog.py FILE COMMAND ARGUMENT…
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading

LARGEST = 4 << 20
_path = os.environ.get("E2E_WIRE")
_numbers = itertools.count(1)


def write(file, /, **event):
    """One line; bytes as Latin-1, which loses nothing."""
    line = json.dumps({name: value.decode("latin-1") if isinstance(value, bytes) else value
                       for name, value in event.items()})
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, (line + "\n").encode())
    finally:
        os.close(descriptor)


def headers(pairs):
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}


class Tapped:
    """An ASGI application with every exchange written down."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or not _path:
            return await self.app(scope, receive, send)
        tap, body, sent = f"{os.getpid()}-{next(_numbers)}", bytearray(), 0
        asked = False

        def ask():
            nonlocal asked
            if not asked:
                asked = True
                query = scope.get("query_string", b"").decode("latin-1")
                write(_path, kind="request", tap=tap, server=f"backend {os.getpid()}", method=scope["method"],
                      path=scope["path"] + (f"?{query}" if query else ""), headers=headers(scope["headers"]),
                      body=bytes(body))

        async def tapped_receive():
            event = await receive()
            if event["type"] == "http.request" and not asked:
                body.extend(event.get("body", b""))
                if not event.get("more_body"):
                    ask()
            return event

        async def tapped_send(event):
            nonlocal sent
            ask()
            if event["type"] == "http.response.start":
                write(_path, kind="response", tap=tap, status=event["status"], headers=headers(event["headers"]))
            elif event["type"] == "http.response.body":
                data = bytes(event.get("body", b""))
                sent += len(data)
                if data and sent <= LARGEST:
                    write(_path, kind="data", tap=tap, data=data)
                if not event.get("more_body"):
                    write(_path, kind="end", tap=tap)
            await send(event)

        await self.app(scope, tapped_receive, tapped_send)


class TappedFile:
    """One standard stream of this process, as anyio wraps files."""

    def __init__(self, file, origin):
        self.file, self.origin = file, origin

    def _keep(self, text):
        if _path and text:
            data = text.encode("utf-8", "surrogateescape")
            write(_path, kind="line", tap=f"{os.getpid()}", origin=self.origin, data=data)

    def __aiter__(self):
        return self

    async def __anext__(self):
        line = await self.file.readline()
        if not line:
            raise StopAsyncIteration
        self._keep(line)
        return line

    async def write(self, text):
        self._keep(text)
        await self.file.write(text)

    async def flush(self):
        await self.file.flush()


def _pump(source, target, path, tap, origin):
    try:
        while data := source.read1(65536):
            write(path, kind="line", tap=tap, origin=origin, data=data)
            target.write(data)
            target.flush()
    except OSError:
        pass
    finally:
        try:
            target.close()
        except OSError:
            pass


def main(path, *command):
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    tap = f"{os.getpid()}"
    into = threading.Thread(target=_pump, args=(sys.stdin.buffer, child.stdin, path, tap, "client"), daemon=True)
    into.start()
    _pump(child.stdout, sys.stdout.buffer, path, tap, "server")
    # The reading thread may still hold standard input, which would make an ordinary end wait.
    os._exit(child.wait() & 0xFF)


if __name__ == "__main__":
    main(*sys.argv[1:])
