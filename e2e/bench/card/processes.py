# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that this run starts, and what the kernel says about them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path


class StartError(Exception):
    """A process that did not start, or ended before it was ready."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _begin(apart: bool) -> None:
    # PR_SET_PDEATHSIG: even when this run is killed without a chance to clean up, nothing stays behind.
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    # Either way an interrupt at the terminal is for this run alone, which then ends its processes in order.
    if apart:
        os.setsid()
    else:
        os.setpgid(0, 0)


class Process:
    """One running program and its counters in /proc."""

    def __init__(self, name: str, arguments: list[str], log: Path, environment: dict[str, str] | None = None,
                 apart: bool = False):
        """`apart` gives it a session of its own, and with it a scheduling group (sched(7), autogroup)."""
        self.name, self.log = name, log
        with log.open("wb") as output:
            self.child = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "NO_PROXY": "127.0.0.1", **(environment or {})},
                preexec_fn=lambda: _begin(apart),
            )

    @property
    def pid(self) -> int:
        return self.child.pid

    def ensure_running(self) -> None:
        if self.child.poll() is not None:
            raise StartError(f"{self.name} ended with {self.child.returncode}; its last lines:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join("    " + line[:400] for line in text[-lines:])

    def stop(self, patience: float = 8) -> bool:
        """Ends the process by its id; false when it had to be killed."""
        if self.child.poll() is not None:
            return True
        self.child.terminate()
        try:
            self.child.wait(patience)
            return True
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return False

    # Counters

    def status(self, key: str) -> int:
        with open(f"/proc/{self.pid}/status") as file:
            for line in file:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        raise KeyError(key)

    def resident_kib(self) -> int:
        return self.status("VmRSS")

    def peak_kib(self) -> int:
        return self.status("VmHWM")

    def reset_peak(self) -> None:
        """Makes VmHWM start again from what is resident now."""
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")

    def thread_count(self) -> int:
        return self.status("Threads")

    def descriptor_count(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def child_ids(self) -> list[int]:
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if int(_stat_fields(int(entry))[1]) == self.pid:
                        found.append(int(entry))
                except (FileNotFoundError, ProcessLookupError):
                    continue
        return found


def _stat_fields(pid: int) -> list[str]:
    """/proc/PID/stat from the third field on (the second may hold spaces)."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


class CPUMeter:
    """CPU seconds of one process between two looks."""

    def __init__(self, pid: int):
        self.pid = pid
        self.threads, self.ticks = self._by_thread(), self._ticks()

    def seconds(self) -> float:
        threads = self._by_thread()
        if self.threads.keys() <= threads.keys():
            return (sum(threads.values()) - sum(self.threads.values())) / 1e9
        # A thread ended and took its exact count along: the process total still has it, in ticks.
        return self._ticks() - self.ticks

    def _by_thread(self) -> dict[int, int]:
        """Nanoseconds that each thread has run, from the scheduler."""
        times = {}
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{thread}/schedstat") as file:
                    times[int(thread)] = int(file.read().split()[0])
            except FileNotFoundError:
                continue
        return times

    def _ticks(self) -> float:
        """Seconds of user and system time, ended threads included, in steps of a clock tick."""
        fields = _stat_fields(self.pid)
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class MachineMeter:
    """Share of the machine that was busy, and the part the hypervisor took away, between two looks."""

    def __init__(self) -> None:
        self.start, self.clock = self._read(), time.monotonic()

    @staticmethod
    def _read() -> tuple[float, float]:
        with open("/proc/stat") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
        tick = os.sysconf("SC_CLK_TCK")
        user, nice, system, _, _, interrupt, soft, steal = fields
        return (user + nice + system + interrupt + soft) / tick, steal / tick

    def seconds(self) -> tuple[float, float, float]:
        busy, steal = self._read()
        return busy - self.start[0], steal - self.start[1], time.monotonic() - self.clock


class Fleet:
    """Everything that was started, so that everything is stopped."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.processes: list[Process] = []
        self.killed: list[str] = []

    def start(self, name: str, arguments: list[str], environment: dict[str, str] | None = None,
              apart: bool = False) -> Process:
        log = self.directory / f"{len(self.processes):02}-{name}.log"
        process = Process(name, arguments, log, environment, apart)
        self.processes.append(process)
        return process

    def stop(self, process: Process) -> None:
        if not process.stop():
            self.killed.append(process.name)

    def stop_all(self) -> None:
        for process in reversed(self.processes):
            self.stop(process)
