# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Tokens that are traded for others: who may, for whom, and for how much (threats 24 and 25)."""

import asyncio
import secrets
import time

import pytest

from vmcp_e2e import oauth

pytestmark = pytest.mark.anyio

HERE, THERE = "https://here.example/mcp", "https://there.example/mcp"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SECRET = oauth.confidential("the-delegate-secret-of-at-least-32-characters")


@pytest.fixture
def delegating(raw_site, provider, monkeypatch):
    """A gateway with one delegate client, which trusts the provider's own tokens as well."""
    monkeypatch.setenv("E2E_DELEGATE_SECRET", SECRET)

    def delegate(name, audiences):
        return {
            "client_id": name,
            "client_secret_env_var": "E2E_DELEGATE_SECRET",
            "scopes": ["openid", "profile"],
            "audiences": audiences,
        }

    issuer = {
        "issuer_url": provider.url,
        "expected_audience": "vmcp-exchange",
        "jwks_url": f"{provider.url}/jwks",
        "insecure_allow_http": True,
        "allow_private_ips": True,
        "allowed_actors": ["batch"],
        "allowed_delegate_clients": ["robot"],
        "jwt_bearer_grant": {
            "max_assertion_age": "10m",
            "subject_bindings": [{"subject": "machine", "allowed_resources": [HERE]}],
        },
    }
    return raw_site(
        audiences=[HERE, THERE],
        run_config={
            "delegate_clients": [delegate("robot", [HERE, THERE]), delegate("other-robot", [THERE])],
            "trusted_issuers": [issuer],
            "insecure_allow_confidential_over_loopback_http": True,
        },
    )


async def exchange(site, subject, client="robot", secret=SECRET, audience=HERE, **form):
    robot = site.unregistered()
    robot.client_id = None
    form = {"subject_token": subject, "subject_token_type": ACCESS_TOKEN, "audience": audience, **form}
    form = {name: value for name, value in form.items() if value is not None}
    if secret is None:
        return await robot.token(grant_type=EXCHANGE, client_id=client, **form)
    return await robot.post("/oauth/token", data={"grant_type": EXCHANGE, **form}, auth=(client, secret))


async def subject_of(site, name="alice", resource=HERE):
    application = await site.application(scope="openid offline_access profile email")
    application.resource = resource
    code = await site.person(name).sign_in(application, scope="openid offline_access profile email")
    return application, (await application.redeem(code)).json()


async def test_a_delegate_acts_for_a_person_and_says_so(delegating):
    site = delegating
    _, tokens = await subject_of(site)
    answer = await exchange(site, tokens["access_token"], scope="openid")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    claims, theirs = oauth.claims(oauth.confidential(body["access_token"])), oauth.claims(tokens["access_token"])
    assert body["issued_token_type"] == ACCESS_TOKEN and "refresh_token" not in body
    assert claims["sub"] == theirs["sub"] and claims["client_id"] == "robot" and claims["aud"] == [HERE]
    assert claims["act"]["sub"] == "robot" and claims["scope"] == "openid" and "tsid" not in claims
    assert claims["exp"] <= theirs["exp"] and body["expires_in"] <= 3600
    assert (await site.status(body["access_token"])).status_code == 200


async def test_a_delegate_gets_no_more_than_there_is(delegating):
    """Threat 24: neither more scopes, nor other resources, nor other people's tokens."""
    site = delegating
    application, tokens = await subject_of(site)
    subject = tokens["access_token"]
    thief = await site.application()
    _, plain = await subject_of(site, "bob", THERE)
    cases = {
        "a scope of nobody": (exchange(site, subject, scope="admin"), "invalid_scope"),
        "a scope that the robot has not": (exchange(site, subject, scope="email"), "invalid_scope"),
        "another resource than the token's": (exchange(site, subject, audience=THERE), "invalid_target"),
        "an unknown resource": (exchange(site, subject, audience="https://other.example/"), "invalid_target"),
        "a prefix of a resource": (exchange(site, subject, audience="https://here.example/"), "invalid_target"),
        "a robot for elsewhere": (exchange(site, subject, client="other-robot"), "invalid_target"),
        "an identity token wanted": (exchange(site, subject, requested_token_type="x"), "invalid_request"),
        "an unknown kind": (exchange(site, subject, subject_token_type="x"), "invalid_request"),
        "a refresh token": (exchange(site, tokens["refresh_token"]), "invalid_request"),
        "no token": (exchange(site, None), "invalid_request"),
        "nonsense": (exchange(site, "a.b.c"), "invalid_request"),
        "an actor that is another's": (
            exchange(site, subject, actor_token=subject, actor_token_type=ACCESS_TOKEN),
            "invalid_request",
        ),
        "a public client": (exchange(site, subject, client=application.client_id, secret=None), "unauthorized_client"),
        "a thief": (exchange(site, subject, client=thief.client_id, secret=None), "unauthorized_client"),
        "the wrong secret": (exchange(site, subject, secret="x" * 40), "invalid_client"),
        "no secret": (exchange(site, subject, secret=None), "invalid_client"),
        "nobody": (exchange(site, subject, client="nobody"), "invalid_client"),
    }
    for what, (request, error) in cases.items():
        answer = await request
        assert answer.status_code in (400, 401), f"{what}: {answer.status_code}"
        assert answer.json()["error"] == error, f"{what}: {answer.text}"
    assert oauth.claims(plain["access_token"])["aud"] == [THERE]


