# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Too many requests, too large ones, and ones that no honest client sends (threats 26 and 27)."""

import asyncio
import gzip
import socket

import pytest

from vmcp_e2e import oauth

pytestmark = pytest.mark.anyio

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENDPOINTS = ["token", "revoke", "par", "consent"]


def from_address(address):
    return {"X-Forwarded-For": address}


async def statuses(requests):
    return [answer.status_code for answer in await asyncio.gather(*requests)]


# MARK: How often


async def test_a_flood_of_pages_is_stopped_for_its_address_only(site):
    application, flooder, other = await site.application(), site.person(), site.person()
    seen = await statuses(flooder.get(application.link()) for _ in range(60))
    assert set(seen) == {200, 429} and 30 <= seen.count(200) <= 40
    answer = await flooder.get(application.link())
    if answer.status_code == 429:
        assert answer.headers["retry-after"] == "1" and "<h1" in answer.text
    assert (await other.get(application.link())).status_code == 200


async def test_guessing_is_slow(site):
    """Codes, verifiers, secrets and refresh tokens: the owner, from elsewhere, is not held up."""
    application, tokens = await site.signed_in()
    code = await site.person().sign_in(application)
    guesser = application.another()
    seen = await statuses(guesser.redeem(code, code_verifier=f"{index:043}") for index in range(100))
    assert set(seen) == {400, 429} and 60 <= seen.count(400) <= 75
    answer = await guesser.redeem(code)
    assert answer.status_code in (400, 429)
    if answer.status_code == 429:
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["error"] == "temporarily_unavailable"
    assert (await application.redeem(code)).status_code == 200
    assert (await application.refresh(tokens["refresh_token"])).status_code == 200


async def test_registering_is_limited_for_one_and_for_all(raw_site):
    site = raw_site()
    one = site.unregistered()
    seen = await statuses(one.registration(patient=False) for _ in range(20))
    assert set(seen) == {201, 429} and 5 <= seen.count(201) <= 8
    many = await statuses(site.unregistered().registration(patient=False) for _ in range(150))
    assert set(many) == {201, 429} and 40 <= many.count(201) <= 120
    # What is known goes on meanwhile.
    assert (await site.person().get(f"{site.origin}/oauth/authorize")).status_code == 401


async def test_documents_are_for_everybody(site):
    url = f"{site.origin}/.well-known/jwks.json"
    assert set(await statuses(site.http.get(url, headers=from_address("198.51.100.1")) for _ in range(150))) == {200}


async def test_nobody_escapes_a_limit_by_what_they_say(raw_site):
    """Without a trusted proxy the address is that of the connection."""
    site = raw_site(proxies=())
    body = {"client_name": "x", "redirect_uris": ["https://app.example/callback"]}
    forwarded = [{"X-Forwarded-For": f"198.51.100.{i}", "Forwarded": f"for=198.51.100.{i}"} for i in range(20)]
    requests = [site.http.post(f"{site.origin}/oauth/register", json=body, headers=headers) for headers in forwarded]
    assert (await statuses(requests)).count(201) <= 8


async def test_only_what_the_proxy_added_counts(site):
    """The last address is the proxy's word, those before it are anybody's; an IPv6 network is one."""
    url = f"{site.origin}/oauth/authorize"

    async def flood(headers):
        return (await statuses(site.http.get(url, headers=headers(index)) for index in range(50))).count(429)

    assert await flood(lambda i: from_address(f"203.0.113.{i}, {oauth.address()}")) == 0
    assert await flood(lambda i: from_address(f"203.0.113.{i}, 198.51.100.77")) >= 10
    assert await flood(lambda i: from_address(f"2001:db8:1:2::{i:x}")) >= 10
    assert await flood(lambda i: {"Forwarded": f'for="[2001:db8:1:3::{i:x}]:4711"'}) >= 10


# MARK: How much


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_body_has_an_end(site, endpoint):
    url, headers = f"{site.origin}/oauth/{endpoint}", FORM | from_address(oauth.address())
    answer = await site.http.post(url, content=b"a=" + b"x" * 65_535, headers=headers)
    assert answer.status_code == 413, answer.text

    # The same without saying so beforehand.
    start = f"POST /oauth/{endpoint} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {oauth.address()}\r\n"
    start += f"Content-Type: {FORM['Content-Type']}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    assert await asyncio.to_thread(raw, site, start.encode() + chunks * 17) == 413


