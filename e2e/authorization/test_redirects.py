# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Where answers may go: redirect URIs as they are registered, and as somebody who means harm would have them."""

import pytest

from vmcp_e2e import oauth

pytestmark = pytest.mark.anyio

WEB = "https://app.example/callback"

TRICKS = [
    "https://app.example/callback/",
    "https://app.example/callback/../callback",
    "https://app.example/callback/..",
    "https://app.example/Callback",
    "https://app.example/callback?next=https://attacker.example",
    "https://app.example/callback#fragment",
    "https://app.example/callback#",
    "https://app.example/callback%2f..",
    "https://app.example/%63allback",
    "https://app.example//callback",
    "https://app.example/callback\\@attacker.example",
    "https://app.example:443/callback",
    "https://app.example:8443/callback",
    "https://APP.example/callback",
    "HTTPS://app.example/callback",
    "http://app.example/callback",
    "https://app.example./callback",
    "https://app.example.attacker.example/callback",
    "https://app.example@attacker.example/callback",
    "https://user:secret@app.example/callback",
    "https://attacker.example/https://app.example/callback",
    "https://attacker.example\\@app.example/callback",
    "https://attacker.example%2f@app.example/callback",
    "https://аpp.example/callback",
    "https://xn--pp-8cd.example/callback",
    "https://app。example/callback",
    "https://ａpp.example/callback",
    "//app.example/callback",
    "/callback",
    "app.example/callback",
    "javascript:alert(1)//https://app.example/callback",
    " https://app.example/callback",
    "https://app.example/callback ",
    "https://app.example/callback\r\nLocation: https://attacker.example/",
    "https://app.example/callback\x00",
    "https://app.example/callback\t",
    "https://127.0.0.1/callback",
    "https://app.example/callback" + "x" * 3000,
]


@pytest.fixture(scope="module")
def registered():
    """One registration for all tricks: they are about its address only."""
    return {}


@pytest.mark.parametrize("trick", TRICKS, ids=range(len(TRICKS)))
async def test_nothing_is_sent_to_an_address_that_only_looks_like_the_registered_one(site, registered, trick):
    """AU-16."""
    if "client" not in registered:
        registered["client"] = (await site.application(WEB)).client_id
    application = site.unregistered(WEB)
    application.client_id = registered["client"]
    assert (await site.person().get(application.link())).status_code == 200
    for accepted in ("text/html", "*/*"):
        answer = await site.person().get(application.link(redirect_uri=trick), headers={"Accept": accepted})
        assert answer.status_code == 400, answer.text
        assert "location" not in answer.headers
        assert "attacker.example" not in answer.text and "x" * 100 not in answer.text


async def test_two_addresses_are_not_better_than_one(site):
    application = await site.application(WEB)
    for order in ([WEB, "https://attacker.example/"], ["https://attacker.example/", WEB], [WEB, WEB]):
        link = application.link(redirect_uri=None) + "".join(f"&redirect_uri={uri}" for uri in order)
        answer = await site.person().get(link)
        assert answer.status_code == 400 and "location" not in answer.headers


LOOPBACK = [
    ("http://127.0.0.1/callback", "http://127.0.0.1:50001/callback", True),
    ("http://127.0.0.1:4000/callback", "http://127.0.0.1:50001/callback", True),
    ("http://localhost:4000/callback", "http://localhost:50001/callback", True),
    ("http://[::1]:4000/callback", "http://[::1]:50001/callback", True),
    ("http://127.0.0.1:4000/callback", "http://127.0.0.1:50001/other", False),
    ("http://127.0.0.1:4000/callback", "http://127.0.0.1:50001/callback?a=b", False),
    ("http://127.0.0.1:4000/callback", "http://127.0.0.1:50001/callback#a", False),
    ("http://127.0.0.1:4000/callback", "http://127.0.0.2:4000/callback", False),
    ("http://127.0.0.1:4000/callback", "http://localhost:4000/callback", False),
    ("http://127.0.0.1:4000/callback", "https://127.0.0.1:4000/callback", False),
    ("http://127.0.0.1:4000/callback", "http://127.0.0.1:4000@attacker.example/callback", False),
    ("http://127.0.0.1:4000/callback", "http://127.0.0.1.attacker.example:4000/callback", False),
    ("http://127.0.0.1:4000/callback", "http://127.1:4000/callback", False),
    ("http://127.0.0.1:4000/callback", "http://0x7f000001:4000/callback", False),
    ("http://localhost:4000/callback", "http://localhost.attacker.example:4000/callback", False),
    ("com.example.app:/callback", "com.example.app:/other", False),
    ("com.example.app:/callback", "com.example.app2:/callback", False),
]


