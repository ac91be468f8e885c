# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Attacks that need somebody else's browser: links, forms, frames and cookies that were meant for another one."""

import asyncio
import re

import pytest

from vmcp_e2e import oauth
from vmcp_e2e.authorization import upstream

pytestmark = pytest.mark.anyio

WEB = "https://app.example/callback"


def provider_state(url):
    return oauth.parameters(url)["state"]


async def test_a_warm_session_at_the_provider_gives_nobody_a_code(site, provider):
    """AU-24: Threat 1: the provider would sign the victim in without a word, so we ask before it hears of it."""
    person = site.person("victim")
    await (await site.application()).tokens(person)
    attacker = await site.application("https://attacker.example/callback", client_name="By hand")
    before = provider.seen()["counts"]
    page = await person.get(attacker.link())
    assert page.status_code == 200 and "attacker.example" in page.text and "location" not in page.headers
    assert not [name for name in page.headers.get_list("set-cookie") if re.match(r"(__Host-)?asb-", name)]
    assert provider.seen()["counts"] == before


async def test_a_remembered_decision_covers_exactly_what_was_decided(site):
    """Threats 1, 18 and 20: anything else than what the person saw is asked again."""
    person, application = site.person(), await site.application(scope="openid offline_access profile email")
    await application.tokens(person)
    assert (await person.get(application.link())).status_code == 302
    assert (await person.get(application.link(scope="openid"))).status_code == 302
    assert (await person.get(application.link(prompt="consent"))).status_code == 200
    assert (await site.person().get(application.link())).status_code == 200
    wider = await site.application(redirect_uris=[WEB, WEB + "2"])
    await wider.tokens(person)
    assert (await person.get(wider.link(redirect_uri=WEB + "2"))).status_code == 200


async def test_an_application_on_this_computer_is_asked_about_every_time(site):
    """Threat 18: whoever listens on loopback first is the client."""
    person = site.person()
    for address in ("http://127.0.0.1:4711/callback", "http://localhost:4711/callback", "com.example.app:/callback"):
        application = await site.application(address)
        await application.tokens(person)
        assert (await person.get(application.link())).status_code == 200, address


async def test_a_remembered_decision_of_somebody_else_is_void(site):
    """AU-24: Who approved is who must sign in; a second person at the same browser is asked."""
    person, application = site.person("alice"), await site.application()
    await application.tokens(person)
    person.name = "bob"
    callback = await person.through_provider((await person.get(application.link())).headers["location"])
    answer = await person.get(callback)
    assert oauth.parameters(answer.headers["location"])["error"] == "access_denied"
    assert (await person.get(application.link())).status_code == 200


async def test_a_callback_in_another_browser_is_refused_and_costs_nothing(site, provider):
    """Threat 4: the attacker's half-finished login is opened by the victim, and the other way round."""
    application = await site.application()
    attacker, victim = site.person("attacker"), site.person("victim")
    callback = await attacker.through_provider(await attacker.to_provider(application.link()))
    before = provider.count("/token")
    for cookies in ({}, {f"asb-{'A' * 8}": "x" * 43}, dict.fromkeys(attacker.jar(site.origin), "x" * 43)):
        victim.cookies = {site.origin.removeprefix("http://"): dict(cookies)}
        answer = await victim.get(callback)
        assert answer.status_code == 400 and "location" not in answer.headers
    # The victim's own login does not help either.
    await victim.to_provider(application.link())
    assert (await victim.get(callback)).status_code == 400
    assert provider.count("/token") == before
    code = application.called_back((await attacker.get(callback)).headers["location"])
    assert oauth.claims((await application.redeem(code)).json()["access_token"])["name"] == "attacker"


async def test_the_victim_cannot_finish_a_login_at_the_provider_for_the_attacker(site, provider):
    """CVE-2026-27124: the attacker approves, and sends the victim on to the provider."""
    application = await site.application()
    attacker, victim = site.person("attacker"), site.person("victim")
    callback = await victim.through_provider(await attacker.to_provider(application.link()))
    before = provider.count("/token")
    assert (await victim.get(callback)).status_code == 400
    assert provider.count("/token") == before


async def test_two_windows_of_one_browser_do_not_disturb_each_other(site):
    person, applications = site.person(), [await site.application() for _ in range(3)]
    pages = [await person.get(application.link()) for application in applications]
    answers = [await person.answer_page(page) for page in reversed(pages)]
    callbacks = [await person.through_provider(answer.headers["location"]) for answer in answers]
    for application, callback in zip(applications, reversed(callbacks), strict=True):
        code = application.called_back((await person.get(callback)).headers["location"])
        assert (await application.redeem(code)).status_code == 200


async def test_each_leg_of_a_chain_has_its_browser_bound_anew(raw_site, provider, providers):
    """Threat 5: the URL of a later leg is as useless to others as that of the first."""
    second = providers()
    site = raw_site(upstreams=[upstream("first", provider), upstream("second", second)])
    application, person, other = await site.application(), site.person(), site.person("other")
    to_first = await person.to_provider(application.link())
    cookies_of_first = dict(person.jar(site.origin))
    answer = await person.get(await person.through_provider(to_first))
    to_second = answer.headers["location"]
    assert answer.status_code == 302 and to_second.startswith(second.url)
    assert provider_state(to_second) != provider_state(to_first)
    for parameter in ("nonce", "code_challenge"):
        assert oauth.parameters(to_second)[parameter] != oauth.parameters(to_first)[parameter]
    callback = await person.through_provider(to_second)
    other.cookies = {site.origin.removeprefix("http://"): cookies_of_first}
    assert (await other.get(callback)).status_code == 400
    assert second.count("/token") == 0
    assert application.called_back((await person.get(callback)).headers["location"])
    assert second.count("/token") == 1


