# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What a crash leaves behind, and what many who do the same thing at once get."""

import asyncio
import random
import time

import httpx
import pytest

from vmcp_e2e import oauth
from vmcp_e2e.gateway import http_backend

pytestmark = pytest.mark.anyio

PEOPLE = 200
BUSY = 50
"""The crash comes when so many signed in, and so many refreshes were answered."""


class Visit:
    """One person's sign-in and the refreshes after it, each step remembered before and after.

    `answered` is the last step whose answer arrived, `asked` the one that is under way.
    """

    STEPS = ["page", "consent", "provider", "callback", "token"]

    def __init__(self, person, application, moods, patience):
        self.person, self.application, self.moods, self.patience = person, application, moods, patience
        self.results = {}
        self.asked = None
        self.successors = []
        self.tokens = None
        self.token_sets = 0

    async def think(self):
        await asyncio.sleep(self.moods.random() * self.patience)

    async def step(self, name):
        person, results = self.person, self.results
        if name == "page":
            answer = await person.get(self.application.link())
            assert answer.status_code == 200, answer.text
            return answer
        if name == "consent":
            answer = await person.answer_page(results["page"])
            assert answer.status_code == 303, answer.text
            return answer.headers["location"]
        if name == "provider":
            return await person.through_provider(results["consent"])
        if name == "callback":
            answer = await person.get(results["provider"])
            assert answer.status_code == 303, answer.text
            return self.application.called_back(answer.headers["location"])
        answer = await self.application.redeem(results["callback"])
        assert answer.status_code == 200, answer.text
        self.token_sets += 1
        return answer.json()

    async def go(self):
        """On from wherever it is, to the tokens."""
        for name in self.STEPS:
            if name in self.results:
                continue
            await self.think()
            self.asked = name
            self.results[name] = await self.step(name)
            self.asked = None
        self.tokens = self.results["token"]

    async def live(self):
        """Signs in and refreshes until the gateway is gone."""
        try:
            await asyncio.sleep(self.moods.random() * 3)
            await self.go()
            self.patience = min(self.patience, 0.3)
            while True:
                await self.think()
                self.asked = "refresh"
                answer = await self.application.refresh(self.tokens["refresh_token"])
                assert answer.status_code == 200, answer.text
                self.successors.append(answer.json()["refresh_token"])
                self.tokens = answer.json()
                self.asked = None
        except httpx.HTTPError:
            return


async def register_until_the_end(site, clients):
    """Registers one client after the other until the gateway is gone."""
    try:
        while True:
            application = site.unregistered()
            answer = await application.registration(patient=False)
            if answer.status_code == 201:
                application.client_id = answer.json()["client_id"]
                clients.append(application)
            else:
                assert answer.status_code == 429, answer.text
                await asyncio.sleep(0.1)
    except httpx.HTTPError:
        return


async def test_a_crash_in_the_middle_of_everything(raw_site):
    """kill -9 among 200 people who sign in and refresh while clients register; then everyone goes on."""
    site = raw_site(hardening={"refresh_grace": "120s"})
    keys = (await site.http.get(f"{site.origin}/.well-known/jwks.json")).json()
    application = await site.application()
    moods = random.Random(3)
    # A third takes its time, so that the crash finds some between two steps.
    visits = [
        Visit(site.person(f"person-{index}"), application.another(), moods, 0.3 if index % 3 else 4)
        for index in range(PEOPLE)
    ]
    clients = []
    tasks = [asyncio.create_task(visit.live()) for visit in visits]
    tasks += [asyncio.create_task(register_until_the_end(site, clients)) for _ in range(4)]
    deadline = time.monotonic() + 60
    while sum(bool(v.tokens) for v in visits) < BUSY or sum(len(v.successors) for v in visits) < BUSY:
        assert time.monotonic() < deadline, "nothing happens"
        assert not any(task.done() and task.exception() for task in tasks), [t for t in tasks if t.done()]
        await asyncio.sleep(0.005)
    under_way = [visit.asked for visit in visits]
    site.gateway.kill()
    await asyncio.gather(*tasks)
    for visit, asked in zip(visits, under_way, strict=True):
        # Later requests met nobody, and some answers were on their way already.
        visit.asked = None if asked in visit.results else asked
        visit.patience = 0

    # The crash came in the middle: between two steps of some, and in requests of several kinds of others.
    unfinished = [visit for visit in visits if not visit.tokens]
    assert clients and len({visit.asked for visit in visits} - {None}) >= 2
    assert any(visit.asked is None and visit.results for visit in unfinished)
    site.gateway.launch(healthy=False)
    async with oauth.http_client() as http:
        site.http = http
        for party in [*(v.person for v in visits), *(v.application for v in visits), *clients]:
            party.http = http
        # The keys are the old ones, and so the tokens are good.
        assert (await http.get(f"{site.origin}/.well-known/jwks.json")).json() == keys
        signed_in = [visit for visit in visits if visit.tokens]
        await asyncio.gather(*(token_is_good(site, visit.tokens["access_token"]) for visit in signed_in))
        await asyncio.gather(*(family_lives(visit) for visit in signed_in))
        await asyncio.gather(*(sign_in_goes_on(visit) for visit in unfinished))
        await asyncio.gather(*(client_is_known(client) for client in clients))
        await asyncio.gather(*(code_is_spent(visit) for visit in signed_in))
        assert (await site.status(signed_in[0].tokens["access_token"])).status_code == 401
    assert all(visit.token_sets <= 1 for visit in visits), "two token sets for one code"


