# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The reference servers git, time and fetch as stdio children of the gateway."""

import json
import os

import anyio
import pytest

from vmcp_e2e.clients import HTTP, Stdio, connect
from vmcp_e2e.environment import binary
from vmcp_e2e.gateway import Gateway, configuration, write_configuration
from vmcp_e2e.processes import alive, children, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def reference_gateway(folder, reference_servers, backends):
    entries = [*reference_servers, backends.classic_child("child", env={"E2E_GREETING": "hello"})]
    with Gateway(folder, entries) as gateway:
        yield gateway


async def test_the_three_servers_are_listed_with_their_prefix(reference_gateway):
    async with connect(HTTP(reference_gateway.endpoint)) as client:
        tools, prompts = await client.names("tools"), await client.names("prompts")
    assert {"git_git_log", "git_git_status", "time_get_current_time", "time_convert_time", "fetch_fetch"} <= set(tools)
    assert "fetch_fetch" in prompts


async def test_git_reads_a_repository(reference_gateway, repository):
    (repository / "README").write_text("first line\nsecond line\n")
    async with connect(HTTP(reference_gateway.endpoint)) as client:
        log = await client.call_text("git_git_log", {"repo_path": str(repository), "max_count": 5})
        difference = await client.call_text("git_git_diff_unstaged", {"repo_path": str(repository)})
        outside = await client.call("git_git_log", {"repo_path": "/nowhere", "max_count": 1})
    assert "first commit" in log
    assert "+second line" in difference
    assert outside["isError"] is True


async def test_time_converts_between_zones(reference_gateway):
    async with connect(HTTP(reference_gateway.endpoint)) as client:
        arguments = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
        answer = json.loads(await client.call_text("time_convert_time", arguments))
    assert "T21:00:00" in answer["target"]["datetime"]


async def test_fetch_reads_a_loopback_page(reference_gateway, loopback_page):
    async with connect(HTTP(reference_gateway.endpoint)) as client:
        page = await client.call_text("fetch_fetch", {"url": loopback_page})
        prompt = await client.prompt("fetch_fetch", {"url": loopback_page})
        missing = await client.call("fetch_fetch", {"url": loopback_page + "/missing"})
    assert "Hello fetch" in page
    assert "Hello fetch" in prompt["messages"][0]["content"]["text"]
    assert missing["isError"] is True


async def test_the_servers_answer_side_by_side(reference_gateway, repository):
    async with connect(HTTP(reference_gateway.endpoint)) as client:
        answers = []

        async def call(name, arguments):
            answers.append(await client.call_text(name, arguments))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(call, "git_git_status", {"repo_path": str(repository)})
                group.start_soon(call, "time_get_current_time", {"timezone": "UTC"})
                group.start_soon(call, "child_echo", {"x": 1})
    assert len(answers) == 15


async def test_a_child_gets_its_environment_and_nothing_of_the_gateways(reference_gateway):
    async with connect(HTTP(reference_gateway.endpoint)) as client:
        environment = json.loads(await client.call_text("child_environment"))
    assert environment["E2E_GREETING"] == "hello"
    assert "VMCP_BINARY" not in environment
    assert "PYTEST_CURRENT_TEST" not in environment


async def test_over_stdio_the_same_servers_answer_and_leave_with_the_gateway(folder, reference_servers, repository):
    """ST-03: when the client closes the gateway's standard input, gateway and children are gone."""
    file = write_configuration(folder / "reference-stdio", configuration(reference_servers))
    target = Stdio(binary(), ["serve", "--stdio", "--config", file], folder / "reference-stdio" / "log")
    before = set(children(os.getpid()))
    async with connect(target) as client:
        mine = [pid for pid in set(children(os.getpid())) - before if "serve" in _command(pid)]
        assert "first commit" in await client.call_text(
            "git_git_log", {"repo_path": str(repository), "max_count": 1}
        )
        assert json.loads(await client.call_text("time_get_current_time", {"timezone": "UTC"}))["timezone"] == "UTC"
        family = [*mine, *(child for pid in mine for child in children(pid))]
        assert len(family) >= 3
    eventually(lambda: not any(alive(pid) for pid in family), timeout=10, what="the end of the children")


def _command(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().decode(errors="replace").split("\0")