async def test_the_cookies_of_a_login_are_for_its_browser_only(site):
    """AU-24."""
    person, application = site.person(), await site.application()
    page = await person.get(application.link())
    answer = await person.answer_page(page)
    lines = page.headers.get_list("set-cookie") + answer.headers.get_list("set-cookie")
    given = [line for line in lines if "Max-Age=0" not in line]
    assert len(given) == 3, "for the page, for the leg, for the decision"
    for line in given:
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"path=/", "httponly"} <= attributes, line
        assert not [part for part in attributes if part.startswith("domain")], line
        assert ("samesite=strict" if line.startswith("asc-") else "samesite=lax") in attributes, line
    callback = await person.through_provider(answer.headers["location"])
    cleared = (await person.get(callback)).headers.get_list("set-cookie")
    assert [line for line in cleared if line.startswith("asb-") and "Max-Age=0" in line]


FOREIGN = [
    {"Origin": "https://attacker.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Dest": "iframe"},
]


async def test_a_consent_is_given_on_our_page_only(site, provider):
    """AU-23: Threat 2: neither a frame, nor another site, nor a form without our secret can answer."""
    application, person = await site.application(), site.person()
    page = await person.get(application.link())
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy and "script" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    before = provider.seen()["counts"]
    for headers in FOREIGN:
        answer = await person.answer_page(page, headers=headers)
        assert answer.status_code == 403 and "location" not in answer.headers, headers
    for change in ({"csrf": "x" * 43}, {"csrf": None}, {"csrf": ""}):
        answer = await person.answer_page(page, **change)
        assert answer.status_code == 403, change
    other = site.person("other")
    assert (await other.answer_page(page)).status_code == 403
    # A cookie and a field that agree, but are somebody else's.
    theirs = await other.get(application.link())
    answer = await other.answer_page(page, csrf=oauth.hidden_fields(theirs.text)["csrf"])
    assert answer.status_code == 403
    target = f"{site.origin}/oauth/consent"
    assert (await person.get(f"{target}?{page.url.query.decode()}")).status_code == 405
    assert provider.seen()["counts"] == before
    # The page is still good: nothing of this has used it up.
    assert (await person.answer_page(page, headers={"Origin": site.origin})).status_code == 303


async def test_a_page_is_answered_once_and_clearly(site):
    application, person = await site.application(), site.person()
    unclear = await person.get(application.link())
    assert (await person.answer_page(unclear, decision="yes")).status_code == 400
    page = await person.get(application.link())
    cookies = dict(person.jar(site.origin))
    answers = []
    for _ in range(10):
        twin = site.person()
        twin.cookies = {site.origin.removeprefix("http://"): dict(cookies)}
        answers.append(twin.answer_page(page))
    statuses = sorted([answer.status_code for answer in await asyncio.gather(*answers)])
    assert statuses == [303] + [400] * 9


async def test_saying_no_is_told_to_the_application_and_to_nobody_else(site, provider):
    application, person = await site.application("http://127.0.0.1:4711/callback"), site.person()
    before = provider.seen()["counts"]
    answer = await person.answer_page(await person.get(application.link()), decision="deny")
    assert answer.status_code == 303
    told = oauth.parameters(answer.headers["location"])
    assert (told["error"], told["state"], told["iss"]) == ("access_denied", application.state, site.origin)
    assert "code" not in told
    assert provider.seen()["counts"] == before


async def test_a_new_clients_error_does_not_lead_people_away(site):
    """Threat 16: a browser is not sent to an address that nobody approved; a program is told."""
    application = await site.application("https://attacker.example/phish")
    for broken in ({"scope": "nonsense"}, {"code_challenge": None}, {"response_type": "token"}, {"prompt": "none"}):
        answer = await site.person().get(application.link(**broken))
        assert answer.status_code == 400 and "location" not in answer.headers, broken
        assert "attacker.example" in answer.text and "http-equiv" not in answer.text
        assert "refresh" not in answer.headers
        answer = await site.person().get(application.link(**broken), headers={"Accept": "*/*"})
        assert answer.status_code == 303 and answer.headers["location"].startswith("https://attacker.example/phish?")
        told = oauth.parameters(answer.headers["location"])
        assert told["iss"] == site.origin and told["state"] == application.state and told["error"]


NAMES = [
    "Good\u202eevil",
    "Line\r\nSet-Cookie: a=b",
    '"><script>alert(1)</script>',
    "<img src=https://attacker.example/x>",
    "tag\U000e0041\u200b\u2066name",
    "&lt;b&gt;",
    "x" * 200,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_a_clients_name_is_text_and_nothing_else(site, name):
    """Threat 3: it cannot change the page, nor pretend to be known."""
    application = site.unregistered()
    answer = await application.registration(client_name=name)
    if answer.status_code == 400:
        assert answer.json()["error"] == "invalid_client_metadata"
        return
    application.client_id = answer.json()["client_id"]
    page = await site.person().get(application.link())
    assert page.status_code == 200 and "set-cookie" in page.headers and "a=b" not in page.headers["set-cookie"]
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", page.text)
    assert "<script" not in page.text and "<img" not in page.text and "<b>" not in page.text
    assert "x" * 65 not in page.text
    assert "unverified" in page.text.lower()
    assert "app.example" in page.text


async def test_a_consent_page_loads_nothing_from_elsewhere(site):
    application = site.unregistered()
    await application.register(logo_uri="https://attacker.example/logo.png", client_uri="https://attacker.example/")
    page = (await site.person().get(application.link())).text
    assert "attacker.example" not in page
    assert not re.search(r"(?:src|href|action)=\"https?:", page.replace(f'"{site.origin}', '"'))
