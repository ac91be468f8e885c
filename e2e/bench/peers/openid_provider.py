# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""An OpenID provider without pages, fast enough to prepare thousands of sign-ins: PORT.

It does what vmcp relies on (discovery, keys, single-use codes bound to redirect URI and PKCE challenge, client secret,
signed ID tokens) and believes the cookie `person` where others would ask for a password. It never takes part in a timed
run.
"""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import sys
import time
from urllib.parse import parse_qs, unquote, urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

CLIENT = "vmcp"
LIFETIME = 24 * 3600


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Refusal(Exception):
    """An OAuth error of the token endpoint."""


class Provider:
    def __init__(self, port, secret):
        self.issuer, self.secret = f"http://127.0.0.1:{port}", secret
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.codes = {}

    def answer(self, method, target, headers, body):
        """Status, more header lines and body."""
        path, _, query = target.partition("?")
        if path == "/.well-known/openid-configuration":
            return 200, "", self.discovery()
        if path == "/jwks":
            return 200, "", self.keys()
        if path == "/authorize" and method == "GET":
            return self.authorize({name: values[0] for name, values in parse_qs(query).items()}, headers)
        if path == "/token" and method == "POST":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            try:
                return 200, "Cache-Control: no-store\r\n", self.token(form, headers)
            except Refusal as error:
                return 400, "", {"error": str(error)}
        return 404, "", {}

    def discovery(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def keys(self):
        numbers = self.key.public_key().public_numbers()
        x, y = (encoded(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "1", "alg": "ES256", "use": "sig"}]}

    def authorize(self, query, headers):
        cookies = dict(pair.strip().partition("=")[::2] for pair in headers.get("cookie", "").split(";"))
        needed = ("redirect_uri", "state", "code_challenge", "nonce")
        if query.get("client_id") != CLIENT or query.get("code_challenge_method") != "S256" or "person" not in cookies:
            return 400, "", {"error": "invalid_request"}
        if any(name not in query for name in needed):
            return 400, "", {"error": "invalid_request"}
        code = secrets.token_urlsafe(24)
        self.codes[code] = (cookies["person"], query["redirect_uri"], query["code_challenge"], query["nonce"])
        location = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return 302, f"Location: {query['redirect_uri']}?{location}\r\n", {}

    def token(self, form, headers):
        if not self.is_client(form, headers):
            raise Refusal("invalid_client")
        if form.get("grant_type") != "authorization_code":
            raise Refusal("unsupported_grant_type")
        person, redirect_uri, challenge, nonce = self.codes.pop(form.get("code"), (None,) * 4)
        verifier = encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if person is None or form.get("redirect_uri") != redirect_uri or verifier != challenge:
            raise Refusal("invalid_grant")
        now = int(time.time())
        identity = {"iss": self.issuer, "sub": person, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce,
                    "name": person.title(), "email": f"{person}@example.invalid"}
        return {
            "access_token": "provider-" + secrets.token_urlsafe(32),
            "refresh_token": secrets.token_urlsafe(32),
            "id_token": self.signed(identity),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": "openid profile email",
        }

    def is_client(self, form, headers):
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            return (unquote(name), unquote(secret)) == (CLIENT, self.secret)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, self.secret)

    def signed(self, claims):
        parts = ({"alg": "ES256", "kid": "1", "typ": "JWT"}, claims)
        text = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(SHA256())))
        return text + "." + encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


class Exchange(asyncio.Protocol):
    """HTTP/1.1 with keep-alive for well-behaved peers: a request is a head and as many bytes as it announces."""

    def __init__(self, provider):
        self.provider, self.received = provider, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        while True:
            head, end, rest = self.received.partition(b"\r\n\r\n")
            if not end:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self.received = rest[length:]
            method, target, _ = first.split(" ")
            status, more, content = self.provider.answer(method, target, headers, rest[:length])
            body = json.dumps(content).encode()
            reason = {200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found"}[status]
            self.transport.write(
                f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n{more}"
                f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def serve(port):
    provider = Provider(port, os.environ["BENCH_PROVIDER_SECRET"])
    server = await asyncio.get_running_loop().create_server(lambda: Exchange(provider), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
