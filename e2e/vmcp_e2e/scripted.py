# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""An HTTP backend inside the test process that answers exactly what the test tells it to, right or wrong."""

import contextlib
import http.server
import itertools
import json
import threading

from .taps import BackendTap


class Exchange:
    """One request of the gateway, to be answered by the script."""

    def __init__(self, handler, message, body):
        self.handler = handler
        self.message = message
        self.body = body
        self.headers = handler.headers
        self.answered = False
        self.tap = BackendTap(f"backend:{handler.server.server_port}", handler, body)

    @property
    def id(self):
        return self.message.get("id")

    @property
    def params(self):
        return self.message.get("params") or {}

    @property
    def arguments(self):
        return self.params.get("arguments") or {}

    def raw(self, status, body=b"", kind="application/json", length=None, **headers):
        """Any answer at all; `length` lies about the size."""
        self.answered = True
        self.tap.respond(status, {"Content-Type": kind or "", **{k.replace("_", "-"): v for k, v in headers.items()}})
        self.handler.send_response(status)
        if kind:
            self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.tap.data(body)
        self.tap.end()
        self.handler.wfile.write(body)
        self.handler.wfile.flush()
        if length is not None and length != len(body):
            self.handler.close_connection = True

    def json(self, value, status=200, **headers):
        self.raw(status, json.dumps(value).encode(), **headers)

    def result(self, value, **headers):
        self.json({"jsonrpc": "2.0", "id": self.id, "result": value}, **headers)

    def error(self, code, message):
        self.json({"jsonrpc": "2.0", "id": self.id, "error": {"code": code, "message": message}})

    def text(self, value):
        self.result({"content": [{"type": "text", "text": value}]})

    def stream(self):
        """Starts an event stream that lasts until the connection ends."""
        self.answered = True
        self.tap.respond(200, {"Content-Type": "text/event-stream"})
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.handler.close_connection = True

    def event(self, value):
        data = value if isinstance(value, str) else json.dumps(value)
        self.write(f"event: message\ndata: {data}\n\n".encode())

    def write(self, data):
        self.tap.data(data)
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def cut(self):
        """Ends the connection at once."""
        self.answered = True
        self.handler.close_connection = True
        with contextlib.suppress(OSError):
            self.handler.connection.shutdown(2)


class ScriptedBackend:
    """A Legacy server: `on[method] = function(exchange)` replaces the standard answer; `listen` serves GET."""

    def __init__(self, tools=(), **on):
        self.tools = list(tools)
        self.on = dict(on)
        self.listen = None
        self.sessions = set()
        self.seen = []
        self.released = threading.Event()
        self._numbers = itertools.count(1)
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    backend._post(self)

            def do_GET(self):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    if backend.listen is not None:
                        backend.listen(Exchange(self, {}, b""))
                    else:
                        Exchange(self, {}, b"").raw(405, kind=None)

            def do_DELETE(self):
                backend.sessions.discard(self.headers.get("Mcp-Session-Id"))
                Exchange(self, {}, b"").raw(200, kind=None)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def calls(self, name=None):
        """The tools/call requests so far."""
        calls = [exchange for exchange in list(self.seen) if exchange.message.get("method") == "tools/call"]
        return [exchange for exchange in calls if name is None or exchange.params.get("name") == name]

    def forget_sessions(self):
        """From now on every session is unknown, as after a restart."""
        self.sessions.clear()

    def hang(self, exchange):
        """A script that answers nothing until the test ends."""
        self.released.wait(60)
        exchange.cut()

    def _post(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        exchange = Exchange(handler, json.loads(body), body)
        self.seen.append(exchange)
        method = exchange.message.get("method")
        if method != "initialize" and method != "server/discover":
            if handler.headers.get("Mcp-Session-Id") not in self.sessions:
                exchange.json({"jsonrpc": "2.0", "error": {"code": -32600, "message": "Session not found"}}, status=404)
                return
        script = self.on.get(method) or getattr(self, "_" + str(method).replace("/", "_"), None)
        if script is not None:
            script(exchange)
        elif exchange.id is None or method is None:
            exchange.raw(202, kind=None)
        else:
            exchange.error(-32601, "Method not found")

    def _initialize(self, exchange):
        session = f"scripted-{next(self._numbers)}"
        self.sessions.add(session)
        version = exchange.params["protocolVersion"]
        capabilities = {"tools": {"listChanged": True}, "logging": {}}
        information = {"name": "scripted", "version": "1"}
        answer = {"protocolVersion": version, "capabilities": capabilities, "serverInfo": information}
        exchange.result(answer, Mcp_Session_Id=session)

    def _ping(self, exchange):
        exchange.result({})

    def _logging_setLevel(self, exchange):
        exchange.result({})

    def _tools_list(self, exchange):
        exchange.result({"tools": self.tools})

    def _tools_call(self, exchange):
        exchange.text(json.dumps(exchange.arguments))


def tool(name, **more):
    return {"name": name, "description": f"The tool {name!r}.", "inputSchema": {"type": "object"}, **more}
