# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What a backend asks in the middle of a call: elicitation, sampling, roots, ping."""

import json
from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("answer, expected", [
    ({"action": "accept", "content": {"name": "Anna", "age": 44}}, "Anna is 44"),
    ({"action": "decline"}, "decline"),
    ({"action": "cancel"}, "cancel"),
])
async def test_an_elicitation_makes_the_round_trip(target, answer, expected):
    asked = []

    async def elicit(params):
        asked.append(params)
        return answer

    async with connect(target, elicit=elicit) as client:
        assert await client.call_text("everything_ask", {"message": "Say who"}) == expected
    assert len(asked) == 1
    assert "Say who" in asked[0]["message"]
    assert set(asked[0]["requestedSchema"]["properties"]) == {"name", "age"}


async def test_the_content_of_an_answer_survives(target):
    content = {"name": "Ünal \"x\" 🙂", "age": 7}

    async def elicit(params):
        return {"action": "accept", "content": content}

    async with connect(target, elicit=elicit) as client:
        answer = json.loads(await client.call_text("classic_ask"))
    assert answer == {"action": "accept", "content": content}


async def test_a_question_that_the_backend_asks_outside_its_call_stream_still_arrives(target):
    """Servers that ask on their GET stream are common."""

    async def elicit(params):
        return {"action": "decline"}

    async with connect(target, elicit=elicit) as client:
        answer = json.loads(await client.call_text("classic_ask", {"related": False}))
    assert answer == {"action": "decline"}


async def test_two_questions_of_one_call_get_their_own_answers(target):
    async def elicit(params):
        await anyio.sleep(0.2 if "first" in params["message"] else 0)
        return {"action": "accept", "content": {"value": "1st" if "first" in params["message"] else "2nd"}}

    async with connect(target, elicit=elicit) as client:
        answers = json.loads(await client.call_text("classic_ask_twice"))
    assert answers == {"first": {"value": "1st"}, "second": {"value": "2nd"}}


async def test_questions_of_two_backends_at_once_do_not_cross(target):
    """GB-04: both backends number their questions from the same start."""

    async def elicit(params):
        await anyio.sleep(0.1)
        name = "classic" if "from classic" in params["message"] else "everything"
        return {"action": "accept", "content": {"name": name, "age": 1}}

    answers = {}
    async with connect(target, elicit=elicit) as client:

        async def ask(backend):
            answers[backend] = await client.call_text(f"{backend}_ask", {"message": f"from {backend}"})

        for _ in range(3):
            async with anyio.create_task_group() as group:
                group.start_soon(ask, "classic")
                group.start_soon(ask, "everything")
            assert json.loads(answers["classic"])["content"]["name"] == "classic"
            assert answers["everything"] == "everything is 1"


async def test_questions_reach_only_the_session_whose_call_asked(gateway):
    target, asked = HTTP(gateway.endpoint), {"one": 0, "two": 0}

    def answering(name):
        async def elicit(params):
            asked[name] += 1
            return {"action": "accept", "content": {"name": name, "age": 1}}

        return elicit

    async with connect(target, elicit=answering("one")) as one, connect(target, elicit=answering("two")) as two:
        assert await one.call_text("everything_ask") == "one is 1"
        assert await two.call_text("everything_ask") == "two is 1"
        assert json.loads(await two.call_text("classic_ask", {"related": False}))["content"]["name"] == "two"
    assert asked == {"one": 1, "two": 2}


async def test_a_client_error_as_answer_reaches_the_backend(target):
    async def elicit(params):
        return {"error": {"code": -31000, "message": "not in the mood"}}

    async with connect(target, elicit=elicit) as client:
        with pytest.raises(RPCError) as caught:
            await client.call("classic_ask")
    assert "not in the mood" in caught.value.message


@pytest.mark.parametrize("name, arguments", [
    ("classic_ask", {}),
    ("classic_sample", {"prompt": "x"}),
    ("classic_roots", {}),
    ("everything_ask", {}),
])
async def test_a_question_to_a_client_that_cannot_answer_fails_at_once(target, name, arguments):
    """GB-05: no hang."""
    async with connect(target) as client:
        with anyio.fail_after(10):
            try:
                result = await client.call(name, arguments)
                assert result["isError"] is True
            except RPCError:
                pass
            await client.ping()


async def test_sampling_makes_the_round_trip(target):
    asked = []

    async def sample(params):
        asked.append(params)
        prompt = params["messages"][0]["content"]
        prompt = prompt[0] if isinstance(prompt, list) else prompt
        return {
            "role": "assistant",
            "content": {"type": "text", "text": f"re: {prompt['text']}"},
            "model": "model-1",
            "stopReason": "endTurn",
        }

    async with connect(target, sample=sample) as client:
        assert await client.call_text("everything_sample", {"prompt": "hi"}) == "model-1: re: hi"
        answer = json.loads(await client.call_text("classic_sample", {"prompt": "ho"}))
    assert answer["content"]["text"] == "re: ho"
    assert asked[1]["systemPrompt"] == "be brief"
    assert asked[1]["maxTokens"] == 50


async def test_roots_come_from_the_client(target):
    async def roots():
        return ["file:///work/one", "file:///work/two"]

    async with connect(target, roots=roots) as client:
        assert json.loads(await client.call_text("classic_roots")) == ["file:///work/one", "file:///work/two"]


async def test_a_change_of_roots_is_told_to_the_backend(target, journal):
    async def roots():
        return []

    before = len(journal.find("roots.changed"))
    async with connect(target, roots=roots) as client:
        await client.call_text("classic_counter")
        await client.roots_changed()
        with anyio.fail_after(10):
            while len(journal.find("roots.changed")) <= before:
                await anyio.sleep(0.05)


async def test_a_backends_ping_is_answered_by_the_gateway(target):
    """LC-07."""
    async with connect(target) as client:
        assert await client.call_text("classic_ping") == "pong"


async def test_a_call_that_waits_for_an_answer_can_be_cancelled(target, journal):
    mark, asked = uuid4().hex, anyio.Event()

    async def elicit(params):
        asked.set()
        await anyio.sleep(5)
        return {"action": "cancel"}

    async with connect(target, elicit=elicit) as client:
        async with client.cancellable("classic_ask", {"mark": mark}) as cancel:
            with anyio.fail_after(10):
                await asked.wait()
            await cancel()
        assert await client.call_text("everything_echo", {"text": "still here"}) == "still here"
