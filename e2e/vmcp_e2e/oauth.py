# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""OAuth by hand: people with browsers and applications as raw HTTP, each step on its own and each answer visible."""

import asyncio
import base64
import contextlib
import hashlib
import html
import itertools
import json
import re
import secrets
from http.cookiejar import DefaultCookiePolicy
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

SCOPE = "openid offline_access"
CONFIDENTIAL = set()
"""Everything that this test run was given and that no log may contain."""

_addresses = itertools.count(1)


def confidential(value):
    if value:
        CONFIDENTIAL.add(value)
    return value


def address():
    """An address of its own (RFC 2544), because limits count addresses."""
    index = next(_addresses)
    return f"198.18.{index // 250}.{index % 250 + 1}"


def parameters(url):
    """The query of a URL; each parameter once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims(token):
    return decoded(token.split(".")[1])


def encoded(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def http_client():
    """Connections for everybody; people keep their cookies themselves."""
    client = httpx.AsyncClient(timeout=30, verify=False, limits=httpx.Limits(max_connections=None))
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def hidden_fields(page):
    """Name and value of every hidden input."""
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden":
            found[attributes["name"]] = confidential(html.unescape(attributes.get("value", "")))
    return found


class Person:
    """Somebody with a browser, at an address of their own; the provider knows them by name."""

    def __init__(self, http, name="alice"):
        self.http, self.name, self.address = http, name, address()
        self.cookies = {}

    def jar(self, url):
        # Cookies do not know ports, but the provider is another site.
        return self.cookies.setdefault(urlsplit(url).netloc, {})

    async def request(self, method, url, **more):
        headers = {"Accept": "text/html", "X-Forwarded-For": self.address, "X-Person": self.name}
        headers |= more.pop("headers", {})
        jar = self.jar(url)
        if jar:
            headers.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in jar.items()))
        answer = await self.http.request(method, url, headers=headers, follow_redirects=False, **more)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    jar.pop(name, None)
                else:
                    jar[name] = confidential(morsel.value)
        return answer

    async def get(self, url, **more):
        return await self.request("GET", url, **more)

    async def answer_page(self, page, decision="approve", headers=None, **changes):
        """Presses a button of the consent page."""
        fields = {**hidden_fields(page.text), "decision": decision, **changes}
        fields = {name: value for name, value in fields.items() if value is not None}
        target = str(page.url.copy_with(path="/oauth/consent", query=None))
        return await self.request("POST", target, data=fields, headers=headers or {})

    async def to_provider(self, url):
        """From the application's link over the consent page; where the browser is sent to: the provider."""
        page = await self.get(url)
        if page.status_code == 302:
            # This browser remembers that it approved.
            return page.headers["location"]
        assert page.status_code == 200, f"{page.status_code} {page.text[:500]}"
        answer = await self.answer_page(page)
        assert answer.status_code == 303, f"{answer.status_code} {answer.text[:500]}"
        return answer.headers["location"]

    async def through_provider(self, url):
        """The provider sends everyone back at once; where to."""
        answer = await self.get(url)
        assert answer.status_code == 302, f"{answer.status_code} {answer.text[:500]}"
        target = answer.headers["location"]
        confidential(parameters(target).get("code"))
        return target

    async def sign_in(self, application, **more):
        """All of it; the URL at which the application is called back."""
        callback = await self.through_provider(await self.to_provider(application.link(**more)))
        answer = await self.get(callback)
        assert answer.status_code == 303, f"{answer.status_code} {answer.text[:500]}"
        return application.called_back(answer.headers["location"])


class Application:
    """A client of the authorization server, without a browser of its own."""

    def __init__(self, http, origin, resource, redirect_uri="https://app.example/callback"):
        self.http, self.origin, self.resource, self.redirect_uri = http, origin, resource, redirect_uri
        self.address = address()
        self.client_id = None
        self.verifier = confidential(secrets.token_urlsafe(48))
        self.state = secrets.token_urlsafe(12)

    @property
    def challenge(self):
        return encoded(hashlib.sha256(self.verifier.encode()).digest())

    async def post(self, path, headers=None, **more):
        headers = {"X-Forwarded-For": self.address, **(headers or {})}
        return await self.http.post(f"{self.origin}{path}", headers=headers, **more)

    async def registration(self, patient=True, **metadata):
        """The answer to a registration request; all together may make 20 in a second, so it may have to be repeated."""
        body = {"client_name": "By hand", "redirect_uris": [self.redirect_uri], "scope": SCOPE, **metadata}
        while True:
            answer = await self.post("/oauth/register", json=body)
            if answer.status_code != 429 or not patient:
                return answer
            await asyncio.sleep(0.1)

    async def register(self, **metadata):
        answer = await self.registration(**metadata)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
        self.client_id = answer.json()["client_id"]
        confidential(answer.json().get("client_secret"))
        return self

    def another(self):
        """The same client, with a sign-in of its own."""
        twin = Application(self.http, self.origin, self.resource, self.redirect_uri)
        twin.client_id = self.client_id
        return twin

    def link(self, **changes):
        """The authorization request; None leaves a parameter out."""
        wanted = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "state": self.state,
            "resource": self.resource,
            "scope": SCOPE,
            **changes,
        }
        return f"{self.origin}/oauth/authorize?{urlencode({k: v for k, v in wanted.items() if v is not None})}"

    def called_back(self, url):
        """The code, from a redirect that must be ours and complete."""
        assert url.startswith(self.redirect_uri), url
        answer = parameters(url)
        assert answer.get("state") == self.state and answer.get("iss") == self.origin, url
        assert "code" in answer, url
        return confidential(answer["code"])

    async def token(self, **form):
        form = {name: value for name, value in {"client_id": self.client_id, **form}.items() if value is not None}
        answer = await self.post("/oauth/token", data=form)
        if answer.status_code == 200:
            confidential(answer.json()["access_token"])
            confidential(answer.json().get("refresh_token"))
        return answer

    async def redeem(self, code, **changes):
        form = {"code": code, "code_verifier": self.verifier, "redirect_uri": self.redirect_uri, **changes}
        return await self.token(grant_type="authorization_code", **form)

    async def refresh(self, token, **changes):
        return await self.token(grant_type="refresh_token", refresh_token=token, **changes)

    async def tokens(self, person):
        """A whole sign-in."""
        answer = await self.redeem(await person.sign_in(self))
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()


@contextlib.contextmanager
def nothing_confidential(texts):
    """Afterwards no text contains anything confidential; `texts` is called for name and text pairs."""
    yield
    leaked = leaks(texts())
    assert not leaked, f"a log tells secrets: {leaked}"


def leaks(texts):
    """Where which secret is, shortened."""
    wanted = [value for value in CONFIDENTIAL if len(value) >= 16]
    found = []
    for name, text in texts:
        # What cannot be part of a secret is cut away first: logs are long and repeat themselves.
        words = "\n".join(set(re.findall(r"[\w.~+/=%-]{16,}", text)))
        found += [(name, value[:10] + "…") for value in wanted if value in words]
    return found
