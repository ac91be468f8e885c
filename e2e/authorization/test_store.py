# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The state on disk: who reads it, who changes it, and what happens while nobody can (threat 28)."""

import asyncio
import sqlite3
import stat
import time

import anyio
import pytest

from vmcp_e2e import oauth
from vmcp_e2e.gateway import http_backend

pytestmark = pytest.mark.anyio


async def test_the_state_on_disk_tells_nothing(raw_site):
    """Whoever reads the files has no token, code or secret, and nobody else on the machine can read them."""
    site = raw_site()
    application, tokens = await site.signed_in()
    await application.refresh(tokens["refresh_token"])
    await site.person("bob").to_provider((await site.application()).link())
    # In the middle of everything: a page, a login under way, a code, tokens.
    assert (await site.person().get(application.link())).status_code == 200
    await site.person().sign_in(application.another())
    files = sorted(site.gateway.folder.glob("state.sqlite*"))
    assert len(files) >= 2
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    content = b"".join(file.read_bytes() for file in files)
    assert b"SQLite format 3" in content
    found = [value[:10] for value in oauth.CONFIDENTIAL if len(value) >= 16 and value.encode() in content]
    assert not found


async def test_tokens_that_were_moved_to_somebody_else(raw_site, everything):
    """Who can write the file cannot make one person another: a row is good in its own place only."""
    strategy = {"type": "upstream_inject", "upstreamInject": {"providerName": "fast"}}
    site = raw_site(
        entries=[http_backend("vault", everything.url)],
        outgoingAuth={"source": "inline", "backends": {"vault": strategy}},
    )
    _, alices = await site.signed_in("alice")
    _, bobs = await site.signed_in("bob")
    async with site.wire(alices["access_token"]) as alice, site.wire(bobs["access_token"]) as bob:
        for wire, name in ((alice, "alice"), (bob, "bob")):
            await wire.open()
            assert f"upstream-{name}-" in (await wire.call("vault_headers"))["content"][0]["text"]
        with sqlite3.connect(site.gateway.state) as database:
            rows = database.execute("select entry, bytes from entries where table_name = 'upstream'").fetchall()
            assert len(rows) == 2
            for (entry, _), (_, content) in zip(rows, reversed(rows), strict=True):
                database.execute("update entries set bytes = ? where entry = ?", (content, entry))
        for wire, other in ((alice, "bob"), (bob, "alice")):
            # What was read a moment before is remembered for five seconds.
            deadline = time.monotonic() + 15
            while "error" not in (answer := await call_headers(wire)):
                assert f"upstream-{other}-" not in str(answer)
                assert time.monotonic() < deadline, "the moved row was never looked at"
                await anyio.sleep(0.2)
            assert "upstream-" not in str(answer)


async def call_headers(wire):
    return await wire.request("tools/call", {"name": "vault_headers", "arguments": {}})


async def test_a_store_that_cannot_be_written(raw_site):
    """Nothing is given out that is not kept, and nothing is lost by having asked."""
    site = raw_site()
    application, tokens = await site.signed_in()
    code = await site.person().sign_in(application)
    revocation = {"token": tokens["refresh_token"], "client_id": application.client_id}
    with sqlite3.connect(site.gateway.state, isolation_level=None) as database:
        database.execute("begin immediate")
        requests = (
            application.refresh(tokens["refresh_token"]),
            application.redeem(code),
            application.post("/oauth/revoke", data=revocation),
            site.person().get(application.link()),
        )
        running = asyncio.gather(*requests)
        assert (await site.status(tokens["access_token"])).status_code == 200, "what is known is answered meanwhile"
        refreshed, redeemed, revoked, page = await running
        database.execute("rollback")
    assert [answer.status_code for answer in (refreshed, redeemed, revoked)] == [500, 500, 503]
    assert revoked.headers["retry-after"] == "5"
    assert {answer.json()["error"] for answer in (refreshed, redeemed)} == {"server_error"}
    assert page.status_code in (400, 500) and "sqlite" not in page.text.lower()
    assert (await application.redeem(code)).status_code == 200
    assert (await application.refresh(tokens["refresh_token"])).status_code == 200


async def test_the_state_on_disk_names_nobody(raw_site):
    """Accounts are sealed, so what is known of people does not stand beside them in the clear."""
    site = raw_site()
    await site.signed_in("zelda")
    with sqlite3.connect(site.gateway.state) as database:
        rows = database.execute("select table_name, bytes from entries").fetchall()
    assert {name for name, _ in rows} >= {"refresh", "upstream", "identity"}
    assert not [name for name, content in rows if b"zelda@example.invalid" in content]


async def test_a_refresh_token_that_was_given_to_somebody_else(raw_site):
    """Who can write the file, but has no key of ours, gets no token for another person."""
    site = raw_site()
    application, alices = await site.signed_in("alice")
    _, bobs = await site.signed_in("bob")
    alice, bob = (oauth.claims(tokens["access_token"])["sub"] for tokens in (alices, bobs))
    with sqlite3.connect(site.gateway.state) as database:
        rows = database.execute("select entry, bytes from entries where table_name = 'refresh'").fetchall()
        for entry, content in rows:
            forged = content.replace(alice.encode(), bob.encode())
            database.execute("update entries set bytes = ? where entry = ?", (forged, entry))
    answer = await application.refresh(alices["refresh_token"])
    assert answer.status_code != 200 or oauth.claims(answer.json()["access_token"])["sub"] == alice
