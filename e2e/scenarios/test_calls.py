# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Tool calls: content, errors, metadata, progress, cancellation and concurrency."""

import json
import time
from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import RPCError, connect, text

pytestmark = pytest.mark.anyio


async def test_a_call_reaches_its_backend_and_the_answer_comes_back(target):
    async with connect(target) as client:
        assert await client.call_text("everything_echo", {"text": "hello"}) == "hello"
        answer = json.loads(await client.call_text("classic_echo", {"a": 1, "b": [True, None], "c": {"d": "e"}}))
    assert answer == {"arguments": {"a": 1, "b": [True, None], "c": {"d": "e"}}}


@pytest.mark.parametrize("value", ["", "grüße 🌍", "line\nbreak\r\n\ttab", "\u2028\u0000\u001f", "\\\"/</script>"])
async def test_text_survives_unchanged(target, value):
    async with connect(target) as client:
        assert await client.call_text("everything_echo", {"text": value}) == value


async def test_structured_content_survives_with_its_numbers(target):
    async with connect(target) as client:
        classic = await client.call("classic_structured")
        everything = await client.call("everything_add", {"a": 2, "b": 40})
    assert classic["structuredContent"] == {
        "integer": 9007199254740993,
        "float": 1.5,
        "nested": {"list": [1, "two", None]},
    }
    assert everything["structuredContent"] == {"total": 42, "terms": [2, 40]}


async def test_text_only_results_get_no_synthetic_structured_content(target):
    async with connect(target) as client:
        assert "structuredContent" not in await client.call("classic_echo")


async def test_images_audio_and_embedded_resources_survive(target):
    async with connect(target) as client:
        content = (await client.call("everything_picture"))["content"]
    assert [block["type"] for block in content] == ["text", "image", "audio", "resource"]
    assert content[1]["data"] == content[2]["data"] == "iVBORw0KGgo="
    assert content[1]["mimeType"] == "image/png"
    assert content[3]["resource"] == {"uri": "everything://embedded", "mimeType": "text/plain", "text": "inside"}


async def test_a_tool_error_stays_a_result(target):
    async with connect(target) as client:
        for name in ("everything_boom", "classic_fail"):
            result = await client.call(name, {"text": "401 is only text here"})
            assert result["isError"] is True
            assert "401 is only text here" in text(result)


async def test_a_protocol_error_of_the_backend_stays_an_error(target):
    async with connect(target) as client:
        with pytest.raises(RPCError) as caught:
            await client.call("classic_refuse", {"code": -31999})
    assert (caught.value.code, caught.value.message, caught.value.data) == (-31999, "refused", {"why": "asked to"})


@pytest.mark.parametrize("name", ["nobody_knows", "echo", "classic_", "classic_nobody", "classic.echo", ""])
async def test_an_unknown_tool_is_an_invalid_parameter(target, name):
    async with connect(target) as client:
        with pytest.raises(RPCError) as caught:
            await client.call(name)
        assert caught.value.code == -32602
        await client.ping()


@pytest.mark.parametrize("size", [70_000, 500_000])
async def test_large_arguments_and_results_pass(target, size):
    async with connect(target) as client:
        assert len(await client.call_text("classic_big", {"bytes": size})) == size
        assert await client.call_text("everything_echo", {"text": "y" * size}) == "y" * size


async def test_a_result_beyond_the_event_limit_of_the_sdk_comes_as_json(target):
    """`mcp` 2.x refuses events above 1 MiB, so a plain answer must not be turned into one."""
    async with connect(target) as client:
        assert len(await client.call_text("example_large", {"bytes": 3_000_000})) == 3_000_000


