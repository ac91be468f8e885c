# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Backends that all tests share, the shared gateway in front of them, and the client connection to it."""

import contextlib
import http.server
import subprocess
import threading

import pytest

from vmcp_e2e import clients
from vmcp_e2e.environment import BACKENDS, binary, python, script
from vmcp_e2e.gateway import Gateway, configuration, http_backend, stdio_backend, write_configuration
from vmcp_e2e.journal import Journal
from vmcp_e2e.processes import Process, eventually, free_port, listening

pytest_plugins = ["vmcp_e2e.wire_checks"]

PAGE = b"Hello fetch, this is a page on loopback.\n"


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("vmcp-e2e")


@pytest.fixture(scope="session")
def journal(folder):
    return Journal(folder / "journal.jsonl")


@pytest.fixture(scope="session", autouse=True)
def no_process_survives():
    yield
    Process.stop_all()


class Backends:
    """Starts backend processes on free ports and knows their URLs."""

    def __init__(self, folder, journal, wire_log):
        self.folder = folder
        self.environment = {
            "E2E_JOURNAL": str(journal.path),
            "E2E_WIRE": str(wire_log.path),
            "FASTMCP_CHECK_FOR_UPDATES": "off",
        }
        self.started = 0

    def _start(self, name, command, port, **environment):
        self.started += 1
        process = Process(f"{name}-{self.started}", command, self.folder, {**self.environment, **environment})
        process.port = port
        process.url = f"http://127.0.0.1:{port}/mcp"
        process.start()

        def ready():
            process.require_alive()
            return listening(port)

        eventually(ready, timeout=30, what=f"the {name} backend")
        return process

    def classic(self, port=None):
        """The low-level server of `mcp` 1.x."""
        port = port or free_port()
        return self._start("classic", [python("mcp1"), BACKENDS / "classic.py", "--port", port], port)

    def everything(self, port=None):
        """The FastMCP server."""
        port = port or free_port()
        return self._start("everything", [python("mcp2"), BACKENDS / "everything.py", "--port", port], port)

    def example(self, *arguments, port=None):
        """The Swift server that ships inside the binary."""
        port = port or free_port()
        command = [binary(), "example-backend", "--transport", "http", "--port", port, "--profile", "everything"]
        return self._start("example", [*command, *arguments], port)

    def listened(self, backend):
        """The same backend behind a relay that writes down what is said."""
        port = free_port()
        options = ["--port", port, "--target", backend.port, "--file", self.environment["E2E_WIRE"]]
        return self._start("relay", [python("mcp2"), BACKENDS / "relay.py", *options], port)

    def classic_child(self, name="child", **more):
        """A configuration entry that runs the classic server as a stdio child of the gateway."""
        environment = {name: self.environment[name] for name in ("E2E_JOURNAL", "E2E_WIRE")} | more.pop("env", {})
        # -B: a child inherits nothing, so the environment cannot keep bytecode out of the repository.
        command = ["-B", BACKENDS / "classic.py", "--transport", "stdio"]
        return stdio_backend(name, python("mcp1"), *command, env=environment, **more)


@pytest.fixture(scope="session")
def backends(folder, journal, wire_log):
    return Backends(folder, journal, wire_log)


@pytest.fixture(scope="session")
def classic(backends):
    return backends.classic()


@pytest.fixture(scope="session")
def everything(backends):
    return backends.everything()


@pytest.fixture(scope="session")
def example(backends):
    return backends.listened(backends.example())


@pytest.fixture(scope="session")
def shared_backends(classic, everything, example):
    """The three HTTP backends that every scenario has in front of it."""
    return [
        http_backend("classic", classic.url),
        http_backend("everything", everything.url),
        http_backend("example", example.url),
    ]


@pytest.fixture(scope="session")
def gateway(folder, shared_backends):
    """The gateway that tests share when they do not break anything."""
    with Gateway(folder, shared_backends) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def stdio_command(folder, shared_backends):
    """The same configuration as a command that speaks MCP on its standard streams."""
    file = write_configuration(folder / "stdio", configuration(shared_backends))
    return clients.Stdio(str(binary()), ["serve", "--stdio", "--config", str(file)], str(folder / "stdio" / "log"))


@pytest.fixture(params=["http", "stdio"])
def target(request):
    """What a scenario connects to, once over each transport."""
    if request.param == "http":
        return clients.HTTP(request.getfixturevalue("gateway").endpoint)
    return request.getfixturevalue("stdio_command")


@pytest.fixture
def launch(folder):
    """Starts gateways that belong to one test; they are stopped after it."""
    with contextlib.ExitStack() as stack:

        def start(entries, healthy=True, **sections):
            gateway = Gateway(folder, entries, **sections)
            stack.callback(gateway.stop)
            return gateway.launch(healthy)

        yield start


@pytest.fixture
def stopping():
    """Stops processes after one test."""
    with contextlib.ExitStack() as stack:

        def later(process):
            stack.callback(process.stop)
            return process

        yield later


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """A git repository with one commit."""
    path = tmp_path_factory.mktemp("repository")
    (path / "README").write_text("first line\n")
    identity = ["-c", "user.name=E2E", "-c", "user.email=e2e@example.invalid", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "first commit"]):
        subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True)
    return path


@pytest.fixture(scope="session")
def loopback_page():
    """The URL of a page for mcp-server-fetch; nothing else is ever fetched.

    Plain text, because for HTML the server looks for Node.js and runs npm.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/page"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(PAGE) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(PAGE)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/page"
    server.shutdown()


@pytest.fixture(scope="session")
def reference_servers(repository, wire_log):
    """Configuration entries of the three reference servers as stdio children, listened to."""

    def server(name, *arguments):
        command = ["-B", BACKENDS / "wirelog.py", wire_log.path, script("servers", f"mcp-server-{name}"), *arguments]
        return stdio_backend(name, python("servers"), *command, inheritEnv=["PATH"])

    return [
        server("git", "--repository", repository),
        server("time", "--local-timezone", "UTC"),
        server("fetch", "--ignore-robots-txt", "--allow-private-ips"),
    ]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows what the processes said meanwhile."""
    outcome = yield
    report = outcome.get_result()
    sizes = item.stash.setdefault(_sizes, {})
    if call.when == "setup":
        sizes.update({process: _size(process.log) for process in Process.running})
    if report.failed:
        for process in Process.running:
            said = _since(process.log, sizes.get(process, 0))
            if said:
                report.sections.append((f"log of {process.name}", said))


_sizes = pytest.StashKey()


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _since(path, offset):
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-40:])
