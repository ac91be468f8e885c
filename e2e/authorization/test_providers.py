# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Providers that lie, fail, hang and lead elsewhere. Each time nobody is signed in, and nobody learns why."""

import asyncio
import http.server
import json
import re
import sqlite3
import threading
import time

import httpx
import pytest

from vmcp_e2e import oauth
from vmcp_e2e.authorization import RawGateway, upstream
from vmcp_e2e.gateway import http_backend

pytestmark = pytest.mark.anyio

NOW = int(time.time())

LIES = {
    "another issuer": {"claims": {"iss": "https://attacker.example"}},
    "the issuer with a slash": {"claims": {"iss": "{issuer}/"}},
    "no issuer": {"claims": {"iss": None}},
    "for another client": {"claims": {"aud": "somebody-else"}},
    "for others too, not saying to whom it was given": {"claims": {"aud": ["vmcp", "somebody-else"]}},
    "given to another client": {"claims": {"aud": ["vmcp", "somebody-else"], "azp": "somebody-else"}},
    "for nobody": {"claims": {"aud": None}},
    "another nonce": {"claims": {"nonce": "x" * 26}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": NOW - 3600, "iat": NOW - 7200}},
    "without end": {"claims": {"exp": None}},
    "from the future": {"claims": {"iat": NOW + 7200, "exp": NOW + 9000}},
    "not valid yet": {"claims": {"nbf": NOW + 7200}},
    "nobody": {"claims": {"sub": None}},
    "an empty subject": {"claims": {"sub": ""}},
    "a subject that is no text": {"claims": {"sub": {"a": 1}}},
    "unsigned": {"sign": "none"},
    "signed with a public key as secret": {"sign": "HS256"},
    "signed by a stranger": {"sign": "stranger"},
    "another algorithm than the key's": {"header": {"alg": "ES512"}},
    "the key of another algorithm": {"header": {"kid": "rsa"}},
    "an unknown key": {"header": {"kid": "unknown"}, "sign": "stranger"},
    "a logout token": {"header": {"typ": "logout+jwt"}},
    "no id token": {"token": {"id_token": None}},
    "no token": {"token": {"access_token": None}},
    "garbage": {"token": {"id_token": "a.b.c"}},
    "an id token that is a number": {"token": {"id_token": 5}},
    "a token type of its own": {"token": {"token_type": "mac"}},
    "an error": {"faults": {"/token": {"status": 400, "body": '{"error":"invalid_grant","error_uri":"leaky"}'}}},
    "an error with status 200": {"faults": {"/token": {"body": '{"error":"invalid_grant"}'}}},
    "an internal error": {"faults": {"/token": {"status": 500, "body": "leaky stack trace"}}},
    "no JSON": {"faults": {"/token": {"body": "leaky"}}},
    "the wrong JSON": {"faults": {"/token": {"body": "[]"}}},
    "JSON that says two things": {"faults": {"/token": {"body": '{"access_token":"a","access_token":"b"}'}}},
    "nothing": {"faults": {"/token": {"body": ""}}},
    "too much": {"faults": {"/token": {"size": 3 << 20}}},
    "deep JSON": {"faults": {"/token": {"body": "[" * 100_000}}},
    "a foreign issuer in the response": {"response": {"iss": "https://attacker.example"}},
    "no issuer in the response": {"response": {"iss": None}},
    "a code of its own": {"response": {"code": "invented"}},
}


def rows(site):
    """Tables of the store with what is in them."""
    with sqlite3.connect(f"file:{site.gateway.state}?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return {name: database.execute(f'select * from "{name}"').fetchall() for name in names}


def upstream_rows(site):
    return sum("upstream" in str(row[:2]) for table in rows(site).values() for row in table)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_lie_signs_nobody_in(site, provider, lie):
    """Threat 15. The application hears that it did not work, and nothing of the reason."""
    application, person = await site.application("http://127.0.0.1:4711/callback"), site.person()
    kept = upstream_rows(site)
    provider.behave(**json.loads(json.dumps(lie).replace("{issuer}", provider.url)))
    callback = await person.through_provider(await person.to_provider(application.link()))
    answer = await person.get(callback)
    assert answer.status_code == 303, answer.text
    told = oauth.parameters(answer.headers["location"])
    assert told["error"] == "server_error" and "code" not in told
    assert told["iss"] == site.origin and told["state"] == application.state
    assert told["error_description"] == "The login could not be completed"
    assert upstream_rows(site) == kept
    # That login is over, and the next one is as good as ever.
    assert (await person.get(callback)).status_code == 400
    provider.behave()
    assert (await application.tokens(person))["access_token"]


async def test_the_rows_of_a_login_are_counted_at_all(site):
    """What the tests above find unchanged does change when somebody signs in."""
    before = upstream_rows(site)
    await site.signed_in()
    assert upstream_rows(site) > before


async def test_honest_variants_are_believed(site, provider):
    """Nothing above is refused for another reason than the lie."""
    for variant in (
        {},
        {"sign": "RS256"},
        {"claims": {"aud": ["vmcp"]}},
        {"claims": {"aud": ["vmcp", "somebody-else"], "azp": "vmcp"}},
        {"header": {"typ": None}},
        {"claims": {"nbf": NOW - 10, "unknown": {"a": [1]}}},
    ):
        provider.behave(**variant)
        assert await site.signed_in(), variant


async def test_a_provider_says_no(site, provider):
    application, person = await site.application("http://127.0.0.1:4711/callback"), site.person()
    provider.behave(response={"error": "access_denied", "error_description": "leaky"})
    answer = await person.get(await person.through_provider(await person.to_provider(application.link())))
    told = oauth.parameters(answer.headers["location"])
    assert told["error"] == "access_denied" and "leaky" not in answer.headers["location"]
    provider.behave(response={"error": "x\r\nSet-Cookie: a=b", "error_description": "<script>"})
    answer = await person.get(await person.through_provider(await person.to_provider(application.link())))
    assert answer.status_code == 303 and "a=b" not in str(answer.headers.get_list("set-cookie"))
    assert "%3Cscript" not in answer.headers["location"]


async def test_callbacks_that_no_login_waits_for(site, provider):
    person, callback = site.person(), f"{site.origin}/oauth/callback"
    application = await site.application()
    good = await person.through_provider(await person.to_provider(application.link()))
    state = oauth.parameters(good)["state"]
    before = provider.count("/token")
    expected = {
        "": 400,
        "?code=x": 400,
        "?error=access_denied": 502,
        "?state=unknown&code=x": 400,
        "?state=unknown&error=access_denied": 502,
        f"?state={state}": 400,
        f"?state={state}&state={state}&code=x": 400,
        f"?state={state}&code=x&code=y": 400,
        f"?state={state}&code=x&iss=a&iss=b": 400,
        f"?state={'x' * 3000}&code=x": 400,
    }
    for query, status in expected.items():
        answer = await person.get(callback + query)
        assert answer.status_code == status, query
        assert "location" not in answer.headers and "x" * 30 not in answer.text
    assert (await person.request("POST", callback, data={"state": state, "code": "x"})).status_code == 405
    assert provider.count("/token") == before
    assert (await person.get(good)).status_code == 303


async def test_a_provider_that_does_not_answer_holds_nobody_else_up(raw_site, provider):
    """Ten logins hang; tokens, pages and refreshes are as quick as before. The one who waits is told in the end."""
    site = raw_site()
    application, tokens = await site.signed_in()
    callbacks = []
    for index in range(10):
        person = site.person(f"patient-{index}")
        callbacks.append((person, await person.through_provider(await person.to_provider(application.link()))))
    provider.behave(faults={"/token": {"delay": 60}})
    waiting = [asyncio.create_task(person.get(url)) for person, url in callbacks]
    while provider.count("/token") < 10:
        await asyncio.sleep(0.02)
    started = time.monotonic()
    assert (await application.refresh(tokens["refresh_token"])).status_code == 200
    assert (await site.status(tokens["access_token"])).status_code == 200
    assert (await site.person().get(application.link())).status_code == 200
    assert time.monotonic() - started < 3
    answers = await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert {oauth.parameters(answer.headers["location"])["error"] for answer in answers} == {"server_error"}


class Elsewhere:
    """Where nothing of ours should ever arrive."""

    def __init__(self):
        self.arrived = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                owner.arrived.append((self.path, dict(self.headers), self.rfile.read(length)))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def elsewhere():
    elsewhere = Elsewhere()
    yield elsewhere
    elsewhere.server.shutdown()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_of_the_token_endpoint_is_not_followed(site, provider, elsewhere, status):
    """307 and 308 would take our secret and the code along."""
    provider.behave(faults={"/token": {"status": status, "headers": {"Location": elsewhere.url + "/token"}}})
    application, person = await site.application("http://127.0.0.1:4711/callback"), site.person()
    answer = await person.get(await person.through_provider(await person.to_provider(application.link())))
    assert oauth.parameters(answer.headers["location"])["error"] == "server_error"
    assert not elsewhere.arrived


KEYS = {
    "redirected": {"status": 302, "headers": {"Location": "{elsewhere}/jwks"}},
    "too large": {"size": 3 << 20},
    "no JSON": {"body": "leaky"},
    "empty": {"body": '{"keys":[]}'},
    "broken": {"status": 500},
    "symmetric": {"body": '{"keys":[{"kty":"oct","kid":"ec","alg":"HS256","k":"AAAA"}]}'},
    "many": {"body": json.dumps({"keys": [{"kty": "oct", "kid": f"k{i}", "k": "AAAA"} for i in range(5000)]})},
}


async def test_keys_that_cannot_be_had(raw_site, providers, elsewhere):
    """A failed fetch is repeated after a while only, so each of these needs a provider that is new to the gateway."""
    provider = providers()
    for what, fault in KEYS.items():
        fault = json.loads(json.dumps(fault).replace("{elsewhere}", elsewhere.url))
        site = raw_site(provider=provider)
        provider.behave(faults={"/jwks": fault})
        application, person = await site.application("http://127.0.0.1:4711/callback"), site.person()
        answer = await person.get(await person.through_provider(await person.to_provider(application.link())))
        assert oauth.parameters(answer.headers["location"])["error"] == "server_error", what
        assert not elsewhere.arrived
        site.gateway.stop()
        provider.behave()


METADATA = {
    "another issuer": {"issuer": "https://attacker.example"},
    "no issuer": {"issuer": None},
    "keys over plain HTTP": {"jwks_uri": "http://keys.example/jwks"},
    "keys on a private address": {"jwks_uri": "http://192.168.0.1/jwks"},
    "keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "a token endpoint elsewhere over plain HTTP": {"token_endpoint": "http://attacker.example/token"},
    "the metadata service of a cloud": {"token_endpoint": "http://169.254.169.254/latest/meta-data"},
    "an authorization endpoint that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "an authorization endpoint with our parameters": {"authorization_endpoint": "{issuer}/authorize?client_id=other"},
    "an endpoint with a password": {"token_endpoint": "https://user:secret@attacker.example/token"},
    "no token endpoint": {"token_endpoint": None},
    "no code": {"response_types_supported": ["id_token"]},
}

DISCOVERY = {
    "redirected": {"status": 302, "headers": {"Location": "{elsewhere}/.well-known/openid-configuration"}},
    "too large": {"size": 3 << 20},
    "no JSON": {"body": "leaky"},
    "missing": {"status": 404},
    "broken": {"status": 500},
}


async def test_metadata_that_nobody_should_start_with(folder, providers, elsewhere, example):
    """`serve` ends with an error that says what is wrong; it never starts without a way to sign in."""
    provider = providers()
    path = "/.well-known/openid-configuration"
    cases = [({"metadata": lie}, what) for what, lie in METADATA.items()]
    cases += [({"faults": {path: fault}}, what) for what, fault in DISCOVERY.items()]
    started, complaint = [], re.compile(r'Error: authServer upstream "fast": .{20}')
    for behaviour, what in cases:
        text = json.dumps(behaviour).replace("{elsewhere}", elsewhere.url).replace("{issuer}", provider.url)
        provider.behave(**json.loads(text))
        gateway = RawGateway(folder, [http_backend("example", example.url)], provider).start()
        try:
            deadline = time.monotonic() + 20
            while not gateway.exited() and gateway.get("/readyz")[0] is None:
                assert time.monotonic() < deadline, what
                await asyncio.sleep(0.02)
            if not gateway.exited():
                started.append(what)
            elif gateway.popen.returncode == 0 or not complaint.search(gateway.tail()):
                started.append(f"{what}: {gateway.popen.returncode} {gateway.tail()}")
        finally:
            gateway.stop()
    assert not started
    assert not elsewhere.arrived


async def test_a_provider_that_is_away_later_costs_the_sign_in_only(raw_site, providers):
    """Whoever has a token goes on; who signs in meanwhile is told, and not by a stack trace."""
    provider = providers()
    site = raw_site(provider=provider)
    application, tokens = await site.signed_in()
    person = site.person("late")
    callback = await person.through_provider(await person.to_provider(application.link()))
    provider.kill()
    answer = await person.get(callback)
    assert oauth.parameters(answer.headers["location"])["error"] == "server_error"
    assert (await site.status(tokens["access_token"])).status_code == 200
    assert (await application.refresh(tokens["refresh_token"])).status_code == 200


INJECT = {"type": "upstream_inject", "upstreamInject": {"providerName": "fast"}}


async def test_a_sign_in_that_the_provider_ended(raw_site, provider, everything):
    """A backend is not called with a dead token; the client is sent to sign in again, and only when that helps."""
    site = raw_site(
        entries=[http_backend("vault", everything.url)],
        outgoingAuth={"source": "inline", "backends": {"vault": INJECT}},
    )
    provider.behave(expires_in=2)
    carols, ill = await site.signed_in("carol")
    daves, dead = await site.signed_in("dave")
    async with site.wire(ill["access_token"]) as carol, site.wire(dead["access_token"]) as dave:
        for wire in (carol, dave):
            await wire.open()
            await wire.call("vault_headers")
        await asyncio.sleep(2.1)
        call = {"name": "vault_headers", "arguments": {}}
        provider.behave(faults={"/token": {"status": 503, "body": "leaky"}})
        answer = await carol.request("tools/call", call)
        assert "try again later" in answer["error"]["message"] and "leaky" not in answer["error"]["message"]
        assert (await site.status(ill["access_token"])).status_code == 200, "that passes"
        provider.behave(faults={"/token": {"status": 400, "body": '{"error":"invalid_grant"}'}})
        first = await dave.post(dave.message("tools/call", call))
        assert first.status_code == 401 or "sign in again" in first.text
        second = await dave.post(dave.message("tools/call", call))
        assert second.status_code == 401
        assert 'error="invalid_token"' in second.headers.get_list("www-authenticate")[0]
        assert "upstream-" not in first.text + second.text
        dave.session = None
    assert (await daves.refresh(dead["refresh_token"])).status_code == 400
    assert (await carols.refresh(ill["refresh_token"])).status_code == 200


async def test_an_optional_provider_that_fails_is_gone_without(raw_site, provider, providers):
    second = providers()
    site = raw_site(upstreams=[upstream("first", provider), upstream("second", second, optional=True)])
    second.behave(faults={"/token": {"status": 500}})
    application, person = await site.application(), site.person()
    answer = await person.get(await person.through_provider(await person.to_provider(application.link())))
    assert answer.status_code == 302
    answer = await person.get(await person.through_provider(answer.headers["location"]))
    assert application.called_back(answer.headers["location"])
    # A lie about who answers is not forgiven there either.
    second.behave(response={"iss": "https://attacker.example"})
    application, person = await site.application("http://127.0.0.1:4711/callback"), site.person()
    answer = await person.get(await person.through_provider(await person.to_provider(application.link())))
    answer = await person.get(await person.through_provider(answer.headers["location"]))
    assert oauth.parameters(answer.headers["location"])["error"] == "server_error"


def test_elsewhere_would_notice(elsewhere):
    httpx.get(elsewhere.url + "/x")
    assert [path for path, _, _ in elsewhere.arrived] == ["/x"]
