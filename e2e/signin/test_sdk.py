# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The official SDK signs in through its own OAuth client, and what a sign-in is worth at a backend."""

import base64
import json

import httpx
import pytest

from vmcp_e2e.clients import HTTP, connect
from vmcp_e2e.signin import Memory, sdk_provider

pytestmark = pytest.mark.anyio


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


async def headers_at_the_backend(client):
    return json.loads(await client.call_text("vault_headers"))


async def test_registration_sign_in_and_a_call_with_the_persons_own_token(mode_b, people):
    """AU-26."""
    gateway = mode_b()
    memory = Memory()
    browser = people("alice")
    target = HTTP(gateway.endpoint, auth=sdk_provider(gateway.endpoint, browser, memory))
    async with connect(target) as client:
        seen = await headers_at_the_backend(client)
    ours = memory.tokens.access_token
    assert len(browser.consent_pages) == 1
    assert claims(ours)["iss"] == gateway.origin
    assert claims(ours)["aud"] == [gateway.endpoint]
    assert memory.tokens.refresh_token
    sent = seen["authorization"].removeprefix("Bearer ")
    assert sent != ours
    assert claims(sent)["iss"] == browser_provider(browser)
    assert ours not in json.dumps(seen)
    assert memory.tokens.refresh_token not in json.dumps(seen)
    log = gateway.log.read_text()
    for secret in (ours, memory.tokens.refresh_token, sent):
        assert secret not in log


async def test_two_people_reach_the_backend_as_themselves(mode_b, people):
    gateway = mode_b()
    subjects = {}
    for name in ("alice", "bob"):
        target = HTTP(gateway.endpoint, auth=sdk_provider(gateway.endpoint, people(name)))
        async with connect(target) as client:
            sent = (await headers_at_the_backend(client))["authorization"].removeprefix("Bearer ")
            subjects[name] = claims(sent)["sub"]
    assert subjects["alice"] != subjects["bob"]


async def test_the_sdk_refreshes_an_access_token_that_expired(mode_b, people):
    gateway = mode_b()
    memory = Memory()
    auth = sdk_provider(gateway.endpoint, people("alice"), memory)
    async with connect(HTTP(gateway.endpoint, auth=auth)) as client:
        await client.ping()
        first = memory.tokens
        auth.context.token_expiry_time = 1.0
        await client.ping()
    assert memory.tokens.access_token != first.access_token
    assert memory.tokens.refresh_token != first.refresh_token
    # The old one is dead after the grace, and alive for honest repetition within it: same successor.
    again = httpx.post(
        f"{gateway.origin}/oauth/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": first.refresh_token,
            "client_id": memory.client.client_id,
        },
    )
    assert again.status_code == 200
    assert again.json()["refresh_token"] == memory.tokens.refresh_token


async def test_a_client_that_is_known_by_its_document(mode_b, people, client_document, monkeypatch):
    """The SDK takes https documents only; on loopback there is no certificate that the gateway trusts."""
    import mcp.client.auth.oauth2 as oauth2

    for name in ("is_valid_client_metadata_url",):
        monkeypatch.setattr(oauth2, name, lambda url: True)
    gateway = mode_b()
    memory = Memory()
    browser = people("alice")
    auth = sdk_provider(gateway.endpoint, browser, memory, client_metadata_url=client_document.url)
    async with connect(HTTP(gateway.endpoint, auth=auth)) as client:
        await client.ping()
    assert memory.client.client_id == client_document.url
    assert claims(memory.tokens.access_token)["client_id"] == client_document.url
    assert client_document.fetched == 1
    assert "127.0.0.1" in browser.consent_pages[0].text


def browser_provider(browser):
    """The provider's address: the first place after the gateway that the browser was sent to."""
    gateway = browser.visited[0].split("/oauth/")[0]
    return next(url for url in browser.visited if not url.startswith(gateway)).split("/oauth/")[0]
