# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What every line needs from the run."""

from __future__ import annotations

from .contenders import Starter
from .load import Generator
from .measure import Entry, interleaved
from .processes import Fleet
from .results import Line
from .settings import Settings


class Bench:
    """Settings, the processes of the run, and the load generator."""

    def __init__(self, settings: Settings, fleet: Fleet):
        self.settings, self.fleet = settings, fleet
        self.generator = Generator(settings.wrk, fleet.directory)

    def starter(self, apart: bool = False) -> Starter:
        return Starter(self.settings, self.fleet, apart)

    def interleaved(self, line: Line, entries: list[Entry], more_rounds: int = 0) -> None:
        interleaved(line.name, self.generator, entries, self.settings.rounds + more_rounds, self.settings.seconds)
