# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A gateway in Mode B, a fast provider behind it, and the people and applications around it."""

import contextlib
import json

import httpx

from . import oauth
from .environment import BACKENDS, python
from .gateway import Gateway
from .processes import Process, eventually, free_port, listening
from .wire import Wire

CLIENT_SECRET = "the-secret-of-vmcp-at-the-provider"


def upstream(name, provider, **more):
    """An entry of `upstreams`."""
    return {
        "name": name,
        "type": "oidc",
        "oidc_config": {
            "issuer_url": provider.url,
            "client_id": "vmcp",
            "client_secret_env_var": "E2E_PROVIDER_SECRET",
            "scopes": ["openid", "profile"],
        },
        **more,
    }


class FastProvider(Process):
    def __init__(self, folder, name):
        port = free_port()
        super().__init__(name, [python("mcp2"), "-B", BACKENDS / "fast_provider.py", "--port", port], folder)
        self.url = f"http://127.0.0.1:{port}"
        self.start()
        eventually(lambda: self.require_alive() or listening(port), timeout=30, what="the provider")
        self.http = httpx.Client(base_url=self.url, timeout=10)

    def behave(self, **behaviour):
        """Replaces how it behaves; without anything it is honest."""
        assert self.http.post("/_behave", json=behaviour).status_code == 204

    def seen(self):
        return self.http.get("/_seen").json()

    def sign(self, claims, **how):
        """A token of the provider's own that says this."""
        answer = self.http.post("/_sign", json={"claims": {k: v for k, v in claims.items() if v is not None}, **how})
        return oauth.confidential(answer.text)

    def count(self, path):
        return self.seen()["counts"].get(path, 0)

    def stop(self, timeout=10.0):
        self.http.close()
        return super().stop(timeout)


class RawGateway(Gateway):
    """Mode B; what X-Forwarded-For says is believed, so that everybody can have limits of their own."""

    def __init__(self, folder, entries, provider, proxies=("127.0.0.1/32",), hardening=None, upstreams=None, **more):
        audiences = more.pop("audiences", None)
        run_config = more.pop("run_config", {})
        issuer = more.pop("issuer", None)
        http = more.pop("http", {})
        arguments = ["--log-level", "debug", *more.pop("arguments", [])]
        super().__init__(folder, entries, arguments=arguments, port=more.pop("port", None), **more)
        self.environment["E2E_PROVIDER_SECRET"] = CLIENT_SECRET
        resource = (audiences or [self.endpoint])[0]
        self.state = self.folder / "state.sqlite"
        self.configuration["http"] = {"trustedProxies": list(proxies), **http}
        self.configuration["incomingAuth"] = {
            "type": "oidc",
            "oidc": {"issuer": issuer or self.origin, "audience": resource, "resource": resource},
        }
        self.configuration["authServer"] = {
            "runConfig": {
                "schema_version": "v0.1.0",
                "issuer": issuer or self.origin,
                "allowed_audiences": audiences or [self.endpoint],
                "storage": {"type": "sqlite", "sqlite_config": {"path": str(self.state)}},
                "hardening": hardening or {},
                "upstreams": upstreams or [upstream("fast", provider)],
                **run_config,
            }
        }
        self.file.write_text(json.dumps(self.configuration, indent=2))


class Site:
    """One gateway with its people and applications."""

    def __init__(self, gateway, http):
        self.gateway, self.http = gateway, http
        self.origin, self.endpoint = gateway.origin, gateway.endpoint

    def person(self, name="alice"):
        return oauth.Person(self.http, name)

    def unregistered(self, redirect_uri="https://app.example/callback"):
        return oauth.Application(self.http, self.origin, self.endpoint, redirect_uri)

    async def application(self, redirect_uri="https://app.example/callback", **metadata):
        return await self.unregistered(redirect_uri).register(**metadata)

    async def signed_in(self, name="alice", **metadata):
        """An application and the tokens that somebody gave it."""
        application = await self.application(**metadata)
        return application, await application.tokens(self.person(name))

    @contextlib.asynccontextmanager
    async def wire(self, token):
        """A raw MCP client with this access token."""
        async with Wire(self.endpoint) as wire:
            wire.http.headers["Authorization"] = f"Bearer {token}"
            yield wire

    async def status(self, token, scheme="Bearer", method="POST", query="", **more):
        """What the endpoint says to an `initialize` with this token."""
        headers = {"Accept": "application/json, text/event-stream"} | more.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"{scheme} {token}"
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "raw", "version": "1"},
            },
        }
        return await self.http.request(method, self.endpoint + query, json=body, headers=headers, **more)
