# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What a run was asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Programs and amounts of one run."""

    binary: str
    wrk: str
    nginx: str
    fastmcp_python: str
    mcp_proxy: str
    provider_python: str
    openssl: str
    quick: bool
    rounds: int
    seconds: int
    only: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the numbers make a card: all lines, full length."""
        return not self.quick and not self.only

    @property
    def codes(self) -> int:
        """Authorization codes of one timed run."""
        return 300 if self.quick else 4_000

    @property
    def warming_codes(self) -> int:
        return 64

    @property
    def longest_redemption(self) -> int:
        """Seconds after which a run that should use up all codes has failed."""
        return 120

    @property
    def idle_sessions(self) -> int:
        return 2_000 if self.quick else 10_000
