# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A person with a browser, and the SDK's OAuth client around them."""

import html
import re
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

from .clients import GENERATION

if GENERATION == 2:
    from mcp.client.auth import AuthorizationCodeResult

PASSWORD = "correct horse battery staple"
CLIENT_SECRET = "the-secret-of-vmcp-at-the-provider"
CALLBACK = "http://127.0.0.1:49152/callback"


class Browser:
    """Follows redirects, keeps cookies and fills in forms, as one person."""

    def __init__(self, user, password=PASSWORD, decision="approve"):
        self.user, self.password, self.decision = user, password, decision
        # Both servers are on loopback: one jar for each, because cookies do not know ports.
        self.clients = {}
        self.consent_pages = []
        self.visited = []
        # With their queries.
        self.urls = []

    def client(self, url):
        origin = urlsplit(url).netloc
        if origin not in self.clients:
            self.clients[origin] = httpx.Client(headers={"Accept": "text/html"}, timeout=20)
        return self.clients[origin]

    def close(self):
        for client in self.clients.values():
            client.close()

    def request(self, method, url, **more):
        self.visited.append(url.partition("?")[0])
        self.urls.append(url)
        return self.client(url).request(method, url, **more)

    def arrive(self, url, stop=CALLBACK, limit=20):
        """Opens the URL and does what its pages ask for until the browser is sent to `stop`; that URL."""
        answer = self.request("GET", url)
        for _ in range(limit):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(stop):
                    return target
                answer = self.request("GET", target)
                continue
            answer = self.submit(answer)
        raise AssertionError(f"the sign-in does not end: {self.visited}")

    def submit(self, page):
        assert page.status_code == 200, f"{page.request.method} {page.url.path}: {page.status_code} {page.text[:2000]}"
        fields = hidden_fields(page.text)
        if "txn" in fields:
            self.consent_pages.append(page)
            fields["decision"] = self.decision
            return self.request("POST", urljoin(str(page.url), "/oauth/consent"), data=fields)
        if 'name="password"' in page.text:
            fields["password"] = self.password
        elif 'name="login"' in page.text:
            fields["login"] = self.user
        elif 'name="answer"' in page.text:
            fields["answer"] = "accept"
        else:
            raise AssertionError(f"an unknown page at {page.url.path}: {page.text[:2000]}")
        return self.request("POST", str(page.url), data=fields)


def hidden_fields(page):
    """Name and value of every hidden input."""
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden":
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found


class Memory:
    """The SDK's token storage."""

    def __init__(self):
        self.tokens = None
        self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


def sdk_provider(endpoint, browser, memory=None, client_metadata_url=None, name="SDK client"):
    """`OAuthClientProvider` with a person behind it."""
    reached = {}

    async def redirect(url):
        reached["url"] = browser.arrive(url)

    async def callback():
        parameters = {key: values[0] for key, values in parse_qs(urlsplit(reached["url"]).query).items()}
        assert "error" not in parameters, parameters
        if GENERATION == 1:
            return parameters["code"], parameters.get("state")
        return AuthorizationCodeResult(
            code=parameters["code"], state=parameters.get("state"), iss=parameters.get("iss")
        )

    return OAuthClientProvider(
        server_url=endpoint,
        client_metadata=OAuthClientMetadata(client_name=name, redirect_uris=[CALLBACK], scope="openid offline_access"),
        storage=memory or Memory(),
        redirect_handler=redirect,
        callback_handler=callback,
        client_metadata_url=client_metadata_url,
    )
