# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""One session that keeps a slow backend busy."""

from __future__ import annotations

import http.client
import socket
import threading
import time

from .measure import WrongAnswer
from .session import AnswerError, Connection


class Hammer:
    """Eight calls of one session always in flight, from entering to leaving the context."""

    CALLS = 8

    def __init__(self, port: int, tool: str, milliseconds: int):
        self.port, self.tool, self.milliseconds = port, tool, milliseconds
        self.answered = 0
        self.problem = ""
        self._leaving = False
        self._connections: list[Connection] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Hammer:
        opener = Connection(self.port)
        session = opener.open_session()
        opener.close()
        for number in range(self.CALLS):
            connection = Connection(self.port, timeout=60)
            connection.next_id = 1 + number * 1_000_000
            self._connections.append(connection)
            thread = threading.Thread(target=self._repeat, args=(session, connection), daemon=True)
            self._threads.append(thread)
            thread.start()
        time.sleep(0.5)
        return self

    def _repeat(self, session, connection: Connection) -> None:
        while not self._leaving:
            begin = time.monotonic()
            try:
                session.call(connection, self.tool, {"milliseconds": self.milliseconds})
            except (OSError, http.client.HTTPException, AnswerError, ValueError) as error:
                if not self._leaving:
                    self.problem = f"{self.tool}: {error!r}"
                return
            if time.monotonic() - begin < self.milliseconds / 1000 * 0.95:
                self.problem = f"{self.tool} answered too early, it does not show what it should"
                return
            self.answered += 1

    def __exit__(self, kind, *_: object) -> None:
        self._leaving = True
        for connection in self._connections:
            if connection.http.sock:
                try:
                    connection.http.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        for thread in self._threads:
            thread.join(10)
        if self.problem and kind is None:
            raise WrongAnswer(self.problem)
