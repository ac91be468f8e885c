# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A raw streamable HTTP client: exact bytes out, every status and event visible."""

import contextlib
import itertools
import json
from dataclasses import dataclass

import httpx

LEGACY = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
LATEST = LEGACY[-1]
MODERN = "2026-07-28"
BOTH = "application/json, text/event-stream"


@dataclass
class Event:
    """One server-sent event."""

    data: str = ""
    id: str | None = None
    name: str | None = None
    retry: int | None = None

    @property
    def message(self):
        """The JSON-RPC message, None for a priming event."""
        return json.loads(self.data) if self.data else None


async def lines_of(response):
    """Lines as event streams define them; httpx would also split at U+2028 and the like."""
    rest = b""
    async for block in response.aiter_bytes():
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode()


async def events(response):
    """The events of an event stream; comments are skipped."""
    event, seen = Event(), False
    async for line in lines_of(response):
        if line == "":
            if seen:
                yield event
            event, seen = Event(), False
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            event.data = f"{event.data}\n{value}" if event.data else value
        elif name == "id":
            event.id = value
        elif name == "event":
            event.name = value
        elif name == "retry":
            event.retry = int(value)
        else:
            continue
        seen = True


def is_answer(message, identifier):
    return message is not None and message.get("id") == identifier and ("result" in message or "error" in message)


class Wire:
    """One client; `session` and `version` are what the next request's headers say."""

    def __init__(self, endpoint, version=LATEST):
        self.endpoint = endpoint
        self.version = version
        self.session = None
        self.identifiers = itertools.count(1)
        self.http = httpx.AsyncClient(timeout=httpx.Timeout(30), limits=httpx.Limits(max_connections=None))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        if self.session is not None:
            with contextlib.suppress(httpx.HTTPError):
                await self.delete()
        await self.http.aclose()

    def headers(self, **more):
        headers = {"Accept": BOTH, "Content-Type": "application/json"}
        if self.session is not None:
            headers["Mcp-Session-Id"] = self.session
            if self.version is not None and self.version >= "2025-06-18":
                headers["MCP-Protocol-Version"] = self.version
        for name, value in more.items():
            name = name.replace("_", "-")
            headers = {key: kept for key, kept in headers.items() if key.lower() != name.lower()}
            if value is not None:
                headers[name] = value
        return headers

    async def post(self, body, **headers):
        """POSTs a message (or raw bytes) and reads the whole answer."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(self.endpoint, content=content, headers=self.headers(**headers))

    @contextlib.asynccontextmanager
    async def stream(self, body, **headers):
        """POSTs a message and leaves the answer open."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.stream(
            "POST", self.endpoint, content=content, headers=self.headers(**headers)
        ) as response:
            yield response

    @contextlib.asynccontextmanager
    async def listen(self, **headers):
        """Opens the GET stream."""
        wanted = self.headers(Content_Type=None, Accept="text/event-stream", **headers)
        async with self.http.stream("GET", self.endpoint, headers=wanted) as response:
            yield response

    async def delete(self):
        return await self.http.delete(self.endpoint, headers=self.headers(Content_Type=None))

    def message(self, method, params=None, identifier=None):
        identifier = next(self.identifiers) if identifier is None else identifier
        message = {"jsonrpc": "2.0", "id": identifier, "method": method}
        if params is not None:
            message["params"] = params
        return message

    def initialize(self, version, capabilities=None):
        information = {"name": "wire", "version": "1"}
        parameters = {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": information}
        return self.message("initialize", parameters)

    async def open(self, version=LATEST, capabilities=None):
        """The whole handshake; the answer to initialize."""
        self.session = None
        response = await self.post(self.initialize(version, capabilities))
        assert response.status_code == 200, response.text
        answer = await self.answer_of(response)
        self.session = response.headers["mcp-session-id"]
        self.version = answer["result"]["protocolVersion"]
        accepted = await self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert accepted.status_code == 202
        return answer["result"]

    @staticmethod
    async def messages_of(response):
        """The messages of an answer that was read completely, whichever type it has."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        if kind == "application/json":
            body = json.loads(response.content)
            return body if isinstance(body, list) else [body]
        assert kind == "text/event-stream", f"{response.status_code} {kind!r} {response.text[:300]}"
        return [event.message async for event in events(response) if event.message is not None]

    @classmethod
    async def answer_of(cls, response):
        """The one response among the messages."""
        answers = [message for message in await cls.messages_of(response) if "result" in message or "error" in message]
        assert len(answers) == 1, answers
        return answers[0]

    async def request(self, method, params=None, identifier=None, **headers):
        """Sends a request and returns the JSON-RPC answer, whose id must be the request's."""
        message = self.message(method, params, identifier)
        response = await self.post(message, **headers)
        assert response.status_code == 200, f"{response.status_code}: {response.text[:500]}"
        answer = await self.answer_of(response)
        assert answer["id"] == message["id"] and type(answer["id"]) is type(message["id"])
        return answer

    async def call(self, name, arguments=None, **more):
        answer = await self.request("tools/call", {"name": name, "arguments": arguments or {}, **more})
        assert "result" in answer, answer
        return answer["result"]
