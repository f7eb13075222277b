"""Checks of issuers, APIs and clients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import acme, loaded, named, sentences

Tree = dict[str, Any]
Change = Callable[[Tree], object]


def issuer(tree: Tree, name: str = "corp-okta", **fields: object) -> None:
    _set(named(tree, "issuers", name), fields)


def api(tree: Tree, name: str = "handbook", **fields: object) -> None:
    _set(named(tree, "apis", name), fields)


def client(tree: Tree, name: str = "assistant", **fields: object) -> None:
    _set(named(tree, "clients", name), fields)


def _set(item: dict[str, Any], fields: dict[str, object]) -> None:
    for field, value in fields.items():
        if value is None:
            item.pop(field, None)
        else:
            item[field] = value


CASES: list[tuple[Change, str]] = [
    # ── issuers ──────────────────────────────────────────────────────────────────────
    (
        lambda t: t["issuers"][0].update(name="actas"),
        'issuers[0].name: the name "actas" is taken: it means this server itself',
    ),
    (
        lambda t: issuer(t, issuer="https://sts.acme.example"),
        "issuers[0].issuer: is this server itself; rules call it actas",
    ),
    (
        lambda t: issuer(t, "build", issuer="https://acme.okta.example"),
        'issuers[2].issuer: is also the issuer of "corp-okta" (actas.yaml:33); one address, one issuer',
    ),
    (
        lambda t: issuer(t, issuer="acme-okta"),
        "issuers[0].issuer: must be an address for type oidc: discovery starts there",
    ),
    (lambda t: issuer(t, issuer="http://127.0.0.1:9000"), "issuers[0].issuer: must be https outside --dev"),
    (lambda t: issuer(t, issuer="http://acme.okta.example"), "issuers[0].issuer: must be https"),
    (
        lambda t: issuer(t, jwks=[{"file": "acme/partner.jwks.json"}]),
        "issuers[0].jwks: is for type jwks; an oidc issuer publishes its keys",
    ),
    (
        lambda t: issuer(t, jwks_uri="https://keys.okta.example/"),
        "issuers[0].jwks_hosts: means nothing beside jwks_uri; leave one of them out",
    ),
    (
        lambda t: issuer(t, "partner", jwks=None),
        "issuers[1]: type jwks needs its keys in one way: jwks_uri or jwks",
    ),
    (
        lambda t: issuer(t, "partner", jwks_uri="https://idp.partner.example/jwks"),
        "issuers[1]: type jwks needs its keys in one way: jwks_uri or jwks",
    ),
    (
        lambda t: issuer(t, "partner", jwks_hosts=["keys.partner.example"]),
        "issuers[1].jwks_hosts: is for type oidc: it bounds what discovery may say",
    ),
    (
        lambda t: issuer(t, "partner", audiences={"x": ["partner-gatway"]}),
        'issuers[1].audiences.x[0]: there is no client "partner-gatway"; did you mean "partner-gateway"?',
    ),
    (lambda t: issuer(t, audiences=None), "issuers[0].audiences: is required"),
    (
        lambda t: issuer(t, audiences=[]),
        "issuers[0].audiences: is empty; name at least one, or leave the field out",
    ),
    (
        lambda t: issuer(t, audiences={}),
        "issuers[0].audiences: is empty; name at least one, or leave the field out",
    ),
    (
        lambda t: issuer(t, audiences={"x": []}),
        "issuers[0].audiences.x: is empty; name at least one, or leave the field out",
    ),
    (
        lambda t: issuer(t, audiences="acme-web"),
        "issuers[0].audiences: must be a list; write [a, b], or one item per line with '- '",
    ),
    (lambda t: issuer(t, accepts=None), "issuers[0].accepts: is required"),
    (
        lambda t: issuer(t, accepts=["saml2"]),
        "issuers[0].accepts[0]: saml2 is not part of this release; it must be id_token or jwt",
    ),
    (
        lambda t: issuer(t, type="kubernetes"),
        "issuers[0].accepts: is for tokens that are exchanged; those of a cluster authenticate clients",
    ),
    (
        lambda t: issuer(t, algorithms=["RS512"]),
        "issuers[0].algorithms[0]: must be ES256, ES384, RS256, PS256 or EdDSA",
    ),
    (lambda t: issuer(t, entity_id="x"), "issuers[0].entity_id: is not part of this release; remove it"),
    (
        lambda t: issuer(t, "build", email_domains=["acme.example"], subject="claims.mail"),
        'issuers[2].email_domains[0]: "corp-okta" already speaks for acme.example (actas.yaml:33); only one may',
    ),
    (
        lambda t: issuer(t, subject=None),
        "issuers[0].subject: is required with email_domains: it says where the address is, such as claims.email",
    ),
    (
        lambda t: issuer(t, token_types=["at+jwt"]),
        "issuers[0].token_types: is for issuers that accept jwt; accepts does not list it",
    ),
    (
        lambda t: issuer(t, "partner", token_types=["application/at+jwt"]),
        'issuers[1].token_types[0]: is not a value of the header "typ" in lower case, such as at+jwt; leave "application/" out',
    ),
    (
        lambda t: issuer(t, subject='claims.sub.matches("x") ? "a" : "b"'),
        'issuers[0].subject: the pattern "x" matches anywhere in the text; write it as ^…$',
    ),
    (
        lambda t: issuer(t, groups='claims.g.filter(x, x.matches("a"))'),
        'issuers[0].groups: the pattern "a" matches anywhere in the text; write it as ^…$',
    ),
    (
        lambda t: issuer(t, "partner", when=["true", 'claims.x.matches("a")']),
        'issuers[1].when[1]: the pattern "a" matches anywhere in the text; write it as ^…$',
    ),
    # ── APIs ─────────────────────────────────────────────────────────────────────────
    (
        lambda t: api(t, audience="https://orders.acme.example"),
        'apis[2].audience: is also the audience of "orders" (actas.yaml:87)',
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
    (lambda t: api(t, kind="mcp"), "apis[2].kind: is not part of this release; remove it"),
    (
        lambda t: api(t, token={"format": "jwt"}),
        "apis[2].token.format: is not part of this release; remove it",
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
        "clients[5].grants: a client with method none may use no grant; leave grants out",
    ),
    (
        lambda t: client(t, grants=["authorization_code"]),
        "clients[0].grants[0]: must be token_exchange or client_credentials",
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
        lambda t: client(t, redirect_uris=["https://x.example"]),
        "clients[0].redirect_uris: is not part of this release; remove it",
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


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    "address",
    [
        "https://token.actions.githubusercontent.com",
        "https://gitlab.com",
        "https://accounts.google.com",
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/organizations/v2.0",
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
    ],
)
@pytest.mark.parametrize(
    "when",
    [
        None,
        "true",
        "claims.email_verified == true",
        'claims.iss == "https://gitlab.com"',
        'claims.sub.matches(".*")',
        'claims.sub.startsWith("repo:acme")',
    ],
)
def test_an_issuer_of_many_customers_needs_a_condition(
    tmp_path: Path, address: str, when: str | None
) -> None:
    tree = acme()
    issuer(tree, "build", issuer=address, when=when)
    assert any(
        one.startswith(("issuers[2].issuer: serves many customers", "issuers[2].when: "))
        for one in sentences(tmp_path, tree)
    )


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    "fields",
    [
        {"when": 'claims.repository_owner == "acme"'},
        {"when": ['claims.sub.startsWith("repo:acme/")', "true"]},
        {"when": None, "email_domains": ["acme.org"], "subject": "claims.mail"},
    ],
)
def test_a_condition_that_tells_customers_apart_is_enough(tmp_path: Path, fields: dict[str, object]) -> None:
    tree = acme()
    issuer(tree, "build", **fields)
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("SEC-25")
def test_a_tenant_of_its_own_needs_no_further_condition(tmp_path: Path) -> None:
    tree = acme()
    issuer(
        tree,
        "build",
        issuer="https://login.microsoftonline.com/0e9b1a2c-0000-4000-8000-000000000000/v2.0",
        when=None,
    )
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("SEC-24")
def test_an_address_that_nobody_verified_draws_a_warning(tmp_path: Path) -> None:
    tree = acme()
    issuer(tree, when=None)
    (warning,) = loaded(tmp_path, tree).warnings
    assert warning.path == "issuers[0].when"
    assert warning.severity == "warning"
    assert "claims.email_verified == true" in warning.message


@pytest.mark.requirement("SEC-21")
def test_audiences_say_who_may_present_a_token(tmp_path: Path) -> None:
    issuers = loaded(tmp_path, acme()).definitions.issuers
    assert issuers["corp-okta"].audiences == {"acme-web": None}
    assert issuers["partner"].audiences == {"https://sts.acme.example": frozenset({"partner-gateway"})}


def test_an_issuer_without_discovery_may_have_a_plain_name(tmp_path: Path) -> None:
    tree = acme()
    issuer(tree, "partner", issuer="partner-batch")
    assert loaded(tmp_path, tree).definitions.issuers["partner"].issuer == "partner-batch"
    issuer(tree, "partner", issuer="partner batch")
    assert sentences(tmp_path, tree) == ["issuers[1].issuer: must not hold spaces"]


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
    issuer(tree, algorithms=["ES256", algorithm])
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
