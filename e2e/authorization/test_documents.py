# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Clients whose name is an address: what is fetched from there, and what must never be (threats 19 and 20)."""

import asyncio
import contextlib
import http.server
import ipaddress
import json
import socket
import threading
import time

import pytest

from vmcp_e2e import oauth
from vmcp_e2e.door import Door

pytestmark = pytest.mark.anyio

WEB = "https://app.example/callback"


class Host:
    """A server on loopback with one document, which does as it is told."""

    def __init__(self):
        self.paths = []
        self.status, self.headers, self.delay = 200, {"Content-Type": "application/json"}, 0
        self.change, self.body = {}, None
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.paths.append(self.path)
                time.sleep(owner.delay)
                body = owner.body if owner.body is not None else json.dumps(owner.document()).encode()
                self.send_response(owner.status)
                for name, value in {**owner.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.url = f"{self.origin}/client.json"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def document(self):
        document = {
            "client_id": self.url,
            "client_name": "Document client",
            "redirect_uris": [WEB],
            "scope": oauth.SCOPE,
            "token_endpoint_auth_method": "none",
            **self.change,
        }
        return {name: value for name, value in document.items() if value is not None}


@pytest.fixture
def hosts():
    """Starts hosts; fetches are limited by host, so nearly everything here needs its own."""
    started = []

    def start(**behaviour):
        host = Host()
        vars(host).update(behaviour)
        started.append(host)
        return host

    yield start
    for host in started:
        host.server.shutdown()


@pytest.fixture
def door():
    door = Door()
    yield door
    door.close()


async def link_of(site, client_id, **more):
    application = site.unregistered()
    application.client_id = client_id
    return application.link(**more)


async def asked(site, client_id):
    return await site.person().get(await link_of(site, client_id))


async def test_a_document_makes_a_client(site, hosts):
    """AU-22."""
    host = hosts()
    application = site.unregistered()
    application.client_id = host.url
    tokens = await application.tokens(site.person())
    assert oauth.claims(tokens["access_token"])["client_id"] == host.url
    assert (await site.status(tokens["access_token"])).status_code == 200
    # Anybody on this computer could have written it.
    page = (await asked(site, host.url)).text
    assert "Document client" in page and "unverified" in page and "Verified" not in page
    assert host.paths == ["/client.json"]


WRONG = {
    "missing": {"status": 404},
    "broken": {"status": 500},
    "another status": {"status": 203},
    "not JSON by its type": {"headers": {"Content-Type": "text/html"}},
    "without a type": {"headers": {}},
    "not JSON": {"body": b"leaky <html>"},
    "a list": {"body": b"[]"},
    "cut short": {"body": b'{"client_id":'},
    "nothing": {"body": b""},
    "too large": {"change": {"padding": "x" * 11_000}},
    "deep": {"body": b"[" * 5000},
    "another client": {"change": {"client_id": "https://app.example/client.json"}},
    "no client": {"change": {"client_id": None}},
    "no name": {"change": {"client_name": None}},
    "a name that is no text": {"change": {"client_name": 5}},
    "no address": {"change": {"redirect_uris": []}},
    "a script as address": {"change": {"redirect_uris": [WEB, "javascript:alert(1)"]}},
    "a private-use address": {"change": {"redirect_uris": [WEB, "com.example.app:/callback"]}},
    "an address without TLS": {"change": {"redirect_uris": ["http://app.example/callback"]}},
    "a secret": {"change": {"client_secret": "leaky"}},
    "a method with a secret": {"change": {"token_endpoint_auth_method": "client_secret_basic"}},
    "no code grant": {"change": {"grant_types": ["client_credentials"]}},
    "no code": {"change": {"response_types": ["token"]}},
    "unknown scopes": {"change": {"scope": "openid admin"}},
}


async def test_a_document_that_is_wrong_is_no_client(site, hosts):
    """AU-22: 401, no redirect, and nothing of what was found: this is no way to read what we can reach."""
    for what, behaviour in WRONG.items():
        host = hosts(**behaviour)
        for accepted in ("text/html", "application/json"):
            answer = await site.person().get(await link_of(site, host.url), headers={"Accept": accepted})
            assert answer.status_code == 401, what
            assert "location" not in answer.headers and "leaky" not in answer.text
        assert len(host.paths) == 2, "failures are not remembered"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(site, hosts, status):
    """AU-22, AU-35."""
    target = hosts()
    for location in (target.url, "http://169.254.169.254/latest/meta-data"):
        host = hosts(status=status, headers={"Location": location, "Content-Type": "application/json"})
        assert (await asked(site, host.url)).status_code == 401
    assert not target.paths


REFUSED = [
    "https://10.0.0.1/client.json",
    "https://172.16.0.1/client.json",
    "https://192.168.1.1/client.json",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/client.json",
    "https://0.0.0.0/client.json",
    "https://198.18.0.1/client.json",
    "https://224.0.0.1/client.json",
    "https://255.255.255.255/client.json",
    "https://[::ffff:10.0.0.1]/client.json",
    "https://[::ffff:169.254.169.254]/client.json",
    "https://[64:ff9b::a00:1]/client.json",
    "https://[fe80::1]/client.json",
    "https://[fd00::1]/client.json",
    "https://[::]/client.json",
    "https://0x7f.1/client.json",
    "https://0x7f000001/client.json",
    "https://2130706433/client.json",
    "https://0177.0.0.1/client.json",
    "https://127.1/client.json",
    "https://10.1/client.json",
    "http://10.0.0.1/client.json",
    "http://app.example/client.json",
    "http://localhost.attacker.example/client.json",
    "https://app.example.",
    "https://app.example",
    "https://app.example/",
    "https://app.example/client.json#x",
    "https://user@app.example/client.json",
    "https://user:secret@app.example/client.json",
    "https://app.example/a/../client.json",
    "https://app.example/%2e%2e/client.json",
    "https://app.example:0/client.json",
    "https://app.example:99999/client.json",
    "https:///client.json",
    "https://app.example\\@10.0.0.1/client.json",
    "https://app example/client.json",
    "https://app.example/client.json\r\nHost: x",
    "ftp://app.example/client.json",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "//10.0.0.1/client.json",
    "HTTPS://10.0.0.1/client.json",
]


async def test_addresses_that_nothing_is_fetched_from(site):
    """AU-22, AU-35: At once: nobody waits for a connection that is not made."""
    started = time.monotonic()
    answers = await asyncio.gather(*(asked(site, client) for client in REFUSED))
    for client, answer in zip(REFUSED, answers, strict=True):
        assert answer.status_code == 401, client
        assert "location" not in answer.headers
    assert time.monotonic() - started < 5


async def test_a_name_of_this_machine_leads_nowhere(site, door):
    """A name says nothing about where it leads, so the address that it stands for is looked at."""
    name = socket.gethostname()
    try:
        found = ipaddress.ip_address(socket.gethostbyname(name))
    except OSError:
        pytest.skip("this machine does not know its own name")
    if not found.is_private:
        pytest.skip("this machine has a public address")
    assert (await asked(site, f"https://{name}:{door.port}/client.json")).status_code == 401
    assert door.knocks == 0


async def test_loopback_is_for_developers_own_machines(raw_site, hosts, door):
    """With an issuer that others can reach, no address of this machine is fetched from, however it is spelled."""
    site = raw_site(issuer="https://vmcp.example")
    host = hosts()
    port = host.server.server_address[1]
    for client in (
        host.url,
        f"http://localhost:{port}/client.json",
        f"https://127.0.0.1:{door.port}/client.json",
        f"https://localhost:{door.port}/client.json",
        f"https://LOCALHOST:{door.port}/client.json",
        f"https://a.localhost:{door.port}/client.json",
        f"https://[::1]:{door.port}/client.json",
        f"https://[::ffff:127.0.0.1]:{door.port}/client.json",
        f"https://127.0.0.2:{door.port}/client.json",
        f"https://127.1:{door.port}/client.json",
        f"https://localhost.:{door.port}/client.json",
    ):
        assert (await asked(site, client)).status_code == 401, client
    assert not host.paths and door.knocks == 0


async def test_the_door_would_notice(site, door):
    """The same address is knocked at where a developer's machine is all there is."""
    assert (await asked(site, f"https://127.0.0.1:{door.port}/client.json")).status_code == 401
    assert door.knocks >= 1


async def test_a_document_that_changed_is_shown_again(site, hosts):
    """Threat 20: what was approved was the document as it was."""
    host = hosts(headers={"Content-Type": "application/json", "Cache-Control": "no-store"})
    application, person = site.unregistered(), site.person()
    application.client_id = host.url
    await application.tokens(person)
    assert (await person.get(application.link())).status_code == 302
    host.change = {"redirect_uris": [WEB, "https://attacker.example/"]}
    assert (await person.get(application.link())).status_code == 200
    host.change = {"redirect_uris": ["https://attacker.example/"]}
    answer = await person.get(application.link())
    assert answer.status_code == 400 and "location" not in answer.headers


async def test_a_client_that_loses_its_address_during_a_login_is_not_answered_there(site, hosts):
    host = hosts(headers={"Content-Type": "application/json", "Cache-Control": "no-store"})
    application, person = site.unregistered(), site.person()
    application.client_id = host.url
    callback = await person.through_provider(await person.to_provider(application.link()))
    host.change = {"redirect_uris": ["https://elsewhere.example/"]}
    answer = await person.get(callback)
    assert answer.status_code == 400 and "location" not in answer.headers


async def test_everybody_waits_for_one_fetch(site, hosts):
    host = hosts(delay=0.3)
    answers = await asyncio.gather(*(asked(site, host.url) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(host.paths) == 1


async def test_nobody_can_make_us_ask_for_ever(site, hosts):
    """A host is asked for a few documents that it does not have; one that is known stays usable."""
    host = hosts()
    assert (await asked(site, host.url)).status_code == 200
    host.status = 404
    answers = await asyncio.gather(*(asked(site, f"{host.origin}/{index}.json") for index in range(30)))
    assert {answer.status_code for answer in answers} == {401}
    assert len(host.paths) <= 10
    assert (await asked(site, host.url)).status_code == 200


async def test_a_slow_host_is_given_up(site, hosts):
    host = hosts(delay=30)
    started = time.monotonic()
    assert (await asked(site, host.url)).status_code == 401
    assert time.monotonic() - started < 10


async def test_documents_can_be_turned_off(raw_site, hosts):
    site = raw_site(run_config={"cimd": {"enabled": False}})
    host = hosts()
    assert (await asked(site, host.url)).status_code == 401
    assert not host.paths
    document = (await site.http.get(f"{site.origin}/.well-known/oauth-authorization-server")).json()
    assert "client_id_metadata_document_supported" not in document
