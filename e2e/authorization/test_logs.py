# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The check of the logs, which every gateway of this folder undergoes at its end, is itself checked here."""

import json
import secrets

import pytest

from vmcp_e2e import oauth

pytestmark = pytest.mark.anyio


HOSTILE = '\r\n{"level":"info","msg":"Audit","action":"forged"}\r\n\x1b[31m\u202e'


def test_a_secret_in_a_log_would_be_found():
    secret = oauth.confidential(secrets.token_urlsafe(32))
    for line in (secret, f'{{"msg":"GET /oauth/callback?code={secret}&state=x"}}', f"Authorization: Bearer {secret}\n"):
        assert oauth.leaks([("log", "before " + line + " after")]) == [("log", secret[:10] + "…")]
    assert not oauth.leaks([("log", secret[:-1])])


async def test_the_logs_are_those_of_what_happened(site):
    """SE-10: debug logs with an audit line for each step, from which no token, code, cookie or verifier can be read."""
    application, person = await site.application(), site.person()
    code = await person.sign_in(application)
    tokens = (await application.redeem(code)).json()
    await application.refresh(tokens["refresh_token"])
    await application.redeem(code)
    events = []
    for line in site.gateway.log.read_text().splitlines():
        entry = json.loads(line) if line.startswith("{") else {}
        if entry.get("msg") == "Audit":
            events.append((entry["action"], entry["outcome"]))
    for event in ("register", "authorize", "consent", "login", "code", "token", "refresh"):
        assert (event, "success") in events
    assert ("reuse", "denied") in events
    given = {tokens["access_token"], tokens["refresh_token"], code, application.verifier}
    assert given | set(person.jar(site.origin).values()) <= oauth.CONFIDENTIAL


async def test_nobody_writes_into_the_log(site, provider):
    """Whatever has line ends, escapes or quotes in it is one value of one line, or is not written at all."""
    await site.unregistered().registration(client_name=HOSTILE, redirect_uris=["https://app.example/" + HOSTILE])
    application, person = await site.application("http://127.0.0.1:4711/callback"), site.person(HOSTILE.encode().hex())
    for changes in ({"client_id": HOSTILE}, {"state": HOSTILE}, {"scope": HOSTILE}, {"resource": HOSTILE}):
        await person.get(application.link(**changes))
    for name in ("error", "code", "state", "iss"):
        await person.request("GET", f"{site.origin}/oauth/callback", params={"state": "x", "code": "x", name: HOSTILE})
    await application.token(grant_type=HOSTILE)
    await application.refresh(HOSTILE)
    await site.status(None, headers={"User-Agent": '"}{"msg":"Audit","action":"forged"}', "X-Forwarded-For": '"}\\'})
    provider.behave(response={"error": HOSTILE, "error_description": "leaky words of the provider"})
    callback = await person.through_provider(await person.to_provider(application.link()))
    assert (await person.get(callback)).status_code == 303
    provider.behave(faults={"/token": {"status": 400, "body": json.dumps({"error": HOSTILE, "x": "leaky words"})}})
    callback = await person.through_provider(await person.to_provider(application.link()))
    assert (await person.get(callback)).status_code == 303
    text = site.gateway.log.read_text()
    for line in text.splitlines():
        entry = json.loads(line)
        assert entry.get("action") != "forged", line
    assert "\x1b" not in text and "leaky" not in text
