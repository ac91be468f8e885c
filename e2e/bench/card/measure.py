# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Interleaved rounds: every contender is measured once before any is measured again, in alternating order.

A machine drifts (other work, clock, hypervisor), so two numbers are compared only inside one round, and the median of
those ratios is what counts.
"""

from __future__ import annotations

import os
import statistics
import sys
from dataclasses import dataclass, field
from typing import Callable

from .contenders import Contender
from .load import Generator, Question, Sample
from .processes import CPUMeter, MachineMeter


LONGEST_CHECK = 32


class WrongAnswer(Exception):
    """The gateway or the backend gave an answer that is not the right one: no number of this run means anything."""


@dataclass
class Measured:
    """One timed run, with what the processes spent in it."""

    sample: Sample
    cpu_us: float
    backend_us: float | None
    peak_mib: float
    foreign: float

    @property
    def rate(self) -> float:
        return self.sample.rate

    def rate_in_doubt_more(self, sessions: int) -> float:
        """The rate as if every request on its way at the end had been answered: matters where answers take seconds."""
        return (self.sample.requests + sessions) / self.sample.seconds


@dataclass
class Entry:
    """One row of a line: who is asked what, by how many sessions."""

    contender: Contender
    sessions: int
    question: Question | None = None
    static: tuple[str, int] | None = None
    label: str = ""
    base: Entry | None = None  # the row to compare with, where it is not the backend alone
    check_seconds: int = 1
    rounds: list[Measured] = field(default_factory=list)
    checked: int = 0
    wrong: int = 0
    failures: int = 0
    problem: str = ""

    @property
    def name(self) -> str:
        return self.contender.name

    def median(self, value: Callable[[Measured], float | None]) -> float | None:
        values = [item for item in map(value, self.rounds) if item is not None]
        return statistics.median(values) if values else None

    def spread(self, value: Callable[[Measured], float]) -> tuple[float, float] | None:
        values = [value(item) for item in self.rounds]
        return (min(values), max(values)) if values else None


class Meters:
    """What the asked process, those behind it and the rest of the machine spend from now on."""

    def __init__(self, contender: Contender):
        self.process = contender.process
        self.process.reset_peak()
        self.machine, self.cpu, self.own = MachineMeter(), CPUMeter(self.process.pid), sum(os.times()[:2])
        self.backends = [CPUMeter(pid) for pid in contender.backend_ids()]

    def measured(self, sample: Sample, requests: int | None = None) -> Measured:
        """The run that just ended; `requests` is how many were worked on, if not as many as were answered."""
        busy, steal, wall = self.machine.seconds()
        spent, behind = self.cpu.seconds(), sum(meter.seconds() for meter in self.backends)
        known = spent + behind + sample.generator_cpu + sum(os.times()[:2]) - self.own
        requests = requests or sample.requests
        if not requests:
            raise RuntimeError(f"no answer in {wall:.0f} s ({sample.failure_text or 'nothing failed'})")
        return Measured(
            sample=sample,
            cpu_us=spent / requests * 1e6,
            backend_us=behind / requests * 1e6 if self.backends else None,
            peak_mib=self.process.peak_kib() / 1024,
            foreign=max(0.0, busy - known + steal) / (wall * (os.cpu_count() or 1)),
        )


def paired(first: Entry, second: Entry, combine: Callable[[Measured, Measured], float]) -> float | None:
    """Median over rounds of a combination of two entries' values of the same round."""
    values = [combine(one, other) for one, other in zip(first.rounds, second.rounds)
              if one.sample.requests and other.sample.requests]
    return statistics.median(values) if values else None


def interleaved(line: str, generator: Generator, entries: list[Entry], rounds: int, seconds: int) -> None:
    for number in range(rounds):
        for entry in entries if number % 2 == 0 else reversed(entries):
            if entry.problem and entry.contender.rival:
                continue
            try:
                measured = _one(generator, entry, seconds)
            except WrongAnswer:
                raise
            except Exception as error:  # a rival that gives up is a result, ours is a defect
                if not entry.contender.rival:
                    raise
                entry.problem = f"{type(error).__name__}: {error}"[:300]
                note(f"{line}: {entry.name} with {entry.sessions}: {entry.problem}")
                continue
            entry.rounds.append(measured)
            told(line, entry, number, rounds)


def _one(generator: Generator, entry: Entry, seconds: int) -> Measured:
    check = _ask(generator, entry, entry.check_seconds, True)
    while entry.contender.rival and check.checked < entry.sessions and entry.check_seconds < LONGEST_CHECK:
        # Its answers take seconds: longer rounds for it, or few would be back before the end.
        entry.check_seconds *= 2
        check = _ask(generator, entry, entry.check_seconds, True)
    seconds = max(seconds, 2 * entry.check_seconds) if entry.contender.rival else seconds
    entry.checked += check.checked
    if not check.checked:
        raise RuntimeError(f"no answer in {entry.check_seconds} s ({check.failure_text or 'nothing failed'})")
    if check.wrong:
        entry.wrong += check.wrong
        _object(entry, f"{check.wrong} of {check.checked} answers were wrong, the first: {check.example}")
    if check.failures:
        entry.failures += check.failures
        _object(entry, f"failed requests: {check.failure_text}")
    meters = Meters(entry.contender)
    sample = _ask(generator, entry, seconds, False)
    measured = meters.measured(sample)
    if sample.failures:
        entry.failures += sample.failures
        _object(entry, f"failed requests: {sample.failure_text}")
    # Answers of one question are equally long; those on their way at the end account for the second summand.
    tolerance = 0.01 + entry.sessions / sample.requests
    if check.requests and abs(sample.bytes_per_answer / check.bytes_per_answer - 1) > tolerance + (
            entry.sessions / check.requests):
        entry.wrong += 1
        _object(entry, f"{sample.bytes_per_answer:.0f} bytes an answer, {check.bytes_per_answer:.0f} when checked")
    return measured


def _ask(generator: Generator, entry: Entry, seconds: int, verify: bool) -> Sample:
    contender = entry.contender
    contender.process.ensure_running()
    if entry.static:
        path, length = entry.static
        return generator.get(contender.port, path, length, entry.sessions, seconds, verify)
    assert entry.question
    sessions = [] if entry.question.modern else contender.sessions(entry.sessions)
    return generator.post(contender.port, entry.question, sessions, entry.sessions, seconds, verify)


def _object(entry: Entry, text: str) -> None:
    text = f"{entry.label} {entry.name} with {entry.sessions} sessions: {text}".strip()
    if not entry.contender.rival:
        raise WrongAnswer(text)
    entry.problem = text[:300]
    note(text)


def told(line: str, entry: Entry, number: int, rounds: int) -> None:
    """Says what the latest round of an entry found."""
    measured = entry.rounds[-1]
    sample = measured.sample
    note(f"{line} {entry.label or ''} {entry.name} x{entry.sessions} round {number + 1}/{rounds}: "
         f"{sample.rate:,.0f}/s p50 {sample.p50_ms:.3f} p99 {sample.p99_ms:.2f} ms, "
         f"{measured.cpu_us:.1f} us CPU, {measured.peak_mib:.0f} MiB")


def note(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
