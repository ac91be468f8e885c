# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What two peers said to each other, put together from recorded bytes; the gateway's half goes to the judge.

A recording is a sequence of events, dictionaries with a `kind`:

    request   tap, server, method, path, headers, body     an HTTP request
    response  tap, status, headers                         the head of its answer
    data      tap, data                                    some of the body of the answer
    line      tap, origin ("client" or "server"), data     bytes of a standard stream

`tap` names one HTTP exchange or one process; `gateway` says on which side of it the gateway is.
"""

import base64
import contextlib

from .judge import LATEST_LEGACY, TO_BACKENDS, TO_CLIENTS, member, meta, parsed, text

LARGEST = 32 << 20
VERSION = "io.modelcontextprotocol/protocolVersion"


def identity(value):
    """Ids of different types differ."""
    return type(value).__name__, value


def is_id(value):
    return isinstance(value, (str, int)) and not isinstance(value, bool)


class Conversation:
    """One session, or one request without any: enough to know what an answer answers, and in which revision."""

    def __init__(self, judge, gateway, where, revision=None):
        self.judge, self.where, self.revision = judge, where, revision
        self.gateway = gateway
        self.direction = TO_CLIENTS if gateway == "server" else TO_BACKENDS
        # By who asked.
        self.asked = {"client": {}, "server": {}}

    def said(self, origin, message, revision=None, bare_error=False, own=None):
        """`own` are the requests of the same HTTP exchange, which win when an id is used again."""
        other = "server" if origin == "client" else "client"
        request = None
        if isinstance(message, dict):
            identifier = message.get("id")
            if "method" in message and is_id(identifier):
                self.asked[origin][identity(identifier)] = message
            elif "method" not in message and is_id(identifier):
                key = identity(identifier)
                request = (own or {}).get(key) or self.asked[other].get(key)
            version = meta(message).get(VERSION) if "method" in message else meta(request or {}).get(VERSION)
            revision = revision or text(version)
            if request is not None and request.get("method") == "initialize":
                negotiated = text(member(message, "result").get("protocolVersion"))
                if negotiated is not None:
                    self.revision = revision = negotiated
            if message.get("method") == "initialize" and not revision:
                revision = text(member(message, "params").get("protocolVersion"))
        if origin == self.gateway:
            revision = revision or self.revision or LATEST_LEGACY
            self.judge.message(message, self.direction, self.where, revision, request, bare_error)


class Lines:
    """The lines of one stream of a process."""

    def __init__(self, conversation, origin):
        self.conversation, self.origin = conversation, origin
        self.rest = b""

    def feed(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            try:
                message = parsed(line)
            except ValueError as error:
                if self.origin == self.conversation.gateway:
                    conversation = self.conversation
                    conversation.judge.complain(conversation.direction, conversation.where, str(error), repr(line))
                continue
            code = member(message, "error").get("code")
            for each in message if isinstance(message, list) else [message]:
                self.conversation.said(self.origin, each, bare_error=code in (-32700, -32600))


class Exchange:
    """One HTTP request and its answer."""

    def __init__(self, recording, event):
        self.recording, self.server = recording, event["server"]
        self.gateway, self.path = event["gateway"], event["path"]
        self.headers, self.method = event["headers"], event["method"]
        self.where = f"{self.method} {event['server']}{self.path}"
        self.status = self.kind = None
        self.received, self.body = 0, bytearray()
        self.event_name = self.event_data = None
        self.own = {}
        self.modern = None
        self.conversation = recording.conversation(self)
        messages = self._messages(event["body"])
        self.opens = any(isinstance(each, dict) and each.get("method") == "initialize" for each in messages)
        if self.opens:
            self.conversation = Conversation(recording.judge, self.gateway, self.where)
        for message in messages:
            if not isinstance(message, dict):
                continue
            if "method" in message and is_id(message.get("id")):
                self.own[identity(message["id"])] = message
            version = meta(message).get(VERSION)
            if isinstance(version, str):
                self.modern = version
        for message in messages:
            self.conversation.said("client", message, self.modern)
        if self.gateway == "client":
            for message in messages:
                if isinstance(message, dict):
                    self._check_headers(message)

    def _messages(self, body):
        if not body:
            return []
        try:
            value = parsed(body)
        except ValueError as error:
            if self.gateway == "client":
                self.recording.judge.complain(TO_BACKENDS, self.where, str(error), repr(body[:500]))
            return []
        return value if isinstance(value, list) else [value]

    def _check_headers(self, message):
        """The headers that repeat what the body says."""
        complain, version = self.recording.judge.complain, self.headers.get("mcp-protocol-version")
        if self.modern is not None:
            wanted = {"mcp-protocol-version": self.modern, "mcp-method": message.get("method")}
            if message.get("method") in ("tools/call", "prompts/get", "resources/read"):
                name = "uri" if message["method"] == "resources/read" else "name"
                wanted["mcp-name"] = member(message, "params").get(name)
            for name, value in wanted.items():
                if unwrapped(self.headers.get(name)) != value:
                    complain(TO_BACKENDS, self.where, f"{name} is {self.headers.get(name)!r}, not {value!r}", message)
        elif not self.opens:
            negotiated = self.conversation.revision
            if negotiated is not None and version != negotiated and (version or negotiated >= "2025-06-18"):
                complain(TO_BACKENDS, self.where, f"mcp-protocol-version is {version!r}, not {negotiated!r}", message)

    def respond(self, status, headers):
        self.status = status
        self.kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        session = headers.get("mcp-session-id")
        if self.opens and session is not None:
            self.recording.sessions[self.server, session] = self.conversation

    def feed(self, data):
        self.received += len(data)
        if self.status is None or self.kind not in ("application/json", "text/event-stream"):
            return
        if self.received > LARGEST:
            if self.body is not None:
                self.recording.judge.skipped[f"longer than {LARGEST >> 20} MiB"] += 1
            self.body = None
            return
        self.body += data
        if self.kind == "application/json" or b"\n" not in data:
            return
        *lines, rest = bytes(self.body).split(b"\n")
        self.body = bytearray(rest)
        for line in lines:
            self._line(line.removesuffix(b"\r"))

    def _line(self, line):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            event, data = self.event_name, self.event_data
            self.event_name = self.event_data = None
            if event == b"endpoint" and data:
                self.recording.endpoint(self, data.decode())
            elif data:
                self._answer(data)
        elif name == b"data":
            self.event_data = value if self.event_data is None else self.event_data + b"\n" + value
        elif name == b"event":
            self.event_name = value

    def end(self):
        if self.kind == "application/json" and self.body:
            self._answer(bytes(self.body))
        self.body = None

    def _answer(self, data):
        judge, mine = self.recording.judge, self.gateway == "server"
        try:
            value = parsed(data)
        except ValueError as error:
            if mine:
                judge.complain(TO_CLIENTS, self.where, str(error), repr(data[:500]))
            return
        if mine and self.status >= 400 and not (isinstance(value, dict) and "jsonrpc" in value):
            # What OAuth says to a caller is no message.
            judge.skipped[f"no message, status {self.status}"] += 1
            return
        for message in value if isinstance(value, list) else [value]:
            bare = self.status >= 400
            self.conversation.said("server", message, self.modern, bare, self.own)


def unwrapped(value):
    """A header value without its =?base64?…?= coat."""
    if value is not None and value.startswith("=?base64?") and value.endswith("?="):
        with contextlib.suppress(ValueError):
            return base64.b64decode(value[9:-2], validate=True).decode()
    return value


class Recording:
    """All conversations."""

    def __init__(self, judge):
        self.judge = judge
        self.sessions, self.endpoints = {}, {}
        self.exchanges, self.processes = {}, {}

    def conversation(self, exchange):
        session = exchange.headers.get("mcp-session-id")
        known = self.endpoints.get((exchange.server, exchange.path)) or self.sessions.get((exchange.server, session))
        if known is not None:
            known.where = exchange.where
            return known
        version = exchange.headers.get("mcp-protocol-version")
        conversation = Conversation(self.judge, exchange.gateway, exchange.where, version)
        if session is not None and exchange.gateway == "client":
            # A session of which the beginning was not seen.
            self.sessions[exchange.server, session] = conversation
        return conversation

    def endpoint(self, exchange, uri):
        """HTTP+SSE: what is posted there belongs to this stream."""
        path = uri if uri.startswith("/") else "/" + uri.split("://", 1)[-1].partition("/")[2]
        self.endpoints[exchange.server, path] = exchange.conversation

    def take(self, event):
        kind, tap = event["kind"], event["tap"]
        if kind == "line":
            if tap not in self.processes:
                conversation = Conversation(self.judge, event["gateway"], f"standard streams of {tap}")
                self.processes[tap] = {origin: Lines(conversation, origin) for origin in ("client", "server")}
            self.processes[tap][event["origin"]].feed(event["data"])
        elif kind == "request":
            self.exchanges[tap] = Exchange(self, event)
        elif tap in self.exchanges:
            exchange = self.exchanges[tap]
            if kind == "response":
                exchange.respond(event["status"], event["headers"])
            elif kind == "data" and exchange.body is not None:
                exchange.feed(event["data"])
            elif kind == "end":
                exchange.end()
                del self.exchanges[tap]
