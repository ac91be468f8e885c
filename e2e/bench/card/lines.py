# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The lines of the card that are rounds of one question."""

from __future__ import annotations

import time

from .contenders import Contender, Starter, http_backend
from .hammer import Hammer
from .load import MARK, Question
from .measure import Entry, interleaved, note, paired
from .results import Line, at_least, at_most
from .run import Bench
from .session import AnswerError, Connection

TEXT = f"probe-{MARK}"
LEVELS = (1, 8, 32, 128)
COMPARED = 32


def echo(contender: Contender, tool: str = "echo") -> Question:
    return Question.call(contender.tool(tool), {"text": TEXT}, TEXT)


def pair(start: Starter) -> tuple[Contender, Contender]:
    """The backend alone and the gateway in front of it."""
    backend = start.backend()
    return backend, start.gateway([http_backend(f"http://127.0.0.1:{backend.port}/mcp", "ex")], backend)


def calls(bench: Bench, line: Line) -> None:
    with bench.starter() as start:
        direct, gateway = pair(start)
        contenders = [direct, gateway]
        for begin in (lambda: start.fastmcp(direct), start.mcp_proxy):
            try:
                contenders.append(begin())
            except Exception as error:  # the card still shows the others
                line.fact("not measured", f"a proxy did not start: {error}"[:300])
                note(str(error))
        table: dict[tuple[str, int], Entry] = {}
        for level in LEVELS:
            group = [Entry(contender, level, echo(contender)) for contender in contenders]
            line.entries += group
            table.update({(entry.name, level): entry for entry in group})
            bench.interleaved(line, group)
            if level == COMPARED and not bench.settings.quick:
                # More rounds of what the targets compare, without the long ones of rivals between them.
                bench.interleaved(line, group[:2], 1)
            if level == LEVELS[0]:
                before = gateway.process.resident_kib()
        growth = (gateway.process.resident_kib() - before) / 1024
        answered = sum(entry.checked + sum(item.sample.requests for item in entry.rounds)
                       for entry in line.entries if entry.contender is gateway and entry.sessions != LEVELS[0])
        line.fact("memory of vmcp after all of this", f"{growth:+.1f} MiB in {answered:,} calls of "
                  f"{LEVELS[-1]} sessions")
    _apart(bench, line)
    one, many = (table["direct", 1], table["vmcp", 1]), (table["direct", COMPARED], table["vmcp", COMPARED])
    line.targets = [
        at_least("throughput at 32 sessions, share of direct", 55,
                 percent(paired(*many, lambda base, ours: ours.rate / base.rate)), " %"),
        at_most("added p50 at 1 session", 0.06,
                paired(*one, lambda base, ours: ours.sample.p50_ms - base.sample.p50_ms), " ms"),
        at_most("our CPU a call at 32 sessions", 27, many[1].median(lambda item: item.cpu_us), " µs"),
    ]
    rival = table.get(("FastMCP proxy", COMPARED))
    line.targets.append(at_least("throughput at 32 sessions, times FastMCP's proxy", 300,
                                 paired(rival, many[1], lambda base, ours: ours.rate / base.rate_in_doubt_more(COMPARED))
                                 if rival else None))


def _apart(bench: Bench, line: Line) -> None:
    """The same where the scheduler keeps the processes apart, as it does services and containers."""
    with bench.starter(apart=True) as start:
        group = [Entry(contender, COMPARED, echo(contender), label="apart") for contender in pair(start)]
        line.entries += group
        bench.interleaved(line, group)
    share = percent(paired(*group, lambda base, ours: ours.rate / base.rate))
    line.fact("share of direct at 32 sessions with every process in a scheduling group of its own",
              f"{share:.1f} %" if share else "not measured")


def sse(bench: Bench, line: Line) -> None:
    with bench.starter() as start:
        direct, gateway = pair(start)
        line.entries = [Entry(contender, 32, echo(contender, tool), label=label)
                        for contender in (direct, gateway)
                        for tool, label in (("echo", "JSON"), ("sse_echo", "SSE, one event"))]
        bench.interleaved(line, line.entries)
    line.targets = [at_most("our CPU for an SSE answer of one event, times a JSON one", 1.5,
                            paired(line.entries[2], line.entries[3], lambda base, ours: ours.cpu_us / base.cpu_us))]


def chunked(bench: Bench, line: Line) -> None:
    with bench.starter() as start:
        line.entries = [Entry(contender, 32, echo(contender, "chunked_echo"), label="chunked JSON")
                        for contender in pair(start)]
        bench.interleaved(line, line.entries)


def stdio(bench: Bench, line: Line) -> None:
    with bench.starter() as start:
        ours = start.gateway([start.stdio_backend_settings("ex")])
        contenders = [ours]
        try:
            contenders.append(start.mcp_proxy())
        except Exception as error:
            line.fact("not measured", f"mcp-proxy did not start: {error}"[:300])
        for level in (1, 32):
            group = [Entry(contender, level, echo(contender), label="stdio backend") for contender in contenders]
            line.entries += group
            bench.interleaved(line, group)
        line.fact("child processes of vmcp with 32 sessions", str(len(ours.process.child_ids())))


