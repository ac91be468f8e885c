# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""A stateful server on the low-level API of `mcp` 1.x: everything that the high-level servers hide.

Run with `--transport http --port N` or `--transport stdio`. It pages its lists, keeps a counter per session, asks the
client, notifies subscribers, grows and loses tools, resources and prompts, and writes a journal (see journal.py).
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import uuid
import weakref
from io import TextIOWrapper

import anyio
import mcp.types as types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.shared.exceptions import McpError
from pydantic import AnyUrl

from journal import record
from wirelog import Tapped, TappedFile

PAGE = 7
NAMES = ["anna", "anton", "antonia", "bela"]


class ClassicServer(Server):
    """Announces list changes and subscriptions, which the 1.x server never does by itself."""

    def create_initialization_options(self, notification_options=None, experimental_capabilities=None):
        everything = NotificationOptions(prompts_changed=True, resources_changed=True, tools_changed=True)
        return super().create_initialization_options(everything, experimental_capabilities or {})

    def get_capabilities(self, notification_options, experimental_capabilities):
        capabilities = super().get_capabilities(notification_options, experimental_capabilities)
        capabilities.resources.subscribe = True
        return capabilities


server = ClassicServer(os.environ.get("E2E_NAME", "classic"), version="1.0", instructions="Classic says hello.")

sessions = weakref.WeakSet()
counters = weakref.WeakKeyDictionary()
identities = weakref.WeakKeyDictionary()
levels = weakref.WeakKeyDictionary()
subscribers = {}
grown = {"tool": [], "resource": [], "prompt": []}
LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]


def session():
    current = server.request_context.session
    sessions.add(current)
    identities.setdefault(current, uuid.uuid4().hex)
    return current


def text(value, **more):
    content = [types.TextContent(type="text", text=value if isinstance(value, str) else json.dumps(value))]
    return types.CallToolResult(content=content, **more)


def page(items, request):
    """One page of a list; the cursor is the index of the next item, spelled so that nobody can guess it."""
    cursor = request.params.cursor if request is not None and request.params is not None else None
    start = 0
    if cursor is not None:
        if not cursor.startswith("classic:"):
            raise McpError(types.ErrorData(code=-32602, message="unknown cursor"))
        start = int(cursor.removeprefix("classic:"))
    following = f"classic:{start + PAGE}" if start + PAGE < len(items) else None
    return items[start : start + PAGE], following


async def tool_echo(arguments):
    return text({"arguments": arguments})


async def tool_meta(arguments):
    meta = server.request_context.meta
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=json.dumps(meta.model_dump(by_alias=True) if meta else None))],
        **{"_meta": {"com.example/answer": arguments.get("mark"), "io.modelcontextprotocol/serverInfo": {"name": "x"}}},
    )


async def tool_counter(arguments):
    current = session()
    counters[current] = counters.get(current, 0) + 1
    return text({"count": counters[current], "session": identities[current]})


async def tool_sleep(arguments):
    mark, request = arguments.get("mark"), server.request_context.request_id
    record("sleep.start", mark=mark, request=request)
    try:
        for _ in range(max(1, int(float(arguments["seconds"]) * 20))):
            await anyio.sleep(0.05)
    except anyio.get_cancelled_exc_class():
        record("sleep.cancelled", mark=mark, request=request)
        raise
    record("sleep.done", mark=mark, request=request)
    return text("slept")


async def tool_progress(arguments):
    context = server.request_context
    token = context.meta.progressToken if context.meta else None
    record("progress", mark=arguments.get("mark"), token=token)
    steps = int(arguments.get("steps", 3))
    if token is not None:
        for step in range(1, steps + 1):
            await session().send_progress_notification(
                token, step, steps, f"step {step}", related_request_id=str(context.request_id)
            )
            await anyio.sleep(float(arguments.get("delay", 0.02)))
    return text({"token": token is not None})


async def tool_log(arguments):
    current = session()
    threshold = LEVELS.index(levels.get(current, "debug"))
    for level in arguments["levels"]:
        if LEVELS.index(level) >= threshold:
            data = {"mark": arguments.get("mark"), "level": level}
            related = server.request_context.request_id if arguments.get("related", True) else None
            await current.send_log_message(level, data, "classic", related_request_id=related)
    return text("logged")


async def tool_fail(arguments):
    return text(arguments.get("text", "it went wrong"), isError=True)


async def tool_refuse(arguments):
    code = int(arguments.get("code", -31999))
    raise McpError(types.ErrorData(code=code, message="refused", data={"why": "asked to"}))


async def tool_structured(arguments):
    value = {"integer": 9007199254740993, "float": 1.5, "nested": {"list": [1, "two", None]}}
    return text(value, structuredContent=value)


