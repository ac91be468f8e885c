# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Prompts and completion."""

import pytest

from vmcp_e2e.clients import RPCError, connect

pytestmark = pytest.mark.anyio


async def test_a_prompt_is_rendered_by_its_backend(target):
    async with connect(target) as client:
        greeting = await client.prompt("classic_greet", {"name": "Anna", "tone": "cold"})
        review = await client.prompt("everything_review", {"code": "let x = 1"})
    assert greeting["description"] == "A greeting"
    assert greeting["messages"][0]["content"]["text"] == "Greet Anna in a cold tone."
    assert review["messages"][0]["content"]["text"] == "Review this swift: let x = 1"


@pytest.mark.parametrize("name", ["greet", "nobody_knows", "classic_nobody"])
async def test_an_unknown_prompt_is_an_invalid_parameter(target, name):
    async with connect(target) as client:
        with pytest.raises(RPCError) as caught:
            await client.prompt(name)
    assert caught.value.code == -32602


async def test_prompt_arguments_are_completed(target):
    async with connect(target) as client:
        names = await client.complete({"type": "ref/prompt", "name": "classic_greet"}, {"name": "name", "value": "an"})
        languages = await client.complete(
            {"type": "ref/prompt", "name": "everything_review"}, {"name": "language", "value": "s"}
        )
    assert names == {"values": ["anna", "anton", "antonia"], "total": 3, "hasMore": False}
    assert languages["values"] == ["swift", "scheme", "sql"]


async def test_the_context_of_a_completion_reaches_the_backend(target):
    async with connect(target) as client:
        ref = {"type": "ref/prompt", "name": "classic_greet"}
        answer = await client.complete(ref, {"name": "tone", "value": "w"}, {"name": "anna"})
    assert answer["values"] == ["anna-w"]


async def test_template_arguments_are_completed(target):
    async with connect(target) as client:
        ref = {"type": "ref/resource", "uri": "classic://item/{id}"}
        answer = await client.complete(ref, {"name": "id", "value": "x"})
    assert answer == {"values": ["x0", "x1", "x2"], "total": 250, "hasMore": True}


@pytest.mark.parametrize("ref", [
    {"type": "ref/prompt", "name": "nobody_knows"},
    {"type": "ref/resource", "uri": "nobody://{knows}"},
])
async def test_a_completion_that_nobody_owns_is_empty(target, ref):
    async with connect(target) as client:
        answer = await client.complete(ref, {"name": "x", "value": "y"})
    assert answer["values"] == []
