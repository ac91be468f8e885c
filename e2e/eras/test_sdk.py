# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The official SDK in all four cells of client and backend era, with real servers behind the gateway."""

from contextlib import asynccontextmanager

import anyio
import pytest

from vmcp_e2e.clients import GENERATION
from vmcp_e2e.gateway import Gateway, http_backend, stdio_backend
from vmcp_e2e.environment import binary

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(GENERATION == 1, reason="the 1.x SDK is Legacy only: scenarios/ has its cells"),
]

if GENERATION > 1:
    import mcp_types as types
    from mcp import Client, MCPError

MODES = ["auto", "legacy"]


@pytest.fixture(scope="module")
def eras(backends, everything):
    """One backend of each kind: ours in one era, FastMCP held to one, and as children."""
    legacy = backends.listened(backends.example("--era", "legacy"))
    modern = backends.listened(backends.example("--era", "modern"))
    child = ["example-backend", "--transport", "stdio", "--profile", "everything", "--era"]
    return [
        http_backend("legacy", legacy.url),
        http_backend("modern", modern.url),
        http_backend("fastlegacy", everything.url, era="legacy"),
        http_backend("fastmodern", everything.url, era="modern"),
        http_backend("fast", everything.url),
        stdio_backend("childlegacy", binary(), *child, "legacy"),
        stdio_backend("childmodern", binary(), *child, "modern"),
    ]


@pytest.fixture(scope="module")
def both(folder, eras):
    with Gateway(folder, eras, parking={"roots": True}) as gateway:
        yield gateway


OURS = ["legacy", "modern", "childlegacy", "childmodern"]
ALL = [*OURS, "fastlegacy", "fastmodern", "fast"]


@asynccontextmanager
async def connected(gateway, mode, **callbacks):
    async with Client(gateway.endpoint, mode=mode, **callbacks) as client:
        yield client


def text(result):
    return "".join(block.text for block in result.content if block.type == "text")


@pytest.mark.parametrize("mode", MODES)
async def test_the_client_speaks_the_era_that_it_means_to(both, mode):
    async with connected(both, mode) as client:
        assert (client.protocol_version == "2026-07-28") == (mode == "auto")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", ALL)
async def test_tools_are_listed_and_called(both, mode, backend):
    """GB-55: our backend refuses a name in `Mcp-Name` that is not its own."""
    async with connected(both, mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert f"{backend}_echo" in names
        assert text(await client.call_tool(f"{backend}_echo", {"text": "hëllo"})) == "hëllo"


@pytest.mark.parametrize("action", ["accept", "decline", "cancel"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", OURS)
async def test_an_elicitation_is_answered(both, mode, backend, action):
    asked = []

    async def elicit(context, params):
        asked.append(params)
        content = {"username": "ann", "email": "a@example.com"} if action == "accept" else None
        return types.ElicitResult(action=action, content=content)

    async with connected(both, mode, elicitation_callback=elicit) as client:
        result = await client.call_tool(f"{backend}_test_elicitation", {"message": "Who are you?"})
    assert f"action={action}" in text(result)
    assert ("ann" in text(result)) == (action == "accept")
    assert len(asked) == 1
    assert "Who are you?" in asked[0].message


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", ["fastlegacy", "fast"])
async def test_fastmcp_elicits_in_its_legacy_era(both, mode, backend):
    """FastMCP 4 asks only there; a client of the other era gets the question through a parked call."""
    if backend == "fast" and mode == "auto":
        pytest.skip("spoken to in the caller's era, in which FastMCP cannot ask; `era: legacy` is for that")

    async def elicit(context, params):
        return types.ElicitResult(action="accept", content={"name": "Anna", "age": 44})

    async with connected(both, mode, elicitation_callback=elicit) as client:
        assert text(await client.call_tool(f"{backend}_ask", {"message": "Say who"})) == "Anna is 44"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", OURS)
async def test_two_questions_at_once_get_their_own_answers(both, mode, backend):
    async def elicit(context, params):
        await anyio.sleep(0.1 if "First" in params.message else 0)
        return types.ElicitResult(action="accept", content={"answer": "1" if "First" in params.message else "2"})

    async with connected(both, mode, elicitation_callback=elicit) as client:
        answer = text(await client.call_tool(f"{backend}_ask_two", {}))
    assert '"1"' in answer and '"2"' in answer


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", OURS)
async def test_sampling_is_answered(both, mode, backend):
    async def sample(context, params):
        assert params.messages[0].content.text == "Say hi"
        return types.CreateMessageResult(
            role="assistant", content=types.TextContent(type="text", text="hi"), model="m", stop_reason="endTurn"
        )

    async with connected(both, mode, sampling_callback=sample) as client:
        assert text(await client.call_tool(f"{backend}_test_sampling", {"prompt": "Say hi"})) == "LLM response: hi"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", OURS)
async def test_progress_arrives_in_order(both, mode, backend):
    steps = []

    async def progress(value, total, message):
        steps.append(value)

    async with connected(both, mode) as client:
        await client.call_tool(f"{backend}_test_tool_with_progress", {}, progress_callback=progress)
    assert steps == [0, 50, 100]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", OURS)
async def test_an_undeclared_capability_is_refused_at_once(both, mode, backend):
    async with connected(both, mode) as client:
        with anyio.fail_after(10):
            try:
                result = await client.call_tool(f"{backend}_test_sampling", {"prompt": "Say hi"})
            except MCPError:
                return
    assert result.is_error


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", OURS)
async def test_resources_and_prompts(both, mode, backend):
    async with connected(both, mode) as client:
        prompt = await client.get_prompt(f"{backend}_test_simple_prompt")
        assert prompt.messages
        listed = {str(resource.uri) for resource in (await client.list_resources()).resources}
        assert "test://static-text" in listed
        read = await client.read_resource("test://static-text")
        assert read.contents
