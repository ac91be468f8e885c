# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What revision 2026-07-28 costs: calls without sessions, open subscriptions, calls that wait for answers."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import resource
import statistics
import time

from .contenders import Contender, http_backend
from .lines import echo, pair
from .load import Question
from .measure import Entry, Meters, WrongAnswer, note, paired
from .results import Line, at_least, at_most
from .run import Bench
from .session import MODERN, MODERN_META, Connection

CLIENTS = 32
PARKS = 1_000
VISITORS = 8
# What few clients stay below, and what few come to.
VISIT_CALLS = (10, 100)


def eras(bench: Bench, line: Line) -> None:
    _calls(bench, line)
    _visits(bench, line)
    asyncio.run(_subscriptions(bench, line))
    asyncio.run(_parks(bench, line))


def _calls(bench: Bench, line: Line) -> None:
    """One gateway and one backend, both of both eras: what differs is the client's era, and with it the backend's."""
    with bench.starter() as start:
        direct = start.backend(era="dual")
        gateway = start.gateway([http_backend(f"http://127.0.0.1:{direct.port}/mcp", "ex")], direct)
        def entries(contender: Contender) -> tuple[Entry, Entry]:
            call = echo(contender)
            old = Entry(contender, CLIENTS, call, label="2025-11-25")
            return old, Entry(contender, CLIENTS, dataclasses.replace(call, modern=True), label="2026-07-28", base=old)

        (old, new), (legacy, modern) = entries(direct), entries(gateway)
        line.entries += [old, new, legacy, modern]
        bench.interleaved(line, line.entries, 0 if bench.settings.quick else 2)
    # A call of 2026-07-28 says more than twice as much, which costs its client and the backend too; what the gateway
    # takes is seen beside what is left without it.
    slower = paired(old, new, lambda one, two: two.rate / one.rate)
    through = paired(legacy, modern, lambda one, two: two.rate / one.rate)
    line.targets.append(at_least("throughput of 2026-07-28 calls through us, share of 2025-11-25 ones, times the same "
                                 "without us", 1, through / slower if through and slower else None, " ×"))
    line.targets.append(at_least("throughput of 2026-07-28 calls at 32 connections, share of 2025-11-25 ones", 1,
                                 through, " ×"))
    line.fact("throughput of 2026-07-28 calls, share of 2025-11-25 ones",
              f"{_ratio(through)} through us, {_ratio(slower)} direct")
    line.fact("our CPU a 2026-07-28 call, times a 2025-11-25 one",
              _ratio(paired(legacy, modern, lambda one, two: two.cpu_us / one.cpu_us)))


def _visits(bench: Bench, line: Line) -> None:
    """A client's whole life: what a session costs to open and to close belongs to its calls."""
    with bench.starter() as start:
        direct = start.backend(era="dual")
        gateway = start.gateway([http_backend(f"http://127.0.0.1:{direct.port}/mcp", "ex")], direct)
        for calls in VISIT_CALLS:
            _visits_of(calls, gateway, bench, line)


