# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What backends write into lists and results leads the gateway nowhere."""

import pytest

from vmcp_e2e.clients import HTTP, connect
from vmcp_e2e.door import Door
from vmcp_e2e.gateway import http_backend
from vmcp_e2e.scripted import ScriptedBackend, tool

pytestmark = pytest.mark.anyio


@pytest.fixture
def door():
    door = Door()
    yield door
    door.close()


async def test_links_icons_and_references_are_never_fetched(launch, door):
    """BC-23, SE-09: schemas, icons and links are the client's to follow, or nobody's."""
    url = f"http://127.0.0.1:{door.port}"
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": f"{url}/schema.json"}},
        "$defs": {"b": {"$schema": f"{url}/dialect"}},
    }
    leading = tool("leading", icons=[{"src": f"{url}/icon.png"}])
    leading["inputSchema"] = schema

    def call(exchange):
        link = {"type": "resource_link", "uri": f"{url}/linked", "name": "linked"}
        exchange.result({"content": [link, {"type": "text", "text": url}]})

    with ScriptedBackend([leading], **{"tools/call": call}) as backend:
        gateway = launch([http_backend("one", backend.url)])
        async with connect(HTTP(gateway.endpoint)) as client:
            listed = await client.list_all("tools")
            assert [entry["name"] for entry in listed] == ["one_leading"]
            assert listed[0]["inputSchema"]["properties"]["a"]["$ref"].startswith(url)
            result = await client.call("one_leading", {"a": 1})
            assert result["content"][0]["uri"].startswith(url)
    assert door.knocks == 0
