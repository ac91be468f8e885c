# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Runs of wrk, the independent load generator."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .session import MODERN, MODERN_META, REVISION, Session

SCRIPTS = Path(__file__).resolve().parent.parent / "load"
MARK = "@ID@"
FIRST_ID = 1_000_000_000
# Client addresses that token requests name in turn; the limits of vmcp remember 20,000.
ADDRESSES = 10_000


@dataclass(frozen=True)
class Question:
    """What every request of a run asks; MARK stands for the request's own id."""

    method: str
    parameters: dict
    expect: str
    minimum: int = 1
    # In the way of 2026-07-28: without a session, with everything said in each request.
    modern: bool = False

    @staticmethod
    def call(tool: str, arguments: dict, expect: str, minimum: int = 1) -> Question:
        return Question("tools/call", {"name": tool, "arguments": arguments}, expect, minimum)


@dataclass(frozen=True)
class Sample:
    """One run of wrk."""

    requests: int
    seconds: float
    bytes: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    worst_ms: float
    failures: int
    failure_text: str
    checked: int
    wrong: int
    example: str
    generator_cpu: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_answer(self) -> float:
        return self.bytes / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class Issued:
    """What a token endpoint gave out: one of the access tokens, and the refresh tokens of a run without chains."""

    access: str
    refresh: list[str]


class Generator:
    """wrk with one thread, and a directory for its plans."""

    def __init__(self, program: str, directory: Path):
        self.program, self.directory = program, directory

    def post(self, port: int, question: Question, sessions: list[Session], connections: int, seconds: int,
             verify: bool) -> Sample:
        parameters = question.parameters | ({"_meta": MODERN_META} if question.modern else {})
        body = json.dumps({"jsonrpc": "2.0", "id": FIRST_ID, "method": question.method,
                           "params": parameters}, separators=(",", ":"))
        parts = body.replace(str(FIRST_ID), MARK, 1).split(MARK)
        length = len(body.encode()) + body.count(MARK) * (len(str(FIRST_ID)) - len(MARK))
        head = (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
                f"Accept: application/json, text/event-stream\r\nContent-Length: {length}\r\n")
        plan = {
            "method": "POST",
            "head": head,
            "sessions": [_modern_headers(question)] if question.modern else [
                _session_headers(session) for session in sessions],
            "middle": "\r\n" + parts[0],
            "between": parts[1],
            "expect": question.expect,
            "minimum": question.minimum,
        }
        if len(parts) == 3:
            plan["tail"] = parts[2]
        return self._run(port, plan, connections, seconds, verify)

    def get(self, port: int, path: str, length: int, connections: int, seconds: int, verify: bool) -> Sample:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        plan = {"method": "GET", "head": head, "sessions": [], "minimum": length}
        return self._run(port, plan, connections, seconds, verify)

    def visits(self, port: int, question: Question, calls: int, clients: int, seconds: int) -> tuple[Sample, int]:
        """Clients that come, ask `calls` times and go, over and over; every answer is checked.

        Returns with how many requests one visit takes: sessions want to be opened and closed.
        """
        steps = _visit(port, question, calls)
        return self._run(port, {"steps": steps}, clients, seconds, True, "visit.lua", threads=clients), len(steps)

    def tokens(self, port: int, form: tuple[str, str], grants: list[str], chains: bool, connections: int,
               seconds: int) -> tuple[Sample, Issued]:
        """Presents grants at the token endpoint: each once until none is left, or refresh tokens in chains.

        A request's form is a grant between the two parts of `form`. Every answer is checked.
        """
        grants_file, kept_file = self.directory / "grants.txt", self.directory / "kept.txt"
        grants_file.write_text("".join(grant + "\n" for grant in grants))
        kept_file.unlink(missing_ok=True)
        head = (f"POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n")
        plan = {
            "head": head, "before": form[0], "after": form[1], "grants": str(grants_file), "kept": str(kept_file),
            "chains": chains, "addresses": ADDRESSES,
            "filler": f"GET /.well-known/jwks.json HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n",
        }
        sample = self._run(port, plan, connections, seconds, True, "tokens.lua")
        access, *refresh = kept_file.read_text().split("\n")
        return sample, Issued(access, [token for token in refresh if token])

    def _run(self, port: int, plan: dict, connections: int, seconds: int, verify: bool,
             script: str = "request.lua", threads: int = 1) -> Sample:
        plan_file, result_file = self.directory / "plan.lua", self.directory / "result.json"
        result_file.unlink(missing_ok=True)
        plan = {**plan, "verify": verify, "destination": str(result_file)}
        plan_file.write_text("return " + _lua(plan) + "\n")
        arguments = [self.program, f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
                     "-s", str(SCRIPTS / script), f"http://127.0.0.1:{port}", "--", str(plan_file)]
        output = self.directory / "wrk.log"
        with output.open("wb") as file:
            child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
            try:
                usage = _wait(child, seconds + 60)
            except BaseException:
                child.kill()
                child.wait()
                raise
        if not result_file.exists():
            raise RuntimeError(f"wrk wrote no result: {output.read_text(errors='replace')[-800:]}")
        numbers, _, example = result_file.read_text(errors="replace").partition("\n")
        values = json.loads(numbers)
        kinds = {kind: values[kind] for kind in ("connect", "read", "write", "status", "timeout") if values[kind]}
        return Sample(
            requests=values["requests"],
            seconds=values["microseconds"] / 1e6,
            bytes=values["bytes"],
            p50_ms=values["p50"] / 1000,
            p90_ms=values["p90"] / 1000,
            p99_ms=values["p99"] / 1000,
            worst_ms=values["worst"] / 1000,
            failures=sum(kinds.values()),
            failure_text=", ".join(f"{count} {kind}" for kind, count in kinds.items()),
            checked=values["checked"],
            wrong=values["wrong"],
            example=example.strip(),
            generator_cpu=usage,
        )


