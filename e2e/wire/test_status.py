# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""HTTP statuses of the MCP endpoint and of the routes around it."""

import json
import socket

import httpx
import pytest

from vmcp_e2e.wire import BOTH, Wire

pytestmark = pytest.mark.anyio

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.fixture
async def wire(gateway):
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        yield wire


def error_of(response):
    body = response.json()
    assert body["jsonrpc"] == "2.0"
    return body["error"]["code"], body


async def test_notifications_and_responses_are_accepted_without_a_body(wire):
    """LC-04, L3, HL-14, HL-15: also a response to a question that nobody asked."""
    for message in (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4711}},
        {"jsonrpc": "2.0", "method": "notifications/nobody/knows", "params": {"x": 1}},
        {"jsonrpc": "2.0", "id": "never asked", "result": {}},
        {"jsonrpc": "2.0", "id": 4711, "error": {"code": -32000, "message": "no"}},
    ):
        response = await wire.post(message)
        assert response.status_code == 202, message
        assert response.content == b""


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(wire, method):
    response = await wire.http.request(method, wire.endpoint, headers=wire.headers())
    assert response.status_code == 405
    assert {word.strip() for word in response.headers["allow"].split(",")} == {"GET", "POST", "DELETE"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", None])
async def test_a_body_that_is_not_json_by_its_type_is_unsupported(wire, kind):
    """HM-34."""
    assert (await wire.post(PING, Content_Type=kind)).status_code == 415


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
async def test_spellings_of_the_json_type_are_accepted(wire, kind):
    assert (await wire.post(PING, Content_Type=kind)).status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "text/html", "*"])
async def test_a_get_that_does_not_accept_events_is_not_acceptable(wire, accept):
    """HM-34."""
    response = await wire.http.get(wire.endpoint, headers=wire.headers(Content_Type=None, Accept=accept))
    assert response.status_code == 406


@pytest.mark.parametrize("accept", [None, "*/*", BOTH, "text/event-stream, application/json", "application/*, text/*"])
async def test_a_post_may_be_relaxed_about_what_it_accepts(wire, accept):
    response = await wire.post(PING, Accept=accept)
    assert response.status_code == 200
    assert (await wire.answer_of(response))["result"] == {}


async def test_a_post_that_accepts_only_json_gets_json_or_a_refusal(wire):
    response = await wire.post(PING, Accept="application/json")
    assert response.status_code in (200, 406)
    if response.status_code == 200:
        assert response.headers["content-type"].startswith("application/json")


async def test_a_body_above_the_limit_is_too_large(wire):
    """R32: 8 MiB is the limit; below it the request is served."""
    def padded(size):
        message = json.dumps(wire.message("ping", {"_meta": {"com.example/pad": ""}})).encode()
        return message.replace(b'pad": "', b'pad": "' + b"x" * (size - len(message)))

    limit = 8 * 1024 * 1024
    assert (await wire.post(padded(limit - 1024))).status_code == 200
    assert (await wire.post(padded(limit + 1))).status_code == 413
    assert (await wire.post(PING)).status_code == 200


async def test_a_chunked_body_above_the_limit_is_too_large(wire):
    async def endless():
        for _ in range(200):
            yield b" " * 65536

    try:
        response = await wire.http.post(wire.endpoint, content=endless(), headers=wire.headers())
        assert response.status_code == 413
    except httpx.WriteError:
        pass
    assert (await wire.post(PING)).status_code == 200


