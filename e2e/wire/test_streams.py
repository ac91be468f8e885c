# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Event streams: the GET stream, resumption, and what a disconnect does not do."""

import json
from uuid import uuid4

import anyio
import httpx
import pytest

from vmcp_e2e.gateway import http_backend
from vmcp_e2e.wire import Wire, events, is_answer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def wire(gateway):
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        yield wire


async def next_message(stream, matching=lambda message: True):
    async for event in stream:
        if event.message is not None and matching(event.message):
            return event
    raise AssertionError("the stream ended")


def sleep_call(wire, seconds, mark):
    return wire.message("tools/call", {"name": "classic_sleep", "arguments": {"seconds": seconds, "mark": mark}})


def progress_call(wire, steps, delay, mark=""):
    parameters = {
        "name": "classic_progress",
        "arguments": {"steps": steps, "delay": delay, "mark": mark},
        "_meta": {"progressToken": "p"},
    }
    return wire.message("tools/call", parameters)


async def test_the_get_stream_is_an_event_stream(wire):
    async with wire.listen() as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert {"no-cache", "no-store"} & set(response.headers["cache-control"].replace(",", " ").split())


async def test_list_changed_arrives_on_the_get_stream_without_an_id(wire):
    name = f"grown_{uuid4().hex[:8]}"
    async with wire.listen() as response:
        stream = events(response)
        await wire.call("classic_grow", {"kind": "tool", "name": name})
        try:
            with anyio.fail_after(10):
                event = await next_message(stream, lambda message: message.get("method", "").endswith("list_changed"))
        finally:
            await wire.call("classic_shrink", {"kind": "tool", "name": name})
    assert event.message["method"] == "notifications/tools/list_changed"
    assert "id" not in event.message


async def test_no_answers_appear_on_the_get_stream(wire, journal):
    """HL-12, HL-13: a call answers on its own stream even while another is open."""
    mark, seen = uuid4().hex, []
    async with anyio.create_task_group() as group:

        async def collect():
            async with wire.listen() as response:
                async for event in events(response):
                    seen.append(event.message)

        group.start_soon(collect)
        await anyio.sleep(0.1)
        messages = await wire.messages_of(await wire.post(sleep_call(wire, 0.5, mark)))
        await anyio.sleep(0.3)
        group.cancel_scope.cancel()
    assert len([message for message in messages if "result" in message]) == 1
    assert [message for message in seen if message is not None and ("result" in message or "error" in message)] == []


async def test_a_notification_goes_to_exactly_one_stream(wire):
    """HL-13: no broadcast over two GET streams (a second one may be refused)."""
    seen = []
    uri = "classic://static/03"
    await wire.request("resources/subscribe", {"uri": uri})
    async with anyio.create_task_group() as group:

        async def collect():
            async with wire.listen() as response:
                if response.status_code == 409:
                    return
                async for event in events(response):
                    if event.message is not None and event.message.get("method") == "notifications/resources/updated":
                        seen.append(event.message)

        group.start_soon(collect)
        group.start_soon(collect)
        await anyio.sleep(0.3)
        await wire.call("classic_touch", {"uri": uri})
        await anyio.sleep(0.7)
        group.cancel_scope.cancel()
    assert len(seen) == 1


async def test_notifications_wait_for_the_get_stream(wire):
    """A client whose stream was down for a moment does not miss a list change or an update."""
    uri = "classic://static/04"
    await wire.request("resources/subscribe", {"uri": uri})
    async with wire.listen():
        pass
    await wire.call("classic_touch", {"uri": uri})
    async with wire.listen() as response:
        with anyio.fail_after(10):
            event = await next_message(
                events(response), lambda message: message.get("method") == "notifications/resources/updated"
            )
    assert event.message["params"]["uri"] == uri


