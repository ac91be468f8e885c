# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A port on which nothing speaks; it counts who knocks."""

import contextlib
import socket
import threading


class Door:
    def __init__(self):
        self.knocks = 0
        self.socket = socket.create_server(("0.0.0.0", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.count, daemon=True).start()

    def count(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.knocks += 1
                connection.close()

    def close(self):
        self.socket.close()
