# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""An OpenID provider without pages: whoever arrives is signed in, as whom the header X-Person says.

It keeps to the standards, so that it notices when the gateway does not: PKCE, client authentication, redirect URIs,
codes and refresh tokens that work once. It counts requests, and lies, fails and hangs on demand:

    POST /_behave   a JSON object replaces its behaviour; {} makes it honest again
    GET  /_seen     how often each path was asked for, and every secret that it gave out
    POST /_sign     signs the claims of a JSON object as its members sign and header say
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
from urllib.parse import parse_qs, unquote, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CLIENT_ID = "vmcp"
CLIENT_SECRET = "the-secret-of-vmcp-at-the-provider"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, length):
    return encoded(value.to_bytes(length, "big"))


class Keys:
    """One key of each kind; the third is published nowhere."""

    def __init__(self):
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.stranger = ec.generate_private_key(ec.SECP256R1())

    def published(self):
        point, public = self.ec.public_key().public_numbers(), self.rsa.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "ec",
                    "x": number(point.x, 32), "y": number(point.y, 32),
                },
                {
                    "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa",
                    "n": number(public.n, 256), "e": number(public.e, 3),
                },
            ]
        }  # fmt: skip

    def pem(self, key):
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_key().public_bytes(serialization.Encoding.PEM, kind)

    def sign(self, claims, how="ES256", header=None):
        """`how`: ES256, RS256, stranger (a key nobody knows), none, or HS256 with a public key's text as secret."""
        algorithm, name = {
            "ES256": ("ES256", "ec"),
            "RS256": ("RS256", "rsa"),
            "stranger": ("ES256", "ec"),
            "none": ("none", None),
            "HS256": ("HS256", "rsa"),
        }[how]
        head = {"typ": "JWT", "alg": algorithm, "kid": name, **(header or {})}
        head = {key: value for key, value in head.items() if value is not None}
        text = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}".encode()
        if how == "none":
            signature = b""
        elif how == "HS256":
            signature = hmac.digest(self.pem(self.rsa), text, "sha256")
        elif how == "RS256":
            signature = self.rsa.sign(text, padding.PKCS1v15(), hashes.SHA256())
        else:
            key = self.stranger if how == "stranger" else self.ec
            pair = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
            signature = b"".join(part.to_bytes(32, "big") for part in pair)
        return f"{text.decode()}.{encoded(signature)}"


class Refused(Exception):
    """An OAuth error answer."""


