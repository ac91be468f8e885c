# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What a backend saw, one JSON object a line, for the tests to read behind the gateway's back.

The file is named by E2E_JOURNAL. A test finds its own lines by the unique mark that it sent in the arguments.
"""

import json
import os
import time

_path = os.environ.get("E2E_JOURNAL")


def record(event, **fields):
    """Appends one line; without E2E_JOURNAL nothing is kept."""
    if not _path:
        return
    line = json.dumps({"event": event, "pid": os.getpid(), "time": time.time(), **fields}, default=str)
    descriptor = os.open(_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, (line + "\n").encode())
    finally:
        os.close(descriptor)
