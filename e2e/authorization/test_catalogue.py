# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""What the server says about itself, to whom, and that it says nothing while it is off."""

import pytest

from vmcp_e2e.gateway import http_backend

pytestmark = pytest.mark.anyio

WELL_KNOWN = "/.well-known/"
DOCUMENTS = ["oauth-authorization-server", "openid-configuration", "jwks.json", "oauth-protected-resource"]
SIGNING = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"]


async def document(site, name):
    answer = await site.http.get(f"{site.origin}{WELL_KNOWN}{name}")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    return answer.json()


def expected_metadata(site):
    origin = site.origin
    return {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/oauth/authorize",
        "token_endpoint": f"{origin}/oauth/token",
        "jwks_uri": f"{origin}/.well-known/jwks.json",
        "registration_endpoint": f"{origin}/oauth/register",
        "revocation_endpoint": f"{origin}/oauth/revoke",
        "pushed_authorization_request_endpoint": f"{origin}/oauth/par",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "protected_resources": [site.endpoint],
    }


async def test_the_metadata(site):
    """AU-12, AU-13: RFC 8414 and OpenID Connect Discovery: the same, and what each demands."""
    oauth_document = await document(site, "oauth-authorization-server")
    scopes = oauth_document.pop("scopes_supported")
    assert {"openid", "offline_access"} <= set(scopes)
    assert set(oauth_document.pop("dpop_signing_alg_values_supported")) == set(SIGNING)
    assert oauth_document == expected_metadata(site)
    openid = await document(site, "openid-configuration")
    assert openid.pop("subject_types_supported") == ["public"]
    assert openid.pop("id_token_signing_alg_values_supported") == ["ES256"]
    assert openid.pop("request_uri_parameter_supported") is False
    openid.pop("scopes_supported")
    openid.pop("dpop_signing_alg_values_supported")
    assert openid == oauth_document


async def test_every_endpoint_that_is_named_is_there(site):
    metadata = await document(site, "oauth-authorization-server")
    for name, url in metadata.items():
        if name.endswith("_endpoint"):
            answer = await site.http.request("DELETE", url)
            assert answer.status_code == 405, name


async def test_the_keys(site):
    keys = (await document(site, "jwks.json"))["keys"]
    assert keys
    for key in keys:
        assert key["kty"] == "EC" and key["crv"] == "P-256" and key["alg"] == "ES256" and key["use"] == "sig"
        assert key["kid"] and not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}


async def test_the_resource(site):
    """AU-01, AU-09, AU-10."""
    for path in ("oauth-protected-resource", "oauth-protected-resource/mcp"):
        resource = await document(site, path)
        assert resource["resource"] == site.endpoint
        assert resource["authorization_servers"] == [site.origin]
        assert resource["bearer_methods_supported"] == ["header"]
        assert "offline_access" not in resource.get("scopes_supported", [])
    answer = await site.status(None)
    challenges = answer.headers.get_list("www-authenticate")
    assert answer.status_code == 401 and challenges[0].startswith("Bearer ") and challenges[1].startswith("DPoP ")
    assert f'resource_metadata="{site.origin}{WELL_KNOWN}oauth-protected-resource/mcp"' in challenges[0]


async def test_what_is_off_is_not_named(raw_site):
    site = raw_site(hardening={"registration": "closed", "par": "off", "dpop": "off"})
    metadata = await document(site, "oauth-authorization-server")
    for feature in ("registration", "pushed", "dpop"):
        assert not [member for member in metadata if member.startswith(feature)]
    assert (await site.unregistered().registration()).status_code == 404
    assert (await site.http.post(f"{site.origin}/oauth/par")).status_code == 404
    assert len((await site.status(None)).headers.get_list("www-authenticate")) == 1
    assert "dpop_signing_alg_values_supported" not in await document(site, "oauth-protected-resource")


async def test_an_issuer_with_a_path(raw_site):
    """AU-12: RFC 8414 section 3.1 puts the path behind, OpenID Connect in front; both lead to the same document."""
    site = raw_site(issuer="https://vmcp.example/tenant")
    at_root = await document(site, "oauth-authorization-server")
    assert at_root["issuer"] == "https://vmcp.example/tenant"
    assert at_root["token_endpoint"] == "https://vmcp.example/tenant/oauth/token"
    assert await document(site, "oauth-authorization-server/tenant") == at_root
    for path, status in {
        "/tenant/.well-known/openid-configuration": 200,
        "/tenant/.well-known/jwks.json": 200,
        "/.well-known/openid-configuration/tenant": 200,
        "/.well-known/oauth-authorization-server/other": 404,
        "/.well-known/oauth-authorization-server/tenant/x": 404,
        "/tenantx/.well-known/jwks.json": 401,
    }.items():
        assert (await site.http.get(site.origin + path)).status_code == status, path


# MARK: As a browser sees it

OPEN = [*(WELL_KNOWN + name for name in DOCUMENTS), "/oauth/register", "/oauth/token", "/oauth/revoke", "/oauth/par"]
CLOSED = ["/oauth/authorize", "/oauth/consent", "/oauth/callback"]
FOREIGN = "https://inspector.example"


