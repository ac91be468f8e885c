# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Every message that the gateway sends in a test is held against the JSON Schema of its revision (a pytest plugin).

A message that is wrong fails the test in which it was sent. A test whose backend lies, and whose lie is relayed as it
is, says so: `@pytest.mark.passes_through("CallToolResult", reason="…")` lets these definitions be.
"""

import pytest

from . import taps
from .conversations import Recording
from .judge import TO_BACKENDS, TO_CLIENTS, Judge
from .schemas import Schemas, schema_folder

_checks = pytest.StashKey()
MOST = 5
"""How many problems of one test are printed."""


class WireChecks:
    def __init__(self, folder):
        self.schemas = Schemas(folder)
        self.judge = Judge(self.schemas)
        self.recording = Recording(self.judge)
        self.log = None
        self.excused = 0

    def listen(self):
        """Takes in what was said since the last time."""
        for event in taps.drain():
            self.recording.take(event)
        if self.log is not None:
            for event in self.log.events():
                self.recording.take(event)

    def own_problems(self, item):
        """What was wrong since the last time and is not excused."""
        found = list(dict.fromkeys(self.judge.problems))
        self.judge.problems.clear()
        excused = [name for mark in item.iter_markers("passes_through") for name in mark.args]
        left = [text for text in found if not any(f"not a {name}," in text for name in excused)]
        self.excused += len(found) - len(left)
        return left

    def require_valid(self, item):
        self.listen()
        found = self.own_problems(item)
        if found:
            more = f"\n… and {len(found) - MOST} more" if len(found) > MOST else ""
            pytest.fail("the gateway sent what its revision does not allow:\n" + "\n".join(found[:MOST]) + more,
                        pytrace=False)


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "passes_through(*definitions, reason): a lying backend's bytes reach the other side unchanged"
    )
    folder = schema_folder()
    if folder is not None:
        config.stash[_checks] = WireChecks(folder)
        taps.install()


def pytest_collection_modifyitems(items):
    for item in items:
        for mark in item.iter_markers("passes_through"):
            if not mark.args or not mark.kwargs.get("reason"):
                raise pytest.UsageError(f"{item.nodeid}: passes_through needs definitions and a reason")


@pytest.fixture(scope="session")
def wire_log(folder, request):
    """Where backends write down what they and the gateway say."""
    log = taps.WireLog(folder / "wire.jsonl")
    checks = request.config.stash.get(_checks, None)
    if checks is not None:
        checks.log = log
    return log


@pytest.fixture
def wire_checks(request):
    """The checks themselves, for a test that wants to know that they see something."""
    if _checks not in request.config.stash:
        pytest.skip("there are no schemas here")
    return request.config.stash[_checks]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if _checks in item.config.stash:
        item.config.stash[_checks].require_valid(item)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    """What is said while a test is put away belongs to it too."""
    result = yield
    if _checks in item.config.stash:
        item.config.stash[_checks].require_valid(item)
    return result


def pytest_terminal_summary(terminalreporter, config):
    checks = config.stash.get(_checks, None)
    if checks is None:
        terminalreporter.write_line(
            "wire checks: DID NOT RUN, there are no schemas; set VMCP_MCP_SCHEMAS to the folder of 2025-11-25.json and "
            "its siblings", red=True,
        )
        return
    counts = checks.judge.counts
    for direction in (TO_CLIENTS, TO_BACKENDS):
        by_revision = [f"{name}: {counts[name, direction]}" for name in checks.schemas.revisions]
        terminalreporter.write_line(f"wire checks, messages {direction}: {', '.join(by_revision)}")
    skipped = [f"{count} {what}" for what, count in sorted(checks.judge.skipped.items())]
    skipped += [f"{checks.excused} problems of lying backends excused"] if checks.excused else []
    if skipped:
        terminalreporter.write_line(f"wire checks, left out: {'; '.join(skipped)}")