async def test_deleting_the_session_ends_its_streams_and_calls(wire, journal):
    """HL-05."""
    mark = uuid4().hex
    async with wire.listen() as response, anyio.create_task_group() as group:

        async def call():
            with anyio.fail_after(10):
                await wire.post(sleep_call(wire, 30, mark))

        group.start_soon(call)
        await journal.wait("sleep.start", mark=mark)
        assert (await wire.delete()).status_code in (200, 202, 204)
        with anyio.fail_after(10):
            async for _ in events(response):
                pass
    wire.session = None
    await journal.wait("sleep.cancelled", mark=mark)


async def test_an_idle_session_expires_and_a_used_one_does_not(launch, classic):
    """HL-25, S16."""
    gateway = launch([http_backend("classic", classic.url)], arguments=["--session-ttl", "2s"])
    async with Wire(gateway.endpoint) as idle, Wire(gateway.endpoint) as busy:
        await idle.open()
        await busy.open()
        for _ in range(10):
            await anyio.sleep(0.5)
            assert (await busy.request("ping"))["result"] == {}
        assert (await idle.post(idle.message("ping"))).status_code == 404
        idle.session = None


async def test_a_disconnect_does_not_cancel_the_call(wire, journal):
    """HL-19, L10."""
    mark = uuid4().hex
    with pytest.raises(httpx.ReadTimeout):
        await wire.http.post(
            wire.endpoint,
            content=json.dumps(sleep_call(wire, 2, mark)),
            headers=wire.headers(),
            timeout=httpx.Timeout(5, read=0.7),
        )
    await journal.wait("sleep.done", mark=mark)
    assert journal.find("sleep.cancelled", mark=mark) == []


async def test_event_ids_are_unique_in_the_session(wire):
    """HL-18, L14."""
    identifiers = []
    for _ in range(3):
        async with wire.stream(progress_call(wire, 4, 0.01)) as response:
            identifiers += [event.id async for event in events(response)]
    known = [identifier for identifier in identifiers if identifier]
    assert known, "streams carry no event ids, so nothing can be resumed"
    assert len(known) == len(set(known))


async def test_the_first_event_primes_the_client_for_resumption(wire):
    """HL-16, L6: an id and empty data, for sessions of 2025-11-25."""
    async with wire.stream(progress_call(wire, 3, 0.05)) as response:
        received = [event async for event in events(response)]
    assert received[0].id
    assert received[0].message is None


async def test_older_sessions_get_no_priming_event(gateway):
    """L6: an older client would parse the empty data as JSON."""
    async with Wire(gateway.endpoint) as wire:
        await wire.open("2025-06-18")
        async with wire.stream(progress_call(wire, 3, 0.02)) as response:
            received = [event async for event in events(response)]
    assert all(event.data for event in received)


async def test_a_cut_stream_resumes_where_it_was(wire, journal):
    """HL-17: the rest of the messages, the answer included, in order and once."""
    mark = uuid4().hex
    message = progress_call(wire, 12, 0.1, mark)
    before = []
    async with wire.stream(message) as response:
        async for event in events(response):
            before.append(event)
            if len([entry for entry in before if entry.message is not None]) == 3:
                break
    last = before[-1].id
    assert last
    after = []
    async with wire.listen(Last_Event_ID=last) as response:
        assert response.status_code == 200
        with anyio.fail_after(15):
            async for event in events(response):
                if event.message is not None:
                    after.append(event.message)
                if is_answer(event.message, message["id"]):
                    break
    received = [event.message for event in before if event.message is not None] + after
    steps = [entry["params"]["progress"] for entry in received if entry.get("method") == "notifications/progress"]
    assert steps == list(range(1, 13))
    assert is_answer(received[-1], message["id"])
    assert received[-1]["result"]["content"][0]["text"] == '{"token": true}'