@pytest.mark.parametrize(("registered_uri", "requested", "allowed"), LOOPBACK, ids=range(len(LOOPBACK)))
async def test_only_the_port_of_a_loopback_address_is_free(site, registered_uri, requested, allowed):
    """AU-16: RFC 8252 section 7.3, and the answer goes to the port that was asked for."""
    application = await site.application(registered_uri)
    person = site.person()
    link = application.link(redirect_uri=requested)
    if not allowed:
        answer = await person.get(link)
        assert answer.status_code == 400 and "location" not in answer.headers
        return
    answer = await person.answer_page(await person.get(link), decision="deny")
    assert answer.headers["location"].startswith(requested + "?")


REFUSED = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox",
    "file:///etc/passwd",
    "blob:https://app.example/1",
    "about:blank",
    "filesystem:https://app.example/1",
    "ftp://app.example/callback",
    "ws://app.example/callback",
    "wss://app.example/callback",
    "mailto:someone@app.example",
    "intent://app.example#Intent;scheme=https;end",
    "content://app.example/callback",
    "view-source:https://app.example/callback",
    "nodots:/callback",
    "http://app.example/callback",
    "http://127.0.0.1.attacker.example/callback",
    "http://localhost.attacker.example/callback",
    "http://127.1/callback",
    "http://2130706433/callback",
    "http://0x7f.0.0.1/callback",
    "http://0.0.0.0/callback",
    "http://192.168.0.1/callback",
    "https://user@app.example/callback",
    "https://user:secret@app.example/callback",
    "https://app.example@attacker.example/callback",
    "https://*.example/callback",
    "https://app.example/*",
    "https://app.example/callback#fragment",
    "https://app.example/callback#",
    "https://app.example/a/../callback",
    "https://app.example/%2e%2e/callback",
    "https://app.example/call\r\nback",
    "https://app.example/call back",
    "https://app.example/%zz",
    "https://app.example\\@attacker.example/",
    "https://аpp.example/callback",
    "https://app.example:99999/callback",
    "https:///callback",
    "https:app.example/callback",
    "//app.example/callback",
    "/callback",
    "",
    "https://app.example/" + "x" * 3000,
]


@pytest.mark.parametrize("uri", REFUSED, ids=range(len(REFUSED)))
async def test_what_cannot_be_registered(site, uri):
    """Threat 17. One bad address among good ones is enough."""
    answer = await site.unregistered().registration(redirect_uris=[WEB, uri])
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "invalid_redirect_uri"
    assert answer.headers["cache-control"] == "no-store"
    assert "alert(1)" not in answer.text


NO_LISTS = [[], None, "https://app.example/", [1], [None], [[WEB]], [WEB] * 11, {"a": WEB}]


@pytest.mark.parametrize("uris", NO_LISTS, ids=range(len(NO_LISTS)))
async def test_what_is_no_list_of_addresses(site, uris):
    answer = await site.unregistered().registration(redirect_uris=uris)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_redirect_uri", "invalid_client_metadata")


async def test_a_good_address_can_be_registered(site):
    for uri in (WEB, "https://app.example", "http://[::1]/callback", "com.example.app:/callback", "cursor://callback"):
        assert (await site.unregistered().registration(redirect_uris=[uri])).status_code == 201, uri


async def test_the_callback_goes_where_the_login_began(site):
    """What the query of the callback says about addresses does not count."""
    application, person = await site.application(WEB), site.person()
    callback = await person.through_provider(await person.to_provider(application.link()))
    answer = await person.get(callback + "&redirect_uri=https://attacker.example/&target=https://attacker.example/")
    assert application.called_back(answer.headers["location"])
    assert "attacker.example" not in answer.headers["location"]


async def test_a_code_is_for_the_address_that_it_went_to(site):
    application = await site.application("http://127.0.0.1:4711/callback")
    code = await site.person().sign_in(application)
    for other in ("http://127.0.0.1:4712/callback", "http://127.0.0.1:4711/callback/", "https://attacker.example/"):
        answer = await application.redeem(code, redirect_uri=other)
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant", other
    assert (await application.redeem(code)).status_code == 200


async def test_what_comes_back_with_the_code_cannot_be_added_to(site):
    """AU-19: A state that looks like parameters or headers stays a state."""
    hostile = "x&code=stolen&iss=https://attacker.example#\r\nSet-Cookie: a=b"
    application = await site.application("http://127.0.0.1:4711/callback")
    application.state = hostile.replace("\r\n", "")
    code = await site.person().sign_in(application)
    assert code != "stolen"
    answer = await site.person().get(application.link(state=hostile))
    assert "set-cookie" not in answer.headers
    told = oauth.parameters(answer.headers["location"])
    assert told["error"] == "invalid_request" and "stolen" not in told.values()
