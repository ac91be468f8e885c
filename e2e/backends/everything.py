# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The server that a newcomer would write with FastMCP 4: every feature through the high-level API, over HTTP."""

import argparse
import asyncio
import base64
import warnings
from dataclasses import dataclass

import mcp_types
from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.dependencies import get_http_headers
from fastmcp.tools.base import ToolResult
from starlette.middleware import Middleware

from journal import record
from wirelog import Tapped

warnings.simplefilter("ignore")
mcp = FastMCP("everything", instructions="Everything says hello.", version="2.0")


@dataclass
class Sum:
    total: int
    terms: list[int]


@dataclass
class Person:
    name: str
    age: int


@mcp.tool
def echo(text: str) -> str:
    """Says it again."""
    return text


@mcp.tool
def add(a: int, b: int) -> Sum:
    """Adds two numbers."""
    return Sum(total=a + b, terms=[a, b])


@mcp.tool
def boom(text: str = "boom") -> str:
    """Always fails."""
    raise ToolError(text)


@mcp.tool
async def slow(seconds: float, ctx: Context, steps: int = 4, mark: str = "") -> str:
    """Takes its time and says how far it is."""
    record("slow.start", mark=mark)
    try:
        for step in range(1, steps + 1):
            await asyncio.sleep(seconds / steps)
            await ctx.report_progress(step, steps, f"{step} of {steps}")
    except asyncio.CancelledError:
        record("slow.cancelled", mark=mark)
        raise
    record("slow.done", mark=mark)
    return "done"


@mcp.tool
async def ask(ctx: Context, message: str = "Who is there?") -> str:
    """Asks the user for a person."""
    answer = await ctx.elicit(message, Person)
    if answer.action == "accept":
        return f"{answer.data.name} is {answer.data.age}"
    return answer.action


@mcp.tool
async def sample(ctx: Context, prompt: str) -> str:
    """Asks the client's model."""
    message = mcp_types.SamplingMessage(role="user", content=mcp_types.TextContent(type="text", text=prompt))
    answer = await ctx.session.create_message([message], max_tokens=20, related_request_id=ctx.request_id)
    return f"{answer.model}: {answer.content.text}"


@mcp.tool
async def log(ctx: Context, text: str) -> str:
    """Logs at three levels."""
    await ctx.debug(f"debug {text}")
    await ctx.info(f"info {text}")
    await ctx.error(f"error {text}")
    return "logged"


@mcp.tool
def headers() -> dict[str, str]:
    """The HTTP headers of this very request."""
    return get_http_headers(include_all=True)


@mcp.tool
def picture() -> ToolResult:
    """An image, some sound and an embedded resource."""
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    resource = mcp_types.TextResourceContents(uri="everything://embedded", mime_type="text/plain", text="inside")
    return ToolResult(
        content=[
            mcp_types.TextContent(type="text", text="look"),
            mcp_types.ImageContent(type="image", data=data, mime_type="image/png"),
            mcp_types.AudioContent(type="audio", data=data, mime_type="audio/wav"),
            mcp_types.EmbeddedResource(type="resource", resource=resource),
        ]
    )


@mcp.resource("everything://static", mime_type="text/plain")
def static() -> str:
    """A static text."""
    return "static text"


@mcp.resource("test://item/{id}", mime_type="application/json")
def item(id: str) -> str:
    """An item."""
    return f'{{"id": "{id}"}}'


@mcp.prompt
def review(code: str, language: str = "swift") -> str:
    """Asks for a review."""
    return f"Review this {language}: {code}"


@mcp.completion
def complete(ref, argument, context):
    if isinstance(ref, mcp_types.PromptReference) and ref.name == "review" and argument.name == "language":
        return [name for name in ("swift", "scheme", "sql") if name.startswith(argument.value)]
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    record("start")
    mcp.run(
        transport="http",
        host="127.0.0.1",
        port=options.port,
        show_banner=False,
        log_level="warning",
        middleware=[Middleware(Tapped)],
    )
