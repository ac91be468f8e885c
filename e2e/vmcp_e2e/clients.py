# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""One client over both generations of the official Python SDK, with the initialize handshake.

Requests and results are plain dictionaries in wire spelling, errors are `RPCError`, and everything that the server
sends by itself is kept in lists. Which generation runs is decided by the virtual environment.
"""

import contextlib
import time
import warnings
from dataclasses import dataclass, field
from importlib.metadata import version

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from pydantic import AnyUrl

GENERATION = int(version("mcp").split(".")[0])

if GENERATION == 1:
    import mcp.types as types
    from mcp import McpError as SDKError

    resource_uri = AnyUrl

    def unwrapped(notification):
        return notification.root
else:
    import mcp_types as types
    from mcp import MCPError as SDKError
    from mcp.shared.exceptions import MCPDeprecationWarning

    warnings.simplefilter("ignore", MCPDeprecationWarning)
    resource_uri = str

    def unwrapped(notification):
        return notification


class RPCError(Exception):
    """A JSON-RPC error answer."""

    def __init__(self, code, message, data=None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.data = code, message, data


@dataclass
class HTTP:
    """A streamable HTTP endpoint."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    # What the SDK signs in with.
    auth: object = None


@dataclass
class Stdio:
    """A command that speaks MCP on its standard streams; its standard error goes to a file."""

    command: str
    arguments: list[str]
    log: str
    environment: dict[str, str] | None = None


def text(result):
    """The text of a tool result, all text blocks joined."""
    return "".join(block["text"] for block in result["content"] if block["type"] == "text")


def plain(model):
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


@contextlib.contextmanager
def translated():
    try:
        yield
    except SDKError as error:
        raise RPCError(error.error.code, error.error.message, error.error.data) from error


