# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""People with browsers who sign in to vmcp in Mode B, many at a time: prepares what timed runs use up."""

from __future__ import annotations

import base64
import hashlib
import html
import http.client
import itertools
import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from .contenders import Contender, Provider
from .session import AnswerError

REDIRECT = "http://127.0.0.1:49152/callback"
SCOPE = "openid offline_access"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Code:
    """An authorization code and what proves that it was asked for here."""

    code: str
    verifier: str

    @property
    def grant(self) -> str:
        """The part of a token request that differs from code to code; both are made of unreserved characters."""
        return f"code={quote(self.code, safe='')}&code_verifier={self.verifier}"


class Office:
    """Where people sign in: one vmcp, one client that is registered there, and the people, who come back."""

    def __init__(self, gateway: Contender, provider: Provider, people: int):
        self.port, self.provider = gateway.port, provider
        self.resource = f"http://127.0.0.1:{gateway.port}/mcp"
        self.visits = itertools.count(1)
        with Place(self.port) as place:
            document = {"client_name": "bench", "redirect_uris": [REDIRECT], "scope": SCOPE}
            answer = place.ask("POST", "/oauth/register", {"Content-Type": "application/json"}, json.dumps(document))
            self.client = json.loads(answer.expect(201).body)["client_id"]
        self.people = [Person(f"person{number}", self) for number in range(people)]

    def codes(self, count: int) -> list[Code]:
        """That many sign-ins, as evenly among the people as possible and all of them at a time."""
        shares = [len(range(number, count, len(self.people))) for number in range(len(self.people))]
        with ThreadPoolExecutor(len(self.people)) as pool:
            return list(itertools.chain.from_iterable(pool.map(Person.sign_in, self.people, shares)))

    def redeem(self, code: Code) -> dict:
        """The tokens for a code."""
        form = self.form("authorization_code")
        with Place(self.port) as place:
            headers = {**FORM, "X-Forwarded-For": self.address()}
            return json.loads(place.ask("POST", "/oauth/token", headers, code.grant.join(form)).expect(200).body)

    def address(self) -> str:
        """Another one for each visit: what a trusted proxy says where many people come from."""
        number = next(self.visits)
        return f"10.{number >> 16 & 127}.{number >> 8 & 255}.{number & 255}"

    def form(self, kind: str) -> tuple[str, str]:
        """What a token request has before and behind its grant."""
        if kind == "refresh_token":
            return "grant_type=refresh_token&refresh_token=", f"&client_id={quote(self.client, safe='')}"
        return "grant_type=authorization_code&", "&" + urlencode({"redirect_uri": REDIRECT, "client_id": self.client})


class Person:
    """Has a browser that keeps vmcp's cookies, approves when asked, and is known to the provider by name."""

    def __init__(self, name: str, office: Office):
        self.name, self.office, self.cookies = name, office, {}

    def sign_in(self, times: int) -> list[Code]:
        if not times:
            return []
        with Place(self.office.port, self.cookies) as vmcp, Place(self.office.provider.port) as provider:
            return [self._sign_in(vmcp, provider) for _ in range(times)]

    def _sign_in(self, vmcp: Place, provider: Place) -> Code:
        office, verifier, state = self.office, secrets.token_urlsafe(32), secrets.token_urlsafe(12)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        headers = {"Accept": "text/html", "X-Forwarded-For": office.address()}
        query = urlencode({
            "response_type": "code", "client_id": office.client, "redirect_uri": REDIRECT, "state": state,
            "code_challenge": challenge, "code_challenge_method": "S256", "resource": office.resource, "scope": SCOPE})
        answer = vmcp.ask("GET", f"/oauth/authorize?{query}", headers)
        if answer.status == 200:
            fields = {**_hidden_fields(answer.body), "decision": "approve"}
            answer = vmcp.ask("POST", "/oauth/consent", {**headers, **FORM}, urlencode(fields)).expect(303)
        target = answer.expect(302, 303).location
        answer = provider.ask("GET", _path(target, provider), {"Cookie": f"person={self.name}"}).expect(302)
        target = vmcp.ask("GET", _path(answer.location, vmcp), headers).expect(302, 303).location
        arrived = parse_qs(urlsplit(target).query)
        if not target.startswith(REDIRECT + "?") or "code" not in arrived or arrived.get("state") != [state]:
            raise AnswerError(f"a sign-in ended at {target[:300]}")
        return Code(arrived["code"][0], verifier)


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    body: str

    def expect(self, *statuses: int) -> Answer:
        if self.status not in statuses:
            raise AnswerError(f"HTTP {self.status} where {statuses[0]} was expected: {self.body[:600]}")
        return self


class Place:
    """A connection of a browser to one server, with that server's cookies."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.origin = f"http://127.0.0.1:{port}"
        self.cookies = {} if cookies is None else cookies

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> Answer:
        if self.cookies:
            headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        self.http.request(method, path, body, headers)
        response = self.http.getresponse()
        text = response.read().decode(errors="replace")
        for line in response.headers.get_all("Set-Cookie") or []:
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return Answer(response.status, response.headers.get("Location", ""), text)


def _path(target: str, place: Place) -> str:
    if not target.startswith(place.origin + "/"):
        raise AnswerError(f"sent to {target[:300]}, not to {place.origin}")
    return target.removeprefix(place.origin)


def _hidden_fields(page: str) -> dict[str, str]:
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden":
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found
