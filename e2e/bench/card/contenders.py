# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured: the backend alone, the gateway, other proxies, and how each is started."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from .processes import Fleet, Process, StartError, free_port
from .session import AnswerError, Connection, Session, wait_for_tool
from .settings import Settings


SECRET = "BENCH_PROVIDER_SECRET"


@dataclass(frozen=True)
class Provider:
    """Where people sign in behind vmcp."""

    port: int
    secret: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Contender:
    """An MCP endpoint under load, the process that pays for it, and the sessions opened on it so far."""

    def __init__(self, name: str, port: int, process: Process, prefix: str = "", rival: bool = False,
                 backend: Process | None = None, tokens: tuple[str, ...] = ()):
        self.name, self.port, self.process = name, port, process
        self.prefix, self.rival, self.backend = prefix, rival, backend
        self.tokens = tokens  # one session each, in turn; none where callers are anonymous
        self._sessions: list[Session] = []

    def backend_ids(self) -> list[int]:
        """The processes behind this one: the HTTP backend, or the stdio children that it started itself."""
        return [self.backend.pid] if self.backend else self.process.child_ids()

    def tool(self, name: str) -> str:
        return self.prefix + name

    def sessions(self, count: int) -> list[Session]:
        connection = Connection(self.port)
        try:
            while len(self._sessions) < count:
                if self.tokens:
                    connection.token = self.tokens[len(self._sessions) % len(self.tokens)]
                self._sessions.append(connection.open_session())
        finally:
            connection.close()
        return self._sessions[:count]


def http_backend(url: str, name: str) -> dict:
    return {"name": name, "url": url, "transport": "streamable-http"}


