# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A `vmcp serve` process with a generated vmcp.yaml."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import taps
from .environment import binary
from .processes import Process, free_port


def http_backend(name, url, **more):
    return {"name": name, "url": url, "transport": "streamable-http", **more}


def stdio_backend(name, command, *arguments, **more):
    words = [str(argument) for argument in arguments]
    return {"name": name, "transport": "stdio", "command": str(command), "args": words, **more}


def configuration(backends, **sections):
    """The smallest anonymous configuration around these backends; keyword arguments replace or add sections."""
    return {
        "name": "e2e",
        "groupRef": "e2e",
        "backends": backends,
        "incomingAuth": {"type": "anonymous"},
        "outgoingAuth": {"source": "inline"},
        "aggregation": {
            "conflictResolution": "prefix",
            "conflictResolutionConfig": {"prefixFormat": "{workload}_"},
        },
        "operational": {
            "failureHandling": {"healthCheckInterval": "1s", "healthCheckTimeout": "900ms", "unhealthyThreshold": 2}
        },
        **sections,
    }


def write_configuration(folder, content):
    """JSON is YAML, so no YAML writer is needed."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "vmcp.yaml"
    path.write_text(json.dumps(content, indent=2))
    return path


class Gateway(Process):
    """One gateway over HTTP on a port of its own."""

    counter = 0

    def __init__(self, folder, backends, arguments=(), port=None, **sections):
        Gateway.counter += 1
        name = f"gateway-{Gateway.counter}"
        self.folder = Path(folder) / name
        self.configuration = configuration(backends, **sections)
        self.file = write_configuration(self.folder, self.configuration)
        self.port = port or free_port()
        taps.gateway_port(self.port)
        command = [binary(), "serve", "--config", self.file, "--host", "127.0.0.1", "--port", self.port, *arguments]
        super().__init__(name, command, self.folder)

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self):
        return f"{self.origin}/mcp"

    def get(self, path, timeout=5.0):
        """Status and decoded body of a JSON route; None while nobody listens."""
        try:
            with urllib.request.urlopen(self.origin + path, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, None
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None, None

    def health(self):
        """Backend name to health."""
        status, body = self.get("/status")
        if status != 200:
            return {}
        return {backend["name"]: backend["health"] for backend in body["backends"]}

    def wait_ready(self, timeout=20.0):
        deadline = time.monotonic() + timeout
        while self.get("/readyz")[0] != 200:
            self.require_alive()
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} was not ready within {timeout} s:\n{self.tail()}")
            time.sleep(0.03)
        return self

    def wait_health(self, expected="healthy", names=None, timeout=20.0):
        """Waits until these backends (all, when none is named) report the expected health."""
        names = names or [backend["name"] for backend in self.configuration["backends"]]
        deadline = time.monotonic() + timeout
        while True:
            self.require_alive()
            health = self.health()
            if all(health.get(name) == expected for name in names):
                return self
            if time.monotonic() > deadline:
                raise AssertionError(f"wanted {names} {expected}, have {health}:\n{self.tail()}")
            time.sleep(0.05)

    def launch(self, healthy=True):
        """Starts, and returns once the endpoint answers and (unless told otherwise) every backend is healthy."""
        self.start()
        self.wait_ready()
        if healthy:
            self.wait_health()
        return self

    def __enter__(self):
        return self.launch() if self.popen is None else self

    def __exit__(self, *_):
        self.stop()