async def token_is_good(site, token):
    """Without a session nothing but `initialize` is answered, so 400 is what who is let in gets."""
    answer = await site.http.get(site.endpoint, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code not in (401, 403, 500), answer.text


async def family_lives(visit):
    """The newest refresh token works; if an answer was lost, as often as it is repeated with the same successor."""
    application, presented = visit.application, visit.tokens["refresh_token"]
    answers = [await application.refresh(presented) for _ in range(2 if visit.asked == "refresh" else 1)]
    assert [answer.status_code for answer in answers] == [200] * len(answers), answers[-1].text
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1 and presented not in successors
    answer = await application.refresh(successors.pop())
    assert answer.status_code == 200, answer.text
    visit.tokens = answer.json()


async def sign_in_goes_on(visit):
    """Steps that were not under way are not lost; one that was either happened or did not."""
    interrupted = visit.asked
    if interrupted == "token":
        code = visit.results["callback"]
        answers = await asyncio.gather(*(visit.application.redeem(code) for _ in range(2)))
        assert {answer.status_code for answer in answers} <= {200, 400}
        visit.token_sets += sum(answer.status_code == 200 for answer in answers)
        return
    try:
        await visit.go()
    except AssertionError:
        # A page can be asked for again, and the provider is another server: only these two are lost with their answer.
        if interrupted not in ("consent", "callback"):
            raise
        assert await visit.application.tokens(visit.person)
        return
    assert visit.token_sets == 1


async def client_is_known(client):
    answer = await oauth.Person(client.http).get(client.link())
    assert answer.status_code == 200, answer.text


async def code_is_spent(visit):
    """A code that was redeemed before the crash is refused after it, and takes its tokens with it."""
    answer = await visit.application.redeem(visit.results["callback"])
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"
    answer = await visit.application.refresh(visit.tokens["refresh_token"])
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


async def test_a_crash_while_the_provider_thinks(raw_site, provider):
    """The login that was at the provider's is lost, and nothing else: the person begins anew."""
    site = raw_site()
    application, person = await site.application(), site.person()
    callback = await person.through_provider(await person.to_provider(application.link()))
    provider.behave(faults={"/token": {"delay": 20}})
    before = provider.count("/token")
    waiting = asyncio.create_task(person.get(callback))
    while provider.count("/token") == before:
        await asyncio.sleep(0.01)
    site.gateway.kill()
    with pytest.raises(httpx.HTTPError):
        await waiting
    provider.behave()
    site.gateway.launch(healthy=False)
    answer = await person.get(callback)
    assert answer.status_code == 400 and "location" not in answer.headers
    assert (await application.tokens(person))["access_token"]


async def test_many_refreshes_of_one_token_have_one_successor(site):
    """Whoever asks first gets it, the next few get the same, and a hundred are not honest any more (R1, R2, R3)."""
    application, tokens = await site.signed_in()
    answers = await asyncio.gather(*(application.refresh(tokens["refresh_token"]) for _ in range(100)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 4
    assert len({answer["refresh_token"] for answer in good}) == 1
    assert len({answer["access_token"] for answer in good}) == len(good)
    for answer in answers:
        # Over the limit is not refused for good.
        assert answer.status_code in (200, 400, 429), answer.text
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    application.address = oauth.address()
    assert (await application.refresh(good[0]["refresh_token"])).status_code == 400
    assert (await site.status(good[0]["access_token"])).status_code == 401


async def test_parallel_refreshes_of_an_honest_client_do_no_harm(site):
    application, tokens = await site.signed_in()
    answers = await asyncio.gather(*(application.refresh(tokens["refresh_token"]) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    (successor,) = {answer.json()["refresh_token"] for answer in answers}
    for answer in answers:
        assert (await site.status(answer.json()["access_token"])).status_code == 200
    assert (await application.refresh(successor)).status_code == 200


async def test_many_redemptions_of_one_code(site):
    """One of them is answered; that there were others makes what it got worthless."""
    application = await site.application()
    code = await site.person().sign_in(application)
    answers = await asyncio.gather(*(application.redeem(code) for _ in range(50)))
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    assert (await site.status(good[0]["access_token"])).status_code == 401
    assert (await application.refresh(good[0]["refresh_token"])).status_code == 400


async def test_many_callbacks_of_one_login(site, provider):
    application, person = await site.application(), site.person()
    callback = await person.through_provider(await person.to_provider(application.link()))
    before = provider.count("/token")
    answers = await asyncio.gather(*(person.get(callback) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [303] + [400] * 19
    assert provider.count("/token") == before + 1


async def test_many_calls_with_a_token_that_is_due_cause_one_refresh(raw_site, provider, everything):
    """The provider sees one refresh, whoever is in a hurry, and the backend its new token only."""
    strategy = {"type": "upstream_inject", "upstreamInject": {"providerName": "fast"}}
    site = raw_site(
        entries=[http_backend("vault", everything.url)],
        outgoingAuth={"source": "inline", "backends": {"vault": strategy}},
    )
    provider.behave(expires_in=2)
    _, tokens = await site.signed_in("carol")
    async with site.wire(tokens["access_token"]) as wire:
        await wire.open()
        first = (await wire.call("vault_headers"))["content"][0]["text"]
        assert "upstream-carol-" in first and tokens["access_token"] not in first
        await asyncio.sleep(1.1)
        provider.behave()
        before = provider.count("/token")
        results = await asyncio.gather(*(wire.call("vault_headers") for _ in range(50)))
        assert provider.count("/token") == before + 1
    seen = {result["content"][0]["text"].partition("upstream-carol-")[2][:32] for result in results}
    assert len(seen) == 1 and seen != {first.partition("upstream-carol-")[2][:32]}
