# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Canaille, a real OpenID provider, with two people and one client, all in memory."""

import argparse

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

PASSWORD = "correct horse battery staple"
CLIENT_SECRET = "the-secret-of-vmcp-at-the-provider"


def settings(port):
    key = RSAKey.generate_key(2048, parameters={"kid": "k1", "alg": "RS256", "use": "sig"})
    return {
        "SECRET_KEY": "only for tests",
        "SERVER_NAME": f"127.0.0.1:{port}",
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {
            "DATABASE": "memory",
            "HTMX": False,
            "JAVASCRIPT": False,
            "CAPTCHA_ENABLED": False,
            "ACL": {"DEFAULT": {"PERMISSIONS": ["edit_self", "use_oidc"]}},
        },
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)], "DYNAMIC_CLIENT_REGISTRATION_OPEN": True},
    }


def populate(callbacks):
    for name in ("alice", "bob"):
        user = models.User(
            user_name=name,
            given_name=name.title(),
            family_name="Example",
            formatted_name=f"{name.title()} Example",
            emails=[f"{name}@example.invalid"],
            password=PASSWORD,
        )
        Backend.instance.save(user)
    client = models.Client(
        client_id="vmcp",
        client_secret=CLIENT_SECRET,
        client_name="vmcp",
        client_uri="http://127.0.0.1",
        redirect_uris=callbacks,
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        scope=["openid", "profile", "email", "offline_access"],
        token_endpoint_auth_method="client_secret_basic",
    )
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)


class Quiet(WSGIRequestHandler):
    """Requests are logged without their query: it holds codes."""

    def log_request(self, code="-", size="-"):
        print(self.command, self.path.partition("?")[0], code, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--callback", action="append", default=[])
    arguments = parser.parse_args()
    app = create_app(config=settings(arguments.port))
    with app.app_context():
        populate(arguments.callback)
    make_server("127.0.0.1", arguments.port, app, threaded=True, request_handler=Quiet).serve_forever()


if __name__ == "__main__":
    main()
