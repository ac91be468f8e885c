# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A backend that has a sign-in of its own: another gateway in Mode B, which has all that MCP asks of such a server."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect
from vmcp_e2e.gateway import http_backend
from vmcp_e2e.signin import Memory, sdk_provider

pytestmark = pytest.mark.anyio


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def requests_for_sign_in(browser, gateway):
    """The parameters with which the browser came to the gateway's authorization endpoint."""
    start = f"{gateway.origin}/oauth/authorize?"
    return [
        {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        for url in browser.urls
        if url.startswith(start)
    ]


async def headers_at_the_backend(client):
    return json.loads(await client.call_text("far_vault_headers"))


@pytest.fixture
def pair(mode_b):
    """A remote gateway with a vault behind it, and one in front of it that people use."""

    def start(**more):
        remote = mode_b(**more)
        return mode_b([], remotes=[http_backend("far", remote.endpoint)]), remote

    return start


async def test_each_person_signs_in_for_the_remote_server_too(pair, people):
    """AU-27, AU-28, AU-30, AU-32: found from its URL alone, registered, and asked for the resource."""
    gateway, remote = pair()
    subjects = {}
    for name in ("alice", "bob"):
        memory, browser = Memory(), people(name)
        target = HTTP(gateway.endpoint, auth=sdk_provider(gateway.endpoint, browser, memory))
        async with connect(target) as client:
            seen = await headers_at_the_backend(client)
        # The last server in the row got the person's token of its own provider, and nothing of ours.
        subjects[name] = claims(seen["authorization"].removeprefix("Bearer "))["sub"]
        assert memory.tokens.access_token not in json.dumps(seen)
        asked = requests_for_sign_in(browser, remote)
        assert len(asked) == 1
        assert asked[0]["resource"] == remote.endpoint
        assert asked[0]["code_challenge_method"] == "S256"
        assert asked[0]["redirect_uri"] == f"{gateway.origin}/oauth/callback"
        assert asked[0]["client_id"] != memory.client.client_id
        # One page for the client at the gateway, one for the gateway at the remote server.
        assert len(browser.consent_pages) == 2
        assert "vmcp" in browser.consent_pages[1].text
    assert subjects["alice"] != subjects["bob"]
    assert "Registered at upstream" in gateway.log.read_text()
    assert gateway.log.read_text().count("Registered at upstream") == 1


async def test_without_the_remote_server_everything_else_works(pair, people):
    """It may be away at the start and at a sign-in; whoever signs in later has it."""
    gateway, remote = pair()
    remote.stop()
    browser = people("alice")
    target = HTTP(gateway.endpoint, auth=sdk_provider(gateway.endpoint, browser))
    async with connect(target) as client:
        await client.ping()
        with pytest.raises(RPCError):
            await headers_at_the_backend(client)
    assert requests_for_sign_in(browser, remote) == []


async def test_the_remote_server_demands_more_scope(pair, people):
    """AU-33: the person signs in again for what was asked before and what is demanded, and the call works."""
    gateway, remote = pair(scopes=["openid"])
    memory, browser = Memory(), people("alice")
    auth = sdk_provider(gateway.endpoint, browser, memory)
    async with connect(HTTP(gateway.endpoint, auth=auth)) as client:
        await headers_at_the_backend(client)
    first = requests_for_sign_in(browser, remote)
    assert [set(asked["scope"].split()) for asked in first] == [{"openid", "offline_access"}]
    # The remote server changes its mind about what its operations need.
    remote.stop()
    remote.configuration["incomingAuth"]["oidc"]["scopes"] = ["openid", "email"]
    remote.file.write_text(json.dumps(remote.configuration))
    remote.launch(healthy=False)
    token = memory.tokens.access_token
    async with connect(HTTP(gateway.endpoint, auth=auth)) as client:
        # The first request that comes to the remote server ends the sign-in, and says so where it can.
        try:
            await headers_at_the_backend(client)
        except RPCError as error:
            assert "sign in again" in error.message or "far_vault_headers" in error.message
        seen = await headers_at_the_backend(client)
    assert seen["authorization"]
    asked = requests_for_sign_in(browser, remote)
    assert len(asked) == 2
    assert set(asked[1]["scope"].split()) == {"openid", "offline_access", "email"}
    # The token of the ended sign-in is worth nothing any more.
    assert memory.tokens.access_token != token
    refused = httpx.post(gateway.endpoint, headers={"Authorization": f"Bearer {token}"}, json={})
    assert refused.status_code == 401


async def test_the_remote_server_demands_what_its_sign_in_does_not_have(pair, people):
    """AU-33: the sign-in goes on without it, at once, so that nobody is kept out of the server for good."""
    gateway, remote = pair(scopes=["openid"])
    browser = people("alice")
    auth = sdk_provider(gateway.endpoint, browser, Memory())
    async with connect(HTTP(gateway.endpoint, auth=auth)) as client:
        await headers_at_the_backend(client)
    oidc = remote.configuration["incomingAuth"]["oidc"]
    for scopes in (["openid", "wishful"], ["openid"]):
        remote.stop()
        oidc["scopes"] = scopes
        remote.file.write_text(json.dumps(remote.configuration))
        remote.launch(healthy=False)
        async with connect(HTTP(gateway.endpoint, auth=auth)) as client:
            if "wishful" in scopes:
                with pytest.raises(RPCError):
                    for _ in range(8):
                        await headers_at_the_backend(client)
                await client.ping()
            else:
                assert (await headers_at_the_backend(client))["authorization"]
    asked = [set(asked["scope"].split()) for asked in requests_for_sign_in(browser, remote)]
    assert asked[1:3] == [{"openid", "offline_access", "wishful"}, {"openid", "offline_access"}]
    assert "refuses scopes that the MCP server demanded" in gateway.log.read_text()
