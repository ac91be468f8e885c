# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""FastMCP on both sides: its own client in front of the gateway, its own server and ours behind it, in both eras."""

import pytest

from vmcp_e2e.clients import GENERATION
from vmcp_e2e.gateway import Gateway, http_backend

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(GENERATION == 1, reason="FastMCP stands on the 2.x SDK"),
]

if GENERATION > 1:
    from fastmcp import Client
    from fastmcp.client.elicitation import ElicitResult
    from fastmcp.exceptions import ToolError

MODES = ["auto", "legacy"]
OURS = ["legacy", "modern", "dual"]
THEIRS = ["fastlegacy", "fastmodern", "fast"]


@pytest.fixture(scope="module")
def sides(folder, backends, everything):
    """Our backend of each era, and FastMCP held to one or left to choose."""
    entries = [
        http_backend(era, backends.listened(backends.example("--era", era)).url) for era in ("legacy", "modern", "dual")
    ]
    entries += [
        http_backend("fastlegacy", everything.url, era="legacy"),
        http_backend("fastmodern", everything.url, era="modern"),
        http_backend("fast", everything.url),
    ]
    with Gateway(folder, entries, parking={"roots": True}) as gateway:
        yield gateway


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", [*OURS, *THEIRS])
async def test_tools_are_listed_and_called(sides, mode, backend):
    async with Client(sides.endpoint, mode=mode) as client:
        assert (client.protocol_version == "2026-07-28") == (mode == "auto")
        assert f"{backend}_echo" in {tool.name for tool in await client.list_tools()}
        result = await client.call_tool(f"{backend}_echo", {"text": "hëllo"})
        assert result.content[0].text == "hëllo"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", THEIRS)
async def test_structured_results_arrive_as_data(sides, mode, backend):
    async with Client(sides.endpoint, mode=mode) as client:
        result = await client.call_tool(f"{backend}_add", {"a": 2, "b": 3})
        assert result.structured_content == {"total": 5, "terms": [2, 3]}
        with pytest.raises(ToolError):
            await client.call_tool(f"{backend}_boom", {"text": "no"})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", OURS)
@pytest.mark.parametrize("action", ["accept", "decline"])
async def test_our_elicitation_is_answered(sides, mode, backend, action):
    asked = []

    async def elicit(message, response_type, params, context):
        asked.append(message)
        if action == "decline":
            return ElicitResult(action="decline")
        return response_type(username="ann", email="a@example.com")

    async with Client(sides.endpoint, mode=mode, elicitation_handler=elicit) as client:
        result = await client.call_tool(f"{backend}_test_elicitation", {"message": "Who are you?"})
    assert f"action={action}" in result.content[0].text
    assert ("ann" in result.content[0].text) == (action == "accept")
    assert len(asked) == 1 and "Who are you?" in asked[0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", ["fastlegacy", "fast"])
async def test_fastmcp_elicits_from_fastmcp(sides, mode, backend):
    """It asks in its Legacy era alone; through a parked call its Modern client is asked as well."""
    if backend == "fast" and mode == "auto":
        pytest.skip("spoken to in the caller's era, in which FastMCP cannot ask; `era: legacy` is for that")

    async def elicit(message, response_type, params, context):
        return response_type(name="Anna", age=44)

    async with Client(sides.endpoint, mode=mode, elicitation_handler=elicit) as client:
        result = await client.call_tool(f"{backend}_ask", {"message": "Say who"})
    assert result.content[0].text == "Anna is 44"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", [*OURS, "fastlegacy"])
async def test_sampling_is_answered(sides, mode, backend):
    async def sample(messages, params, context):
        return f"hi to {messages[0].content.text}"

    tool, answer = ("sample", "hi to Bob") if backend == "fastlegacy" else ("test_sampling", "LLM response: hi to Bob")
    async with Client(sides.endpoint, mode=mode, sampling_handler=sample) as client:
        result = await client.call_tool(f"{backend}_{tool}", {"prompt": "Bob"})
    assert result.content[0].text.endswith(answer)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", [*OURS, *THEIRS])
async def test_progress_arrives_in_order(sides, mode, backend):
    steps = []

    async def progress(value, total, message):
        steps.append(value)

    is_ours = backend in OURS
    tool = ("test_tool_with_progress", {}) if is_ours else ("slow", {"seconds": 0.2, "steps": 3})
    async with Client(sides.endpoint, mode=mode) as client:
        await client.call_tool(f"{backend}_{tool[0]}", tool[1], progress_handler=progress)
    assert steps == ([0, 50, 100] if is_ours else [1, 2, 3])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", [*OURS, *THEIRS])
async def test_a_question_that_nobody_can_answer_does_not_hang(sides, mode, backend):
    tool = ("test_sampling", {"prompt": "Hi"}) if backend in OURS else ("ask", {})
    async with Client(sides.endpoint, mode=mode, timeout=20) as client:
        with pytest.raises(Exception) as refusal:
            await client.call_tool(f"{backend}_{tool[0]}", tool[1])
    assert "timed out" not in str(refusal.value).lower()
