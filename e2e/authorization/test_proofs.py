# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Tokens that are bound to a key (RFC 9449), and requests that are pushed before the browser sees them (RFC 9126)."""

import asyncio
import hashlib
import secrets
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from vmcp_e2e import oauth

pytestmark = pytest.mark.anyio


class Device:
    """A key, and proofs of having it."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        x, y = (oauth.encoded(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
        self.jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        self.nonce = None

    def proof(self, method, url, token=None, header=None, **changes):
        claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())}
        if self.nonce:
            claims["nonce"] = self.nonce
        if token:
            claims["ath"] = oauth.encoded(hashlib.sha256(token.encode()).digest())
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk, **(header or {})}
        text = f"{oauth.encoded(head)}.{oauth.encoded(claims)}"
        pair = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{oauth.encoded(b''.join(part.to_bytes(32, 'big') for part in pair))}"

    async def token(self, application, path="/oauth/token", **form):
        """A token request with a proof, repeated with the nonce when the server demands one."""
        url = f"{application.origin}{path}"
        form = {"client_id": application.client_id, **form}
        while True:
            answer = await application.post(path, data=form, headers={"DPoP": self.proof("POST", url)})
            if answer.status_code != 400 or answer.json()["error"] != "use_dpop_nonce":
                return answer
            assert self.nonce is None, "the nonce that was just given is good"
            self.nonce = answer.headers["dpop-nonce"]


async def bound(site):
    """Tokens of somebody, bound to a new device."""
    application, device = await site.application(), Device()
    code = await site.person().sign_in(application)
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": application.verifier}
    answer = await device.token(application, **form)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    for name in ("access_token", "refresh_token"):
        oauth.confidential(tokens[name])
    device.nonce = None
    return application, device, tokens


async def with_proof(site, token, proof, scheme="DPoP"):
    return await site.status(token, scheme=scheme, headers={"DPoP": proof} if proof else {})


async def test_a_bound_token_is_good_with_its_key_only(site):
    """Threats 12 and 13, at the endpoint."""
    application, device, tokens = await bound(site)
    token = tokens["access_token"]
    assert tokens["token_type"] == "DPoP" and oauth.claims(token)["cnf"].keys() == {"jkt"}
    good = device.proof("POST", site.endpoint, token)
    assert (await with_proof(site, token, good)).status_code == 200
    assert (await with_proof(site, token, good)).status_code == 401, "each proof is good once"
    thief = Device()
    refused = {
        "as bearer": (device.proof("POST", site.endpoint, token), "Bearer"),
        "as bearer, without": (None, "Bearer"),
        "without": (None, "DPoP"),
        "another key": (thief.proof("POST", site.endpoint, token), "DPoP"),
        "our key, their signature": (thief.proof("POST", site.endpoint, token, {"jwk": device.jwk}), "DPoP"),
        "another method": (device.proof("GET", site.endpoint, token), "DPoP"),
        "another address": (device.proof("POST", site.origin + "/other", token), "DPoP"),
        "another host": (device.proof("POST", "https://attacker.example/mcp", token), "DPoP"),
        "another token": (device.proof("POST", site.endpoint, token + "x"), "DPoP"),
        "no token": (device.proof("POST", site.endpoint), "DPoP"),
        "old": (device.proof("POST", site.endpoint, token, iat=int(time.time()) - 120), "DPoP"),
        "early": (device.proof("POST", site.endpoint, token, iat=int(time.time()) + 120), "DPoP"),
        "no time": (device.proof("POST", site.endpoint, token, iat=None), "DPoP"),
        "no name": (device.proof("POST", site.endpoint, token, jti=None), "DPoP"),
        "another type": (device.proof("POST", site.endpoint, token, {"typ": "JWT"}), "DPoP"),
        "unsigned": (device.proof("POST", site.endpoint, token, {"alg": "none"}), "DPoP"),
        "symmetric": (device.proof("POST", site.endpoint, token, {"alg": "HS256"}), "DPoP"),
        "a private key": (device.proof("POST", site.endpoint, token, {"jwk": {**device.jwk, "d": "AA"}}), "DPoP"),
        "nonsense": ("x.y.z", "DPoP"),
    }
    for what, (proof, scheme) in refused.items():
        answer = await with_proof(site, token, proof, scheme)
        assert answer.status_code == 401, f"{what}: {answer.status_code}"
        assert any(line.startswith("DPoP") for line in answer.headers.get_list("www-authenticate")), what
    _, plain = await site.signed_in()
    answer = await with_proof(site, plain["access_token"], device.proof("POST", site.endpoint, plain["access_token"]))
    assert answer.status_code == 401, "a token that is not bound does not become so"
    proof = device.proof("POST", site.endpoint, token)
    assert (await with_proof(site, token, proof)).status_code == 200, "the owner has lost nothing"


async def test_one_of_many_with_the_same_proof(site):
    _, device, tokens = await bound(site)
    proof = device.proof("POST", site.endpoint, tokens["access_token"])
    answers = await asyncio.gather(*(with_proof(site, tokens["access_token"], proof) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


async def test_a_bound_family_is_refreshed_with_its_key_only(site):
    application, device, tokens = await bound(site)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = await application.refresh(tokens["refresh_token"])
    assert answer.status_code == 400 and answer.json()["error"] in ("invalid_grant", "invalid_dpop_proof")
    answer = await Device().token(application, **form)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"
    answer = await device.token(application, **form)
    assert answer.status_code == 200 and answer.json()["token_type"] == "DPoP"
    oauth.confidential(answer.json()["access_token"])
    assert oauth.claims(answer.json()["access_token"])["cnf"] == oauth.claims(tokens["access_token"])["cnf"]


async def test_a_nonce_is_demanded_where_tokens_are_given(site):
    """A proof that was made beforehand is of no use (threat 13)."""
    application, device = await site.application(), Device()
    url = f"{site.origin}/oauth/token"
    for nonce in (None, "invented", "x" * 43):
        device.nonce = nonce
        answer = await application.post(
            "/oauth/token",
            data={"grant_type": "refresh_token", "refresh_token": "x", "client_id": application.client_id},
            headers={"DPoP": device.proof("POST", url)},
        )
        assert answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce", nonce
        assert answer.headers["dpop-nonce"] and answer.headers["cache-control"] == "no-store"


async def test_a_code_can_be_bound_from_the_start(site):
    """With dpop_jkt a stolen code is useless, even with its verifier."""
    application, device = await site.application(), Device()
    canonical = '{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.format(**device.jwk)
    thumbprint = oauth.encoded(hashlib.sha256(canonical.encode()).digest())
    code = await site.person().sign_in(application, dpop_jkt=thumbprint)
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": application.verifier}
    assert (await application.redeem(code)).json()["error"] == "invalid_grant"
    assert (await Device().token(application, **form)).json()["error"] == "invalid_grant"
    answer = await device.token(application, **form)
    assert answer.status_code == 200 and answer.json()["token_type"] == "DPoP"
    oauth.confidential(answer.json()["access_token"])
    oauth.confidential(answer.json()["refresh_token"])


# MARK: Pushed requests


async def push(application, **changes):
    form = {**oauth.parameters(application.link()), **changes}
    return await application.post("/oauth/par", data={k: v for k, v in form.items() if v is not None})


async def test_what_was_pushed_counts_and_nothing_else(site):
    application, person = await site.application("http://127.0.0.1:4711/callback"), site.person()
    answer = await push(application)
    assert answer.status_code == 201 and answer.json()["expires_in"] == 60
    uri = oauth.confidential(answer.json()["request_uri"])
    assert uri.startswith("urn:ietf:params:oauth:request_uri:") and len(uri) > 70
    link = application.link(request_uri=uri, redirect_uri="https://attacker.example/", scope="nonsense", state="other")
    page = await person.get(link)
    assert page.status_code == 200 and "attacker.example" not in page.text
    answer = await person.answer_page(page, decision="deny")
    assert oauth.parameters(answer.headers["location"])["state"] == application.state
    again = await person.get(link)
    assert again.status_code == 400 and "location" not in again.headers, "once"


async def test_a_pushed_request_is_for_its_client(site):
    application, thief = await site.application(), await site.application()
    uri = oauth.confidential((await push(application)).json()["request_uri"])
    answer = await site.person().get(thief.link(request_uri=uri))
    assert answer.status_code == 400 and "location" not in answer.headers


async def test_what_is_pushed_is_checked_at_once(site):
    application = await site.application()
    for changes, error in (
        ({"redirect_uri": "https://attacker.example/"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"resource": "https://other.example/"}, "invalid_target"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"request": "x.y.z"}, "invalid_request"),
    ):
        answer = await push(application, **changes)
        assert answer.status_code == 400 and answer.json()["error"] == error, changes
    assert (await push(application, client_id="unknown")).status_code == 401


async def test_a_request_at_another_address_is_not_fetched(site):
    """SSRF by request_uri: only what was pushed here is one."""
    application = await site.application("http://127.0.0.1:4711/callback")
    for uri in ("http://169.254.169.254/", "https://attacker.example/request.jwt", "file:///etc/passwd"):
        answer = await site.person().get(application.link(request_uri=uri))
        assert oauth.parameters(answer.headers["location"])["error"] == "request_uri_not_supported"
    answer = await site.person().get(application.link(request="x.y.z"))
    assert oauth.parameters(answer.headers["location"])["error"] == "request_not_supported"


async def test_both_can_be_demanded(raw_site):
    site = raw_site(hardening={"par": "required", "dpop": "required"})
    application = await site.application("http://127.0.0.1:4711/callback")
    answer = await site.person().get(application.link())
    assert oauth.parameters(answer.headers["location"])["error"] == "invalid_request"
    assert (await push(application)).json()["error"] == "invalid_dpop_proof"
    device = Device()
    pushed = await device.token(application, "/oauth/par", **oauth.parameters(application.link()))
    uri = oauth.confidential(pushed.json()["request_uri"])
    person = site.person()
    callback = await person.through_provider(await person.to_provider(application.link(request_uri=uri)))
    code = application.called_back((await person.get(callback)).headers["location"])
    assert (await application.redeem(code)).json()["error"] == "invalid_dpop_proof"
    assert (await Device().token(application, grant_type="authorization_code", code=code)).status_code == 400
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": application.verifier}
    answer = await device.token(application, **form)
    assert answer.status_code == 200
    for name in ("access_token", "refresh_token"):
        oauth.confidential(answer.json()[name])
