# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A gateway in Mode B, Canaille as the provider behind it, and a backend that says what it was sent."""

import contextlib
import http.server
import json
import threading

import pytest

from vmcp_e2e.environment import BACKENDS, python
from vmcp_e2e.gateway import Gateway, http_backend
from vmcp_e2e.processes import Process, eventually, free_port, listening
from vmcp_e2e.signin import CALLBACK, CLIENT_SECRET, Browser


MAXIMUM_GATEWAYS = 40


class ModeBGateway(Gateway):
    """Its own address is part of its configuration, so that is written once the port is known."""

    def __init__(
        self, folder, backends, provider, port, storage=None, hardening=None, remotes=(), scopes=None, **sections
    ):
        """`remotes` are backends that have a sign-in of their own; `scopes` is what this one demands."""
        super().__init__(folder, backends, port=port, **sections)
        self.environment["E2E_PROVIDER_SECRET"] = CLIENT_SECRET
        self.configuration["incomingAuth"] = {
            "type": "oidc",
            "oidc": {"issuer": self.origin, "audience": self.endpoint, "resource": self.endpoint},
        }
        self.configuration["outgoingAuth"] = {
            "source": "inline",
            "backends": {"vault": {"type": "upstream_inject", "upstreamInject": {"providerName": "canaille"}}},
        }
        if scopes:
            self.configuration["incomingAuth"]["oidc"]["scopes"] = scopes
        for remote in remotes:
            inject = {"type": "upstream_inject", "upstreamInject": {"providerName": remote["name"]}}
            self.configuration["outgoingAuth"]["backends"][remote["name"]] = inject
            self.configuration["backends"].append(remote)
        self.configuration["authServer"] = {
            "runConfig": {
                "schema_version": "v0.1.0",
                "issuer": self.origin,
                "allowed_audiences": [self.endpoint],
                "storage": storage or {"type": "sqlite", "sqlite_config": {"path": str(self.folder / "state.sqlite")}},
                "hardening": hardening or {},
                "upstreams": [
                    {
                        "name": "canaille",
                        "type": "oidc",
                        "oidc_config": {
                            "issuer_url": provider.url,
                            "client_id": "vmcp",
                            "client_secret_env_var": "E2E_PROVIDER_SECRET",
                            "scopes": ["openid", "profile", "email"],
                        },
                    }
                ]
                + [
                    {
                        "name": remote["name"],
                        "type": "mcp",
                        "optional": True,
                        "mcp_config": {"resource": remote["url"]},
                    }
                    for remote in remotes
                ],
            }
        }
        self.file.write_text(json.dumps(self.configuration, indent=2))


@pytest.fixture(scope="session")
def provider(folder):
    """One Canaille for all gateways, which take their ports from those that it knows the callbacks of."""
    port = free_port()
    ports = [free_port() for _ in range(MAXIMUM_GATEWAYS)]
    callbacks = [word for known in ports for word in ("--callback", f"http://127.0.0.1:{known}/oauth/callback")]
    command = [python("provider"), "-B", BACKENDS / "provider.py", "--port", port, *callbacks]
    process = Process("canaille", command, folder)
    process.url, process.ports = f"http://127.0.0.1:{port}", ports
    process.start()

    def ready():
        process.require_alive()
        return listening(port)

    eventually(ready, timeout=60, what="Canaille")
    yield process
    process.stop()


@pytest.fixture
def mode_b(folder, provider, backends):
    """Starts gateways in Mode B."""
    with contextlib.ExitStack() as stack:

        def start(entries=None, **more):
            if entries is None:
                vault = stack.enter_context(stopping(backends.everything()))
                entries = [http_backend("vault", vault.url)]
            gateway = ModeBGateway(folder, entries, provider, port=provider.ports.pop(), **more)
            stack.callback(gateway.stop)
            return gateway.launch(healthy=False)

        yield start


@pytest.fixture
def people():
    """Browsers by name, closed after the test."""
    with contextlib.ExitStack() as stack:

        def person(name, **more):
            browser = Browser(name, **more)
            stack.callback(browser.close)
            return browser

        yield person


class Document:
    """A client's metadata document on loopback."""

    def __init__(self):
        self.fetched = 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.fetched += 1
                body = json.dumps(
                    {
                        "client_id": owner.url,
                        "client_name": "Document client",
                        "redirect_uris": [CALLBACK],
                        "token_endpoint_auth_method": "none",
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/client.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def client_document():
    document = Document()
    yield document
    document.server.shutdown()


@contextlib.contextmanager
def stopping(process):
    try:
        yield process
    finally:
        process.stop()
