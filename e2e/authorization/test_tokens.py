# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Tokens that are stolen, forged, replayed or meant for somebody else, and sessions that belong to other people."""

import asyncio
import base64
import hashlib
import hmac
import json
import time

import anyio
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from vmcp_e2e import oauth
from vmcp_e2e.wire import events, is_answer

pytestmark = pytest.mark.anyio


def refusal(answer, status=400):
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()["error"]


# MARK: Codes


async def test_a_stolen_code_is_worth_nothing_without_its_verifier(site):
    """AU-14: Threats 6 and 8. Wrong guesses do not harm the owner."""
    application = await site.application()
    code = await site.person().sign_in(application)
    for wrong in ("x" * 43, None, "", "short", application.verifier[:-1], application.challenge, "ä" * 43, "x" * 129):
        assert refusal(await application.redeem(code, code_verifier=wrong)) in ("invalid_grant", "invalid_request")
    thief = await site.application()
    assert refusal(await thief.redeem(code, code_verifier=application.verifier)) == "invalid_grant"
    assert (await application.redeem(code)).status_code == 200


async def test_there_is_no_code_without_a_challenge(site):
    """AU-14: Threat 6: RFC 7636 with S256, or nothing."""
    application = await site.application("http://127.0.0.1:4711/callback")
    for broken in (
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge": "x" * 44},
        {"code_challenge": application.challenge[:-1] + "="},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": application.verifier[:43], "code_challenge_method": "plain"},
    ):
        answer = await site.person().get(application.link(**broken))
        assert answer.status_code == 303, answer.text
        assert oauth.parameters(answer.headers["location"])["error"] == "invalid_request"


async def test_a_replayed_code_ends_what_came_of_it(site):
    """AU-15: Threat 7, up to the endpoint that the tokens are for."""
    application, person = await site.application(), site.person()
    code = await person.sign_in(application)
    tokens = (await application.redeem(code)).json()
    assert (await site.status(tokens["access_token"])).status_code == 200
    refreshed = (await application.refresh(tokens["refresh_token"])).json()
    assert refusal(await application.redeem(code)) == "invalid_grant"
    for token in (tokens["access_token"], refreshed["access_token"]):
        assert (await site.status(token)).status_code == 401
    assert refusal(await application.refresh(refreshed["refresh_token"])) == "invalid_grant"


async def test_a_code_of_nobody(site):
    application = await site.application()
    good = await site.person().sign_in(application)
    head, _, tail = good.rpartition(".")
    for code in ("x", "a.b", "." * 40, good[:-2], good + "x", f"{tail}.{head}", "x" * 2049, good.swapcase(), "\x00"):
        assert refusal(await application.redeem(code)) in ("invalid_grant", "invalid_request"), code
    assert refusal(await application.token(grant_type="refresh_token", refresh_token=good)) == "invalid_grant"
    assert (await application.redeem(good)).status_code == 200


# MARK: Refresh tokens


