"""Connections for plain grants as the configuration says them: what is wrong with one, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Change, Tree, loaded, named
from tests.unit.settings.test_connections import TICKETS, accepting, company, faults, form, there

from actas.core.wire import ACCESS_TOKEN, GRANT_JWT, ID_JAG, ID_TOKEN, JWT, JWT_GRANT, REFRESH_TOKEN
from actas.policy.rule import RESERVED_CLAIMS, ScopeMap
from actas.trust.registry import JwtGrants

SOLD = {"orders:read": ["tickets:read"], "orders:write": "tickets:comment", "any": ["tickets:read"]}


def plain(**fields: Any) -> dict[str, Any]:
    """A connection for plain grants as somebody writes it; None takes a field away."""
    resource = fields.pop("resource", there(resource=None, scopes=SOLD))
    return form(**{"grant": "jwt", "resource": resource, **fields})


def taking(**fields: Any) -> dict[str, Any]:
    """A connection by which the helpdesk redeems plain grants."""
    return accepting(**{"grant": "jwt", **fields})


def trusted(**grants: Any) -> Change:
    """Let the identity provider's plain grants be redeemed by the helpdesk."""

    def change(tree: Tree) -> None:
        issuer = named(tree, "issuers", "corp-okta")
        issuer["accepts"] = ["id_token", "jwt_grant"]
        if grants:
            issuer["jwt_grants"] = grants
        named(tree, "clients", "helpdesk").update(
            grants=["token_exchange", "jwt_bearer"], may_request={"apis": ["orders"]}
        )

    return change


@pytest.mark.requirement("IDC-14", "IDC-52", "IDC-17")
def test_one_that_issues_becomes_what_the_policy_works_with(tmp_path: Path) -> None:
    claims = {
        "department": {"claim": "dept"},
        "region": {"value": '"eu"', "required": False},
        "https://x.example/team": {"claim": "https://y.example/team"},
        "acr": {"claim": "acr"},
        "amr": {"claim": "amr", "required": False},
    }
    (one,) = loaded(tmp_path, company(plain(claims=claims, chain="pairwise"))).definitions.connections
    assert (one.to.grant, one.to.chain, one.to.tells_email) == ("jwt", "pairwise", False)
    assert (one.to.issuer, one.to.tells) == (TICKETS, frozenset({"acr", "amr"}))
    assert one.people.token_types == {ACCESS_TOKEN, ID_TOKEN, REFRESH_TOKEN}
    assert one.sold == ScopeMap(
        bought={"orders:read": frozenset({"tickets:read"}), "orders:write": frozenset({"tickets:comment"})},
        signed_in=frozenset({"tickets:read"}),
    )
    assert [*one.scopes] == ["tickets:read", "tickets:comment"]
    assert one.claims == {
        "department": "subject.claims.dept",
        "region": '"eu"',
        "https://x.example/team": 'subject.claims["https://y.example/team"]',
    }
    assert one.optional == {"region", "amr"}
    assert one.when == ("has(subject.claims.acr)",)


def test_without_a_word_it_tells_the_client_alone_and_is_for_identity_assertions(tmp_path: Path) -> None:
    (one,) = loaded(tmp_path, company(plain())).definitions.connections
    assert (one.to.chain, one.to.tells, one.claims) == ("prune", frozenset(), {})
    (other,) = loaded(tmp_path, company(form())).definitions.connections
    assert (other.to.grant, other.sold, other.people.token_types) == ("id_jag", None, frozenset())


def test_the_tokens_that_show_people_can_be_said(tmp_path: Path) -> None:
    def says(tree: Tree) -> None:
        issuer = named(tree, "issuers", "corp-okta")
        issuer.update(accepts=["id_token", "jwt"], audiences={"acme-web": ["assistant", "helpdesk"]})

    people = {"from": "corp-okta", "token_types": ["jwt"]}
    (one,) = loaded(tmp_path, company(plain(people=people), change=says)).definitions.connections
    assert one.people.token_types == {JWT}


