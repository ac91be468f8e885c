# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Processes with a log file each, stopped by id and never left behind."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_the_tests():
    """A killed test run takes its processes with it (Linux; elsewhere a no-op)."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """A port that was free a moment ago; nothing else on the machine hands out ports that fast."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, timeout=10.0, what="the condition"):
    """Polls a synchronous condition; its last value is returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about within {timeout} s (last: {value!r})")
        time.sleep(0.02)


def listening(port):
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(pid):
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def children(pid):
    """The direct children of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in task.read_text().split()]
    return found


def resident_kilobytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Process:
    """One child process; its output goes to a file that a failing test shows."""

    running = []

    def __init__(self, name, command, folder, environment=None, cwd=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.log = Path(folder) / f"{name}.log"
        self.environment = {**os.environ, **(environment or {})}
        self.cwd = cwd
        self.popen = None

    @property
    def pid(self):
        return self.popen.pid

    def start(self):
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=self.cwd,
                preexec_fn=_die_with_the_tests,
            )
        Process.running.append(self)
        return self

    def exited(self):
        return self.popen is not None and self.popen.poll() is not None

    def require_alive(self):
        if self.exited():
            raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n{self.tail()}")

    def tail(self, lines=60):
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self, timeout=10.0):
        """SIGTERM, patience, SIGKILL; the exit code."""
        if self.popen is None:
            return None
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait(5)
        if self in Process.running:
            Process.running.remove(self)
        return self.popen.returncode

    def kill(self):
        """SIGKILL, as a crash would be."""
        self.popen.kill()
        self.popen.wait(5)
        if self in Process.running:
            Process.running.remove(self)

    @classmethod
    def stop_all(cls):
        for process in list(cls.running):
            process.stop(timeout=5)