def _visit(port: int, question: Question, calls: int) -> list[dict]:
    """What one client sends, with what it expects: `names` says that the session stands between the two parts."""
    def step(body: dict | None, status: int, expect: str = "", fields: str = "", names: bool = True,
             verb: str = "POST") -> dict:
        text = json.dumps(body, separators=(",", ":")) if body else ""
        head = f"{verb} /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json, text/event-stream\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n" if body else ""
        if not names:
            return {"before": f"{head}{fields}\r\n{text}", "names": False, "status": status, "expect": expect}
        return {"before": f"{head}{fields}Mcp-Session-Id: ", "after": f"\r\n\r\n{text}", "names": True,
                "status": status, "expect": expect}

    def call(identifier: int) -> dict:
        parameters = question.parameters | ({"_meta": MODERN_META} if question.modern else {})
        body = {"jsonrpc": "2.0", "id": identifier, "method": question.method, "params": parameters}
        fields = _modern_headers(question) if question.modern else revision
        return step(body, 200, question.expect, fields, names=not question.modern)

    revision = f"MCP-Protocol-Version: {REVISION}\r\n"
    asked = [call(identifier) for identifier in range(1, calls + 1)]
    if question.modern:
        return asked
    hello = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "vmcp-bench", "version": "1"}}
    return [
        step({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}, 200, "serverInfo", names=False),
        step({"jsonrpc": "2.0", "method": "notifications/initialized"}, 202, fields=revision),
        *asked,
        step(None, 200, fields=revision, verb="DELETE"),
    ]


def _wait(child: subprocess.Popen, patience: float) -> float:
    """CPU seconds of the ended child."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        time.sleep(0.05)
    raise TimeoutError(f"wrk did not end in {patience:.0f} s")


def _modern_headers(question: Question) -> str:
    name = question.parameters.get("name")
    return (f"MCP-Protocol-Version: {MODERN}\r\nMcp-Method: {question.method}\r\n"
            + (f"Mcp-Name: {name}\r\n" if name else ""))


def _session_headers(session: Session) -> str:
    headers = f"MCP-Protocol-Version: {session.revision}\r\n"
    headers += f"Mcp-Session-Id: {session.id}\r\n" if session.id else ""
    return headers + (f"Authorization: Bearer {session.token}\r\n" if session.token else "")


def _lua(value) -> str:
    """A Lua literal of a plan."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        plain = all(32 <= byte < 127 and byte not in b'"\\' for byte in value.encode())
        text = value if plain else "".join(f"\\{byte:03}" for byte in value.encode())
        return f'"{text}"'
    if isinstance(value, list):
        return "{" + ", ".join(_lua(item) for item in value) + "}"
    return "{" + ", ".join(f"{key} = {_lua(item)}" for key, item in value.items()) + "}"