@pytest.mark.parametrize("fields", [b"", b"Authorization: Basic x\r\n", b"Expect: 100-continue\r\n"])
async def test_nobody_keeps_the_body_of_a_stranger(site, fields):
    """Who has no token is told so at once: otherwise anybody can make us hold megabytes, as often as they like."""
    request = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request += b"Content-Length: 1000000\r\n" + fields + b"\r\n{"
    assert await asyncio.to_thread(raw, site, request, 1) == 401


async def test_a_registration_has_an_end(site):
    application = site.unregistered()
    for body, status in {
        b'{"client_name":"' + b"x" * 70_000 + b'"}': 413,
        b"[" * 60_000: 400,
        b'{"a":' * 10_000: 400,
        b'{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}': 400,
        b'{"client_name":"\xff","redirect_uris":["https://a.example/"]}': 400,
        b"": 400,
        b"null": 400,
        b"5": 400,
    }.items():
        application.address = oauth.address()
        answer = await application.post("/oauth/register", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, body[:40]
        assert answer.json()["error"] in ("invalid_client_metadata", "invalid_request", "invalid_redirect_uri")


async def test_a_query_has_an_end(site):
    person, application = site.person(), await site.application()
    for length, expected in ((3000, {400, 303}), (60_000, {400, 414, 431})):
        answer = await person.get(application.link(state="x" * length))
        assert answer.status_code in expected, length
        assert "x" * 2500 not in answer.text + answer.headers.get("location", "")
    request = f"GET /oauth/authorize?state={'x' * 200_000} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert await asyncio.to_thread(raw, site, request.encode()) in (400, 414, 431)
    many = application.link() + "".join(f"&p{index}=1" for index in range(5000))
    assert (await person.get(many)).status_code in (400, 414, 431)


async def test_a_bomb_is_not_unpacked(site):
    bomb = gzip.compress(b"grant_type=" + b"x" * 50_000_000)
    headers = FORM | from_address(oauth.address()) | {"Content-Encoding": "gzip"}
    answer = await site.http.post(f"{site.origin}/oauth/token", content=bomb[:60_000], headers=headers)
    assert answer.status_code in (400, 413, 415)


# MARK: What no honest client sends


async def test_other_media_types(site):
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", "", "application/xml"):
        headers = {"Content-Type": kind} | from_address(oauth.address())
        answer = await site.http.post(f"{site.origin}/oauth/token", content=b"grant_type=x", headers=headers)
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_request", kind
    headers = [("Content-Type", FORM["Content-Type"]), ("Content-Type", "text/plain")]
    answer = await site.http.post(f"{site.origin}/oauth/token", content=b"grant_type=x", headers=headers)
    assert answer.status_code == 400


METHODS = {
    "/oauth/authorize": {"GET"},
    "/oauth/callback": {"GET"},
    "/oauth/consent": {"POST"},
    "/oauth/token": {"POST"},
    "/oauth/par": {"POST"},
    "/oauth/register": {"POST"},
    "/oauth/revoke": {"POST"},
    "/.well-known/jwks.json": {"GET", "HEAD"},
    "/.well-known/openid-configuration": {"GET", "HEAD"},
    "/.well-known/oauth-authorization-server": {"GET", "HEAD"},
    "/.well-known/oauth-protected-resource": {"GET", "HEAD"},
}


@pytest.mark.parametrize("path", METHODS)
async def test_other_methods(site, path):
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - METHODS[path]:
        answer = await site.http.request(method, site.origin + path, headers=from_address(oauth.address()))
        assert answer.status_code == 405, f"{method}: {answer.status_code}"
        assert set(answer.headers["allow"].replace(" ", "").split(",")) - {"OPTIONS"} == METHODS[path]


@pytest.mark.parametrize("method", ["TRACE", "PURGE", "PROPFIND"])
async def test_methods_that_nobody_uses(site, method):
    answer = await site.http.request(method, f"{site.origin}/oauth/token", headers=from_address(oauth.address()))
    assert answer.status_code == 405 and "POST" in answer.headers["allow"]


async def test_parameters_that_occur_twice_or_not_at_all(site):
    application = await site.application()
    code = await site.person().sign_in(application)
    good = f"grant_type=authorization_code&code={code}&code_verifier={application.verifier}"
    good += f"&client_id={application.client_id}"
    for body in (
        good + f"&code={code}",
        good + "&client_id=other",
        good + "&grant_type=refresh_token",
        good + "&code_verifier=x",
        "",
        "&&&",
        "=",
        "grant_type",
        "grant_type=",
        good + "&%zz=1",
        good + "&redirect_uri=%ff%fe",
        good + "&redirect_uri=%00",
    ):
        application.address = oauth.address()
        answer = await application.post("/oauth/token", content=body.encode(), headers=FORM)
        assert answer.status_code == 400, body
        assert "alert" not in answer.text and code not in answer.text
    answer = await application.post("/oauth/token", content=(good + "&unknown=1&unknown2=").encode(), headers=FORM)
    assert answer.status_code == 200, "none of this has used the code up"


async def test_what_headers_say_about_us_does_not_count(site):
    """Host, Forwarded and friends change neither the documents nor where a browser is sent."""
    url = f"{site.origin}/.well-known/oauth-authorization-server"
    document = (await site.http.get(url)).json()
    for headers in (
        {"X-Forwarded-Host": "attacker.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/x"},
        {"Forwarded": "host=attacker.example;proto=https"},
        {"X-Original-URL": "/oauth/token", "X-Rewrite-URL": "/oauth/token"},
        {"X-HTTP-Method-Override": "POST"},
    ):
        answer = await site.http.get(url, headers=headers)
        assert answer.status_code == 200 and answer.json() == document, headers
    for host in ("attacker.example", f"attacker.example:{site.gateway.port}", "127.0.0.1.attacker.example"):
        answer = await site.http.get(url, headers={"Host": host})
        assert answer.status_code in (400, 403, 421), host
        assert answer.headers["content-type"].startswith("text/plain") and "location" not in answer.headers
        answer = await site.http.get(f"{site.origin}/oauth/authorize", headers={"Host": host})
        assert answer.status_code in (400, 403, 421), host


async def test_cookies_of_others(site):
    """Many, long, twice, or with our names: a login finds its own or ends."""
    application, person = await site.application(), site.person()
    callback = await person.through_provider(await person.to_provider(application.link()))
    ((name, value),) = [item for item in person.jar(site.origin).items() if item[0].startswith("asb-")]
    for cookie in (
        f"{name}=; {name}=x",
        f"{name.upper()}={value}",
        f"x={name}={value}",
        f'{name}="x"',
        f"{name}={value}x",
        "; ".join(f"c{index}=x" for index in range(150)),
        f"{name}={'x' * 3000}",
    ):
        other = site.person()
        answer = await other.get(callback, headers={"Cookie": cookie})
        assert answer.status_code in (400, 431), cookie[:60]
    assert (await person.get(callback)).status_code == 303


def raw(site, text, timeout=10):
    """The first answer to bytes that no library would send."""
    with socket.create_connection(("127.0.0.1", site.gateway.port), timeout=timeout) as connection:
        connection.sendall(text)
        received = b""
        while b"\r\n\r\n" not in received:
            block = connection.recv(65_536)
            if not block:
                break
            received += block
    return int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.") else None


SMUGGLED = {
    "two lengths": b"Content-Length: 5\r\nContent-Length: 50\r\n\r\na=b&c",
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "negative length": b"Content-Length: -1\r\n\r\n",
    "no number": b"Content-Length: 5x\r\n\r\na=b&c",
    "folded": b"Content-Length: 5\r\nX-A: b\r\n c\r\n\r\na=b&c",
    "space before the colon": b"Content-Length : 5\r\n\r\na=b&c",
    "NUL": b"X-A: b\x00c\r\nContent-Length: 5\r\n\r\na=b&c",
}


@pytest.mark.parametrize("text", SMUGGLED.values(), ids=SMUGGLED)
async def test_requests_that_two_readers_read_differently(site, text):
    start = b"POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    status = await asyncio.to_thread(raw, site, start + text)
    assert status in (400, 501, None), status


PATHS = [
    "/oauth",
    "/oauth/",
    "/oauth/unknown",
    "/oauth/token/",
    "/oauth//token",
    "/OAUTH/token",
    "/oauth/Token",
    "/oauth/%74oken",
    "/oauth/token%2f",
    "/oauth/../oauth/token",
    "/oauth/./token",
    "/oauth/token;x=y",
    "//oauth/token",
    "/mcp/../oauth/token",
    "/.well-known/jwks.json/x",
    "/.well-known/jwks.jsonx",
    "/.well-known/oauth-authorization-server/other",
    "/.well-known/openid-configuration/mcp",
    "/.well-known/oauth-protected-resource/other",
]


@pytest.mark.parametrize("path", PATHS)
async def test_paths_that_only_look_like_ours(site, path):
    """Byte by byte: what a proxy in front of us may see differently is not there. Nor is anything behind it."""
    for method in (b"GET", b"POST"):
        request = b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n" % (method, path.encode())
        status = await asyncio.to_thread(raw, site, request)
        assert status in (400, 401, 404), f"{method}: {status}"
