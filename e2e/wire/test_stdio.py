# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The stdio edge byte by byte."""

import json
import signal
import subprocess
import threading
import time

import pytest

from vmcp_e2e import taps
from vmcp_e2e.clients import Stdio
from vmcp_e2e.gateway import configuration, write_configuration
from vmcp_e2e.processes import alive, children, eventually, resident_kilobytes
from vmcp_e2e.wire import LATEST, LEGACY


class Pipe:
    """`vmcp serve --stdio` with its lines."""

    def __init__(self, command):
        self.log = open(command.log + ".raw", "ab")
        self.process = subprocess.Popen(
            [command.command, *command.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self.lines = []
        self.tap = taps.new_process()
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            taps.stdio(self.tap, "server", line)
            self.lines.append(line)
        self.ended.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)
        self.log.close()

    def send(self, message):
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        taps.stdio(self.tap, "client", data)
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def messages(self):
        return [json.loads(line) for line in list(self.lines)]

    def answer(self, identifier, timeout=20):
        def find():
            answers = [message for message in self.messages() if "method" not in message]
            return [message for message in answers if message.get("id") == identifier]

        return eventually(find, timeout, f"the answer to {identifier!r}")[0]

    def open(self, version=LATEST):
        information = {"name": "pipe", "version": "1"}
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": information}
        self.send({"jsonrpc": "2.0", "id": "open", "method": "initialize", "params": params})
        answer = self.answer("open")
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer["result"]


@pytest.fixture
def pipe(stdio_command):
    with Pipe(stdio_command) as pipe:
        yield pipe


def call(identifier, name, **arguments):
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": identifier, "method": "tools/call", "params": params}


@pytest.mark.parametrize("version", [*LEGACY, "1999-01-01", "2026-07-28"])
def test_the_handshake_negotiates_like_over_http(pipe, version):
    assert pipe.open(version)["protocolVersion"] == (version if version in LEGACY else LATEST)


def test_standard_output_carries_only_messages_one_a_line(pipe):
    """ST-01, ST-02."""
    pipe.open()
    text = "line one\nline two\r\n\u2028end"
    pipe.send(call(1, "everything_echo", text=text))
    assert pipe.answer(1)["result"]["content"][0]["text"] == text
    pipe.send(call("x", "everything_boom"))
    assert pipe.answer("x")["result"]["isError"] is True
    for message in pipe.messages():
        assert message["jsonrpc"] == "2.0"
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in pipe.lines)


def test_calls_overtake_each_other(pipe):
    pipe.open()
    pipe.send(call("slow", "everything_slow", seconds=1.5))
    pipe.send(call("fast", "everything_echo", text="first"))
    pipe.answer("fast", timeout=1.2)
    assert pipe.answer("slow")["result"]["content"][0]["text"] == "done"


@pytest.mark.parametrize("line, code", [
    (b"not json\n", -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":\n', -32700),
    (b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n', -32600),
    (b"[]\n", -32600),
    (b"\xff\xfe\n", -32700),
])
def test_a_malformed_line_is_answered_or_skipped_and_harms_nobody(pipe, line, code):
    pipe.open()
    pipe.send(line)
    pipe.send({"jsonrpc": "2.0", "id": "after", "method": "ping"})
    assert pipe.answer("after")["result"] == {}
    errors = [message for message in pipe.messages() if "error" in message]
    assert all(message["error"]["code"] == code for message in errors)
    assert all(message.get("id", "absent") is not None for message in errors)


def test_empty_lines_and_carriage_returns_are_harmless(pipe):
    pipe.open()
    pipe.send(b"\n\r\n  \n")
    pipe.send(b'{"jsonrpc":"2.0","id":9,"method":"ping"}\r\n')
    assert pipe.answer(9)["result"] == {}


def test_a_message_may_come_in_pieces_and_several_at_once(pipe):
    pipe.open()
    data = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode() + b"\n"
    for index in range(len(data)):
        pipe.send(data[index : index + 1])
    pipe.answer(1)
    pings = [{"jsonrpc": "2.0", "id": identifier, "method": "ping"} for identifier in range(2, 52)]
    pipe.send(b"".join(json.dumps(ping).encode() + b"\n" for ping in pings))
    for identifier in range(2, 52):
        assert pipe.answer(identifier)["result"] == {}


def test_an_endless_line_is_bounded(pipe):
    """SE-04: 8 MiB is the limit over HTTP; here the line is refused without being collected for ever."""
    pipe.open()
    before = resident_kilobytes(pipe.process.pid)
    try:
        for _ in range(1024):
            pipe.send(b"x" * 65536)
        pipe.send(b"\n")
        pipe.send({"jsonrpc": "2.0", "id": "after", "method": "ping"})
        assert pipe.answer("after")["result"] == {}
        assert resident_kilobytes(pipe.process.pid) - before < 64 * 1024
    except BrokenPipeError:
        # Ending the process is an answer too, as long as it says why.
        assert pipe.process.wait(10) != 0


def test_modern_requests_and_a_session_share_the_process(pipe):
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "pipe", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    pipe.send({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}})
    discovered = pipe.answer(1)["result"]
    assert sorted(discovered["supportedVersions"]) == [*LEGACY, "2026-07-28"]
    assert discovered["resultType"] == "complete"
    assert pipe.open()["protocolVersion"] == LATEST


def test_end_of_input_ends_the_process(pipe):
    """ST-03."""
    pipe.open()
    pipe.send(call(1, "everything_echo", text="x"))
    pipe.answer(1)
    pipe.process.stdin.close()
    assert pipe.process.wait(5) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_process_and_its_children(stdio_command, backends, folder, number):
    file = write_configuration(folder / f"signal-{number}", configuration([backends.classic_child("child")]))
    command = Stdio(stdio_command.command, ["serve", "--stdio", "--config", str(file)], str(folder / "signal.log"))
    with Pipe(command) as pipe:
        pipe.open()
        pipe.send(call(1, "child_echo"))
        pipe.answer(1)
        family = children(pipe.process.pid)
        assert family
        started = time.monotonic()
        pipe.process.send_signal(number)
        assert pipe.process.wait(10) == 0
        assert time.monotonic() - started < 10
        eventually(lambda: not any(alive(pid) for pid in family), 5, "the end of the children")
