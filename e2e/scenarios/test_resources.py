# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Resources: reading, templates, links and subscriptions."""

import json

import anyio
import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("uri, expected", [
    ("classic://static/00", "content of classic://static/00"),
    ("everything://static", "static text"),
    ("classic://item/42", "content of classic://item/42"),
    ("test://item/abc", '{"id": "abc"}'),
])
async def test_static_and_templated_resources_are_read_from_their_owner(target, uri, expected):
    async with connect(target) as client:
        contents = (await client.read(uri))["contents"]
    assert [entry["text"] for entry in contents] == [expected]
    assert contents[0]["uri"] == uri


async def test_binary_content_survives(target):
    async with connect(target) as client:
        contents = (await client.read("classic://static/09"))["contents"]
    assert contents[0]["blob"] == "AAEC/w=="
    assert contents[0]["mimeType"] == "application/octet-stream"


@pytest.mark.parametrize("uri", ["nobody://knows", "classic://nowhere/1"])
async def test_an_unknown_resource_is_not_found(target, uri):
    """GB-44: -32002 up to 2025-11-25, with the URI as data."""
    async with connect(target) as client:
        with pytest.raises(RPCError) as caught:
            await client.read(uri)
    assert caught.value.code == -32002
    assert caught.value.data == {"uri": uri}


async def test_a_linked_resource_can_be_read_although_it_is_not_listed(target):
    async with connect(target) as client:
        assert "classic://hidden/1" not in await client.names("resources")
        link = (await client.call("classic_link"))["content"][0]
        assert (link["type"], link["uri"]) == ("resource_link", "classic://hidden/1")
        contents = (await client.read(link["uri"]))["contents"]
    assert contents[0]["text"] == "content of classic://hidden/1"


async def test_an_update_reaches_the_subscriber(target):
    async with connect(target) as client:
        await client.subscribe("classic://watched/a")
        await client.call_text("classic_touch", {"uri": "classic://watched/a"})
        update = await client.wait_notification("notifications/resources/updated")
        assert update["uri"] == "classic://watched/a"


async def test_an_update_reaches_nobody_else(gateway):
    """Neither a session without subscriptions nor one that watches another URI (GB-32)."""
    target = HTTP(gateway.endpoint)
    async with connect(target) as subscriber, connect(target) as stranger, connect(target) as neighbour:
        await subscriber.subscribe("classic://watched/a")
        await neighbour.subscribe("classic://watched/b")
        await stranger.call_text("classic_touch", {"uri": "classic://watched/a"})
        await subscriber.wait_notification("notifications/resources/updated")
        await anyio.sleep(0.3)
        assert stranger.received("notifications/resources/updated") == []
        assert neighbour.received("notifications/resources/updated") == []
        assert len(subscriber.received("notifications/resources/updated")) == 1


async def test_after_unsubscribing_nothing_comes(target):
    async with connect(target) as client:
        await client.subscribe("classic://watched/a")
        await client.subscribe("classic://watched/b")
        await client.unsubscribe("classic://watched/a")
        await client.call_text("classic_touch", {"uri": "classic://watched/a"})
        await client.call_text("classic_touch", {"uri": "classic://watched/b"})
        await client.wait_notification(
            "notifications/resources/updated", matching=lambda params: params["uri"] == "classic://watched/b"
        )
        await anyio.sleep(0.2)
        assert [params["uri"] for params in client.received("notifications/resources/updated")] == [
            "classic://watched/b"
        ]


async def test_one_sessions_unsubscribe_leaves_the_other_subscribed(gateway):
    """GB-33."""
    target = HTTP(gateway.endpoint)
    async with connect(target) as one, connect(target) as two:
        await one.subscribe("classic://watched/a")
        await two.subscribe("classic://watched/a")
        await one.unsubscribe("classic://watched/a")
        await one.call_text("classic_touch", {"uri": "classic://watched/a"})
        await two.wait_notification("notifications/resources/updated")
        await anyio.sleep(0.2)
        assert one.received("notifications/resources/updated") == []


async def test_a_closed_session_is_unsubscribed_at_the_backend(gateway):
    """HL-05: a DELETE releases the subscriptions."""
    target = HTTP(gateway.endpoint)
    uri = "classic://static/05"
    async with connect(target) as observer:
        async with connect(target) as client:
            await client.subscribe(uri)
            told = json.loads(await observer.call_text("classic_touch", {"uri": uri}))["told"]
            assert told == 1
            await client.wait_notification("notifications/resources/updated")
        with anyio.fail_after(10):
            while json.loads(await observer.call_text("classic_touch", {"uri": uri}))["told"]:
                await anyio.sleep(0.1)


async def test_subscribing_to_an_unknown_resource_is_refused(target):
    async with connect(target) as client:
        with pytest.raises(RPCError) as caught:
            await client.subscribe("nobody://knows")
    assert caught.value.code in (-32002, -32602)