@pytest.mark.parametrize("body, code", [
    (b"{", -32700),
    (b"", -32700),
    (b"not json", -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping"', -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping"} trailing', -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', -32700),
    (b"[" * 100_000, -32700),
    (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
    (b'{"id":1,"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
    (b'{"jsonrpc":"2.0","id":1}', -32600),
    (b"5", -32600),
    (b'"ping"', -32600),
    (b"null", -32600),
    (b"[]", -32600),
])
async def test_malformed_messages_are_bad_requests(wire, body, code):
    """BP-02 to BP-05, BP-08, BP-11; the id is absent when it could not be read."""
    response = await wire.post(body)
    assert response.status_code == 400
    found, message = error_of(response)
    assert found == code
    assert message.get("id", "absent") is not None


async def test_a_session_is_required_after_initialize(gateway):
    """HL-02, HL-11, L17."""
    async with Wire(gateway.endpoint) as stranger:
        notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        for message in (PING, stranger.message("tools/list"), notification):
            assert (await stranger.post(message)).status_code == 400
        headers = {"Accept": "text/event-stream"}
        assert (await stranger.http.get(gateway.endpoint, headers=headers)).status_code == 400
        assert (await stranger.http.delete(gateway.endpoint)).status_code == 400


@pytest.mark.parametrize("session", ["nobody", "0" * 36, "x" * 4000, "a b", "../../etc/passwd"])
async def test_an_unknown_session_is_not_found(gateway, session):
    """HL-03; a malformed id is no more than unknown."""
    async with Wire(gateway.endpoint) as wire:
        wire.session = session
        assert (await wire.post(PING)).status_code == 404
        async with wire.listen() as response:
            assert response.status_code == 404
        assert (await wire.delete()).status_code == 404
        wire.session = None


async def test_a_deleted_session_is_not_found(gateway):
    """HL-04, S2."""
    async with Wire(gateway.endpoint) as wire:
        await wire.open()
        assert (await wire.delete()).status_code in (200, 202, 204)
        assert (await wire.post(PING)).status_code == 404
        assert (await wire.delete()).status_code == 404
        async with wire.listen() as response:
            assert response.status_code == 404
        wire.session = None


@pytest.mark.parametrize("version", ["9999-99-99", "2024-01-01", "nonsense", ""])
async def test_an_unsupported_version_header_is_a_bad_request(wire, version):
    """HL-07, L20."""
    assert (await wire.post(PING, MCP_Protocol_Version=version)).status_code == 400


async def test_a_missing_version_header_is_tolerated(wire):
    """HL-08."""
    assert (await wire.post(PING, MCP_Protocol_Version=None)).status_code == 200


async def test_a_version_header_other_than_the_negotiated_one_is_a_bad_request(wire):
    """HL-09."""
    assert (await wire.post(PING, MCP_Protocol_Version="2025-06-18")).status_code == 400


async def test_the_session_header_is_issued_only_by_initialize(wire):
    """HL-01."""
    response = await wire.post(PING)
    assert "mcp-session-id" not in response.headers


async def test_a_failed_initialize_opens_no_session(gateway):
    async with Wire(gateway.endpoint) as wire:
        for params in ({}, {"protocolVersion": 5}, None, []):
            message = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
            response = await wire.post({**message, "params": params} if params is not None else message)
            answer = await wire.answer_of(response) if response.status_code == 200 else response.json()
            assert answer["error"]["code"] in (-32602, -32600)
            assert "mcp-session-id" not in response.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "169.254.169.254", ""])
async def test_a_foreign_host_is_forbidden_on_loopback(gateway, host):
    """SE-02, R38: DNS rebinding. Raw socket, so that nobody tidies the header up."""
    for path, method in (("/mcp", "POST"), ("/mcp", "GET"), ("/mcp", "DELETE")):
        body = json.dumps(PING) if method == "POST" else ""
        status = exchange(
            gateway.port,
            f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: {BOTH}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}",
        )
        assert status in (400, 403, 421) if host == "" else status == 403


@pytest.mark.parametrize("origins", [
    ["http://evil.example"],
    ["null"],
    ["https://127.0.0.1.evil.example"],
    ["http://evil.example", "http://evil.example"],
    ["http://localhost", "http://evil.example"],
    [""],
    ["file://"],
])
async def test_a_foreign_origin_is_forbidden(gateway, origins):
    """SE-01, L2."""
    body = json.dumps(PING)
    lines = "".join(f"Origin: {origin}\r\n" for origin in origins)
    status = exchange(
        gateway.port,
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\n{lines}Content-Type: application/json\r\n"
        f"Accept: {BOTH}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}",
    )
    assert status == 403


@pytest.mark.parametrize("origin", ["http://localhost:{port}", "http://127.0.0.1:{port}", None])
async def test_a_loopback_origin_and_none_are_welcome(wire, gateway, origin):
    origin = origin.format(port=gateway.port) if origin else None
    assert (await wire.post(PING, Origin=origin)).status_code == 200


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LOCALHOST:{port}"])
async def test_loopback_hosts_are_welcome(wire, gateway, host):
    assert (await wire.post(PING, Host=host.format(port=gateway.port))).status_code == 200


def exchange(port, request):
    """Sends bytes, returns the status of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(65536).decode("latin-1")
    return int(answer.split(" ", 2)[1])


async def test_the_routes_around_the_endpoint(gateway):
    async with httpx.AsyncClient(base_url=gateway.origin) as http:
        for path in ("/health", "/ping"):
            response = await http.get(path)
            assert (response.status_code, response.json()) == (200, {"status": "ok"})
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"mode": "static", "status": "ready"})
        status = await http.get("/status")
        assert status.headers["x-content-type-options"] == "nosniff"
        assert status.headers["cache-control"] == "no-store"
        body = status.json()
        assert body["healthy"] is True
        assert body["group_ref"] == "e2e"
        assert [entry["name"] for entry in body["backends"]] == sorted(entry["name"] for entry in body["backends"])
        assert {entry["health"] for entry in body["backends"]} == {"healthy"}
        assert (await http.post("/status")).status_code == 405
        health = (await http.get("/api/backends/health")).json()
        assert health["monitoring_enabled"] is True
        assert health["summary"]["Total"] == health["summary"]["Healthy"] == len(body["backends"])
        assert health["backends"]["classic"]["Status"] == "healthy"
        for path in ("/.well-known/oauth-protected-resource", "/.well-known/openid-configuration"):
            response = await http.get(path)
            assert (response.status_code, response.json()) == (404, {"error": "not_found"})
