# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Lists: complete, prefixed, sorted, unchanged in everything else, and kept up to date."""

from uuid import uuid4

import pytest

from vmcp_e2e.clients import HTTP, RPCError, connect

pytestmark = pytest.mark.anyio

KINDS = ["tools", "resources", "resourceTemplates", "prompts"]


def key(kind):
    return {"resources": "uri", "resourceTemplates": "uriTemplate"}.get(kind, "name")


@pytest.mark.parametrize("kind", KINDS)
async def test_lists_hold_every_item_of_every_backend(target, classic, everything, kind):
    """Also beyond the first page of a backend: classic pages by seven (GB-45)."""
    expected = set()
    for name, backend in (("classic", classic), ("everything", everything)):
        async with connect(HTTP(backend.url)) as direct:
            prefix = f"{name}_" if kind in ("tools", "prompts") else ""
            expected |= {prefix + item for item in await direct.names(kind)}
    async with connect(target) as client:
        listed = await client.names(kind)
    assert expected <= set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("kind", ["tools", "prompts"])
async def test_lists_are_sorted_by_name_and_stable(target, kind):
    async with connect(target) as client:
        names = await client.names(kind)
        assert names == sorted(names)
        for _ in range(3):
            assert await client.names(kind) == names


@pytest.mark.parametrize("kind", KINDS)
async def test_items_change_in_nothing_but_their_name(target, classic, everything, kind):
    """Schemas, annotations, titles and `_meta` pass through (GB-39)."""
    async with connect(target) as client:
        merged = {item[key(kind)]: item for item in await client.list_all(kind)}
    for name, backend in (("classic", classic), ("everything", everything)):
        async with connect(HTTP(backend.url)) as direct:
            for item in await direct.list_all(kind):
                prefix = f"{name}_" if kind in ("tools", "prompts") else ""
                found = dict(merged[prefix + item[key(kind)]])
                if prefix:
                    assert found["name"] == prefix + item["name"]
                    found["name"] = item["name"]
                assert found == item


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cursor", ["", "nonsense", "classic:7", "x" * 5000])
async def test_a_cursor_that_the_gateway_did_not_issue_is_refused(gateway, kind, cursor):
    async with connect(HTTP(gateway.endpoint)) as client:
        with pytest.raises(RPCError) as caught:
            await client.list_page(kind, cursor)
        assert caught.value.code == -32602


LISTS = {"tool": "tools", "resource": "resources", "prompt": "prompts"}


@pytest.mark.parametrize("kind", LISTS)
async def test_additions_and_removals_are_announced_and_take_effect(target, kind):
    name = f"grown://{uuid4().hex}" if kind == "resource" else f"grown_{uuid4().hex[:8]}"
    visible = name if kind == "resource" else f"classic_{name}"
    async with connect(target) as client:
        assert visible not in await client.names(LISTS[kind])
        await client.call_text("classic_grow", {"kind": kind, "name": name})
        try:
            await client.wait_list(LISTS[kind], lambda names: visible in names)
            if kind == "tool":
                assert await client.call_text(visible) == f"I am {name}"
            elif kind == "resource":
                assert (await client.read(visible))["contents"][0]["text"] == f"content of {visible}"
            else:
                assert (await client.prompt(visible))["messages"]
            client.notifications.clear()
        finally:
            await client.call_text("classic_shrink", {"kind": kind, "name": name})
        await client.wait_list(LISTS[kind], lambda names: visible not in names)
        if kind == "tool":
            with pytest.raises(RPCError) as caught:
                await client.call(visible)
            assert caught.value.code == -32602


async def test_a_change_is_announced_to_other_sessions_too(gateway):
    name = f"grown_{uuid4().hex[:8]}"
    target = HTTP(gateway.endpoint)
    async with connect(target) as actor, connect(target) as observer:
        await observer.names("tools")
        await actor.call_text("classic_grow", {"kind": "tool", "name": name})
        try:
            await observer.wait_list("tools", lambda names: f"classic_{name}" in names)
        finally:
            await actor.call_text("classic_shrink", {"kind": "tool", "name": name})