async def test_a_stream_that_ended_meanwhile_is_replayed(wire, journal):
    """The answer is kept for a while although nobody listened."""
    message = progress_call(wire, 6, 0.05)
    async with wire.stream(message) as response:
        async for event in events(response):
            if event.message is not None:
                last = event.id
                break
    await anyio.sleep(1)
    async with wire.listen(Last_Event_ID=last) as response:
        received = []
        with anyio.fail_after(10):
            async for event in events(response):
                if event.message is not None:
                    received.append(event.message)
                if is_answer(event.message, message["id"]):
                    break
    steps = [entry["params"]["progress"] for entry in received if entry.get("method") == "notifications/progress"]
    assert steps == [2, 3, 4, 5, 6]


async def test_resuming_replays_only_that_stream(wire):
    """L15: two calls, one cut."""
    other = []
    async with anyio.create_task_group() as group:

        async def second():
            async with wire.stream(progress_call(wire, 8, 0.05)) as response:
                other.extend([event.id async for event in events(response)])

        group.start_soon(second)
        message = progress_call(wire, 8, 0.05)
        async with wire.stream(message) as response:
            async for event in events(response):
                if event.message is not None:
                    last = event.id
                    break
        replayed = []
        async with wire.listen(Last_Event_ID=last) as response:
            with anyio.fail_after(10):
                async for event in events(response):
                    replayed.append(event)
                    if is_answer(event.message, message["id"]):
                        break
    assert not {event.id for event in replayed if event.id} & set(other)


@pytest.mark.parametrize("identifier", ["nonsense", "0", "../..", "x" * 5000])
async def test_an_event_id_that_was_never_issued_replays_nothing(wire, identifier):
    async with wire.listen(Last_Event_ID=identifier) as response:
        assert response.status_code in (200, 400, 404)
        if response.status_code == 200:
            with anyio.move_on_after(0.5):
                async for event in events(response):
                    assert event.message is None
    assert (await wire.request("ping"))["result"] == {}


async def test_another_session_cannot_resume_the_stream(gateway, wire):
    message = progress_call(wire, 10, 0.05)
    async with wire.stream(message) as response:
        async for event in events(response):
            if event.message is not None:
                last = event.id
                break
    async with Wire(gateway.endpoint) as thief:
        await thief.open()
        async with thief.listen(Last_Event_ID=last) as response:
            if response.status_code == 200:
                with anyio.move_on_after(1.5):
                    async for event in events(response):
                        assert event.message is None or event.message.get("method") != "notifications/progress"
                        assert not is_answer(event.message, message["id"])


async def test_a_cancelled_calls_stream_ends_without_an_answer(wire, journal):
    """4.5: the request is not answered, its HTTP response just ends."""
    mark = uuid4().hex
    message = sleep_call(wire, 30, mark)
    received, finished = [], anyio.Event()
    async with anyio.create_task_group() as group:

        async def call():
            async with wire.stream(message) as response:
                status = response.status_code
                if response.headers.get("content-type", "").startswith("text/event-stream"):
                    received.extend([event.message async for event in events(response)])
                else:
                    received.append((status, await response.aread()))
            finished.set()

        group.start_soon(call)
        await journal.wait("sleep.start", mark=mark)
        cancelled = {"requestId": message["id"], "reason": "changed my mind"}
        await wire.post({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})
        await journal.wait("sleep.cancelled", mark=mark)
        with anyio.fail_after(10):
            await finished.wait()
    assert not any(isinstance(entry, dict) and is_answer(entry, message["id"]) for entry in received)


async def test_cancelling_somebody_elses_call_has_no_effect(gateway, wire, journal):
    mark = uuid4().hex
    message = sleep_call(wire, 1.5, mark)
    async with Wire(gateway.endpoint) as other, anyio.create_task_group() as group:
        await other.open()
        answers = []

        async def call():
            answers.append(await wire.answer_of(await wire.post(message)))

        group.start_soon(call)
        await journal.wait("sleep.start", mark=mark)
        await other.post(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": message["id"]}}
        )
    assert answers[0]["result"]["content"][0]["text"] == "slept"