def large(bench: Bench, line: Line) -> None:
    sizes = ((1024, "1 KB"), (41 * 1024, "41 KB"))
    with bench.starter() as start:
        for contender in pair(start):
            for size, label in sizes:
                question = Question.call(contender.tool("large"), {"bytes": size}, '"content"', size)
                line.entries.append(Entry(contender, 32, question, label=label))
        bench.interleaved(line, line.entries)
    small, big = line.entries[2], line.entries[3]
    line.targets = [at_most(
        "our CPU per byte of a 41 KB answer, times that of a 1 KB one", 2,
        paired(small, big, lambda base, ours: (ours.cpu_us / ours.sample.bytes_per_answer)
               / (base.cpu_us / base.sample.bytes_per_answer)))]
    whole = paired(small, big, lambda base, ours: ours.cpu_us / base.cpu_us)
    line.fact("our CPU for a whole 41 KB answer, times a 1 KB one", f"{whole:.2f}" if whole else "not measured")


def catalogue(bench: Bench, line: Line) -> None:
    """tools/list of 100 backends with 100 tools and more each; one process plays all backends."""
    with bench.starter() as start:
        backend = start.backend(extra_tools=100)
        url = f"http://127.0.0.1:{backend.port}/mcp"
        gateway = start.gateway([http_backend(url, f"b{number:03}") for number in range(100)], backend)
        connection = Connection(gateway.port)
        total, deadline = 0, time.monotonic() + 60
        while total < 10_000:
            if time.monotonic() > deadline:
                raise AnswerError(f"the merged list has {total} tools after 60 s, 10,000 wanted")
            begin = time.monotonic()
            total = len(connection.open_session().tool_names(connection))
            line.fact("whole list of a new session", f"{total:,} tools in {(time.monotonic() - begin) * 1e3:.0f} ms")
        line.facts = line.facts[-1:]
        session = connection.open_session()
        message = {"jsonrpc": "2.0", "id": 1_000_000_000, "method": "tools/list", "params": {}}
        status, _, body = connection.post(message, session.id, session.revision)
        connection.close()
        if status != 200 or b'"nextCursor"' not in body:
            raise AnswerError(f"first page: HTTP {status}, {len(body)} bytes, no nextCursor: {body[-200:]!r}")
        static, path = start.static(body)
        question = Question("tools/list", {}, '"nextCursor"', len(body))
        label = f"first page, {len(body) // 1024} KiB"
        line.entries = [Entry(static, 32, static=(path, len(body)), label=label),
                        Entry(gateway, 32, question, label=label)]
        bench.interleaved(line, line.entries)
    base, ours = line.entries
    line.base = base
    line.targets = [
        at_least("rate of tools/list, share of an equally large static body", 50,
                 percent(paired(base, ours, lambda first, second: second.rate / first.rate)), " %"),
        at_most("backend CPU a tools/list once merged", 1, ours.median(lambda item: item.backend_us), " µs"),
    ]


def slow(bench: Bench, line: Line) -> None:
    with bench.starter() as start:
        backend, other = start.backend(), start.backend()
        gateway = start.gateway([http_backend(f"http://127.0.0.1:{backend.port}/mcp", "ex"),
                                 http_backend(f"http://127.0.0.1:{other.port}/mcp", "lazy")], backend)
        calm = Entry(gateway, 31, echo(gateway), label="alone")
        beside = Entry(gateway, 31, echo(gateway), label="beside a 5 s backend")
        line.entries = [calm, beside]
        rounds, seconds = bench.settings.rounds + 2, bench.settings.seconds + (0 if bench.settings.quick else 3)
        answered = 0
        for number in range(rounds):
            for entry in (calm, beside) if number % 2 == 0 else (beside, calm):
                if entry is calm:
                    interleaved(line.name, bench.generator, [entry], 1, seconds)
                    continue
                with Hammer(gateway.port, "lazy_slow", 5000) as hammer:
                    interleaved(line.name, bench.generator, [entry], 1, seconds)
                answered += hammer.answered
    line.base = calm
    low, high = calm.spread(lambda item: item.sample.p99_ms) or (0.0, 0.0)
    line.fact("p99 alone, lowest and highest round", f"{low:.2f} to {high:.2f} ms")
    line.fact("slow calls answered meanwhile", str(answered))
    moved = paired(calm, beside, lambda base, ours: ours.sample.p99_ms / base.sample.p99_ms)
    line.targets = [at_most("p99 of the others beside a backend that answers in 5 s", 110, percent(moved), " %")]


def percent(ratio: float | None) -> float | None:
    return None if ratio is None else ratio * 100