@contextlib.asynccontextmanager
async def ungrouped(client):
    """The one error inside the SDK's nested task groups, so that a failing assertion looks like one.

    A message that arrives while the client closes makes the stdio transport of 1.x fail; that is nobody's fault here.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        error = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        if client.closing and isinstance(error, anyio.BrokenResourceError):
            return
        raise error from None


async def first(items, timeout, describe):
    """The first of `items()` within the time, polled; `describe()` tells what there is instead."""
    deadline = time.monotonic() + timeout
    while not (found := items()):
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing matched within {timeout} s; got {describe()}")
        await anyio.sleep(0.02)
    return found[0]


class Client:
    """A connected session."""

    def __init__(self):
        self.initialized = None
        self.session_id = None
        self.logs = []
        self.notifications = []
        self.failures = []
        self.closing = False
        self._session = None

    def received(self, method):
        return [params for name, params in self.notifications if name == method]

    async def wait_notification(self, method, timeout=10.0, matching=lambda params: True):
        """Waits until a notification of this method that satisfies `matching` has arrived."""
        return await first(
            lambda: [params for params in self.received(method) if matching(params)],
            timeout,
            lambda: self.notifications,
        )

    async def wait_log(self, timeout=10.0, matching=lambda entry: True):
        return await first(lambda: [entry for entry in self.logs if matching(entry)], timeout, lambda: self.logs)

    async def ping(self):
        with translated():
            await self._session.send_ping()

    async def list_page(self, kind, cursor=None):
        method = {
            "tools": self._session.list_tools,
            "resources": self._session.list_resources,
            "resourceTemplates": self._session.list_resource_templates,
            "prompts": self._session.list_prompts,
        }[kind]
        params = types.PaginatedRequestParams(cursor=cursor) if cursor is not None else None
        with translated():
            return plain(await method(params=params))

    async def list_all(self, kind):
        """Every page of `tools`, `resources`, `resourceTemplates` or `prompts`."""
        items, cursor = [], None
        for _ in range(1000):
            page = await self.list_page(kind, cursor)
            items += page[kind]
            cursor = page.get("nextCursor")
            if cursor is None:
                return items
        raise AssertionError(f"the list of {kind} does not end")

    async def names(self, kind):
        key = {"resources": "uri", "resourceTemplates": "uriTemplate"}.get(kind, "name")
        return [item[key] for item in await self.list_all(kind)]

    async def wait_list(self, kind, condition, timeout=10):
        """Does what a client does: lists again after each announcement, and only then, until the list is as expected.

        An announcement may be late news of an earlier change, so it is the last one that counts.
        """
        method, seen = f"notifications/{kind}/list_changed", 0
        with anyio.fail_after(timeout):
            while True:
                while len(self.received(method)) == seen:
                    await anyio.sleep(0.02)
                seen = len(self.received(method))
                if condition(await self.names(kind)):
                    return

    async def call(self, name, arguments=None, progress=None, meta=None, timeout=30.0):
        """Calls a tool; `TimeoutError` when no answer comes, `RPCError` only for what the server said."""
        with anyio.fail_after(timeout), translated():
            return plain(await self._session.call_tool(name, arguments, progress_callback=progress, meta=meta))

    async def call_text(self, name, arguments=None, **more):
        result = await self.call(name, arguments, **more)
        assert not result.get("isError"), f"{name} failed: {text(result)}"
        return text(result)

    async def read(self, uri):
        with translated():
            return plain(await self._session.read_resource(resource_uri(uri)))

    async def prompt(self, name, arguments=None):
        with translated():
            return plain(await self._session.get_prompt(name, arguments))

    async def complete(self, ref, argument, context=None):
        kind = types.PromptReference if ref["type"] == "ref/prompt" else types.ResourceTemplateReference
        with translated():
            return plain(await self._session.complete(kind(**ref), argument, context))["completion"]

    async def subscribe(self, uri):
        with translated():
            await self._session.subscribe_resource(resource_uri(uri))

    async def unsubscribe(self, uri):
        with translated():
            await self._session.unsubscribe_resource(resource_uri(uri))

    async def set_level(self, level):
        with translated():
            await self._session.set_logging_level(level)

    async def roots_changed(self):
        await self._session.send_roots_list_changed()

    @contextlib.asynccontextmanager
    async def cancellable(self, name, arguments, progress=None):
        """Runs a call in the background; the yielded function cancels it as the protocol says."""
        scope = anyio.CancelScope()
        identifier = self._session._request_id if GENERATION == 1 else None

        async def run():
            with scope:
                await self._session.call_tool(name, arguments, progress_callback=progress)

        async def cancel():
            # 2.x sends notifications/cancelled when the caller's scope ends; 1.x leaves it to the application.
            if GENERATION == 1:
                params = types.CancelledNotificationParams(requestId=identifier, reason="changed my mind")
                notification = types.CancelledNotification(params=params)
                await self._session.send_notification(types.ClientNotification(notification))
            scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            while GENERATION == 1 and self._session._request_id == identifier:
                await anyio.sleep(0)
            try:
                yield cancel
            finally:
                scope.cancel()


@contextlib.asynccontextmanager
async def transport(target, client):
    """The SDK's own transport for the target; over HTTP the session id is picked up on the way."""
    if isinstance(target, HTTP):
        http = create_mcp_http_client(headers=target.headers, auth=target.auth)

        async def remember(response):
            client.session_id = client.session_id or response.headers.get("mcp-session-id")

        http.event_hooks["response"].append(remember)
        async with http, streamable_http_client(target.url, http_client=http) as streams:
            yield streams[0], streams[1]
    else:
        parameters = StdioServerParameters(
            command=str(target.command), args=[str(word) for word in target.arguments], env=target.environment
        )
        with open(target.log, "a") as log:
            async with stdio_client(parameters, errlog=log) as streams:
                yield streams[0], streams[1]


@contextlib.asynccontextmanager
async def connect(target, elicit=None, sample=None, roots=None, timeout=20.0):
    """Connects and does the handshake; a callback that is not given is a capability that is not declared.

    Callbacks take the parameters and return the result as dictionaries, `{"error": {...}}` for an error answer.
    """
    client = Client()

    async def answer_elicitation(context, params):
        answer = await elicit(plain(params))
        return types.ErrorData(**answer["error"]) if "error" in answer else types.ElicitResult(**answer)

    async def answer_sampling(context, params):
        answer = await sample(plain(params))
        return types.ErrorData(**answer["error"]) if "error" in answer else types.CreateMessageResult(**answer)

    async def answer_roots(context):
        return types.ListRootsResult(roots=[types.Root(uri=uri) for uri in await roots()])

    async def log(params):
        client.logs.append(plain(params))

    async def message(incoming):
        if isinstance(incoming, Exception):
            client.failures.append(incoming)
        elif isinstance(incoming, types.ServerNotification):
            body = plain(unwrapped(incoming))
            client.notifications.append((body["method"], body.get("params") or {}))

    async with ungrouped(client), transport(target, client) as (read, write):
        async with ClientSession(
            read,
            write,
            elicitation_callback=answer_elicitation if elicit else None,
            sampling_callback=answer_sampling if sample else None,
            list_roots_callback=answer_roots if roots else None,
            logging_callback=log,
            message_handler=message,
        ) as session:
            client._session = session
            with anyio.fail_after(timeout), translated():
                client.initialized = plain(await session.initialize())
            yield client
            client.closing = True