async def test_a_token_that_was_revoked_is_not_traded(delegating):
    site = delegating
    application, tokens = await subject_of(site)
    data = {"token": tokens["refresh_token"], "client_id": application.client_id}
    assert (await application.post("/oauth/revoke", data=data)).status_code == 200
    answer = await exchange(site, tokens["access_token"])
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_request"


async def test_a_delegate_is_nothing_else(delegating):
    """It cannot have people sign in, and nobody can register in its name."""
    site = delegating
    robot = site.unregistered()
    robot.client_id = "robot"
    answer = await site.person().get(robot.link())
    assert answer.status_code in (400, 401) and "location" not in answer.headers
    registered = await robot.registration(client_id="robot")
    assert registered.json().get("client_id") != "robot"


def external(provider, **changes):
    now = int(time.time())
    claims = {"iss": provider.url, "sub": "machine", "aud": ["vmcp-exchange", HERE], "iat": now, "exp": now + 300}
    return {**claims, "azp": "batch", "scope": "openid", "jti": secrets.token_urlsafe(12), **changes}


async def test_tokens_of_another_issuer(delegating, provider):
    site = delegating
    answer = await exchange(site, provider.sign(external(provider)))
    assert answer.status_code == 200, answer.text
    claims = oauth.claims(oauth.confidential(answer.json()["access_token"]))
    assert claims["sub"] == f"{provider.url}#machine" and claims["act"]["sub"] == "robot"
    now = int(time.time())
    for what, (changes, how) in {
        "another issuer": ({"iss": "https://attacker.example"}, {}),
        "ourselves": ({"iss": site.origin}, {}),
        "for others": ({"aud": ["somebody-else", HERE]}, {}),
        "expired": ({"exp": now - 1}, {}),
        "from the future": ({"iat": now + 3600, "nbf": now + 3600, "exp": now + 7200}, {}),
        "for ever": ({"exp": None}, {}),
        "nobody": ({"sub": None}, {}),
        "another actor": ({"azp": "attacker"}, {}),
        "an identity token": ({"nonce": "x", "at_hash": "x"}, {}),
        "unsigned": ({}, {"sign": "none"}),
        "signed with a public key as secret": ({}, {"sign": "HS256"}),
        "signed by a stranger": ({}, {"sign": "stranger"}),
        "permission from outside": ({"may_act": {"sub": "robot"}, "azp": "attacker"}, {}),
    }.items():
        answer = await exchange(site, provider.sign(external(provider, **changes), **how))
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_request", f"{what}: {answer.text}"


async def bearer(site, assertion, resource=HERE, **more):
    form = {"grant_type": BEARER, "assertion": assertion, "resource": resource, **more}
    return await site.unregistered().post("/oauth/token", data={k: v for k, v in form.items() if v is not None})


async def test_an_assertion_is_good_once(delegating, provider):
    """Threat 25: many at the same time are no exception, with and without an id of its own."""
    site = delegating
    for name in (secrets.token_urlsafe(8), None):
        assertion = provider.sign(external(provider, aud=f"{site.origin}/oauth/token", jti=name))
        answers = await asyncio.gather(*(bearer(site, assertion) for _ in range(20)))
        good = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(good) == 1
        assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
        token = oauth.confidential(good[0]["access_token"])
        assert "refresh_token" not in good[0] and oauth.claims(token)["aud"] == [HERE]
        assert (await site.status(token)).status_code == 200


async def test_an_assertion_is_used_up_for_good(delegating, provider):
    """Also by a process that is not there any more."""
    site = delegating
    assertion = provider.sign(external(provider, aud=f"{site.origin}/oauth/token"))
    first = await bearer(site, assertion)
    oauth.confidential(first.json()["access_token"])
    site.gateway.kill()
    site.gateway.launch(healthy=False)
    again = await bearer(site, assertion)
    assert again.status_code == 400 and again.json()["error"] == "invalid_grant"


async def test_assertions_that_are_worth_nothing(delegating, provider):
    site = delegating
    now, endpoint = int(time.time()), f"{site.origin}/oauth/token"
    for what, (changes, form, error) in {
        "for others": ({"aud": "vmcp-exchange"}, {}, "invalid_grant"),
        "too long": ({"exp": now + 3600}, {}, "invalid_grant"),
        "expired": ({"exp": now - 1}, {}, "invalid_grant"),
        "without a beginning": ({"iat": None}, {}, "invalid_grant"),
        "somebody": ({"sub": "somebody"}, {}, "invalid_grant"),
        "another resource": ({}, {"resource": THERE}, "invalid_target"),
        "an unknown resource": ({}, {"resource": "https://other.example/"}, "invalid_target"),
        "no resource": ({}, {"resource": None}, "invalid_request"),
        "in the name of a client": ({}, {"client_id": "nobody"}, "invalid_client"),
    }.items():
        assertion = provider.sign(external(provider, **{"aud": endpoint, **changes}))
        answer = await bearer(site, assertion, **form)
        assert answer.status_code in (400, 401) and answer.json()["error"] == error, f"{what}: {answer.text}"
    for how in ({"sign": "none"}, {"sign": "HS256"}, {"sign": "stranger"}, {"header": {"typ": "oauth-id-jag+jwt"}}):
        answer = await bearer(site, provider.sign(external(provider, aud=endpoint), **how))
        assert answer.status_code == 400 and answer.json()["error"] in ("invalid_grant", "invalid_request"), how
