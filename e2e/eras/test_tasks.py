# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks of both forms, towards clients of both forms (mcp-protocol 4.6)."""

import contextlib

import anyio
import pytest

from vmcp_e2e.gateway import Gateway, http_backend
from vmcp_e2e.wire import MODERN, Wire, events

pytestmark = pytest.mark.anyio

EXTENSION = "io.modelcontextprotocol/tasks"


@pytest.fixture(scope="module")
def tasks(folder, backends):
    """A backend of each form behind one gateway."""
    entries = [
        http_backend(era, backends.listened(backends.example("--era", era)).url) for era in ("legacy", "modern")
    ]
    with Gateway(folder, entries) as gateway:
        yield gateway


class Modern:
    """A 2026-07-28 client, with the extension unless told otherwise."""

    def __init__(self, wire, **capabilities):
        self.wire = wire
        self.capabilities = capabilities or {"extensions": {EXTENSION: {}}, "elicitation": {}}

    def meta(self):
        return {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "tasks", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": self.capabilities,
        }

    async def request(self, method, **params):
        meta = self.meta()
        headers = {"MCP_Protocol_Version": MODERN, "Mcp_Method": method}
        if name := params.get("name") or params.get("taskId"):
            headers["Mcp_Name"] = name
        response = await self.wire.post(self.wire.message(method, {**params, "_meta": meta}), **headers)
        return await self.wire.answer_of(response)

    @contextlib.asynccontextmanager
    async def listening(self, notifications):
        """A subscription's messages."""
        method = "subscriptions/listen"
        message = self.wire.message(method, {"notifications": notifications, "_meta": self.meta()})
        async with self.wire.stream(message, MCP_Protocol_Version=MODERN, Mcp_Method=method) as response:
            yield (event.message async for event in events(response) if event.message is not None)

    async def call(self, tool, **arguments):
        return await self.request("tools/call", name=tool, arguments=arguments)

    async def settled(self, task, statuses=("completed", "failed", "cancelled")):
        with anyio.fail_after(20):
            while True:
                found = (await self.request("tasks/get", taskId=task))["result"]
                if found["status"] in statuses:
                    return found
                await anyio.sleep(0.05)


async def test_a_modern_task_of_a_modern_backend_has_an_id_of_ours_and_ends(tasks):
    """GB-53."""
    async with Wire(tasks.endpoint) as wire:
        client = Modern(wire)
        started = (await client.call("modern_slow_compute", seconds=0.2, label="x"))["result"]
        assert started["resultType"] == "task"
        assert started["taskId"].startswith("v1.")
        done = await client.settled(started["taskId"])
        assert done["status"] == "completed"
        assert done["result"]["content"]


async def test_a_modern_client_gets_the_task_that_a_legacy_tool_needs(tasks):
    async with Wire(tasks.endpoint) as wire:
        client = Modern(wire)
        started = (await client.call("legacy_failing_job"))["result"]
        assert started["resultType"] == "task", started
        done = await client.settled(started["taskId"])
        assert done["status"] == "completed"
        assert done["result"]["isError"] is True


async def test_without_the_extension_such_a_tool_is_refused(tasks):
    """LC-17."""
    async with Wire(tasks.endpoint) as wire:
        client = Modern(wire, elicitation={})
        error = (await client.call("legacy_failing_job"))["error"]
        assert error["code"] == -32021
        assert error["data"]["requiredCapabilities"] == {"extensions": {EXTENSION: {}}}
        assert (await client.request("tasks/get", taskId="v1.x"))["error"]["code"] == -32021


async def test_the_question_of_a_modern_task_is_answered(tasks):
    async with Wire(tasks.endpoint) as wire:
        client = Modern(wire)
        started = (await client.call("modern_confirm_delete", filename="a.txt"))["result"]
        asking = await client.settled(started["taskId"], ["input_required"])
        answers = {key: {"action": "accept", "content": {"confirm": True}} for key in asking["inputRequests"]}
        assert "result" in await client.request("tasks/update", taskId=started["taskId"], inputResponses=answers)
        assert (await client.settled(started["taskId"]))["status"] == "completed"


async def test_a_cancelled_task_settles(tasks):
    async with Wire(tasks.endpoint) as wire:
        client = Modern(wire)
        started = (await client.call("modern_slow_compute", seconds=60, label="x"))["result"]
        assert "result" in await client.request("tasks/cancel", taskId=started["taskId"])
        assert (await client.settled(started["taskId"]))["status"] == "cancelled"