async def test_metadata_passes_and_reserved_keys_stay_on_their_hop(target):
    """BP-19, BP-20: vendor keys travel end to end, the backend's `serverInfo` stamp does not."""
    async with connect(target) as client:
        meta = {"com.example/question": {"deep": [1, 2]}, "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
        result = await client.call("classic_meta", {"mark": "answered"}, meta=meta)
    seen = json.loads(text(result))
    assert seen["com.example/question"] == {"deep": [1, 2]}
    assert seen["traceparent"].split("-")[1] == "ab" * 16
    assert result["_meta"]["com.example/answer"] == "answered"
    assert "io.modelcontextprotocol/serverInfo" not in result["_meta"]


async def test_many_calls_at_once_each_get_their_own_answer(target):
    """BP-12: forty calls to two backends, answered out of order."""
    async with connect(target) as client:
        wrong = []

        async def one(index):
            name = "everything_slow" if index % 5 == 0 else "everything_echo"
            arguments = {"seconds": 0.2, "steps": 1} if index % 5 == 0 else {"text": f"text {index}"}
            expected = "done" if index % 5 == 0 else f"text {index}"
            if index % 2:
                name, arguments = "classic_echo", {"index": index}
                expected = json.dumps({"arguments": {"index": index}})
            if await client.call_text(name, arguments) != expected:
                wrong.append(index)

        async with anyio.create_task_group() as group:
            for index in range(40):
                group.start_soon(one, index)
    assert wrong == []


@pytest.mark.parametrize("name, arguments, total", [
    ("classic_progress", {"steps": 5}, 5),
    ("everything_slow", {"seconds": 0.3, "steps": 4}, 4),
])
async def test_progress_arrives_in_order_under_the_clients_token(target, name, arguments, total):
    seen = []

    async def progress(value, of, message):
        seen.append((value, of, message))

    async with connect(target) as client:
        await client.call(name, arguments, progress=progress)
        await anyio.sleep(0.1)
    assert [value for value, _, _ in seen] == [float(step) for step in range(1, total + 1)]
    assert {of for _, of, _ in seen} == {float(total)}
    assert all(message for _, _, message in seen)


async def test_progress_of_parallel_calls_does_not_mix(target):
    async with connect(target) as client:
        seen = {}

        async def one(steps):
            async def progress(value, of, message):
                seen.setdefault(steps, []).append(of)

            await client.call("classic_progress", {"steps": steps}, progress=progress)

        async with anyio.create_task_group() as group:
            for steps in (3, 4, 5, 6):
                group.start_soon(one, steps)
        await anyio.sleep(0.1)
    assert seen == {steps: [float(steps)] * steps for steps in (3, 4, 5, 6)}


async def test_without_a_token_the_backend_is_not_asked_for_progress(target):
    async with connect(target) as client:
        assert json.loads(await client.call_text("classic_progress")) == {"token": False}


@pytest.mark.parametrize("name, event", [("classic_sleep", "sleep"), ("everything_slow", "slow")])
async def test_a_cancelled_call_is_cancelled_at_the_backend(target, journal, name, event):
    mark = uuid4().hex
    started = time.monotonic()
    async with connect(target) as client:
        arguments = {"seconds": 20, "mark": mark, **({"steps": 100} if event == "slow" else {})}
        async with client.cancellable(name, arguments) as cancel:
            await journal.wait(f"{event}.start", mark=mark)
            await cancel()
            await journal.wait(f"{event}.cancelled", mark=mark)
        await client.ping()
        assert await client.call_text("everything_echo", {"text": "after"}) == "after"
    assert journal.find(f"{event}.done", mark=mark) == []
    assert time.monotonic() - started < 15


async def test_cancelling_one_call_leaves_the_others_alone(target, journal):
    mark, other = uuid4().hex, uuid4().hex
    answers = []
    async with connect(target) as client:
        async with client.cancellable("classic_sleep", {"seconds": 20, "mark": mark}) as cancel:
            await journal.wait("sleep.start", mark=mark)

            async def survivor():
                answers.append(await client.call_text("classic_sleep", {"seconds": 1, "mark": other}))

            async with anyio.create_task_group() as group:
                group.start_soon(survivor)
                await journal.wait("sleep.start", mark=other)
                await cancel()
    assert answers == ["slept"]
    await journal.wait("sleep.cancelled", mark=mark)
