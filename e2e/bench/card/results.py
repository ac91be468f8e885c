# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What a line found."""

from __future__ import annotations

from dataclasses import dataclass, field

from .measure import Entry


@dataclass
class Target:
    """One promise and what was measured; without a value it is not reached."""

    text: str
    wanted: float
    value: float | None
    unit: str
    at_least: bool

    @property
    def passed(self) -> bool:
        if self.value is None:
            return False
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    @property
    def wanted_text(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.wanted:g}{self.unit}"

    @property
    def value_text(self) -> str:
        if self.value is None:
            return "not measured"
        digits = 3 if abs(self.value) < 10 else 1 if abs(self.value) < 1000 else 0
        return f"{self.value:,.{digits}f}{self.unit}"


def at_least(text: str, wanted: float, value: float | None, unit: str = "") -> Target:
    return Target(text, wanted, value, unit, True)


def at_most(text: str, wanted: float, value: float | None, unit: str = "") -> Target:
    return Target(text, wanted, value, unit, False)


@dataclass
class Line:
    """One line of the card: rows of load, single facts, targets; or the reason why there is nothing."""

    name: str
    title: str
    entries: list[Entry] = field(default_factory=list)
    base: Entry | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    failure: str = ""

    def fact(self, label: str, value: str) -> None:
        self.facts.append((label, value))