@pytest.mark.parametrize("path", OPEN)
async def test_pages_of_other_origins_may_use_it(site, path):
    method = "GET" if WELL_KNOWN in path else "POST"
    preflight = await site.http.options(
        site.origin + path,
        headers={
            "Origin": FOREIGN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type, authorization, mcp-protocol-version",
        },
    )
    assert preflight.status_code == 204 and not preflight.content
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers
    assert method in preflight.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in preflight.headers["access-control-allow-headers"].split(",")}
    assert {"content-type", "authorization", "dpop", "mcp-protocol-version"} <= allowed
    answer = await site.http.request(method, site.origin + path, headers={"Origin": FOREIGN})
    assert answer.headers["access-control-allow-origin"] == "*"
    exposed = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"dpop-nonce", "www-authenticate", "retry-after"} <= exposed
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", CLOSED)
async def test_pages_of_other_origins_see_nothing(site, path):
    for method in ("OPTIONS", "GET", "POST"):
        headers = {"Origin": FOREIGN, "Access-Control-Request-Method": "GET", "X-Forwarded-For": "198.51.100.9"}
        answer = await site.http.request(method, site.origin + path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")], method
        assert answer.status_code != 204


async def test_a_browser_can_sign_in_and_be_refused(site):
    """A page of another origin registers, redeems and sees why it may not; that origin does not reach the endpoint."""
    application = site.unregistered()
    answer = await application.post("/oauth/register", json={"redirect_uris": 5}, headers={"Origin": FOREIGN})
    assert answer.status_code == 400 and answer.headers["access-control-allow-origin"] == "*"
    _, tokens = await site.signed_in()
    answer = await site.status(tokens["access_token"], headers={"Origin": FOREIGN})
    assert answer.status_code == 403


async def test_every_answer_has_its_headers(site):
    """AU-23."""
    application, person = await site.application(), site.person()
    pages = [
        await person.get(application.link()),
        await person.get(application.link(client_id="unknown")),
        await person.get(f"{site.origin}/oauth/callback"),
        await application.token(grant_type="unknown"),
        await application.registration(redirect_uris=[]),
        await application.post("/oauth/revoke"),
        await site.http.get(f"{site.origin}/oauth/nothing"),
    ]
    for answer in pages:
        assert answer.headers["cache-control"] == "no-store", answer.url
        assert answer.headers["pragma"] == "no-cache", answer.url
        assert answer.headers["x-content-type-options"] == "nosniff", answer.url
        assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin"), answer.url
        if "html" in answer.headers["content-type"]:
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "DENY"
    assert pages[0].headers["referrer-policy"] == "same-origin"
    assert sum("html" in answer.headers["content-type"] for answer in pages) == 3


# MARK: Off


async def test_without_an_authorization_server_there_is_none(launch, example, http):
    """Mode A: not a path of it answers, and nothing asks anybody to sign in."""
    gateway = launch([http_backend("example", example.url)])
    for path in [*OPEN, *CLOSED, "/oauth", "/oauth/", WELL_KNOWN + "oauth-protected-resource/mcp"]:
        for method in ("GET", "POST", "OPTIONS"):
            answer = await http.request(method, gateway.origin + path)
            assert answer.status_code == 404, f"{method} {path}"
            assert not [name for name in answer.headers if name.startswith("access-control-")], path
            assert "www-authenticate" not in answer.headers
    assert not list(gateway.folder.glob("*.sqlite*"))


async def test_only_checking_tokens_is_not_issuing_them(launch, example, http, provider):
    """A resource server for somebody else's tokens says whose, and is no authorization server itself."""
    gateway = launch(
        [http_backend("example", example.url)],
        healthy=False,
        incomingAuth={
            "type": "oidc",
            "oidc": {"issuer": provider.url, "audience": "vmcp", "resource": "https://vmcp.example/mcp"},
        },
    )
    for path in [*OPEN[:3], *OPEN[4:], *CLOSED]:
        answer = await http.get(gateway.origin + path)
        assert answer.status_code == 404, path
    resource = (await http.get(f"{gateway.origin}{WELL_KNOWN}oauth-protected-resource")).json()
    assert resource["authorization_servers"] == [provider.url]
    assert (await http.post(gateway.endpoint, json={})).status_code == 401


async def test_the_resource_as_seen_from_outside(raw_site):
    """AU-11: behind a proxy and below a path: everything names the address that clients use, whatever Host we are asked by."""
    outside = "https://tools.example/team/mcp"
    site = raw_site(audiences=[outside], http={"allowedHosts": ["inside.example"]})
    suffix = f"{WELL_KNOWN}oauth-protected-resource"
    documents = []
    for host in ("tools.example", f"127.0.0.1:{site.gateway.port}", "inside.example"):
        for path in (suffix, f"{suffix}/team/mcp"):
            answer = await site.http.get(site.origin + path, headers={"Host": host, "X-Forwarded-Proto": "http"})
            assert answer.status_code == 200, (host, path)
            documents.append(answer.json())
        challenge = (await site.status(None, headers={"Host": host})).headers["www-authenticate"]
        assert f'resource_metadata="https://tools.example{suffix}/team/mcp"' in challenge
    assert all(document == documents[0] for document in documents)
    assert documents[0]["resource"] == outside
    # The document of another resource is none of ours.
    for path in (f"{suffix}/mcp", f"{suffix}/team", f"{suffix}/team/mcp/x"):
        assert (await site.http.get(site.origin + path)).status_code == 404, path
