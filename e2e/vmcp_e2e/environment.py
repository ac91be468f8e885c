# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Where things are: the binary under test and the Python of each virtual environment."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ROOT / "backends"


def cache():
    named = os.environ.get("VMCP_E2E_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vmcp-e2e"


def python(environment):
    """The interpreter of `mcp1`, `mcp2`, `servers` or `provider`."""
    return cache() / environment / "bin" / "python"


def script(environment, name):
    return cache() / environment / "bin" / name


def binary():
    """The gateway under test: VMCP_BINARY, else a build in the repository."""
    named = os.environ.get("VMCP_BINARY")
    if named:
        return Path(named)
    for configuration in ("release", "debug"):
        candidate = ROOT.parent / ".build" / configuration / "vmcp"
        if candidate.is_file():
            return candidate
    raise AssertionError("no vmcp binary: set VMCP_BINARY or run `swift build` first")
