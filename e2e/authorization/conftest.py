# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Gateways in Mode B with a provider that is fast, and honest only when it is told to be."""

import contextlib

import httpx
import pytest

from vmcp_e2e import oauth
from vmcp_e2e.authorization import CLIENT_SECRET, FastProvider, RawGateway, Site
from vmcp_e2e.gateway import http_backend


@pytest.fixture(scope="session")
def providers(folder):
    """Starts providers; all end with the session."""
    with contextlib.ExitStack() as stack:

        def start():
            provider = FastProvider(folder, f"provider-{len(started) + 1}")
            started.append(provider)
            stack.callback(provider.stop)
            return provider

        started = []
        start.all = started
        yield start


@pytest.fixture(scope="session")
def fast_provider(providers):
    return providers()


@pytest.fixture
def provider(fast_provider):
    """The shared provider, honest at the beginning and in the end."""
    fast_provider.behave()
    yield fast_provider
    fast_provider.behave()


@pytest.fixture
async def http():
    async with oauth.http_client() as client:
        yield client


@pytest.fixture
def raw_gateways(folder, providers):
    """Starts gateways that belong to one test. None of them may have written a secret down."""
    with contextlib.ExitStack() as stack:
        started = []
        stack.enter_context(quiet_about_secrets(started, providers))

        def start(entries, provider, **more):
            gateway = RawGateway(folder, entries, provider, **more)
            started.append(gateway)
            stack.callback(gateway.stop)
            return gateway.launch(healthy=False)

        yield start


@pytest.fixture
def raw_site(raw_gateways, example, provider, http):
    """Starts a gateway of one test, with people and applications around it."""

    def start(**more):
        entries = more.pop("entries", [http_backend("example", example.url)])
        return Site(raw_gateways(entries, more.pop("provider", provider), **more), http)

    return start


@pytest.fixture(scope="module")
def shared_gateway(folder, providers, fast_provider, example):
    fast_provider.behave()
    gateway = RawGateway(folder, [http_backend("example", example.url)], fast_provider)
    with contextlib.ExitStack() as stack:
        stack.enter_context(quiet_about_secrets([gateway], providers))
        stack.callback(gateway.stop)
        yield gateway.launch(healthy=False)


@pytest.fixture
def site(shared_gateway, provider, http):
    """A gateway that tests share when they do not break it."""
    return Site(shared_gateway, http)


@contextlib.contextmanager
def quiet_about_secrets(gateways, providers):
    """No log of the gateways has any token, code, secret, cookie or verifier, ours or a provider's."""

    def texts():
        oauth.CONFIDENTIAL.add(CLIENT_SECRET)
        for provider in providers.all:
            with contextlib.suppress(httpx.HTTPError):
                oauth.CONFIDENTIAL.update(provider.seen()["secrets"])
        return [(gateway.name, gateway.log.read_text(errors="replace")) for gateway in gateways]

    with oauth.nothing_confidential(texts):
        yield
