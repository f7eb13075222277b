"""Checks of APIs and clients, and of what holds for every party."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.configuration import Change, Tree, acme, alter, named, sentences

NO_ADDRESS = "the address is not of the form https://host[:port]/path"


def api(tree: Tree, name: str = "handbook", **fields: object) -> None:
    alter(tree, "apis", name, fields)


def client(tree: Tree, name: str = "assistant", **fields: object) -> None:
    alter(tree, "clients", name, fields)


CASES: list[tuple[Change, str]] = [
    # ── APIs ─────────────────────────────────────────────────────────────────────────
    (
        lambda t: api(t, "orders", read_only=["orders:read", "orders:raed"]),
        'apis[0].read_only[1]: orders has no scope "orders:raed" (it has orders:read, orders:write)',
    ),
    (
        lambda t: api(t, audience="https://orders.acme.example"),
        'apis[2].audience: is also the audience of "orders" (actas.yaml:87)',
    ),
    (
        lambda t: api(t, audience="HTTPS://Orders.Acme.example"),
        'apis[2].audience: is also the audience of "orders" (actas.yaml:87)',
    ),
    (
        lambda t: t["apis"][0].update(audience="HTTPS://STS.acme.example/api"),
        "apis[0].audience: is the address of this server's own API for managing it",
    ),
    (
        lambda t: api(t, audience="orders"),
        "apis[2].audience: is the name of another API (actas.yaml:87), and a request may mean either",
    ),
    (
        lambda t: api(t, audience="desk-app"),
        "apis[2].audience: is the name of a client (actas.yaml:208) that is not this API",
    ),
    (
        lambda t: api(t, audience="https://sts.acme.example"),
        "apis[2].audience: is this server itself; an API has an audience of its own",
    ),
    (
        lambda t: api(t, audience="https://h.acme.example#x"),
        "apis[2].audience: must not have a fragment (#…) (RFC 8707 section 2)",
    ),
    (lambda t: api(t, audience="the handbook"), "apis[2].audience: must not hold spaces"),
    (
        lambda t: api(t, scopes={"any": "Everything"}),
        'apis[2].scopes.any: no scope is called "any": rules use the word',
    ),
    (lambda t: api(t, scopes={"a": ""}), "apis[2].scopes.a: is empty; give a value, or leave the field out"),
    (lambda t: api(t, kind="grpc"), "apis[2].kind: must be api or mcp"),
    (
        lambda t: api(t, kind="mcp", audience="handbook"),
        f"apis[2].audience: is the address of the API, because of kind: mcp: {NO_ADDRESS}",
    ),
    (
        lambda t: api(t, kind="mcp", audience="http://mcp.acme.example"),
        "apis[2].audience: is the address of the API, because of kind: mcp: must be https",
    ),
    (
        lambda t: api(t, listed=True, audience="urn:acme:handbook"),
        f"apis[2].audience: is the address of the API, because of listed: {NO_ADDRESS}",
    ),
    (
        lambda t: api(t, kind="mcp", audience="http://127.0.0.1:8000/mcp"),
        "apis[2].audience: must be https outside --dev",
    ),
    (
        lambda t: api(t, token={"format": "opaque"}),
        "apis[2].token.format: must be jwt or reference",
    ),
    (lambda t: api(t, chain={"max_depth": 11}), "apis[2].chain.max_depth: must be at most 10"),
    (lambda t: api(t, chain={"max_depth": 0}), "apis[2].chain.max_depth: must be at least 1"),
    (lambda t: api(t, chain={"max_depth": True}), "apis[2].chain.max_depth: must be a whole number"),
    # ── clients ──────────────────────────────────────────────────────────────────────
    (
        lambda t: client(t, owner=None),
        "clients[0].owner: is required: every agent has a person who answers for it",
    ),
    (lambda t: client(t, auth=None), "clients[0].auth: is required"),
    (lambda t: client(t, auth={}), "clients[0].auth.method: is required"),
    (
        lambda t: client(t, auth={"method": "mtls", "certificate": {"file": "x"}}),
        (
            "clients[0].auth.method: nobody can show a certificate: neither does this server speak TLS "
            "(server.tls.certificate) nor is a proxy trusted to (server.trusted_proxies)"
        ),
    ),
    (
        lambda t: client(t, auth={"method": "client_secret_basic"}),
        'clients[0].auth.method: must be client_secret, client_secret_jwt, private_key_jwt, mtls, workload or none; did you mean "client_secret"?',
    ),
    (
        lambda t: client(t, auth={"method": "private_key_jwt"}),
        "clients[0].auth: say where its public keys are, in one way: jwks or jwks_uri",
    ),
    (
        lambda t: client(t, auth={"method": "private_key_jwt", "jwks_uri": "http://127.0.0.1/jwks"}),
        "clients[0].auth.jwks_uri: must be https outside --dev",
    ),
    (
        lambda t: client(t, auth={"method": "private_key_jwt", "jwks_uri": "https://x.example/a/../b"}),
        "clients[0].auth.jwks_uri: the path of the address has a dot segment",
    ),
    (
        lambda t: client(t, auth={"method": "mtls", "certificate": {"file": "x"}, "subject": {"dn": "CN=x"}}),
        "clients[0].auth: say which certificate is its own, in one way: certificate or subject",
    ),
    (
        lambda t: client(t, auth={"method": "mtls", "subject": {"dn": "CN=x", "san_dns": "x.example"}}),
        "clients[0].auth.subject: name the client in exactly one way: dn, san_dns, san_uri, san_ip or san_email",
    ),
    (
        lambda t: client(t, auth={"method": "mtls", "subject": {"dn": "nobody"}}),
        "clients[0].auth.subject.dn: is no distinguished name, such as CN=orders,O=Acme,C=DE (RFC 4514)",
    ),
    (
        lambda t: client(t, auth={"method": "mtls", "subject": {"san_ip": "localhost"}}),
        "clients[0].auth.subject.san_ip: is no IP address",
    ),
    (
        lambda t: client(t, auth={"method": "workload", "issuer": "corp-okta", "subject": "x"}),
        "clients[0].auth.issuer: corp-okta may not authenticate clients; if it may, give it workloads: true (actas.yaml:29)",
    ),
    (
        lambda t: client(t, auth={"method": "workload", "issuer": "nowhere", "subject": "x"}),
        'clients[0].auth.issuer: there is no issuer "nowhere"',
    ),
    (
        lambda t: client(
            t,
            auth={
                "method": "client_secret_jwt",
                "secret": {"env": "DESK_APP_SECRET"},
                "algorithms": ["HS512"],
            },
        ),
        "clients[0].auth.secret: must have 64 bytes for its algorithm",
    ),
    (
        lambda t: client(
            t, auth={"method": "client_secret_jwt", "secret": {"env": "X"}, "algorithms": ["RS256"]}
        ),
        'clients[0].auth.algorithms[0]: must be HS256, HS384 or HS512; did you mean "HS256"?',
    ),
    (
        lambda t: client(t, auth={"method": "private_key_jwt", "jwks": [{"fil": "x"}]}),
        'clients[0].auth.jwks[0].fil: there is no field "fil" here; did you mean "file"?',
    ),
    (
        lambda t: client(t, auth={"method": "none", "secret": {"env": "X"}}),
        'clients[0].auth.secret: there is no field "secret" here (there is method)',
    ),
    (
        lambda t: client(t, "leaflet", grants=["token_exchange"]),
        "clients[5].grants[0]: a client with method none may not use token_exchange: it proves nothing",
    ),
    (
        lambda t: client(t, grants=["authorization_code"]),
        "clients[0].redirect_uris: is required: the grant authorization_code sends people somewhere",
    ),
    (lambda t: client(t, api="ordrs"), 'clients[0].api: there is no api "ordrs"; did you mean "orders"?'),
    (
        lambda t: client(t, may_request={}),
        "clients[0].may_request.apis: is required",
    ),
    (
        lambda t: client(t, may_request={"apis": ["ordrs"]}),
        'clients[0].may_request.apis[0]: there is no api "ordrs"; did you mean "orders"?',
    ),
    (
        lambda t: client(t, may_request={"apis": ["orders"], "scopes": {"handbook": ["pages:search"]}}),
        'clients[0].may_request.scopes.handbook: "handbook" is not listed in may_request.apis',
    ),
    (
        lambda t: client(t, may_request={"apis": ["orders"], "scopes": {"orders": ["orders:raed"]}}),
        'clients[0].may_request.scopes.orders[0]: orders has no scope "orders:raed" (it has orders:read, orders:write)',
    ),
    (
        lambda t: client(t, redirect_uris=["https://x.example"], grants=["token_exchange"]),
        "clients[0].redirect_uris: nobody can be sent there: grants does not list authorization_code",
    ),
    (
        lambda t: client(t, redirect_uris=["http://x.example"]),
        "clients[0].redirect_uris[0]: must be https: what comes to an http address can be read on the way (RFC 9700 section 2.6)",
    ),
    (
        lambda t: client(t, redirect_uris=["https://x.example/#top"]),
        "clients[0].redirect_uris[0]: must be at most 2048 characters long, and have no fragment (#…)",
    ),
    (
        lambda t: client(t, redirect_uris=["app:/callback"]),
        "clients[0].redirect_uris[0]: must be https, http on the app's own computer (http://127.0.0.1/…), or a scheme of the app's own with a dot in it (com.example.app:/…)",
    ),
    (
        lambda t: client(t, redirect_uris=["com.acme.app://callback:65536/"]),
        "clients[0].redirect_uris[0]: has a host or a port that there cannot be",
    ),
    (
        lambda t: client(t, redirect_uris=["com.acme.app://[callback/"]),
        "clients[0].redirect_uris[0]: has a host or a port that there cannot be",
    ),
    (
        lambda t: client(t, sign_in={"consent": "always"}),
        "clients[0].sign_in: means nothing without redirect_uris or the grant device_code",
    ),
    (
        lambda t: client(t, auth={"method": "none"}, grants=["device_code", "client_credentials"]),
        "clients[0].grants[1]: a client with method none may not use client_credentials: it proves nothing",
    ),
    (
        lambda t: client(
            t, grants=["device_code"], post_logout_redirect_uris=["https://web.acme.example/bye"]
        ),
        "clients[0].post_logout_redirect_uris: means nothing without redirect_uris",
    ),
    (
        lambda t: t["apis"][0]["scopes"].update({"openid": "Sign in"}),
        'apis[0].scopes.openid: the scope "openid" is taken: it opens what this server itself says of people',
    ),
    (
        lambda t: t["apis"][0].update(audience="https://STS.acme.example/userinfo"),
        "apis[0].audience: is the address at which this server itself speaks of people",
    ),
    (
        lambda t: t.update(users=[{"name": "alice", "email": "alice"}]),
        "users[0].email: is not an e-mail address such as alice@acme.example, its domain in lower case",
    ),
    (lambda t: client(t, kind="person"), "clients[0].kind: must be app, service or agent"),
    (lambda t: client(t, disabled="false"), "clients[0].disabled: must be true or false"),
]


@pytest.mark.requirement("REL-30", "SEC-02")
@pytest.mark.parametrize(("change", "complaint"), CASES, ids=[complaint[:70] for _, complaint in CASES])
def test_a_party_that_is_not_clear_is_refused(tmp_path: Path, change: Change, complaint: str) -> None:
    tree = acme()
    change(tree)
    found = sentences(tmp_path, tree)
    without_lines = [one.partition(" (actas.yaml:")[0] for one in found]
    assert complaint in found or complaint.partition(" (actas.yaml:")[0] in without_lines


def test_a_client_may_bear_the_name_of_its_own_api(tmp_path: Path) -> None:
    tree = acme()
    api(tree, "orders", audience="orders")
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("TX-42", "SEC-93")
@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "HS512", "hs256", "RS1", "ES256K", "ES512", ""]
)
def test_no_symmetric_or_unlisted_algorithm_is_registered(tmp_path: Path, algorithm: str) -> None:
    tree = acme()
    named(tree, "issuers", "corp-okta")["algorithms"] = ["ES256", algorithm]
    named(tree, "clients", "orders")["auth"]["algorithms"] = [algorithm]
    named(tree, "apis", "inventory")["token"]["algorithm"] = algorithm
    tree["keys"]["signing"]["algorithm"] = algorithm
    places = [one.partition(": must be ")[0] for one in sentences(tmp_path, tree)]
    assert places == [
        "keys.signing.algorithm",
        "issuers[0].algorithms[1]",
        "apis[1].token.algorithm",
        "clients[1].auth.algorithms[0]",
    ]