class Starter:
    """Starts contenders of one line, and stops them when the line is over.

    `apart` puts each into a scheduling group of its own; otherwise all share that of the run and its generator.
    """

    def __init__(self, settings: Settings, fleet: Fleet, apart: bool = False):
        self.settings, self.fleet, self.apart = settings, fleet, apart
        self.mine: list[Process] = []

    def __enter__(self) -> Starter:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.mine):
            self.fleet.stop(process)

    def _start(self, name: str, arguments: list[str], environment: dict[str, str] | None = None) -> Process:
        process = self.fleet.start(name, arguments, environment, self.apart)
        self.mine.append(process)
        return process

    def _backend_arguments(self, transport: str, extra_tools: int, era: str = "legacy") -> list[str]:
        arguments = [self.settings.binary, "example-backend", "--transport", transport, "--profile", "everything",
                     "--era", era]
        return arguments + (["--extra-tools", str(extra_tools)] if extra_tools else [])

    def backend(self, extra_tools: int = 0, era: str = "legacy") -> Contender:
        port = free_port()
        process = self._start("backend", self._backend_arguments("http", extra_tools, era) + ["--port", str(port)])
        _wait_listed(port, "echo", process)
        return Contender("direct", port, process)

    def stdio_backend_settings(self, name: str) -> dict:
        arguments = self._backend_arguments("stdio", 0)
        return {"name": name, "transport": "stdio", "command": arguments[0], "args": arguments[1:]}

    def gateway(self, backends: list[dict], backend: Contender | None = None, name: str = "vmcp",
                **sections: dict) -> Contender:
        """vmcp as its documentation starts it: anonymous callers, names prefixed, everything else default."""
        contender = self._serve(name, self._configuration(backends) | sections, free_port(), backend)
        _wait_listed(contender.port, backends[-1]["name"] + "_echo", contender.process)
        return contender

    def provider(self) -> Provider:
        port, secret = free_port(), secrets.token_urlsafe(24)
        script = Path(__file__).resolve().parent.parent / "peers" / "openid_provider.py"
        process = self._start("OpenID provider", [self.settings.provider_python, "-B", str(script), str(port)],
                              {SECRET: secret})
        _wait_http(port, "/.well-known/openid-configuration", process)
        return Provider(port, secret)

    def mode_b(self, backends: list[dict], backend: Contender | None, provider: Provider, storage: str,
               injected: str = "") -> Contender:
        """vmcp with its own authorization server in front of the provider; nobody is signed in yet.

        Everything is default except for `trustedProxies`: all people of the run come from one address, as if through a
        reverse proxy that says who they are, so the limits per address are on and count each of them.
        """
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        state = {"type": storage}
        if storage == "sqlite":
            state["sqlite_config"] = {"path": str(Path(self.fleet.directory) / f"state-{port}.sqlite")}
        configuration = self._configuration(backends)
        configuration["http"] = {"trustedProxies": ["127.0.0.1/32"]}
        configuration["incomingAuth"] = {
            "type": "oidc",
            "oidc": {"issuer": origin, "audience": f"{origin}/mcp", "resource": f"{origin}/mcp"},
        }
        if injected:
            configuration["outgoingAuth"]["backends"] = {
                injected: {"type": "upstream_inject", "upstreamInject": {"providerName": "provider"}}}
        configuration["authServer"] = {"runConfig": {
            "schema_version": "v0.1.0",
            "issuer": origin,
            "allowed_audiences": [f"{origin}/mcp"],
            "storage": state,
            "upstreams": [{"name": "provider", "type": "oidc", "oidc_config": {
                "issuer_url": provider.url, "client_id": "vmcp", "client_secret_env_var": SECRET,
                "scopes": ["openid", "profile", "email"]}}],
        }}
        return self._serve("vmcp", configuration, port, backend, {SECRET: provider.secret})

    def _configuration(self, backends: list[dict]) -> dict:
        return {
            "name": "bench",
            "groupRef": "bench",
            "backends": backends,
            "incomingAuth": {"type": "anonymous"},
            "outgoingAuth": {"source": "inline"},
            "aggregation": {
                "conflictResolution": "prefix",
                "conflictResolutionConfig": {"prefixFormat": "{workload}_"},
            },
        }

    def _serve(self, name: str, configuration: dict, port: int, backend: Contender | None,
               environment: dict[str, str] | None = None) -> Contender:
        path = Path(self.fleet.directory) / f"vmcp-{len(self.fleet.processes)}.yaml"
        path.write_text(json.dumps(configuration, indent=1))  # every JSON text is a YAML text
        process = self._start(name, [self.settings.binary, "serve", "--config", str(path), "--port", str(port)],
                              environment)
        _wait_http(port, "/readyz", process)
        prefix = configuration["backends"][0]["name"] + "_"
        return Contender(name, port, process, prefix, backend=backend.process if backend else None)

    def fastmcp(self, backend: Contender) -> Contender:
        port = free_port()
        script = Path(__file__).resolve().parent.parent / "peers" / "fastmcp_proxy.py"
        url = f"http://127.0.0.1:{backend.port}/mcp"
        process = self._start("FastMCP proxy", [self.settings.fastmcp_python, str(script), url, str(port)],
                              {"FASTMCP_CHECK_FOR_UPDATES": "off"})
        _wait_listed(port, "echo", process)
        return Contender("FastMCP proxy", port, process, rival=True, backend=backend.process)

    def mcp_proxy(self) -> Contender:
        """mcp-proxy publishes a stdio server over HTTP, so it gets the same backend over stdio."""
        port = free_port()
        process = self._start("mcp-proxy", [self.settings.mcp_proxy, "--host", "127.0.0.1", "--port", str(port),
                                            "--log-level", "WARNING", "--", *self._backend_arguments("stdio", 0)])
        _wait_listed(port, "echo", process)
        return Contender("mcp-proxy", port, process, rival=True)

    def static(self, body: bytes) -> tuple[Contender, str]:
        """nginx with one file; without master process, because wrk's one thread keeps at most one worker busy."""
        port = free_port()
        root = Path(self.fleet.directory) / "static"
        (root / "tmp").mkdir(parents=True, exist_ok=True)
        (root / "body.json").write_bytes(body)
        temporary = "".join(f"  {kind}_temp_path {root}/tmp;\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (root / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {root}/pid;\nerror_log stderr warn;\n"
            "events { worker_connections 1024; }\n"
            f"http {{\n{temporary}  access_log off;\n  default_type application/json;\n  sendfile on;\n"
            "  tcp_nopush on;\n  keepalive_requests 100000000;\n  open_file_cache max=10;\n"
            f"  server {{ listen 127.0.0.1:{port}; root {root}; }}\n}}\n")
        process = self._start("nginx", [self.settings.nginx, "-p", str(root), "-e", "stderr",
                                        "-c", str(root / "nginx.conf")])
        _wait_http(port, "/body.json", process)
        return Contender("nginx static file", port, process), "/body.json"


def _wait_http(port: int, path: str, process: Process, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    problem = "no answer"
    while time.monotonic() < deadline:
        process.ensure_running()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            if response.status == 200:
                return
            problem = f"HTTP {response.status} {body[:200]!r}"
        except (OSError, http.client.HTTPException) as error:
            problem = repr(error)
        finally:
            connection.close()
        time.sleep(0.05)
    raise StartError(f"{process.name}: GET {path} was not 200 within {seconds:.0f} s: {problem}\n{process.tail()}")


def _wait_listed(port: int, tool: str, process: Process) -> None:
    try:
        wait_for_tool(port, tool, process.ensure_running)
    except AnswerError as error:
        raise StartError(f"{process.name}: {error}\n{process.tail()}") from error
