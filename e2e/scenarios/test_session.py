# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Handshake, liveness and the separation of sessions."""

import json
from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import HTTP, connect

pytestmark = pytest.mark.anyio


async def test_initialize_names_the_gateway_and_what_it_offers(target):
    async with connect(target) as client:
        answer = client.initialized
    assert answer["protocolVersion"] == "2025-11-25"
    assert answer["serverInfo"]["name"] == "e2e"
    assert answer["serverInfo"]["version"]
    capabilities = answer["capabilities"]
    assert capabilities["tools"]["listChanged"] is True
    assert capabilities["resources"] == {"subscribe": True, "listChanged": True}
    assert capabilities["prompts"]["listChanged"] is True
    assert "logging" in capabilities
    assert "completions" in capabilities


async def test_instructions_of_every_backend_reach_the_client(target):
    async with connect(target) as client:
        instructions = client.initialized.get("instructions", "")
    assert "Classic says hello." in instructions
    assert "Everything says hello." in instructions


async def test_ping_is_answered(target):
    async with connect(target) as client:
        for _ in range(3):
            await client.ping()


async def test_two_sessions_with_equal_request_ids_do_not_cross(target):
    """Both SDK clients number their requests alike, so every id is in flight twice (BP-13)."""

    async def chat(name, wrong):
        async with connect(target) as client:
            for index in range(15):
                expected = f"{name}-{index}"
                if await client.call_text("everything_echo", {"text": expected}) != expected:
                    wrong.append(expected)

    wrong = []
    async with anyio.create_task_group() as group:
        for name in ("anna", "bela"):
            group.start_soon(chat, name, wrong)
    assert wrong == []


async def test_a_backend_keeps_state_for_each_client_session(target):
    async with connect(target) as one, connect(target) as two:
        first = [json.loads(await one.call_text("classic_counter")) for _ in range(3)]
        second = [json.loads(await two.call_text("classic_counter")) for _ in range(2)]
        again = json.loads(await one.call_text("classic_counter"))
    assert [entry["count"] for entry in first] == [1, 2, 3]
    assert [entry["count"] for entry in second] == [1, 2]
    assert again["count"] == 4
    assert first[0]["session"] == again["session"] != second[0]["session"]


async def test_session_ids_are_unguessable_and_differ(gateway):
    target = HTTP(gateway.endpoint)
    async with connect(target) as one, connect(target) as two:
        identifiers = [one.session_id, two.session_id]
    assert len(set(identifiers)) == 2
    for identifier in identifiers:
        assert len(identifier) >= 22
        assert all(0x21 <= ord(character) <= 0x7E for character in identifier)


async def test_the_client_is_told_apart_from_the_backends_by_the_gateway(target):
    """The backend sees the gateway as its client, with the capabilities that this client declared (LC-09)."""

    async def elicit(params):
        return {"action": "decline"}

    async with connect(target, elicit=elicit) as client:
        seen = json.loads(await client.call_text("classic_client", {"mark": uuid4().hex}))
    assert "elicitation" in seen["capabilities"]
    assert "sampling" not in seen["capabilities"]
