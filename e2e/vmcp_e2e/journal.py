# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Reads what the backends wrote down (backends/journal.py)."""

import json
import time

import anyio


class Journal:
    def __init__(self, path):
        self.path = path

    def find(self, event, **fields):
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text().splitlines():
            entry = json.loads(line)
            if entry["event"] == event and all(entry.get(name) == value for name, value in fields.items()):
                found.append(entry)
        return found

    async def wait(self, event, timeout=10.0, **fields):
        deadline = time.monotonic() + timeout
        while not (found := self.find(event, **fields)):
            if time.monotonic() > deadline:
                raise AssertionError(f"no backend recorded {event} {fields} within {timeout} s")
            await anyio.sleep(0.02)
        return found