async def tool_big(arguments):
    return text("x" * int(arguments["bytes"]))


async def tool_ask(arguments):
    schema = arguments.get("schema") or {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name"],
    }
    related = server.request_context.request_id if arguments.get("related", True) else None
    answer = await session().elicit(arguments.get("message", "Who are you?"), schema, related_request_id=related)
    return text(answer.model_dump(by_alias=True, exclude_none=True))


async def tool_ask_twice(arguments):
    """Two questions in flight at once, so that a gateway that confuses ids is found out."""
    answers = {}

    async def one(key):
        schema = {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]}
        answer = await current.elicit(key, schema, related_request_id=request)
        answers[key] = answer.content

    current, request = session(), server.request_context.request_id
    async with anyio.create_task_group() as group:
        for key in ("first", "second"):
            group.start_soon(one, key)
    return text(answers)


async def tool_sample(arguments):
    answer = await session().create_message(
        [types.SamplingMessage(role="user", content=types.TextContent(type="text", text=arguments["prompt"]))],
        max_tokens=50,
        system_prompt="be brief",
        related_request_id=server.request_context.request_id,
    )
    return text(answer.model_dump(by_alias=True, exclude_none=True, mode="json"))


async def tool_roots(arguments):
    answer = await session().list_roots()
    return text([str(root.uri) for root in answer.roots])


async def tool_ping(arguments):
    await session().send_ping()
    return text("pong")


async def tool_client(arguments):
    parameters = session().client_params
    return text(parameters.model_dump(by_alias=True, exclude_none=True) if parameters else None)


async def tool_touch(arguments):
    """Tells the subscribers of a URI that it changed; answers how many there were."""
    told = 0
    for member in list(subscribers.get(arguments["uri"], ())):
        with contextlib.suppress(Exception):
            await member.send_resource_updated(AnyUrl(arguments["uri"]))
            told += 1
    return text({"told": told})


async def announce(kind):
    for member in list(sessions):
        with contextlib.suppress(Exception):
            await {
                "tool": member.send_tool_list_changed,
                "resource": member.send_resource_list_changed,
                "prompt": member.send_prompt_list_changed,
            }[kind]()


async def tool_grow(arguments):
    session()
    grown[arguments["kind"]].append(arguments["name"])
    await announce(arguments["kind"])
    return text("grown")


async def tool_shrink(arguments):
    session()
    grown[arguments["kind"]].remove(arguments["name"])
    await announce(arguments["kind"])
    return text("shrunk")


async def tool_flood(arguments):
    current, request = session(), server.request_context.request_id
    for index in range(int(arguments["count"])):
        await current.send_log_message("info", {"index": index}, related_request_id=request)
    return text("flooded")


async def tool_link(arguments):
    link = types.ResourceLink(type="resource_link", name="hidden", uri=AnyUrl("classic://hidden/1"))
    return types.CallToolResult(content=[link])


async def tool_pid(arguments):
    return text(str(os.getpid()))


async def tool_environment(arguments):
    return text(dict(os.environ))


async def tool_folder(arguments):
    return text(os.getcwd())


TOOLS = {name.removeprefix("tool_"): function for name, function in list(globals().items()) if name.startswith("tool_")}


def describe(name):
    more = {}
    if name == "structured":
        more["outputSchema"] = {
            "type": "object",
            "properties": {"integer": {"type": "integer"}, "float": {"type": "number"}, "nested": {"type": "object"}},
            "required": ["integer", "float", "nested"],
        }
    if name == "echo":
        more["title"] = "Echo"
        more["annotations"] = types.ToolAnnotations(readOnlyHint=True, idempotentHint=True)
    schema = {"type": "object", "properties": {"mark": {"type": "string"}}, "additionalProperties": True}
    return types.Tool(name=name, description=f"The {name} tool of classic.", inputSchema=schema, **more)


async def list_tools(request):
    session()
    names = list(TOOLS) + grown["tool"]
    chosen, following = page([describe(name) for name in names], request)
    return types.ServerResult(types.ListToolsResult(tools=chosen, nextCursor=following))


async def call_tool(request):
    session()
    name, arguments = request.params.name, request.params.arguments or {}
    record("call", tool=name, mark=arguments.get("mark"))
    if name in grown["tool"]:
        return types.ServerResult(text(f"I am {name}"))
    if name not in TOOLS:
        raise McpError(types.ErrorData(code=-32602, message=f"Unknown tool: {name}"))
    return types.ServerResult(await TOOLS[name](arguments))


server.request_handlers[types.ListToolsRequest] = list_tools
server.request_handlers[types.CallToolRequest] = call_tool


