# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A person with a real browser. Screenshots are kept in E2E_SCREENSHOTS, for whoever wants to look at them."""

import base64
import hashlib
import http.server
import os
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from vmcp_e2e.processes import eventually
from vmcp_e2e.signin import PASSWORD
from vmcp_e2e.webdriver import Chromium

VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Application:
    """A native application that waits for the browser on loopback."""

    def __init__(self):
        self.arrived = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/callback"):
                    owner.arrived.append({name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()})
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(b"You may close this window.")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.redirect_uri = f"http://127.0.0.1:{self.server.server_address[1]}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def application():
    application = Application()
    yield application
    application.server.shutdown()


@pytest.fixture
def chromium(folder):
    opened = []

    def start(**more):
        opened.append(Chromium(folder, **more))
        return opened[-1]

    yield start
    for window in opened:
        window.close()


@pytest.fixture
def shots(folder):
    path = Path(os.environ.get("E2E_SCREENSHOTS") or folder / "screenshots")
    path.mkdir(parents=True, exist_ok=True)
    return path


def register(gateway, application, name):
    answer = httpx.post(
        f"{gateway.origin}/oauth/register",
        json={"client_name": name, "redirect_uris": [application.redirect_uri], "scope": "openid offline_access"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["client_id"]


def authorize_url(gateway, application, client, **more):
    parameters = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": application.redirect_uri,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "the-state-of-the-application",
        "resource": gateway.endpoint,
        "scope": "openid offline_access",
        **more,
    }
    return f"{gateway.origin}/oauth/authorize?{urlencode(parameters)}"


def test_a_person_signs_in_without_javascript(mode_b, application, chromium, shots):
    gateway = mode_b()
    hostile = 'Good <b>Client</b>\u202e"><script>document.title="owned"</script>'
    client = register(gateway, application, hostile)
    window = chromium()
    window.open(authorize_url(gateway, application, client))
    window.screenshot(shots / "consent.png")
    assert "Good" in window.text and "\u202e" not in window.source
    assert "<script" not in window.source
    approve, deny = window.size('button[value="approve"]'), window.size('button[value="deny"]')
    assert approve == deny, "neither answer is the easier one"
    window.click('button[value="approve"]')
    window.type('input[name="login"]', "alice")
    window.click('button[type="submit"], input[type="submit"]')
    window.type('input[name="password"]', PASSWORD)
    window.click('button[type="submit"], input[type="submit"]')
    arrived = eventually(lambda: application.arrived, what="the application to be called back")[0]
    assert arrived["state"] == "the-state-of-the-application"
    assert arrived["iss"] == gateway.origin
    tokens = httpx.post(
        f"{gateway.origin}/oauth/token",
        data={
            "grant_type": "authorization_code",
            "code": arrived["code"],
            "code_verifier": VERIFIER,
            "redirect_uri": application.redirect_uri,
            "client_id": client,
        },
    )
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["refresh_token"]


def test_a_person_says_no(mode_b, application, chromium):
    gateway = mode_b()
    window = chromium()
    window.open(authorize_url(gateway, application, register(gateway, application, "Client")))
    window.click('button[value="deny"]')
    arrived = eventually(lambda: application.arrived, what="the application to be called back")[0]
    assert arrived["error"] == "access_denied"
    assert arrived["iss"] == gateway.origin
    assert "code" not in arrived


def test_a_mistake_is_explained_on_a_page(mode_b, application, chromium, shots):
    gateway = mode_b()
    window = chromium()
    window.open(authorize_url(gateway, application, "nobody-knows-this-client"))
    window.screenshot(shots / "error.png")
    assert window.url.startswith(gateway.origin)
    assert "nobody-knows-this-client" not in window.text
    assert not application.arrived


def test_a_phone_shows_the_whole_page(mode_b, application, chromium, shots):
    gateway = mode_b()
    window = chromium(width=390, height=844)
    window.open(authorize_url(gateway, application, register(gateway, application, "Phone client")))
    window.screenshot(shots / "consent-phone.png")
    width, _ = window.size("body")
    assert width <= 500