async def test_a_stolen_refresh_token_is_noticed(site):
    """AU-21: Threats 9 and 10: the thief and the owner cannot both go on, whoever is first."""
    application, tokens = await site.signed_in()
    owner = (await application.refresh(tokens["refresh_token"])).json()
    thief = (await application.refresh(tokens["refresh_token"])).json()
    assert thief["refresh_token"] == owner["refresh_token"], "no second branch"
    assert (await application.refresh(owner["refresh_token"])).status_code == 200
    assert refusal(await application.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert refusal(await application.refresh(thief["refresh_token"])) == "invalid_grant"
    for token in (tokens, owner, thief):
        assert (await site.status(token["access_token"])).status_code == 401


async def test_a_refresh_token_after_the_grace_ends_the_family(raw_site):
    """AU-21: R5, with a grace that is over at once."""
    site = raw_site(hardening={"refresh_grace": "0s"})
    application, tokens = await site.signed_in()
    newer = (await application.refresh(tokens["refresh_token"])).json()
    assert refusal(await application.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert refusal(await application.refresh(newer["refresh_token"])) == "invalid_grant"
    assert (await site.status(newer["access_token"])).status_code == 401


async def test_a_refresh_gives_no_more_than_there_was(site):
    """Threat 22, and threat 9 for another client: nothing of it uses the token up."""
    application, tokens = await site.signed_in(scope="openid offline_access profile")
    thief = await site.application()
    token = tokens["refresh_token"]
    assert refusal(await thief.refresh(token)) == "invalid_grant"
    assert refusal(await application.refresh(token, scope="openid profile email")) == "invalid_scope"
    assert refusal(await application.refresh(token, resource="https://other.example/mcp")) == "invalid_target"
    assert refusal(await application.refresh(token, resource=site.origin)) == "invalid_target"
    narrow = (await application.refresh(token, scope="openid")).json()
    assert oauth.claims(narrow["access_token"])["scope"] == "openid"
    again = (await application.refresh(narrow["refresh_token"])).json()
    assert set(oauth.claims(again["access_token"])["scope"].split()) == set(tokens["scope"].split())


async def test_revoking(site):
    """Threat 30: at the next request, not when the token expires."""
    application, tokens = await site.signed_in()
    _, others = await site.signed_in("bob")
    thief = await site.application()
    for token in tokens["refresh_token"], tokens["access_token"]:
        answer = await thief.post("/oauth/revoke", data={"token": token, "client_id": thief.client_id})
        assert answer.status_code == 400 and (await site.status(tokens["access_token"])).status_code == 200
    answer = await application.post(
        "/oauth/revoke", data={"token": tokens["refresh_token"], "client_id": application.client_id}
    )
    assert answer.status_code == 200 and not answer.content
    assert (await site.status(tokens["access_token"])).status_code == 401
    assert refusal(await application.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert (await site.status(others["access_token"])).status_code == 200


async def test_a_stream_ends_with_its_token(site):
    """Whoever stole a token keeps nothing of it; the owner comes back with another token and misses nothing."""
    application, tokens = await site.signed_in()
    async with site.wire(tokens["access_token"]) as wire:
        await wire.open()
        async with wire.listen() as stream:
            blocks = stream.aiter_bytes()
            with anyio.fail_after(10):
                assert await anext(blocks)
            data = {"token": tokens["refresh_token"], "client_id": application.client_id}
            assert (await application.post("/oauth/revoke", data=data)).status_code == 200
            wire.session = None
            with anyio.fail_after(3):
                async for _ in blocks:
                    pass


# MARK: Access tokens


def signed(head, claims, sign):
    text = f"{oauth.encoded(head)}.{oauth.encoded(claims)}"
    return f"{text}.{oauth.encoded(sign(text.encode()))}"


def with_key(key):
    def sign(text):
        pair = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return b"".join(part.to_bytes(32, "big") for part in pair)

    return sign


def with_secret(secret):
    return lambda text: hmac.digest(secret, text, "sha256")


async def test_forged_tokens(site):
    """AU-03: Threat 23: algorithm, key and kind of a token are ours to say."""
    _, tokens = await site.signed_in()
    good = tokens["access_token"]
    head, payload, signature = good.split(".")
    header, claims = oauth.decoded(head), oauth.decoded(payload)
    (jwk,) = (await site.http.get(f"{site.origin}/.well-known/jwks.json")).json()["keys"]
    x, y = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=="), "big") for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    secrets = [public.public_bytes(kind, spki) for kind in (serialization.Encoding.PEM, serialization.Encoding.DER)]
    secrets += [
        public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint),
        json.dumps(jwk).encode(),
        b"",
    ]
    mine = ec.generate_private_key(ec.SECP256R1())
    numbers = mine.public_key().public_numbers()
    my_jwk = {"kty": "EC", "crv": "P-256", "x": oauth.encoded(numbers.x.to_bytes(32, "big"))}
    my_jwk["y"] = oauth.encoded(numbers.y.to_bytes(32, "big"))
    forged = {
        **{
            f"HS256 {index}": signed({**header, "alg": "HS256"}, claims, with_secret(secret))
            for index, secret in enumerate(secrets)
        },
        **{
            f"alg {name}": signed({**header, "alg": name}, claims, lambda text: b"")
            for name in ("none", "None", "NONE", "", "ES256 ", "es256", "RS256")
        },
        "none without signature": f"{oauth.encoded({**header, 'alg': 'none'})}.{payload}.",
        "no alg": signed({"kid": header["kid"], "typ": "at+jwt"}, claims, with_key(mine)),
        "other key, our kid": signed(header, claims, with_key(mine)),
        "other key, no kid": signed({"alg": "ES256", "typ": "at+jwt"}, claims, with_key(mine)),
        "key in the header": signed({**header, "jwk": my_jwk}, claims, with_key(mine)),
        "key at an address": signed({**header, "jku": "https://attacker.example/jwks"}, claims, with_key(mine)),
        "kid is a path": signed({**header, "kid": "../../../../dev/null"}, claims, with_key(mine)),
        "kid is a query": signed({**header, "kid": "x' OR '1'='1"}, claims, with_key(mine)),
        "crit": signed({**header, "crit": ["exp"]}, claims, with_key(mine)),
        "zero signature": f"{head}.{payload}.{oauth.encoded(bytes(64))}",
        "no signature": f"{head}.{payload}.",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.x",
        "other claims": f"{head}.{oauth.encoded({**claims, 'sub': 'admin'})}.{signature}",
        "other type": f"{oauth.encoded({**header, 'typ': 'JWT'})}.{payload}.{signature}",
        "long": f"{head}.{payload}.{'A' * 20_000}",
        "refresh token": tokens["refresh_token"],
        "nothing": "x",
    }
    for what, token in forged.items():
        answer = await site.status(token)
        assert answer.status_code == 401, f"{what}: {answer.status_code}"
        challenge = answer.headers.get_list("www-authenticate")[0]
        assert 'error="invalid_token"' in challenge and "resource_metadata=" in challenge, what
    assert (await site.status(good)).status_code == 200


async def test_an_identity_token_of_the_provider_is_no_access_token(site, provider):
    await site.signed_in("dave")
    tokens = [secret for secret in provider.seen()["secrets"] if secret.count(".") == 2]
    tokens += [secret for secret in provider.seen()["secrets"] if secret.startswith("upstream-dave")]
    assert len(tokens) >= 2
    for token in tokens[-5:]:
        assert (await site.status(token)).status_code == 401


async def test_a_token_is_for_one_resource(raw_site, site):
    """AU-04: CVE-2025-69196: another gateway's token is not good here, nor one for another resource of ours."""
    other = raw_site()
    _, theirs = await other.signed_in()
    assert (await other.status(theirs["access_token"])).status_code == 200
    assert (await site.status(theirs["access_token"])).status_code == 401


async def test_a_token_is_for_the_resource_that_was_asked_for(raw_site):
    """AU-04, AU-17."""
    site = raw_site(audiences=["https://here.example/mcp", "https://there.example/mcp"])
    application, person = await site.application(), site.person()
    statuses = {}
    for resource in ("https://here.example/mcp", "https://there.example/mcp"):
        application.resource = resource
        code = await person.sign_in(application)
        assert refusal(await application.redeem(code, resource="https://other.example/mcp")) == "invalid_target"
        tokens = (await application.redeem(code, resource=resource)).json()
        assert oauth.claims(tokens["access_token"])["aud"] == [resource]
        statuses[resource] = (await site.status(tokens["access_token"])).status_code
    assert statuses == {"https://here.example/mcp": 200, "https://there.example/mcp": 401}


async def test_what_can_be_asked_for(site):
    """AU-17."""
    application = await site.application("http://127.0.0.1:4711/callback")
    for resource in ("https://other.example/mcp", site.origin, site.endpoint + "/x", site.endpoint + "#a", "x", "a:b"):
        answer = await site.person().get(application.link(resource=resource))
        assert oauth.parameters(answer.headers["location"])["error"] == "invalid_target", resource
    answer = await site.person().get(application.link() + f"&resource={site.endpoint}")
    assert oauth.parameters(answer.headers["location"])["error"] == "invalid_target"
    for spelling in (site.endpoint + "/", site.endpoint.upper().replace("/MCP", "/mcp"), None):
        assert (await site.person().get(application.link(resource=spelling))).status_code == 200, spelling


async def test_where_a_token_may_stand(site):
    """AU-06: In one header, once: everything else is refused, also beside a good one."""
    _, tokens = await site.signed_in()
    token = tokens["access_token"]
    for query in (f"?access_token={token}", f"?a=b&access%5Ftoken={token}"):
        assert (await site.status(None, query=query)).status_code == 400
        assert (await site.status(token, query=query)).status_code == 400
    for scheme, status in {"bearer": 200, "BEARER": 200, "Basic": 401, "Token": 401, "DPoP": 401}.items():
        assert (await site.status(token, scheme=scheme)).status_code == status, scheme
    for value in (f"Bearer {token}, Bearer {token}", f"Bearer {token} {token}", f'Bearer "{token}"'):
        answer = await site.status(None, headers={"Authorization": value})
        assert answer.status_code in (400, 401), value
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]
    answer = await site.http.post(site.endpoint, headers=headers, json={})
    assert answer.status_code == 400
    answer = await site.http.post(site.endpoint, data={"access_token": token})
    assert answer.status_code == 401
    answer = await site.status(None)
    assert answer.status_code == 401
    assert "error=" not in answer.headers.get_list("www-authenticate")[0]


async def test_an_access_token_expires(raw_site):
    site = raw_site(run_config={"token_lifespans": {"access_token_lifespan": "1m"}})
    _, tokens = await site.signed_in()
    claims = oauth.claims(tokens["access_token"])
    assert 0 < tokens["expires_in"] <= 60 and claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 30


# MARK: Sessions


async def test_a_session_belongs_to_who_began_it(site):
    """HL-06, AU-36: Threat 29: with another person's token the session is not there, whatever is done with it."""
    application, alices = await site.signed_in("alice")
    _, bobs = await site.signed_in("bob")
    async with site.wire(alices["access_token"]) as alice, site.wire(bobs["access_token"]) as bob:
        await alice.open()
        bob.session, bob.version = alice.session, alice.version
        answers = {
            "post": await bob.post(bob.message("tools/list")),
            "answer": await bob.post({"jsonrpc": "2.0", "id": 1, "result": {"action": "accept"}}),
            "delete": await bob.delete(),
        }
        for resume in (None, "0", "1-1"):
            headers = {} if resume is None else {"Last-Event-ID": resume}
            async with bob.listen(**headers) as stream:
                answers[f"listen {resume}"] = stream
        for what, answer in answers.items():
            assert answer.status_code in (403, 404), f"{what}: {answer.status_code}"
            assert "mcp-session-id" not in answer.headers
        # To a stranger it is as if it never was.
        bob.session = "0" * len(alice.session)
        unknown = await bob.post(bob.message("tools/list"))
        assert unknown.status_code == answers["post"].status_code
        bob.session = None
        # And the owner has noticed nothing, also with a token that she gets later.
        assert "result" in await alice.request("tools/list")
        newer = (await application.refresh(alices["refresh_token"])).json()
        alice.http.headers["Authorization"] = f"Bearer {newer['access_token']}"
        assert "result" in await alice.request("tools/list")
        alice.http.headers.pop("Authorization")
        assert (await alice.post(alice.message("tools/list"))).status_code == 401
        alice.http.headers["Authorization"] = f"Bearer {newer['access_token']}"


async def test_the_stream_of_somebody_else_cannot_be_resumed(site):
    """AU-36: The id of an event is no key to what comes after it."""
    _, alices = await site.signed_in("alice")
    _, bobs = await site.signed_in("bob")
    async with site.wire(alices["access_token"]) as alice, site.wire(bobs["access_token"]) as bob:
        await alice.open()
        call = {"name": "example_test_tool_with_progress", "arguments": {}, "_meta": {"progressToken": "p"}}
        message = alice.message("tools/call", call, identifier="alices-call")
        async with alice.stream(message) as response:
            async for event in events(response):
                if event.message is not None:
                    break
        bob.session, bob.version = alice.session, alice.version
        async with bob.listen(Last_Event_ID=event.id) as stolen:
            assert stolen.status_code in (403, 404)
        bob.session = None
        await bob.open()
        async with bob.listen(Last_Event_ID=event.id) as stolen:
            with anyio.move_on_after(0.5):
                async for stray in events(stolen):
                    assert stray.message is None
        async with alice.listen(Last_Event_ID=event.id) as stream:
            with anyio.fail_after(10):
                async for missed in events(stream):
                    if is_answer(missed.message, "alices-call"):
                        break


async def test_the_same_name_at_another_provider_is_somebody_else(raw_site, provider, providers):
    """A user is who the first provider says, so the second one's alice cannot become the first one's."""
    second = providers()
    names = set()
    for source in (provider, second):
        site = raw_site(provider=source)
        _, tokens = await site.signed_in("alice")
        names.add(oauth.claims(tokens["access_token"])["sub"])
    assert len(names) == 2


async def test_no_page_tells_sessions_or_people(site):
    """CVE-2026-79537."""
    _, tokens = await site.signed_in("mallory")
    async with site.wire(tokens["access_token"]) as wire:
        await wire.open()
        await asyncio.sleep(0)
        for path in ("/status", "/readyz", "/healthz", "/health", "/metrics", "/health/sessions", "/"):
            answer = await site.http.get(site.origin + path)
            for word in (wire.session, "mallory", oauth.claims(tokens["access_token"])["sub"], tokens["access_token"]):
                assert word not in answer.text, path


def test_the_confusions_above_would_work_on_a_server_that_is_confused():
    """A forger's HMAC is right for who takes a public key for a secret: the test above does not fail to try."""
    text = signed({"alg": "HS256"}, {"sub": "x"}, with_secret(b"public"))
    content, _, signature = text.rpartition(".")
    assert oauth.encoded(hmac.new(b"public", content.encode(), hashlib.sha256).digest()) == signature