async def list_resources(request):
    session()
    names = [f"classic://static/{index:02}" for index in range(10)]
    names += ["classic://watched/a", "classic://watched/b"] + grown["resource"]
    items = [types.Resource(uri=AnyUrl(uri), name=uri, mimeType="text/plain") for uri in names]
    chosen, following = page(items, request)
    return types.ServerResult(types.ListResourcesResult(resources=chosen, nextCursor=following))


async def read_resource(request):
    uri = str(request.params.uri)
    known = ("classic://static/", "classic://watched/", "classic://item/", "classic://hidden/", "grown://")
    if not uri.startswith(known):
        raise McpError(types.ErrorData(code=-32002, message="Resource not found", data={"uri": uri}))
    if uri == "classic://static/09":
        blob = types.BlobResourceContents(uri=request.params.uri, mimeType="application/octet-stream", blob="AAEC/w==")
        return types.ServerResult(types.ReadResourceResult(contents=[blob]))
    content = types.TextResourceContents(uri=request.params.uri, mimeType="text/plain", text=f"content of {uri}")
    return types.ServerResult(types.ReadResourceResult(contents=[content]))


server.request_handlers[types.ListResourcesRequest] = list_resources
server.request_handlers[types.ReadResourceRequest] = read_resource


@server.list_resource_templates()
async def list_resource_templates():
    return [types.ResourceTemplate(uriTemplate="classic://item/{id}", name="item", mimeType="text/plain")]


@server.subscribe_resource()
async def subscribe(uri):
    record("subscribe", uri=str(uri))
    subscribers.setdefault(str(uri), weakref.WeakSet()).add(session())


@server.unsubscribe_resource()
async def unsubscribe(uri):
    record("unsubscribe", uri=str(uri))
    subscribers.setdefault(str(uri), weakref.WeakSet()).discard(session())


async def list_prompts(request):
    session()
    greet = types.Prompt(
        name="greet",
        description="Greets somebody.",
        arguments=[types.PromptArgument(name="name", required=True), types.PromptArgument(name="tone")],
    )
    items = [greet] + [types.Prompt(name=name) for name in grown["prompt"]]
    chosen, following = page(items, request)
    return types.ServerResult(types.ListPromptsResult(prompts=chosen, nextCursor=following))


server.request_handlers[types.ListPromptsRequest] = list_prompts


@server.get_prompt()
async def get_prompt(name, arguments):
    if name != "greet" and name not in grown["prompt"]:
        raise McpError(types.ErrorData(code=-32602, message=f"Unknown prompt: {name}"))
    arguments = arguments or {}
    message = f"Greet {arguments.get('name')} in a {arguments.get('tone', 'warm')} tone."
    content = types.TextContent(type="text", text=message)
    return types.GetPromptResult(description="A greeting", messages=[types.PromptMessage(role="user", content=content)])


@server.completion()
async def complete(ref, argument, context):
    known = context.arguments if context and context.arguments else {}
    if isinstance(ref, types.PromptReference) and ref.name == "greet":
        if argument.name == "tone":
            values = [f"{known.get('name', 'nobody')}-{argument.value}"]
        else:
            values = [name for name in NAMES if name.startswith(argument.value)]
        return types.Completion(values=values, total=len(values), hasMore=False)
    if isinstance(ref, types.ResourceTemplateReference) and ref.uri == "classic://item/{id}":
        return types.Completion(values=[f"{argument.value}{index}" for index in range(3)], total=250, hasMore=True)
    return types.Completion(values=[])


@server.set_logging_level()
async def set_level(level):
    record("setLevel", level=level)
    levels[session()] = level


async def roots_changed(notification):
    record("roots.changed")


server.notification_handlers[types.RootsListChangedNotification] = roots_changed


def serve_http(port):
    import uvicorn
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.applications import Starlette
    from starlette.routing import Mount

    manager = StreamableHTTPSessionManager(app=server)

    async def handle(scope, receive, send):
        if scope["type"] == "http":
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            record("http", method=scope["method"], headers=headers)
        await manager.handle_request(scope, receive, send)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        async with manager.run():
            yield

    application = Starlette(routes=[Mount("/mcp", app=handle)], lifespan=lifespan)

    async def endpoint(scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/mcp":
            return await handle(scope, receive, send)
        await application(scope, receive, send)

    uvicorn.run(Tapped(endpoint), host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)


async def serve_stdio():
    from mcp.server.stdio import stdio_server

    def standard(stream, origin, **more):
        return TappedFile(anyio.wrap_file(TextIOWrapper(stream.buffer, encoding="utf-8", **more)), origin)

    streams = standard(sys.stdin, "client", errors="replace"), standard(sys.stdout, "server")
    async with stdio_server(*streams) as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--transport", choices=["http", "stdio"], default="http")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    record("start", transport=options.transport)
    if options.transport == "http":
        serve_http(options.port)
    else:
        asyncio.run(serve_stdio())
