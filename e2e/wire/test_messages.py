# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC details that the SDKs hide."""

import json

import anyio
import pytest

from vmcp_e2e.gateway import http_backend
from vmcp_e2e.scripted import ScriptedBackend, tool
from vmcp_e2e.wire import Wire

pytestmark = pytest.mark.anyio


@pytest.fixture
async def wire(gateway):
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        yield wire


@pytest.mark.parametrize("identifier", [0, 1, -1, 2**53 - 1, "1", "", "a_b", "x" * 200, "ü\n\""])
async def test_the_answer_carries_the_id_with_its_type(wire, identifier):
    """BP-01."""
    for method, params in (("ping", None), ("tools/call", {"name": "classic_echo", "arguments": {}})):
        await wire.request(method, params, identifier)
    error = await wire.request("tools/call", {"name": "nobody"}, identifier)
    assert error["error"]["code"] == -32602


@pytest.mark.parametrize("method", ["nobody/knows", "server/discover", "tasks/update", "tools/call/"])
async def test_an_unknown_method_is_an_error_at_status_200(wire, method):
    """HL-24: 404 would mean that the session is gone."""
    answer = await wire.request(method, {})
    assert answer["error"]["code"] == -32601
    assert (await wire.request("ping"))["result"] == {}


@pytest.mark.parametrize("method, params", [
    ("tools/call", None),
    ("tools/call", {}),
    ("tools/call", {"name": 5}),
    ("tools/call", {"name": "classic_echo", "arguments": [1]}),
    ("tools/call", {"name": "classic_echo", "arguments": "text"}),
    ("resources/read", {}),
    ("resources/read", {"uri": 5}),
    ("resources/subscribe", {}),
    ("prompts/get", {}),
    ("prompts/get", {"name": None}),
    ("completion/complete", {}),
    ("completion/complete", {"ref": {"type": "ref/nobody"}, "argument": {"name": "a", "value": "b"}}),
    ("logging/setLevel", {"level": "chatty"}),
    ("logging/setLevel", {}),
    ("tools/list", {"cursor": 5}),
])
async def test_wrong_parameters_are_refused_with_their_code(wire, method, params):
    answer = await wire.request(method, params)
    assert answer["error"]["code"] == -32602


async def test_unknown_members_are_tolerated(wire):
    """BP-09."""
    message = {**wire.message("ping", {"x": 1, "_meta": {"com.example/y": 2}}), "extra": [1, 2, 3]}
    assert (await wire.answer_of(await wire.post(message)))["result"] == {}


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18"])
async def test_params_task_is_ignored_where_tasks_are_not_offered(wire, version):
    """GB-54."""
    offered = await wire.open(version)
    assert "tasks" not in offered["capabilities"]
    result = await wire.call("everything_echo", {"text": "x"}, task={"ttl": 60000})
    assert result["content"][0]["text"] == "x"


async def test_a_tool_that_is_no_task_is_refused_as_one(wire):
    """2025-11-25 wants to hear of it."""
    answer = await wire.request(
        "tools/call", {"name": "everything_echo", "arguments": {"text": "x"}, "task": {"ttl": 60000}}
    )
    assert answer["error"]["code"] == -32601


async def test_a_batch_is_refused_after_2025_03_26(wire):
    """HL-23, L22."""
    response = await wire.post([wire.message("ping")])
    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32600


async def test_batches_of_2025_03_26(gateway):
    """HL-20 to HL-22."""
    async with Wire(gateway.endpoint) as wire:
        await wire.open("2025-03-26")
        batch = [
            wire.message("ping", identifier="a"),
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}},
            wire.message("tools/call", {"name": "everything_echo", "arguments": {"text": "in a batch"}}, identifier=2),
            wire.message("nobody/knows", identifier=3),
        ]
        response = await wire.post(batch)
        assert response.status_code == 200
        answers = {message["id"]: message for message in await wire.messages_of(response) if "id" in message}
        assert set(answers) == {"a", 2, 3}
        assert answers["a"]["result"] == {}
        assert answers[2]["result"]["content"][0]["text"] == "in a batch"
        assert answers[3]["error"]["code"] == -32601

        notifications = [{"jsonrpc": "2.0", "method": "notifications/initialized"}] * 2
        accepted = await wire.post(notifications)
        assert (accepted.status_code, accepted.content) == (202, b"")

        session, wire.session = wire.session, None
        response = await wire.post([wire.initialize("2025-03-26")])
        assert response.status_code == 400
        assert "mcp-session-id" not in response.headers
        wire.session = session


NUMBERS = b'{"big":9007199254740993123456789,"point":1.0,"exponent":1e400,"tiny":-0.0,"order":{"z":1,"a":2,"m":3}}'


