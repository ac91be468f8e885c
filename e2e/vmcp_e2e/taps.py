# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Where the bytes of the gateway's conversations are listened to, as close to the sockets as Python gets.

Clients: each HTTP client library's transport and each child that an SDK starts, whoever uses them. Backends: the
scripted ones call `backend_event`, and processes of their own write to a file (backends/wirelog.py). Taps only append
to a queue; whoever wants to know what was said reads it after the test.
"""

import collections
import importlib
import itertools
import json

import anyio

EVENTS = collections.deque()
PORTS = set()
"""The ports of gateways; nothing else is of interest."""

_numbers = itertools.count(1)


def gateway_port(port):
    PORTS.add(port)


def _interesting(url):
    """Whether MCP is spoken there: streamable HTTP, or the two endpoints of HTTP+SSE."""
    return url.port in PORTS and url.path.startswith(("/mcp", "/sse", "/message"))


def _headers(headers):
    return {name.lower(): value for name, value in headers.items()}


class _Tee:
    """A response body that is also kept."""

    def __init__(self, stream, tap):
        self.stream, self.tap = stream, tap

    async def __aiter__(self):
        async for data in self.stream:
            EVENTS.append({"kind": "data", "tap": self.tap, "data": data})
            yield data
        self._end()

    def _end(self):
        if self.tap is not None:
            EVENTS.append({"kind": "end", "tap": self.tap})
            self.tap = None

    async def aclose(self):
        try:
            await self.stream.aclose()
        finally:
            self._end()


def _tap_transport(library):
    original = library.AsyncHTTPTransport.handle_async_request
    stream_class = type("TeeStream", (_Tee, library.AsyncByteStream), {})

    async def handle_async_request(self, request):
        if not _interesting(request.url):
            return await original(self, request)
        try:
            body = request.content
        except library.RequestNotRead:
            # Streamed, so nobody here knows what it asks.
            return await original(self, request)
        tap, port = f"http-{next(_numbers)}", request.url.port
        EVENTS.append({
            "kind": "request", "tap": tap, "gateway": "server", "server": f"gateway:{port}", "method": request.method,
            "path": request.url.raw_path.decode(), "headers": _headers(request.headers), "body": body,
        })
        response = await original(self, request)
        EVENTS.append({
            "kind": "response", "tap": tap, "status": response.status_code, "headers": _headers(response.headers),
        })
        response.stream = stream_class(response.stream, tap)
        return response

    library.AsyncHTTPTransport.handle_async_request = handle_async_request


class _Pipe:
    """One standard stream of a child."""

    def __init__(self, stream, tap, origin):
        self._stream, self._tap, self._origin = stream, tap, origin

    def __getattr__(self, name):
        return getattr(self._stream, name)

    async def send(self, data):
        stdio(self._tap, self._origin, data)
        await self._stream.send(data)

    async def receive(self, *limit):
        data = await self._stream.receive(*limit)
        stdio(self._tap, self._origin, data)
        return data

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None


def stdio(tap, origin, data):
    """Bytes of the standard streams of a gateway; `origin` is who wrote them, "client" or "server"."""
    EVENTS.append({"kind": "line", "tap": tap, "gateway": "server", "origin": origin, "data": bytes(data)})


def new_process():
    return f"process {next(_numbers)}"


def _tap_children():
    original = anyio.open_process

    async def open_process(command, **more):
        process = await original(command, **more)
        if "--stdio" in command:
            tap = new_process()
            process._stdin = _Pipe(process._stdin, tap, "client")
            process._stdout = _Pipe(process._stdout, tap, "server")
        return process

    anyio.open_process = open_process


def install():
    """Once, before any client exists."""
    for name in ("httpx", "httpx2"):
        try:
            library = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        _tap_transport(library)
    _tap_children()


class BackendTap:
    """One exchange of a backend inside this process."""

    def __init__(self, server, handler, body):
        self.tap = f"backend-{next(_numbers)}"
        EVENTS.append({
            "kind": "request", "tap": self.tap, "gateway": "client", "server": server, "method": handler.command,
            "path": handler.path, "headers": _headers(handler.headers), "body": body,
        })

    def respond(self, status, headers):
        EVENTS.append({"kind": "response", "tap": self.tap, "status": status, "headers": _headers(headers)})

    def data(self, data):
        EVENTS.append({"kind": "data", "tap": self.tap, "data": bytes(data)})

    def end(self):
        EVENTS.append({"kind": "end", "tap": self.tap})


class WireLog:
    """The file that other processes write to, read from where it was left."""

    def __init__(self, path):
        self.path, self.offset = path, 0

    def events(self):
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.offset += len(line)
                event = json.loads(line)
                for name in ("body", "data"):
                    if name in event:
                        event[name] = event[name].encode("latin-1")
                yield {"gateway": "client", **event}


def drain():
    while EVENTS:
        yield EVENTS.popleft()
