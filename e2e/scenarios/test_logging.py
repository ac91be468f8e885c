# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Log messages of backends and the level of a session."""

from uuid import uuid4

import anyio
import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("related", [True, False], ids=["on the call's stream", "on the GET stream"])
async def test_log_messages_reach_the_client(target, related):
    mark = uuid4().hex
    async with connect(target) as client:
        await client.set_level("debug")
        arguments = {"levels": ["debug", "error"], "mark": mark, "related": related}
        await client.call_text("classic_log", arguments)
        for level in ("debug", "error"):
            entry = await client.wait_log(matching=lambda entry: entry["data"] == {"mark": mark, "level": level})
            assert entry["level"] == level
            assert "classic" in entry["logger"]


async def test_the_level_of_the_session_is_honoured(target):
    """GB-24: FastMCP keeps a level of its own, and the gateway filters on the way down."""
    async with connect(target) as client:
        await client.set_level("error")
        await client.call_text("everything_log", {"text": "quiet"})
        await client.call_text("classic_log", {"levels": ["debug", "info", "warning", "error", "alert"]})
        await client.wait_log(matching=lambda entry: entry["level"] == "alert")
        assert {entry["level"] for entry in client.logs} == {"error", "alert"}
        await client.set_level("info")
        client.logs.clear()
        await client.call_text("classic_log", {"levels": ["debug", "info"]})
        await client.wait_log(matching=lambda entry: entry["level"] == "info")
        assert "debug" not in {entry["level"] for entry in client.logs}


async def test_an_unknown_level_is_refused(gateway):
    """The SDK types do not let it out; the raw request is in wire/test_messages.py."""
    async with connect(HTTP(gateway.endpoint)) as client:
        with pytest.raises((RPCError, ValueError)):
            await client.set_level("chatty")
        await client.ping()


async def test_levels_and_messages_belong_to_one_session(gateway):
    """GB-25: the verbose session's messages never reach the quiet one, and the other way round."""
    target, mark = HTTP(gateway.endpoint), uuid4().hex
    async with connect(target) as verbose, connect(target) as quiet:
        await verbose.set_level("debug")
        await quiet.set_level("error")
        await verbose.call_text("classic_log", {"levels": ["debug", "error"], "mark": mark})
        await verbose.wait_log(matching=lambda entry: entry["data"] == {"mark": mark, "level": "debug"})
        await verbose.wait_log(matching=lambda entry: entry["data"] == {"mark": mark, "level": "error"})
        await quiet.call_text("classic_log", {"levels": ["debug", "error"], "mark": "mine"})
        await quiet.wait_log(matching=lambda entry: entry["data"] == {"mark": "mine", "level": "error"})
        await anyio.sleep(0.2)
        assert [entry["data"]["mark"] for entry in quiet.logs] == ["mine"]
        assert {entry["data"]["mark"] for entry in verbose.logs} == {mark}