@pytest.mark.requirement("IDC-3", "SEC-61")
def test_one_that_accepts_becomes_what_the_policy_works_with(tmp_path: Path) -> None:
    written = taking(
        client_claim="none",
        requested_cnf=True,
        claims={"dept": {"claim": "department", "required": False}},
    )
    change = trusted(types=["jwt", "none", GRANT_JWT], max_life="10m")
    definitions = loaded(tmp_path, company(written, change=change)).definitions
    (one,) = definitions.accepted
    assert (one.grant, one.client_claim, one.honours_key) == ("jwt", "none", True)
    assert (one.claims, one.optional) == ({"dept": "subject.claims.department"}, frozenset({"dept"}))
    issuer = definitions.issuers["corp-okta"]
    assert issuer.accepts == {ID_TOKEN, JWT_GRANT}
    assert issuer.jwt_grants == JwtGrants(types=frozenset({"jwt", None, GRANT_JWT}), longest=600)
    usual = loaded(tmp_path, company(taking(), change=trusted())).definitions
    assert usual.issuers["corp-okta"].jwt_grants is None


@pytest.mark.requirement("SEC-58", "SEC-61", "IDC-2")
def test_trust_for_one_kind_of_grant_is_none_for_the_other(tmp_path: Path) -> None:
    (said,) = faults(tmp_path, accepting(), change=trusted())
    assert "corp-okta is not trusted for grants; add id_jag to its accepts" in said

    def asserting(tree: Tree) -> None:
        trusted()(tree)
        named(tree, "issuers", "corp-okta")["accepts"] = ["id_token", "id_jag"]

    (said,) = faults(tmp_path, taking(), change=asserting)
    assert "corp-okta is not trusted for grants; add jwt_grant to its accepts" in said
    assert ID_JAG != JWT_GRANT


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (form(chain="keep"), "chain: is for grant: jwt"),
        (form(claims={"a": {"claim": "b"}}), "claims: is for grant: jwt"),
        (form(people={"token_types": ["id_token"]}), "people.token_types: is for grant: jwt"),
        (form(resource=there(scopes=SOLD)), "resource.scopes: as a mapping are for grant: jwt"),
        (plain(act=False), "act: is for grant: id_jag"),
        (plain(client_claim="none"), "client_claim: is for direction: accept"),
        (plain(requested_cnf=True), "requested_cnf: is for direction: accept"),
        (plain(lifetime="30s"), "lifetime: a plain grant lives at least 1m"),
        (plain(lifetime="6m"), "lifetime: a grant lives at most 5m"),
        (plain(resource=there(scopes=SOLD)), "resource.resource: means nothing for grant: jwt"),
        (
            plain(resource=there(resource=None)),
            "resource.scopes: must say for grant: jwt what each is bought with",
        ),
        (
            plain(resource=there(resource=None, scopes=SOLD, audience=["orders"])),
            "resource.audience[0]: orders is an API here",
        ),
        (plain(claims={"a": {"claim": "b", "value": "1"}}), "claims.a: comes from one place"),
        (plain(claims={"a": {"required": False}}), "claims.a: comes from one place"),
        (plain(claims={"acr": {"value": '"mfa"'}}), "claims.acr: crosses unchanged or not at all"),
        (plain(claims={"auth_time": {"claim": "iat"}}), "claims.auth_time: crosses unchanged"),
    ],
    ids=repr,
)
def test_what_would_do_nothing_or_too_much_is_said(
    tmp_path: Path, written: dict[str, Any], said: str
) -> None:
    found = faults(tmp_path, written)
    assert any(said in one for one in found), found


@pytest.mark.requirement("IDC-55", "SEC-49")
@pytest.mark.parametrize(
    "claim", sorted({*RESERVED_CLAIMS, "email", "resource", "requested_cnf", "aud_sub", "Act", "nonce"})
)
def test_a_claim_that_a_server_writes_itself_is_transcribed_by_nobody(tmp_path: Path, claim: str) -> None:
    claims = {claim: {"value": '"x"'}}
    found = faults(tmp_path, plain(claims=claims))
    assert any(f"claims.{claim}: " in one for one in found), found
    found = faults(tmp_path, taking(claims=claims), change=trusted())
    assert any(f"claims.{claim}: " in one for one in found), found