def _visits_of(calls: int, gateway: Contender, bench: Bench, line: Line) -> None:
    question = Question.call(gateway.tool("echo"), {"text": "hello"}, "hello")
    ratios, spent = [], {False: [], True: []}
    for number in range(bench.settings.rounds + (0 if bench.settings.quick else 4)):
        rates = {}
        for modern in (False, True) if number % 2 == 0 else (True, False):
            meters = Meters(gateway)
            sample, requests = bench.generator.visits(
                gateway.port, dataclasses.replace(question, modern=modern), calls, VISITORS, bench.settings.seconds)
            if sample.wrong or sample.failures:
                raise WrongAnswer(f"a visit went wrong: {sample.failure_text} {sample.example}")
            visits = max(1, sample.requests // requests)
            rates[modern] = sample.requests / requests / sample.seconds
            spent[modern].append(meters.measured(sample, visits).cpu_us)
        ratios.append(rates[True] / rates[False])
        note(f"eras: visits of {calls} calls: 2025-11-25 {rates[False]:,.0f}/s, 2026-07-28 {rates[True]:,.0f}/s")
    old, new = (statistics.median(spent[modern]) for modern in (False, True))
    line.targets.append(at_least(f"clients that come, call {calls} times and go: 2026-07-28, share of 2025-11-25",
                                 1, statistics.median(ratios), " ×"))
    line.fact(f"a client that comes, calls {calls} times and goes, in the ways of 2025-11-25 and 2026-07-28",
              f"{old:,.0f} and {new:,.0f} µs of our CPU")


def _ratio(value: float | None) -> str:
    return f"{value:.2f}" if value else "not measured"


def _request(port: int, method: str, parameters: dict, identifier: int | str, capabilities: dict | None = None) -> bytes:
    meta = MODERN_META | {"io.modelcontextprotocol/clientCapabilities": capabilities or {}}
    body = json.dumps({"jsonrpc": "2.0", "id": identifier, "method": method,
                       "params": parameters | {"_meta": meta}}).encode()
    name = f"Mcp-Name: {parameters['name']}\r\n" if "name" in parameters else ""
    return (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {MODERN}\r\n"
            f"Mcp-Method: {method}\r\n{name}Content-Length: {len(body)}\r\n\r\n").encode() + body


def _raise_descriptors(wanted: int) -> None:
    """For this process and for those that it starts from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted, hard))


async def _lasting_threads(gateway: Contender) -> int:
    """The threads that stay: Dispatch starts one for a timer that fires, and ends it when it was idle for 5 s."""
    fewest = gateway.process.thread_count()
    for _ in range(80):
        await asyncio.sleep(0.1)
        fewest = min(fewest, gateway.process.thread_count())
    return fewest


# Subscriptions


async def _subscriptions(bench: Bench, line: Line) -> None:
    count = bench.settings.idle_sessions
    _raise_descriptors(count + 2_000)
    with bench.starter() as start:
        direct, gateway = pair(start)
        warm = [await _listening(gateway) for _ in range(200)]
        memory, threads = gateway.process.resident_kib(), await _lasting_threads(gateway)
        begin = time.monotonic()
        streams = []
        while len(streams) < count:
            streams += await asyncio.gather(*(_listening(gateway) for _ in range(min(100, count - len(streams)))))
        opened = time.monotonic() - begin
        each = (gateway.process.resident_kib() - memory) / count
        more = await _lasting_threads(gateway) - threads
        connection = Connection(gateway.port)
        begin = time.monotonic()
        connection.open_session().call(connection, gateway.tool("test_trigger_tool_change"), {})
        await asyncio.wait_for(
            asyncio.gather(*(reader.readuntil(b"notifications/tools/list_changed") for reader, _ in streams)), 60)
        told = time.monotonic() - begin
        connection.close()
        for _, writer in warm + streams:
            writer.close()
    note(f"eras: {count:,} subscriptions, {each:.1f} KiB each, all told in {told:.2f} s")
    line.fact(f"{count:,} open subscriptions/listen streams",
              f"{each:.1f} KiB each with their connections, {more:+d} threads, opened at {count / opened:,.0f}/s; "
              f"a changed list reached all of them in {told:.2f} s")
    line.targets.append(at_most("threads for the open subscriptions", 0, max(0, more)))


async def _listening(gateway: Contender) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(_request(gateway.port, "subscriptions/listen", {"notifications": {"toolsListChanged": True}}, "s"))
    await asyncio.wait_for(reader.readuntil(b"notifications/subscriptions/acknowledged"), 30)
    await asyncio.wait_for(reader.readuntil(b"\n\n"), 30)
    return reader, writer


# Parked calls


async def _parks(bench: Bench, line: Line) -> None:
    count = PARKS // 10 if bench.settings.quick else PARKS
    _raise_descriptors(4 * count)
    parking = {"maxParks": 2 * count, "perPrincipal": 2 * count, "perBackend": 2 * count}
    with bench.starter() as start:
        direct = start.backend()
        backend = {**http_backend(f"http://127.0.0.1:{direct.port}/mcp", "ex"), "maxConcurrentRequests": 2 * count}
        gateway = start.gateway([backend], direct, parking=parking)
        # As many at once as later, so that the process has grown for that already.
        for _ in range(2):
            for state in await asyncio.gather(*(_park(gateway) for _ in range(50))):
                await _finish(gateway, state)
        memory, threads = gateway.process.resident_kib(), await _lasting_threads(gateway)
        states = []
        while len(states) < count:
            states += await asyncio.gather(*(_park(gateway) for _ in range(min(50, count - len(states)))))
        each = (gateway.process.resident_kib() - memory) / count
        more = await _lasting_threads(gateway) - threads
        for begin in range(0, count, 50):
            await asyncio.gather(*(_finish(gateway, state) for state in states[begin:begin + 50]))
    note(f"eras: {count:,} parked calls, {each:.1f} KiB each, {more:+d} threads")
    line.fact(f"{count:,} parked calls", f"{each:.1f} KiB each with the backend's open answer, {more:+d} threads; "
                                         "all of them resumed")
    line.targets.append(at_most("threads for the parked calls", 0, max(0, more)))


CALL = {"arguments": {"message": "Who are you?"}}


async def _park(gateway: Contender) -> dict:
    """The round that a call which asks is answered with."""
    result = await _ask(gateway, {"name": gateway.tool("test_elicitation"), **CALL})
    if result.get("resultType") != "input_required":
        raise WrongAnswer(f"the call was not parked: {json.dumps(result)[:300]}")
    return result


async def _finish(gateway: Contender, parked: dict) -> None:
    answers = {key: {"action": "decline"} for key in parked["inputRequests"]}
    result = await _ask(gateway, {"name": gateway.tool("test_elicitation"), **CALL, "inputResponses": answers,
                                  "requestState": parked["requestState"]})
    if "action=decline" not in json.dumps(result):
        raise WrongAnswer(f"the parked call came to something else: {json.dumps(result)[:300]}")


async def _ask(gateway: Contender, parameters: dict) -> dict:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(_request(gateway.port, "tools/call", parameters, 1, {"elicitation": {}}))
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode().lower()
    length = next(int(row.split(":")[1]) for row in head.split("\r\n") if row.startswith("content-length:"))
    answer = json.loads(await reader.readexactly(length))
    writer.close()
    if "result" not in answer:
        raise WrongAnswer(json.dumps(answer)[:300])
    return answer["result"]