class Provider:
    def __init__(self, issuer):
        self.issuer = issuer
        self.keys = Keys()
        self.behaviour = {}
        self.counts = {}
        self.given = set()
        self.codes = {}
        self.refreshes = {}

    def given_out(self, value):
        self.given.add(value)
        return value

    async def answer(self, method, path, query, headers, body):
        """Status, headers and body of one request."""
        if path == "/_behave":
            self.behaviour = json.loads(body)
            return 204, {}, b""
        if path == "/_seen":
            return self.json({"counts": self.counts, "secrets": sorted(self.given)})
        if path == "/_sign":
            asked = json.loads(body)
            token = self.keys.sign(asked["claims"], asked.get("sign", "ES256"), asked.get("header"))
            return 200, {}, self.given_out(token).encode()
        self.counts[path] = self.counts.get(path, 0) + 1
        fault = self.behaviour.get("faults", {}).get(path)
        if fault is not None:
            return await self.misbehave(fault)
        if path == "/.well-known/openid-configuration":
            return self.json({**self.metadata(), **self.behaviour.get("metadata", {})})
        if path == "/jwks":
            return self.json(self.keys.published())
        if path == "/authorize":
            return self.authorize(query, headers)
        if path == "/token" and method == "POST":
            try:
                return self.json(self.token(parse_qs(body.decode(), keep_blank_values=True), headers))
            except Refused as error:
                return self.json({"error": str(error), "error_description": "leaky details"}, 400)
        return 404, {}, b""

    @staticmethod
    def json(value, status=200):
        return status, {"Content-Type": "application/json"}, json.dumps(value).encode()

    async def misbehave(self, fault):
        await asyncio.sleep(fault.get("delay", 0))
        body = fault["body"].encode() if "body" in fault else b"x" * fault.get("size", 0)
        return fault.get("status", 200), {"Content-Type": "application/json", **fault.get("headers", {})}, body

    def metadata(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }

    def authorize(self, query, headers):
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        missing = {"state", "nonce", "code_challenge", "redirect_uri"} - asked.keys()
        if asked.get("client_id") != CLIENT_ID or asked.get("code_challenge_method") != "S256" or missing:
            return 400, {}, f"bad request, without {missing}".encode()
        answer = {"state": asked["state"], "iss": self.issuer, **self.behaviour.get("response", {})}
        if "error" not in answer:
            code = self.given_out(secrets.token_urlsafe(24))
            self.codes[code] = {**asked, "person": headers.get("x-person", "nobody")}
            answer.setdefault("code", code)
        answer = {name: value for name, value in answer.items() if value is not None}
        return 302, {"Location": f"{asked['redirect_uri']}?{urlencode(answer)}"}, b""

    def token(self, form, headers):
        asked = {name: values[0] for name, values in form.items()}
        kind, _, credentials = headers.get("authorization", "").partition(" ")
        user, _, password = base64.b64decode(credentials or b"").decode().partition(":")
        if kind != "Basic" or (unquote(user), unquote(password)) != (CLIENT_ID, CLIENT_SECRET):
            raise Refused("invalid_client")
        if asked.get("grant_type") == "authorization_code":
            login = self.codes.pop(asked.get("code"), None)
            digest = encoded(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
            if not login or login["code_challenge"] != digest or login["redirect_uri"] != asked.get("redirect_uri"):
                raise Refused("invalid_grant")
            return self.issue(login["person"], login["nonce"])
        if asked.get("grant_type") == "refresh_token":
            person = self.refreshes.pop(asked.get("refresh_token"), None)
            if person is None:
                raise Refused("invalid_grant")
            return self.issue(person)
        raise Refused("unsupported_grant_type")

    def issue(self, person, nonce=None):
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": f"subject-of-{person}", "aud": CLIENT_ID, "iat": now, "exp": now + 300,
            "name": person, "email": f"{person}@example.invalid", "nonce": nonce,
            **self.behaviour.get("claims", {}),
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        refresh = self.given_out(secrets.token_urlsafe(24))
        self.refreshes[refresh] = person
        how, header = self.behaviour.get("sign", "ES256"), self.behaviour.get("header")
        answer = {
            "access_token": self.given_out(f"upstream-{person}-{secrets.token_urlsafe(24)}"),
            "token_type": "Bearer",
            "expires_in": self.behaviour.get("expires_in", 300),
            "refresh_token": refresh,
            "id_token": self.given_out(self.keys.sign(claims, how, header)),
            **self.behaviour.get("token", {}),
        }
        return {name: value for name, value in answer.items() if value is not None}

    async def serve(self, reader, writer):
        """One connection, kept open between requests."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = first.split(" ", 2)
                pairs = (line.split(":", 1) for line in lines if ":" in line)
                headers = {name.strip().lower(): value.strip() for name, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                path, _, query = target.partition("?")
                status, extra, content = await self.answer(method, path, query, headers, body)
                lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
                lines += [f"{name}: {value}" for name, value in extra.items()]
                writer.write("\r\n".join([*lines, "", ""]).encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(port):
    provider = Provider(f"http://127.0.0.1:{port}")
    server = await asyncio.start_server(provider.serve, "127.0.0.1", port, limit=1 << 20, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    try:
        asyncio.run(main(parser.parse_args().port))
    except KeyboardInterrupt:
        sys.exit(0)
