# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A small MCP client: enough of revision 2025-11-25 to open sessions and ask before wrk takes over."""

from __future__ import annotations

import http.client
import json
import time

REVISION = "2025-11-25"
MODERN = "2026-07-28"
MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "vmcp-bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class AnswerError(Exception):
    """An answer that is not what the question asked for."""


class Connection:
    """One keep-alive connection to an MCP endpoint; many sessions may share it."""

    def __init__(self, port: int, path: str = "/mcp", timeout: float = 60, token: str | None = None):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.path = path
        self.token = token
        self.next_id = 1

    def close(self) -> None:
        self.http.close()

    def post(self, message: dict, session: str | None, revision: str | None) -> tuple[int, dict, bytes]:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if session:
            headers["Mcp-Session-Id"] = session
        if revision:
            headers["MCP-Protocol-Version"] = revision
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self.http.request("POST", self.path, json.dumps(message), headers)
        response = self.http.getresponse()
        body = response.read()
        return response.status, {key.lower(): value for key, value in response.getheaders()}, body

    def ask(self, method: str, parameters: dict, session: str | None = None, revision: str | None = None):
        """The result of one request and the headers of its answer."""
        identifier = self.next_id
        self.next_id += 1
        message = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": parameters}
        status, headers, body = self.post(message, session, revision)
        if status != 200:
            raise AnswerError(f"{method}: HTTP {status} {body[:300]!r}")
        answer = _answer(identifier, headers, body)
        if "result" not in answer:
            raise AnswerError(f"{method}: {json.dumps(answer)[:300]}")
        return answer["result"], headers

    def open_session(self) -> Session:
        parameters = {
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "vmcp-bench", "version": "1"},
        }
        result, headers = self.ask("initialize", parameters)
        session = Session(headers.get("mcp-session-id"), result["protocolVersion"], self.token)
        message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        status, _, body = self.post(message, session.id, session.revision)
        if status not in (200, 202, 204):
            raise AnswerError(f"notifications/initialized: HTTP {status} {body[:300]!r}")
        return session


class Session:
    """What a client must repeat on each request after initialize."""

    def __init__(self, identifier: str | None, revision: str, token: str | None = None):
        self.id, self.revision, self.token = identifier, revision, token

    def tools_page(self, connection: Connection, cursor: str | None = None) -> dict:
        parameters = {"cursor": cursor} if cursor else {}
        return connection.ask("tools/list", parameters, self.id, self.revision)[0]

    def tool_names(self, connection: Connection) -> list[str]:
        names, cursor = [], None
        while True:
            page = self.tools_page(connection, cursor)
            names += [tool["name"] for tool in page["tools"]]
            cursor = page.get("nextCursor")
            if not cursor:
                return names

    def call(self, connection: Connection, name: str, arguments: dict) -> dict:
        result = connection.ask("tools/call", {"name": name, "arguments": arguments}, self.id, self.revision)[0]
        if result.get("isError"):
            raise AnswerError(f"{name}: {json.dumps(result)[:300]}")
        return result


def _answer(identifier: int, headers: dict, body: bytes) -> dict:
    """The JSON-RPC answer in a JSON or event-stream body."""
    if not headers.get("content-type", "").startswith("text/event-stream"):
        return json.loads(body)
    for event in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = b"\n".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
        if data:
            message = json.loads(data)
            if message.get("id") == identifier:
                return message
    raise AnswerError(f"an event stream without the answer: {body[:300]!r}")


def wait_for_tool(port: int, name: str, check, seconds: float = 60, token: str | None = None) -> None:
    """Returns when a fresh session lists the tool; check() may raise to give up early."""
    deadline = time.monotonic() + seconds
    problem: Exception = AnswerError("nothing asked yet")
    while time.monotonic() < deadline:
        check()
        connection = Connection(port, timeout=10, token=token)
        try:
            names = connection.open_session().tool_names(connection)
            if name in names:
                return
            problem = AnswerError(f"no tool {name} among {len(names)}: {', '.join(names[:12])}")
        except (OSError, http.client.HTTPException, AnswerError, ValueError, KeyError) as error:
            problem = error
        finally:
            connection.close()
        time.sleep(0.1)
    raise AnswerError(f"port {port} was not ready in {seconds:.0f} s: {problem!r}")