async def test_numbers_and_key_order_pass_in_both_directions(launch):
    """BP-10: the payload's bytes are not decoded and encoded again."""
    seen = []

    def call(exchange):
        seen.append(exchange.body)
        payload = b'{"jsonrpc":"2.0","id":' + json.dumps(exchange.id).encode()
        payload += b',"result":{"content":[],"structuredContent":' + NUMBERS + b'}}'
        exchange.raw(200, payload)

    with ScriptedBackend([tool("numbers")], **{"tools/call": call}) as backend:
        gateway = launch([http_backend("script", backend.url)])
        async with Wire(gateway.endpoint) as wire:
            await wire.open()
            body = b'{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"script_numbers","arguments":'
            response = await wire.post(body + NUMBERS + b"}}")
    assert NUMBERS in seen[0]
    assert b'"name":"numbers"' in seen[0].replace(b'": "', b'":"')
    assert NUMBERS in response.content


@pytest.mark.parametrize("token", ["a token", 7, "7", 0])
async def test_the_progress_token_is_restored_with_its_type(wire, journal, token):
    """GB-21: and it is not the token that the backend sees."""
    mark = f"token-{token!r}"
    message = wire.message(
        "tools/call",
        {"name": "classic_progress", "arguments": {"steps": 3, "mark": mark}, "_meta": {"progressToken": token}},
    )
    messages = await wire.messages_of(await wire.post(message))
    progress = [entry["params"] for entry in messages if entry.get("method") == "notifications/progress"]
    assert [entry["progress"] for entry in progress] == [1, 2, 3]
    for entry in progress:
        assert entry["progressToken"] == token and type(entry["progressToken"]) is type(token)
    assert messages[-1]["id"] == message["id"]
    backend_token = (await journal.wait("progress", mark=mark))[-1]["token"]
    assert backend_token is not None
    assert (backend_token, type(backend_token)) != (token, type(token)) or isinstance(token, int)


async def test_equal_tokens_of_two_sessions_do_not_mix(gateway):
    """GB-21, BP-13: same id, same token, same backend, at the same time."""
    async def run(steps, seen):
        async with Wire(gateway.endpoint) as wire:
            await wire.open()
            parameters = {
                "name": "classic_progress",
                "arguments": {"steps": steps, "delay": 0.05},
                "_meta": {"progressToken": "same"},
            }
            messages = await wire.messages_of(await wire.post(wire.message("tools/call", parameters, "same")))
            seen[steps] = [entry["params"]["total"] for entry in messages if "method" in entry]

    seen = {}
    async with anyio.create_task_group() as group:
        for steps in (4, 6, 8):
            group.start_soon(run, steps, seen)
    assert seen == {steps: [steps] * steps for steps in (4, 6, 8)}


async def test_the_same_id_twice_in_flight_in_one_session_is_refused_or_kept_apart(wire):
    """BP-13."""
    answers = []

    async def call(text):
        parameters = {"name": "everything_echo", "arguments": {"text": text}}
        response = await wire.post(wire.message("tools/call", parameters, "twin"))
        if response.status_code == 200:
            answer = await wire.answer_of(response)
            if "result" in answer:
                assert answer["result"]["content"][0]["text"] == text
            answers.append(answer)
        else:
            assert response.status_code == 400
            answers.append(response.json())

    async with anyio.create_task_group() as group:
        for text in ("one", "two", "three"):
            group.start_soon(call, text)
    assert len(answers) == 3
    assert any("result" in answer for answer in answers)


async def test_client_headers_stay_on_their_hop(gateway):
    """GB-58."""
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        message = wire.message("tools/call", {"name": "everything_headers", "arguments": {}})
        response = await wire.post(
            message,
            Authorization="Bearer secret-1",
            Cookie="session=secret-2",
            X_Test="secret-3",
            Mcp_Param_X="secret-4",
            X_Forwarded_For="10.1.2.3",
        )
        headers = (await wire.answer_of(response))["result"]["structuredContent"]
        flat = json.dumps(headers)
        for index in range(1, 5):
            assert f"secret-{index}" not in flat
        assert headers.get("mcp-session-id") != wire.session
        assert headers["host"].startswith("127.0.0.1:")


async def test_errors_do_not_leak_where_backends_live(gateway, classic):
    """GB-57."""
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        for method, params in (
            ("tools/call", {"name": "nobody"}),
            ("resources/read", {"uri": "nobody://knows"}),
            ("prompts/get", {"name": "nobody"}),
        ):
            answer = json.dumps(await wire.request(method, params))
            assert f":{classic.port}" not in answer