@pytest.mark.parametrize("backend", ["legacy", "modern"])
async def test_a_2025_client_runs_a_tool_as_a_task(tasks, backend):
    async with Wire(tasks.endpoint) as wire:
        offered = await wire.open()
        assert offered["capabilities"]["tasks"]["requests"] == {"tools": {"call": {}}}
        created = await wire.call(f"{backend}_slow_compute", {"seconds": 0.3, "label": "x"}, task={"ttl": 60000})
        task = created["task"]
        assert task["status"] in ("working", "completed")
        listed = (await wire.request("tasks/list"))["result"]["tasks"]
        assert task["taskId"] in [one["taskId"] for one in listed]
        answer = await wire.request("tasks/result", {"taskId": task["taskId"]})
        assert answer["result"]["content"]
        related = answer["result"]["_meta"]["io.modelcontextprotocol/related-task"]
        assert related == {"taskId": task["taskId"]}
        found = (await wire.request("tasks/get", {"taskId": task["taskId"]}))["result"]
        assert found["status"] == "completed"
        assert (await wire.request("tasks/cancel", {"taskId": task["taskId"]}))["error"]["code"] == -32602


async def test_a_task_survives_its_client(tasks):
    """The one who started it comes back later, with a session of its own."""
    async with Wire(tasks.endpoint) as wire:
        await wire.open()
        created = await wire.call("modern_slow_compute", {"seconds": 0.5, "label": "x"}, task={"ttl": 60000})
    async with Wire(tasks.endpoint) as wire:
        await wire.open()
        answer = await wire.request("tasks/result", {"taskId": created["task"]["taskId"]})
        assert answer["result"]["content"]


async def test_nobody_sees_the_tasks_of_another_client(tasks):
    """GB-53: without sign-in everybody is the same principal, so a list holds what its own session started."""
    async with Wire(tasks.endpoint) as mine, Wire(tasks.endpoint) as other:
        await mine.open()
        await other.open()
        created = await mine.call("modern_slow_compute", {"seconds": 0.1, "label": "x"}, task={"ttl": 60000})
        for wire, expected in ((mine, [created["task"]["taskId"]]), (other, [])):
            listed = (await wire.request("tasks/list"))["result"]["tasks"]
            assert [task["taskId"] for task in listed] == expected


@pytest.mark.parametrize("identifier", ["nothing", "v1.AAAA", ""])
async def test_an_unknown_task_is_none(tasks, identifier):
    async with Wire(tasks.endpoint) as wire:
        await wire.open()
        for method in ("tasks/get", "tasks/result", "tasks/cancel"):
            assert (await wire.request(method, {"taskId": identifier}))["error"]["code"] == -32602


@pytest.mark.parametrize("backend", ["legacy", "modern"])
async def test_a_modern_client_is_told_of_its_task(tasks, backend):
    """The notification is what `tasks/get` answers at that moment."""
    tool = {"legacy": "legacy_task_question", "modern": "modern_confirm_delete"}[backend]
    arguments = {"filename": "a.txt"} if backend == "modern" else {}
    content = {"confirm": True} if backend == "modern" else {"name": "Ann"}
    async with Wire(tasks.endpoint) as wire:
        client = Modern(wire)
        task = (await client.call(tool, **arguments))["result"]["taskId"]
        asking = await client.settled(task, ["input_required"])
        async with client.listening({"taskIds": [task, "v1.unknown"]}) as messages:
            first = await anext(messages)
            assert first["method"] == "notifications/subscriptions/acknowledged"
            assert first["params"]["notifications"] == {"taskIds": [task]}
            answers = {key: {"action": "accept", "content": content} for key in asking["inputRequests"]}
            assert "result" in await client.request("tasks/update", taskId=task, inputResponses=answers)
            with anyio.fail_after(20):
                async for message in messages:
                    assert message["method"] == "notifications/tasks"
                    assert message["params"]["taskId"] == task
                    if message["params"]["status"] == "completed":
                        break
        found = (await client.request("tasks/get", taskId=task))["result"]
        assert message["params"]["result"] == found["result"]


@pytest.mark.parametrize("backend", ["legacy", "modern"])
async def test_a_2025_session_is_told_of_its_task(tasks, backend):
    async with Wire(tasks.endpoint) as wire:
        await wire.open()
        async with wire.listen() as stream:
            created = await wire.call(f"{backend}_slow_compute", {"seconds": 600, "label": "x"}, task={"ttl": 600000})
            task = created["task"]["taskId"]
            await wire.request("tasks/cancel", {"taskId": task})
            with anyio.fail_after(20):
                async for event in events(stream):
                    message = event.message or {}
                    if message.get("method") == "notifications/tasks/status":
                        assert message["params"]["taskId"] == task
                        if message["params"]["status"] == "cancelled":
                            break
