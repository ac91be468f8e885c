# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What it costs that callers sign in: a call with a bearer token, and the tokens themselves."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from pathlib import Path

from .contenders import Contender, Provider, Starter, http_backend
from .lines import echo, percent
from .measure import Entry, Meters, WrongAnswer, note, paired, told
from .results import Line, at_most
from .run import Bench
from .session import Connection, wait_for_tool
from .signin import Office

CLIENTS = 32
# Sign-ins whose refresh tokens are refreshed in turn: few enough that each gets old, because the first refresh of a
# sign-in is the cheapest.
REFRESHED = 10 * CLIENTS
CODES, REFRESHES = "code for tokens", "refresh"
STORAGES = ("memory", "sqlite")


def authentication(bench: Bench, line: Line) -> None:
    with bench.starter() as start:
        _calls(bench, line, start)
    with bench.starter() as start:
        _tokens(bench, line, start)


# A call


def _calls(bench: Bench, line: Line, start: Starter) -> None:
    """Two gateways that differ in who may call, in front of one backend, which each of them has twice."""
    direct, provider = start.backend(), start.provider()
    url = f"http://127.0.0.1:{direct.port}/mcp"
    backends = [http_backend(url, "ex"), http_backend(url, "own")]
    anonymous = start.gateway(backends, direct)
    gateway = start.mode_b(backends, direct, provider, "sqlite", injected="own")
    office = Office(gateway, provider, CLIENTS)
    gateway.tokens = tuple(office.redeem(code)["access_token"] for code in office.codes(CLIENTS))
    _check_who_calls(gateway)
    # Who does not look at tokens gets them as well: otherwise the generator and the parser would be compared, too.
    anonymous.tokens = gateway.tokens
    own = Contender(gateway.name, gateway.port, gateway.process, "own_", backend=direct.process, tokens=gateway.tokens)
    plain = Entry(anonymous, CLIENTS, echo(anonymous), label="anonymous")
    bearer = Entry(gateway, CLIENTS, echo(gateway), label="bearer token", base=plain)
    injecting = Entry(own, CLIENTS, echo(own), label="bearer token, upstream_inject", base=plain)
    entries = [plain, bearer, injecting]
    line.entries += entries
    # The promise is a few per cent: more rounds, so that one bad one does not decide.
    bench.interleaved(line, entries, 0 if bench.settings.quick else 2)
    ratios = [paired(plain, entry, lambda base, ours: ours.cpu_us / base.cpu_us) for entry in (bearer, injecting)]
    line.targets.append(at_most("our CPU a call with a bearer token at 32 sessions, times an anonymous one", 1.1,
                                ratios[0]))
    line.fact("our CPU a call to an upstream_inject backend, times an anonymous one",
              f"{ratios[1]:.2f}" if ratios[1] else "not measured")


def _check_who_calls(gateway: Contender) -> None:
    """The gateway must insist on tokens, and show the provider's, never ours: or a fast answer would mean nothing."""
    with_nothing = Connection(gateway.port)
    status, headers, _ = with_nothing.post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, None, None)
    with_nothing.close()
    if status != 401 or "www-authenticate" not in headers:
        raise WrongAnswer(f"without a token: HTTP {status}, not 401 with a challenge")
    token = gateway.tokens[0]
    for tool in ("ex_headers", "own_headers"):
        wait_for_tool(gateway.port, tool, gateway.process.ensure_running, token=token)
    connection = Connection(gateway.port, token=token)
    session = connection.open_session()
    plain, own = (str(session.call(connection, tool, {})) for tool in ("ex_headers", "own_headers"))
    connection.close()
    if "Bearer " in plain or "Bearer provider-" not in own or token in plain + own:
        raise WrongAnswer(f"the backends see other credentials than they should: {plain[:300]} {own[:300]}")


# Tokens


