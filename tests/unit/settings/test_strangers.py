"""Clients that publish what they are, as the configuration says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, complaints, loaded

from actas.app.compiled import catalog_of
from actas.clients.document import DocumentTerms
from actas.core.sign_in import USERINFO
from actas.core.wire import AUTHORIZATION_CODE, REFRESH

CLIENT_ID = "https://agents.example/assistant.json"
SECTION: dict[str, Any] = {
    "hosts": ["agents.example", "*.tools.example"],
    "refuse": ["https://agents.example/bad.json"],
    "kind": "agent",
    "may_request": {"apis": ["orders"], "scopes": {"orders": ["orders:read"]}},
    "groups": ["support"],
}
RULE: dict[str, Any] = {
    "name": "assistant-by-address",
    "allow": "own",
    "client": CLIENT_ID,
    "target": {"api": "orders"},
    "scopes": {"any": ["orders:read"]},
}


def tree(section: dict[str, Any] | None, **rule: Any) -> dict[str, Any]:
    found = acme()
    if section is not None:
        found["client_metadata_documents"] = section
    if rule:
        found["rules"].append(rule)
    return found


@pytest.mark.requirement("OP-131", "SEC-02")
def test_without_the_section_nobody_is_let_in(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, tree(None)).definitions
    assert definitions.documents is None
    assert catalog_of(definitions).client(CLIENT_ID) is None


@pytest.mark.requirement("OP-131")
def test_the_section_says_whose_documents_are_read_and_what_such_clients_may_ask_for(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, tree(SECTION)).definitions
    terms = definitions.documents
    assert terms is not None
    audiences = {api.audience for api in definitions.apis.values()}
    assert terms == DocumentTerms(
        hosts=frozenset({"agents.example"}),
        below=frozenset({"tools.example"}),
        refused=frozenset({"https://agents.example/bad.json", *audiences}),
        kind="agent",
        grants=frozenset({AUTHORIZATION_CODE, REFRESH}),
        apis=frozenset({"orders"}),
        scopes={"orders": frozenset({"orders:read"})},
        groups=frozenset({"support"}),
    )
    assert ("id_token", "RS256") in definitions.keys.used
    client = catalog_of(definitions).client(CLIENT_ID)
    assert client is not None
    assert client.apis == {"orders", USERINFO}
    assert loaded(tmp_path, tree({"hosts": "any"})).definitions.documents == DocumentTerms(
        anybody=True, refused=frozenset(audiences), grants=frozenset({AUTHORIZATION_CODE, REFRESH})
    )


def test_a_rule_may_name_such_a_client_by_its_address(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, tree(SECTION, **RULE)).definitions
    spec = next(one for one in definitions.rules if one.name == RULE["name"])
    assert spec.client.names == {CLIENT_ID}


@pytest.mark.parametrize(
    ("section", "rule", "complaint"),
    [
        ({"kind": "app"}, {}, "client_metadata_documents.hosts: is required"),
        ({"hosts": ["any", "agents.example"]}, {}, "hosts: any is everybody"),
        ({"hosts": ["agents.example/"]}, {}, "hosts[0]: is neither a host"),
        ({"hosts": ["Agents.example"]}, {}, "hosts[0]: is neither a host"),
        ({"hosts": ["10.0.0.1:80"]}, {}, "hosts[0]: is neither a host"),
        ({"hosts": ["*"]}, {}, "hosts[0]: is neither a host"),
        ({"hosts": ["*.*.example"]}, {}, "hosts[0]: is neither a host"),
        ({**SECTION, "refuse": ["agents.example"]}, {}, "refuse[0]"),
        ({**SECTION, "refuse": ["https://agents.example:443/a"]}, {}, "refuse[0]: must be written"),
        (
            {**SECTION, "may_request": {"apis": ["ordres"]}},
            {},
            'may_request.apis[0]: there is no api "ordres"',
        ),
        (
            {**SECTION, "may_request": {"apis": ["orders"], "scopes": {"orders": ["x"]}}},
            {},
            "may_request.scopes.orders[0]",
        ),
        (None, RULE, "client: no such client is let in"),
        (
            SECTION,
            {**RULE, "client": "https://elsewhere.example/c"},
            "clients of elsewhere.example are not let",
        ),
        (SECTION, {**RULE, "client": "https://agents.example"}, "client: there is no such client"),
        (SECTION, {**RULE, "client": "https://agents.example/a/../b"}, "client"),
        (
            SECTION,
            {**RULE, "target": {"api": "inventory"}, "scopes": {"any": ["stock:read"]}},
            "client: it may not ask for inventory",
        ),
        (
            SECTION,
            {
                **RULE,
                "allow": "impersonation",
                "subject": {"from": "actas", "groups": ["support"]},
                "impersonation": {"by_identifier": True},
            },
            "client: a client that nobody registered does not act as somebody else",
        ),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, section: dict[str, Any] | None, rule: dict[str, Any], complaint: str
) -> None:
    found = complaints(tmp_path, tree(section, **rule))
    assert any(complaint in one for one in found), found


def test_no_issuer_is_called_as_such_a_client_id_begins(tmp_path: Path) -> None:
    found = tree(SECTION)
    issuer = {"name": "https", "type": "oidc", "issuer": "https://idp.example", "audiences": ["web"]}
    found["issuers"].append({**issuer, "accepts": ["id_token"]})
    assert any("is how such a client_id begins" in one for one in complaints(tmp_path, found))


def test_it_comes_from_files_only(tmp_path: Path) -> None:
    environ = {**ACME_ENVIRONMENT, "ACTAS_CLIENT_METADATA_DOCUMENTS__HOSTS": "any"}
    found = complaints(tmp_path, tree(SECTION), environ=environ)
    assert any("client_metadata_documents comes from files only" in one for one in found), found


TOKEN = "an initial access token, long enough"
ENVIRON = {**ACME_ENVIRONMENT, "INITIAL": TOKEN}
REGISTERING: dict[str, Any] = {
    "token": {"env": "INITIAL"},
    "may_request": {"apis": ["orders"]},
    "most": 5,
    "unused_for": "7d",
}


def registering(section: dict[str, Any] | None) -> dict[str, Any]:
    found = acme()
    if section is not None:
        found["client_registration"] = section
    return found


@pytest.mark.requirement("OP-114", "SEC-02")
def test_nobody_registers_a_client_unless_the_section_says_how(tmp_path: Path) -> None:
    assert loaded(tmp_path, registering(None)).definitions.registering is None
    terms = loaded(tmp_path, registering(REGISTERING), environ=ENVIRON).definitions.registering
    assert terms is not None
    assert terms.token is not None
    assert (terms.open, terms.token.reveal(), terms.most, terms.unused_for) == (False, TOKEN, 5, 7 * 86400)
    assert (terms.grants, terms.apis) == (frozenset({AUTHORIZATION_CODE, REFRESH}), frozenset({"orders"}))
    everybody = loaded(tmp_path, registering({"open": True}))
    assert everybody.definitions.registering is not None
    assert any("anybody may register" in str(one) for one in everybody.warnings)


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ({"most": 5}, "client_registration.token: is required, unless it is open"),
        ({"open": False}, "client_registration.token: is required, unless it is open"),
        ({"open": True, "token": {"env": "INITIAL"}}, "token: means nothing where it is open"),
        ({"token": {"env": "NOWHERE"}}, "client_registration.token"),
        ({"token": "written in the file, which is wrong"}, "client_registration.token"),
        ({"token": {"env": "WEAK"}}, "client_registration.token"),
        ({"open": True, "grants": ["token_exchange"]}, "grants[0]: must be"),
        ({"open": True, "grants": ["refresh_token"]}, "grants: lacks authorization_code"),
        ({"open": True, "most": 100_000}, "most"),
        ({"open": True, "unused_for": "1m"}, "unused_for: must be between"),
        ({"open": True, "refuse": ["web"]}, "refuse[0]: is no client_id"),
        ({"open": True, "may_request": {"apis": ["ordres"]}}, 'there is no api "ordres"'),
    ],
)
def test_what_is_wrong_with_registration_is_said(
    tmp_path: Path, section: dict[str, Any], complaint: str
) -> None:
    found = complaints(tmp_path, registering(section), environ={**ENVIRON, "WEAK": "short"})
    assert any(complaint in one for one in found), found


@pytest.mark.requirement("SEC-87")
def test_the_digest_of_a_configuration_holds_no_token(tmp_path: Path) -> None:
    written = [
        loaded(tmp_path, registering({**REGISTERING, "token": text}), dev=True, environ=ENVIRON)
        for text in (TOKEN, TOKEN + " but another")
    ]
    assert written[0].definitions.digest == written[1].definitions.digest