@pytest.mark.requirement("IDC-57")
def test_how_somebody_signed_in_comes_from_no_grant_into_a_token(tmp_path: Path) -> None:
    for claim in ("auth_time", "acr", "amr"):
        found = faults(tmp_path, taking(claims={claim: {"claim": claim}}), change=trusted())
        assert any("is not for connections" in one for one in found)


@pytest.mark.requirement("IDC-3", "AG-30")
@pytest.mark.parametrize("typ", ["oauth-id-jag+jwt", "at+jwt", "dpop+jwt", "logout+jwt"])
def test_a_type_that_says_something_else_is_never_one_of_grants(tmp_path: Path, typ: str) -> None:
    found = faults(tmp_path, taking(), change=trusted(types=[GRANT_JWT, typ]))
    assert any(f"{typ} says that a token is something else" in one for one in found)


def test_what_is_said_of_grants_belongs_to_issuers_that_give_them(tmp_path: Path) -> None:
    def change(tree: Tree) -> None:
        named(tree, "issuers", "corp-okta")["jwt_grants"] = {"max_life": "1m"}

    found = faults(tmp_path, change=change)
    assert any("is for issuers that accept jwt_grant" in one for one in found)


def test_connections_that_redeem_the_same_grants_say_the_same_of_them(tmp_path: Path) -> None:
    def more(tree: Tree) -> None:
        trusted()(tree)
        named(tree, "clients", "helpdesk")["may_request"] = {"apis": ["orders", "inventory"]}

    second = taking(name="second", api="inventory", scopes=["stock:read"], client_claim="none")
    found = faults(tmp_path, taking(), second, change=more)
    assert any("client_claim: helpdesk-from-corp says otherwise" in one for one in found), found


@pytest.mark.requirement("SEC-62", "IDC-33")
def test_one_clients_connections_are_alike_also_where_anothers_grants_name_no_client_either(
    tmp_path: Path,
) -> None:
    def more(tree: Tree) -> None:
        trusted()(tree)
        for name in ("helpdesk", "assistant"):
            named(tree, "clients", name).update(
                grants=["token_exchange", "jwt_bearer"], may_request={"apis": ["orders", "inventory"]}
            )

    stranger = taking(name="stranger", client="assistant", client_claim="none")
    first = taking(people={"match": "aud_sub"}, identifiers={"tenant": "b"})
    second = taking(name="second", api="inventory", scopes=["stock:read"], client_claim="none")
    for order in ([stranger, first, second], [second, stranger, first], [first, second, stranger]):
        found = faults(tmp_path, *order, change=more)
        for field in ("client_claim", "people.match", "identifiers"):
            assert any(f"{field}: " in one for one in found), (field, found)
    alike = taking(name="second", api="inventory", scopes=["stock:read"], client_claim="none")
    assert faults(tmp_path, stranger, taking(client_claim="none"), alike, change=more) == []


def test_one_server_may_be_reached_by_both_kinds_and_by_each_once(tmp_path: Path) -> None:
    both = company(form(), plain(name="plain"))
    assert len(loaded(tmp_path, both).definitions.connections) == 2
    found = faults(tmp_path, plain(name="one"), plain(name="two"))
    assert any("connects helpdesk to" in one for one in found)


@pytest.mark.requirement("JAG-7")
def test_that_id_jags_live_longer_is_said_of_an_issuer_that_is_trusted_for_them(tmp_path: Path) -> None:
    def says(accepts: list[str]) -> Change:
        def change(tree: Tree) -> None:
            named(tree, "issuers", "corp-okta").update(accepts=accepts, id_jag_max_life="20m")

        return change

    there = loaded(tmp_path, company(change=says(["id_token", "id_jag"]))).definitions.issuers["corp-okta"]
    assert there.longest_id_jag == 1200
    usual = loaded(tmp_path, company()).definitions.issuers["corp-okta"]
    assert usual.longest_id_jag == 300
    (said,) = faults(tmp_path, change=says(["id_token"]))
    assert "id_jag_max_life" in said
    assert "is for issuers that accept id_jag" in said