def _tokens(bench: Bench, line: Line, start: Starter) -> None:
    """In each round each store has codes redeemed, and then what came of them refreshed; who is first alternates."""
    settings, provider, direct = bench.settings, start.provider(), start.backend()
    desks = [Desk(bench, start, line, provider, direct, storage) for storage in STORAGES]
    for desk in desks:
        desk.round(settings.warming_codes, None)
    signatures, verifications = [], []
    for number in range(settings.rounds):
        signed, verified = _openssl(settings.openssl, 1 if settings.quick else 2)
        signatures.append(signed)
        verifications.append(verified)
        note(f"{line.name} openssl round {number + 1}/{settings.rounds}: {signed:,.0f} signatures/s")
        for desk in desks if number % 2 == 0 else reversed(desks):
            desk.round(settings.codes, number)
    limit = statistics.median(signatures)
    line.fact("ES256 signatures, the limit beside token requests (`openssl speed ecdsap256`, one core)",
              f"{limit:,.0f}/s ({min(signatures):,.0f} to {max(signatures):,.0f}); verified: "
              f"{statistics.median(verifications):,.0f}/s")
    for desk in desks:
        shares = [percent(entry.median(lambda item: item.rate) / limit) for entry in desk.entries]
        line.fact(f"of that limit, {desk.storage}", f"{CODES} {shares[0]:.1f} %, {REFRESHES} {shares[1]:.1f} %")
    line.fact("where sqlite's file is", _disk(bench.generator.directory))


class Desk:
    """vmcp with one kind of store, and the two rows of the card that its token endpoint gets."""

    def __init__(self, bench: Bench, start: Starter, line: Line, provider: Provider, backend: Contender, storage: str):
        self.bench, self.line, self.storage = bench, line, storage
        url = f"http://127.0.0.1:{backend.port}/mcp"
        self.gateway = start.mode_b([http_backend(url, "ex")], None, provider, storage)
        self.office = Office(self.gateway, provider, CLIENTS)
        self.entries = [Entry(self.gateway, CLIENTS, label=f"{kind}, {storage}") for kind in (CODES, REFRESHES)]
        line.entries += self.entries

    def round(self, count: int, number: int | None) -> None:
        """Without a number it is there to warm up, and is not counted."""
        begin = time.monotonic()
        codes = [code.grant for code in self.office.codes(count)]
        note(f"{self.line.name} {self.storage}: {count:,} sign-ins prepared in {time.monotonic() - begin:.1f} s")
        redeemed, refreshed = self.entries
        fresh = self._present(redeemed, "authorization_code", codes, number)
        self._present(refreshed, "refresh_token", fresh[:REFRESHED], number)

    def _present(self, entry: Entry, kind: str, grants: list[str], number: int | None) -> list[str]:
        """The refresh tokens that codes were redeemed for."""
        settings, gateway, chains = self.bench.settings, self.gateway, kind == "refresh_token"
        gateway.process.ensure_running()
        meters = Meters(gateway)
        sample, issued = self.bench.generator.tokens(
            gateway.port, self.office.form(kind), grants, chains, CLIENTS,
            settings.seconds if chains else settings.longest_redemption)
        # Codes are used up before the time is; those on their way at that moment were work, too.
        measured = meters.measured(sample, None if chains else len(grants))
        entry.checked += sample.checked
        problem = f"{sample.wrong} wrong answers, the first: {sample.example}" if sample.wrong else sample.failure_text
        if not chains and sample.checked < len(grants) - CLIENTS:
            problem = problem or f"{sample.checked} answers for {len(grants)} codes in {sample.seconds:.0f} s"
        if problem:
            entry.wrong, entry.failures = entry.wrong + sample.wrong, entry.failures + sample.failures
            raise WrongAnswer(f"{entry.label}: {problem}")
        if number is not None:
            entry.rounds.append(measured)
            told(self.line.name, entry, number, settings.rounds)
        # What was given out is worth something.
        connection = Connection(gateway.port, token=issued.access)
        connection.open_session()
        connection.close()
        return issued.refresh


# What else limits it


def _openssl(program: str, seconds: int) -> tuple[float, float]:
    """Signatures and verifications per second."""
    command = [program, "speed", "-seconds", str(seconds), "ecdsap256"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"\(nistp256\)\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)\s+([\d.]+)", result.stdout)
    if not found:
        raise RuntimeError(f"{' '.join(command)} said: {result.stdout[-300:]}")
    return float(found[1]), float(found[2])


def _disk(directory: Path) -> str:
    """The file system, and how often a second a small write gets to its disk when one waits for the other."""
    mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    kind = max((len(place), number, kind) for number, (place, kind) in enumerate(mounts)
               if directory.resolve().is_relative_to(place))[2]
    file, count, begin = os.open(directory / "sync", os.O_CREAT | os.O_WRONLY, 0o600), 0, time.monotonic()
    try:
        while time.monotonic() - begin < 1:
            os.pwrite(file, bytes(4096), 4096 * (count % 256))
            os.fdatasync(file)
            count += 1
    finally:
        os.close(file)
    return f"{kind}, {count / (time.monotonic() - begin):,.0f} writes of 4 KiB with fdatasync/s, one at a time"
