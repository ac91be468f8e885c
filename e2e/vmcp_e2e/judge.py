# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What the schemas say to one message of the gateway."""

import json
from collections import Counter

from .schemas import MODERN

LATEST_LEGACY = "2025-11-25"
TO_CLIENTS, TO_BACKENDS = "to clients", "to backends"
NOT_ACCEPTABLE = "server-error"
"""The id in the answer to a GET that does not accept events: no request has it, and other gateways answer the same."""


class Doubled(dict):
    """An object in which a member is there twice."""


def _object(pairs):
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(found)


def parsed(data):
    """The JSON value, exactly one of them in UTF-8; ValueError otherwise."""

    def refuse(name):
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(data.decode(), object_pairs_hook=_object, parse_constant=refuse)
    except RecursionError:
        raise ValueError("too deep") from None


def member(message, name):
    """A member that is an object; an empty one stands for everything else."""
    found = message.get(name) if isinstance(message, dict) else None
    return found if isinstance(found, dict) else {}


def meta(message):
    return member(member(message, "params"), "_meta")


def text(value):
    return value if isinstance(value, str) else None


def shown(message):
    words = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    return words if len(words) <= 1500 else f"{words[:1000]} … {words[-400:]} ({len(words)} characters)"


PAYLOADS = {"working": None, "cancelled": None, "input_required": "inputRequests", "completed": "result", "failed": "error"}


def _task(task):
    """What the tasks extension, which is in no core schema, says of a whole task."""
    for name in ("taskId", "createdAt", "lastUpdatedAt"):
        if not isinstance(task.get(name), str):
            yield f"a task's {name} is a string"
    if "ttlMs" not in task or not isinstance(task["ttlMs"], int | None):
        yield "a task's ttlMs is an integer or null"
    if not isinstance(task.get("pollIntervalMs", 0), int):
        yield "a task's pollIntervalMs is an integer"
    status = task.get("status")
    if status not in PAYLOADS:
        yield f"a task has no status {status!r}"
        return
    for other in filter(None, PAYLOADS.values()):
        if (other == PAYLOADS[status]) != isinstance(task.get(other), dict):
            yield f"a task that is {status} has {PAYLOADS[status] or 'no payload'}"


class Judge:
    """Applies the schemas; counts what it saw and keeps what was wrong."""

    def __init__(self, schemas):
        self.schemas = schemas
        self.counts = Counter()
        self.skipped = Counter()
        self.problems = []
        self._known = set()

    def complain(self, direction, where, what, message):
        self.problems.append(f"{direction}, {where}: {what}\n  message: {shown(message)}")

    def message(self, message, direction, where, revision, request=None, bare_error=False):
        """One message of the gateway. `request` is what a response answers; `bare_error` allows one without an id."""
        revision = revision if revision in self.schemas else LATEST_LEGACY
        self.counts[revision, direction] += 1
        for what in self._problems(message, direction, revision, request, bare_error):
            self.complain(direction, f"{where}, {revision}", what, message)

    def _problems(self, message, direction, revision, request, bare_error):
        if not isinstance(message, dict):
            yield "a message must be an object"
            return
        if isinstance(message, Doubled):
            yield "a member is there twice"
        if message.get("jsonrpc") != "2.0":
            yield "jsonrpc must be 2.0"
        schema = self.schemas[revision]
        sender = "Server" if direction == TO_CLIENTS else "Client"
        if "method" in message:
            kind = "Request" if "id" in message else "Notification"
            definition = schema.methods(sender + kind).get(text(message["method"]))
            method = str(message["method"])
            extension = revision == MODERN and (method.startswith("tasks/") or method == "notifications/tasks")
            if extension and method == "notifications/tasks":
                yield from _task(member(message, "params"))
            if definition is None and not extension:
                yield f"{revision} has no {sender}{kind} of the method {message['method']!r}"
            yield from self._against(schema, f"JSONRPC{kind}", message)
            if definition is not None:
                yield from self._against(schema, definition, message)
        elif "error" in message:
            yield from self._error(message, revision, request, bare_error)
        elif "result" in message:
            yield from self._result(message, schema, request)
        else:
            yield "neither a request nor a notification nor a response"

    def _error(self, message, revision, request, bare_error):
        if "result" in message:
            yield "a response has a result or an error, not both"
        # The revisions before 2025-11-25 leave no way to say that the id could not be read.
        schema = self.schemas[LATEST_LEGACY if "id" not in message and revision < LATEST_LEGACY else revision]
        definition = "JSONRPCErrorResponse" if "JSONRPCErrorResponse" in schema else "JSONRPCError"
        code = member(message, "error").get("code")
        special = {
            -32020: "HeaderMismatchError",
            -32021: "MissingRequiredClientCapabilityError",
            -32022: "UnsupportedProtocolVersionError",
        }
        if isinstance(code, int) and code in special:
            schema, definition = self.schemas[MODERN], special[code]
        elif revision == LATEST_LEGACY and code == -32042:
            definition = "URLElicitationRequiredError"
        yield from self._against(schema, definition, message)
        if message.get("id") == NOT_ACCEPTABLE and bare_error:
            self.skipped[f"id {NOT_ACCEPTABLE}"] += 1
        elif "id" in message and request is None:
            yield "it answers an id that nobody used"
        if "id" not in message and not bare_error:
            yield "an error answers the id of its request"

    def _result(self, message, schema, request):
        envelope = "JSONRPCResultResponse" if "JSONRPCResultResponse" in schema else "JSONRPCResponse"
        yield from self._against(schema, envelope, message)
        if request is None:
            yield "it answers an id that nobody used"
            return
        method = text(request["method"])
        definition = schema.result_of(method)
        if schema.name == MODERN and method in ("tools/call", "prompts/get", "resources/read"):
            kind = text(member(message, "result").get("resultType"))
            definition = {"input_required": "InputRequiredResult", "task": "Result"}.get(kind, definition)
        elif schema.name == MODERN and str(method).startswith("tasks/"):
            definition = "Result"
            if method == "tasks/get":
                yield from _task(member(message, "result"))
        elif schema.name == LATEST_LEGACY and "task" in member(request, "params") and "task" in member(
                message, "result"):
            definition = "CreateTaskResult"
        if definition is None:
            yield f"{schema.name} has no result for the method {request['method']!r}"
        else:
            yield from self._against(schema, definition, message["result"], "/result")

    def _against(self, schema, definition, instance, at=""):
        # The same list comes hundreds of times.
        text = json.dumps(instance) if at else None
        key = (schema.name, definition, hash(text), len(text)) if at else None
        if key in self._known:
            return
        problem = schema.problem(definition, instance)
        if problem is not None:
            yield f"not a {definition}, below {at or '/'} {problem}"
        elif key is not None:
            self._known.add(key)
