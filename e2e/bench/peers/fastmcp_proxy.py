# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""FastMCP's proxy as its documentation starts it, without access log: BACKEND_URL PORT."""

import sys

from fastmcp.server import create_proxy

backend, port = sys.argv[1], int(sys.argv[2])
create_proxy(backend, name="proxy").run(
    transport="http",
    host="127.0.0.1",
    port=port,
    show_banner=False,
    log_level="warning",
    uvicorn_config={"access_log": False},
)
