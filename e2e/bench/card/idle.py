# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What a session costs that was opened and then does nothing."""

from __future__ import annotations

import time
from typing import Callable

from .lines import pair
from .measure import note
from .results import Line, at_most
from .run import Bench
from .session import Connection, Session

CONNECTIONS = 8
WARM = 500


def idle(bench: Bench, line: Line) -> None:
    """Sessions are opened over a few connections that stay open, so any new descriptor belongs to a session."""
    kinds: list[tuple[str, Callable[[Session, Connection, str], object] | None]] = [
        ("opened", None),
        ("one tools/list each", lambda session, connection, _: session.tools_page(connection)),
        ("one tools/call each", lambda session, connection, tool: session.call(connection, tool, {"text": "once"})),
    ]
    for label, act in kinds:
        memory, threads, descriptors = _variant(bench, line, label, act)
        if label == "one tools/call each":
            continue  # no target: such a session also holds a session of the backend
        line.targets.append(at_most(f"memory of an idle session ({label})", 32, memory, " KiB"))
        line.targets.append(at_most(f"threads and descriptors per 1,000 idle sessions ({label})", 0,
                                    max(0, threads) + max(0, descriptors)))


def _variant(bench: Bench, line: Line, label: str, act) -> tuple[float, float, float]:
    count = bench.settings.idle_sessions
    with bench.starter() as start:
        _, gateway = pair(start)
        process, tool = gateway.process, gateway.tool("echo")
        connections = [Connection(gateway.port) for _ in range(CONNECTIONS)]

        def open_sessions(amount: int) -> list[Session]:
            opened = []
            for number in range(amount):
                connection = connections[number % CONNECTIONS]
                session = connection.open_session()
                if act:
                    act(session, connection, tool)
                opened.append(session)
            return opened

        # The first sessions also pay for code, pools and threads that all later ones share.
        open_sessions(WARM)
        time.sleep(1)
        memory, threads, descriptors = process.resident_kib(), process.thread_count(), process.descriptor_count()
        begin = time.monotonic()
        opened = open_sessions(count)
        elapsed = time.monotonic() - begin
        time.sleep(2)
        each = (process.resident_kib() - memory) / count
        more = [(now - before) * 1000 / count for now, before in
                ((process.thread_count(), threads), (process.descriptor_count(), descriptors))]
        opened[0].tools_page(connections[0])  # the oldest is still there
        line.fact(f"{count:,} sessions, {label}",
                  f"{each:.1f} KiB each, {process.thread_count()} threads ({process.thread_count() - threads:+d}), "
                  f"{process.descriptor_count()} descriptors ({process.descriptor_count() - descriptors:+d}), "
                  f"opened at {count / elapsed:,.0f}/s")
        note(f"idle: {label}: {each:.2f} KiB a session")
        for connection in connections:
            connection.close()
    return each, more[0], more[1]
