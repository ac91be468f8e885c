# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the lines and writes the card; started by e2e/bench/run, which brings the programs."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from . import report
from .authentication import authentication
from .eras import eras
from .idle import idle
from .lines import calls, catalogue, chunked, large, slow, sse, stdio
from .measure import WrongAnswer, note
from .processes import Fleet
from .results import Line
from .run import Bench
from .settings import Settings

LINES = {
    "calls": (calls, "small tools/call over keep-alive HTTP"),
    "sse": (sse, "answers that the backend streams (SSE)"),
    "chunked": (chunked, "answers that the backend sends in chunks"),
    "stdio": (stdio, "a stdio backend"),
    "large": (large, "answers of 1 KB and 41 KB"),
    "list": (catalogue, "tools/list of 100 backends with 100 tools each"),
    "idle": (idle, "idle sessions"),
    "slow": (slow, "31 sessions beside one slow backend"),
    "eras": (eras, "2026-07-28: calls, open subscriptions, parked calls"),
    "authentication": (authentication, "signed-in callers, and what tokens cost"),
}


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def arguments() -> argparse.Namespace:
    parser = Parser(prog="e2e/bench/run", description="Measures vmcp and writes the performance card.",
                                     epilog="lines: " + ", ".join(LINES))
    parser.add_argument("--quick", action="store_true", help="short rounds: shows that it works, not how fast it is")
    parser.add_argument("--only", action="append", default=[], metavar="LINE", choices=LINES,
                        help="only this line (may be given again)")
    parser.add_argument("--rounds", type=int, help="rounds of each measurement (3; 2 with --quick)")
    parser.add_argument("--seconds", type=int, help="seconds of each measurement (5; 1 with --quick)")
    parser.add_argument("--output", type=Path, help="directory for the card (e2e/bench/results)")
    parser.add_argument("--keep-logs", action="store_true", help="keep the logs of all processes and say where")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # only look at the arguments
    options = parser.parse_args()
    for name in ("rounds", "seconds"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            parser.error(f"--{name} must be 1 or more")
    return options


def settings(options: argparse.Namespace) -> Settings:
    environment = os.environ
    return Settings(
        binary=environment["VMCP_BINARY"], wrk=environment["BENCH_WRK"], nginx=environment["BENCH_NGINX"],
        fastmcp_python=environment["BENCH_FASTMCP_PYTHON"], mcp_proxy=environment["BENCH_MCP_PROXY"],
        provider_python=environment["BENCH_PROVIDER_PYTHON"], openssl=environment["BENCH_OPENSSL"],
        quick=options.quick, rounds=options.rounds or (2 if options.quick else 3),
        seconds=options.seconds or (1 if options.quick else 5), only=tuple(options.only),
    )


def said(*command: str) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return (result.stdout + result.stderr).strip()


def about(chosen: Settings, lines: list[Line]) -> dict:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    foreign = [item.foreign for line in lines for entry in line.entries for item in entry.rounds]
    versions = said(chosen.fastmcp_python, "-c", "from importlib.metadata import version as v; "
                    "print('FastMCP', v('fastmcp') + ', mcp-proxy')")
    bridge = said(chosen.mcp_proxy, "--version").split()
    version = said(chosen.binary, "--version").splitlines()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "vmcp": version[0] if version else "vmcp",
        "cpu": model.group(1) if model else platform.machine(), "cores": os.cpu_count(),
        "kernel": platform.release(), "load_before": LOAD_BEFORE, "rounds": chosen.rounds, "seconds": chosen.seconds,
        "quick": chosen.quick,
        "wrk": (re.search(r"wrk (?:debian/)?([\w.~+-]+)", said(chosen.wrk, "-v")) or [0, "?"])[1],
        "nginx": said(chosen.nginx, "-v").partition("/")[2], "peers": f"{versions} {bridge[-1] if bridge else '?'}",
        "foreign_percent": 100 * max(foreign, default=0.0),
    }


def measure(chosen: Settings, fleet: Fleet) -> list[Line]:
    bench, lines = Bench(chosen, fleet), []
    for name, (function, title) in LINES.items():
        if chosen.only and name not in chosen.only:
            continue
        note(f"== {name}: {title}")
        line = Line(name, title)
        lines.append(line)
        try:
            function(bench, line)
        except WrongAnswer as error:
            line.failure = f"WRONG ANSWER: {error}"
        except Exception as error:  # the other lines still say something
            line.failure = f"{type(error).__name__}: {error}"
            if not chosen.complete:
                traceback.print_exc()
        if line.failure:
            note(line.failure)
    return lines


def write(chosen: Settings, directory: Path, lines: list[Line]) -> None:
    facts = about(chosen, lines)
    print(report.text(lines, facts))
    directory.mkdir(parents=True, exist_ok=True)
    name = "latest" if chosen.complete else "partial"
    values = json.dumps(report.machine(lines, facts), indent=1, ensure_ascii=False)
    (directory / f"{name}.json").write_text(values + "\n")
    (directory / f"{name}.md").write_text(report.markdown(lines, facts))
    note(f"written: {directory / name}.json and .md")


def main() -> int:
    options = arguments()
    if options.check:
        return 0
    chosen = settings(options)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 65_536 else max(soft, 65_536), hard))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    directory = Path(tempfile.mkdtemp(prefix="vmcp-bench-"))
    fleet = Fleet(directory)
    try:
        lines = measure(chosen, fleet)
    finally:
        fleet.stop_all()
        if options.keep_logs:
            note(f"logs: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    if fleet.killed:
        note(f"did not end on SIGTERM and had to be killed: {', '.join(fleet.killed)}")
    write(chosen, options.output or Path(__file__).resolve().parent.parent / "results", lines)
    if any(line.failure for line in lines):
        return 1
    return 0 if chosen.quick or all(target.passed for line in lines for target in line.targets) else 1


LOAD_BEFORE = os.getloadavg()[0]

if __name__ == "__main__":
    sys.exit(main())
