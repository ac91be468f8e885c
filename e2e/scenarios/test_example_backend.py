# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The everything server that ships in the binary, over HTTP and as a stdio child."""

import json
import time
from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import HTTP, connect
from vmcp_e2e.environment import BACKENDS, binary, python
from vmcp_e2e.gateway import Gateway, stdio_backend

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def child_gateway(folder, wire_log):
    """The example backend as a stdio child, under the same name as the shared HTTP one."""
    command = [binary(), "example-backend", "--transport", "stdio", "--profile", "everything"]
    listened = [python("mcp2"), "-B", BACKENDS / "wirelog.py", wire_log.path, *command]
    with Gateway(folder, [stdio_backend("example", *listened)]) as gateway:
        yield gateway


@pytest.fixture(params=["http backend", "stdio backend"])
def endpoint(request):
    name = "gateway" if request.param == "http backend" else "child_gateway"
    return HTTP(request.getfixturevalue(name).endpoint)


async def stats(client):
    return json.loads(await client.call_text("example_stats"))


async def test_content_of_every_type(endpoint):
    async with connect(endpoint) as client:
        assert await client.call_text("example_echo", {"text": "hi"}) == "hi"
        image = (await client.call("example_test_image_content"))["content"]
        mixed = (await client.call("example_test_multiple_content_types"))["content"]
        failure = await client.call("example_test_error_handling")
    assert [block["type"] for block in image] == ["image"]
    assert [block["type"] for block in mixed] == ["text", "image", "resource"]
    assert failure["isError"] is True


async def test_arguments_arrive_byte_for_byte(endpoint):
    async with connect(endpoint) as client:
        result = await client.call("example_echo_arguments", {"z": 1, "a": [1.5, None, "ü"], "m": {"k": True}})
    arguments = result["content"][0]["text"]
    assert json.loads(arguments) == {"z": 1, "a": [1.5, None, "ü"], "m": {"k": True}}
    assert arguments.index('"z"') < arguments.index('"a"') < arguments.index('"m"')


async def test_a_cancellation_is_counted_by_the_backend(endpoint):
    async with connect(endpoint) as client:
        before = (await stats(client))["cancellations"]
        started = time.monotonic()
        async with client.cancellable("example_slow", {"milliseconds": 30_000}) as cancel:
            with anyio.fail_after(10):
                while (await stats(client))["runningCalls"] < 1:
                    await anyio.sleep(0.05)
            await cancel()
            with anyio.fail_after(10):
                while (await stats(client))["cancellations"] <= before:
                    await anyio.sleep(0.05)
        assert time.monotonic() - started < 15
        with anyio.fail_after(5):
            while (await stats(client))["runningCalls"] > 0:
                await anyio.sleep(0.05)


async def test_progress_and_logs(endpoint):
    seen = []

    async def progress(value, total, message):
        seen.append((value, total))

    async with connect(endpoint) as client:
        await client.set_level("info")
        await client.call("example_test_tool_with_progress", progress=progress)
        await client.call("example_test_tool_with_logging")
        await client.wait_log(matching=lambda entry: entry["data"] == "Tool execution completed")
        await anyio.sleep(0.1)
    assert seen == [(0, 100), (50, 100), (100, 100)]
    assert [entry["data"] for entry in client.logs] == [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ]


async def test_elicitation_with_every_kind_of_field(endpoint):
    asked = []

    async def elicit(params):
        asked.append(params)
        return {"action": "accept", "content": {"untitledSingle": "option1", "titledMulti": ["value1", "value3"]}}

    async with connect(endpoint, elicit=elicit) as client:
        answer = await client.call_text("example_test_elicitation_sep1330_enums")
        await client.call_text("example_test_elicitation_sep1034_defaults")
    assert "action=accept" in answer and "value3" in answer
    properties = asked[0]["requestedSchema"]["properties"]
    assert properties["legacyEnum"]["enumNames"] == ["Option One", "Option Two", "Option Three"]
    assert properties["titledMulti"]["items"]["anyOf"][2] == {"const": "value3", "title": "Third Option"}
    assert asked[1]["requestedSchema"]["properties"]["score"]["default"] == 95.5


async def test_sampling_and_roots(endpoint):
    async def sample(params):
        return {"role": "assistant", "content": {"type": "text", "text": "42"}, "model": "m"}

    async def roots():
        return ["file:///work"]

    async with connect(endpoint, sample=sample, roots=roots) as client:
        assert await client.call_text("example_test_sampling", {"prompt": "x"}) == "LLM response: 42"
        assert "file:///work" in await client.call_text("example_ask_roots")


@pytest.mark.parametrize("method", ["elicitation/create", "sampling/createMessage", "roots/list", "nobody/knows"])
async def test_a_question_that_the_client_did_not_declare_is_answered_by_the_gateway(endpoint, method):
    """GB-05: at once, with an error, never shown to the client."""
    async with connect(endpoint) as client:
        with anyio.fail_after(10):
            answer = await client.call_text("example_ask_anyway", {"method": method})
    assert answer.startswith("error ")
    assert json.loads(answer.removeprefix("error "))["code"] == -32601


async def test_state_stays_in_its_session(endpoint):
    async with connect(endpoint) as one, connect(endpoint) as two:
        await one.call_text("example_remember", {"key": "k", "value": "of one"})
        await two.call_text("example_remember", {"key": "k", "value": "of two"})
        assert await one.call_text("example_recall", {"key": "k"}) == "of one"
        assert await two.call_text("example_recall", {"key": "k"}) == "of two"


async def test_the_watched_resource(endpoint):
    async with connect(endpoint) as client, connect(endpoint) as stranger:
        await stranger.call_text("example_echo", {"text": "I exist"})
        await client.subscribe("test://watched-resource")
        await client.call_text("example_touch_watched")
        update = await client.wait_notification("notifications/resources/updated")
        assert update["uri"] == "test://watched-resource"
        await anyio.sleep(0.2)
        assert stranger.received("notifications/resources/updated") == []


async def test_tools_prompts_and_resources_come_and_go(endpoint):
    async with connect(endpoint) as client:
        for kind, visible in (
            ("tool", "example_{}"),
            ("prompt", "example_{}"),
            ("resource", "test://added/{}"),
        ):
            name = f"new_{uuid4().hex[:8]}"
            item = visible.format(name)
            await client.call_text(f"example_add_{kind}", {"name": name})
            await client.wait_list(f"{kind}s", lambda names, item=item: item in names)
            client.notifications.clear()
            await client.call_text(f"example_remove_{kind}", {"name": name})
            await client.wait_list(f"{kind}s", lambda names, item=item: item not in names)


async def test_hidden_resources_are_read_once_their_link_was_seen(endpoint):
    async with connect(endpoint) as client:
        result = await client.call("example_resource_link", {"name": "one"})
        link = next(block for block in result["content"] if block["type"] == "resource_link")
        contents = (await client.read(link["uri"]))["contents"]
    assert contents[0]["text"].startswith("Hidden")
