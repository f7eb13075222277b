"""What tenants and people are called between domains, as the configuration says it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Tree, loaded, named
from tests.unit.settings.test_connections import accepting, believed, company, faults, form

from actas.core.naming import Called, SubjectId


def test_every_field_arrives(tmp_path: Path) -> None:
    written = form(identifiers={"tenant": "a", "aud_tenant": "b", "aud_sub": {"known_as": "tickets"}})
    (one,) = loaded(tmp_path, company(written)).definitions.connections
    assert (one.to.tenant, one.to.aud_tenant, one.to.aud_sub) == ("a", "b", Called(known_as="tickets"))
    accepted = accepting(identifiers={"tenant": "a", "aud_tenant": "b"})
    (other,) = loaded(tmp_path, company(accepted, change=believed)).definitions.accepted
    assert (other.tenant, other.aud_tenant) == ("a", "b")


def test_users_say_what_they_are_called_elsewhere(tmp_path: Path) -> None:
    def called(tree: Tree) -> None:
        tree["users"][0]["known_as"] = {"tickets": "T-1"}

    alice = loaded(tmp_path, company(form(), change=called)).definitions.users["alice"]
    assert alice.known_as == {"tickets": "T-1"}


@pytest.mark.requirement("JAG-4")
def test_a_name_elsewhere_is_one_users(tmp_path: Path) -> None:
    def twice(tree: Tree) -> None:
        tree["users"] = [
            {"name": "alice", "known_as": {"tickets": "T-1", "wiki": "W-1"}},
            {"name": "bob", "known_as": {"wiki": "T-1", "tickets": "T-2"}},
            {"name": "carol", "known_as": {"tickets": "T-1"}},
        ]

    (said,) = faults(tmp_path, form(people={"from": "actas"}), change=twice)
    assert "known_as.tickets: alice is called so already" in said


@pytest.mark.parametrize(
    ("identifiers", "said"),
    [
        ({}, "is empty"),
        ({"tenant": ""}, "identifiers.tenant"),
        ({"tenant": "a\nb"}, "identifiers.tenant"),
        ({"aud_sub": {}}, "identifiers.aud_sub"),
        ({"aud_sub": {"known_as": "a", "claim": "b"}}, "say where the name comes from, in one way"),
        ({"aud_sub": {"claim": "email"}}, "people choose their email themselves"),
        ({"aud_sub": {"claim": "preferred_username"}}, "people choose their preferred_username themselves"),
        ({"aud_sub": "alice"}, "identifiers.aud_sub"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_said(tmp_path: Path, identifiers: Any, said: str) -> None:
    assert any(said in one for one in faults(tmp_path, form(identifiers=identifiers)))


@pytest.mark.requirement("SEC-62")
def test_grants_of_one_client_and_issuer_are_of_one_tenant(tmp_path: Path) -> None:
    def more(tree: Tree) -> None:
        believed(tree)
        named(tree, "clients", "helpdesk")["may_request"] = {"apis": ["orders", "inventory"]}

    one = accepting(identifiers={"tenant": "a"})
    for identifiers in ({"tenant": "b"}, None):
        other = accepting(name="other", api="inventory", scopes=["stock:read"], identifiers=identifiers)
        assert any(
            "says others for the same grants" in said for said in faults(tmp_path, one, other, change=more)
        )


@pytest.mark.requirement("JAG-4", "SEC-24")
@pytest.mark.parametrize(
    ("identifiers", "field"),
    [
        ({"aud_sub": {"claim": "employee"}}, "aud_sub.claim"),
        ({"sub_id": {"format": "opaque", "who": {"claim": "employee"}}}, "sub_id.who.claim"),
    ],
    ids=["aud_sub", "sub_id"],
)
def test_a_claim_names_people_of_one_issuer(tmp_path: Path, identifiers: dict[str, Any], field: str) -> None:
    def two(tree: Tree) -> None:
        partner = {
            "name": "other",
            "type": "oidc",
            "issuer": "https://idp.partner.example",
            "accepts": ["id_token"],
            "audiences": {"web": ["helpdesk"]},
        }
        tree["issuers"].append(partner)
        named(tree, "issuers", "corp-okta")["audiences"] = {"acme-web": ["helpdesk"]}

    for sources in (["corp-okta", "other"], ["actas", "other"]):
        written = form(identifiers=identifiers, people={"from": sources})
        (said,) = faults(tmp_path, written, change=two)
        assert f"identifiers.{field}: employee of {' and '.join(sources)} may be one name of two" in said
    assert faults(tmp_path, form(identifiers=identifiers, people={"from": "other"}), change=two) == []
    labels = form(identifiers={"aud_sub": {"known_as": "x"}}, people={"from": ["actas", "other"]})
    assert faults(tmp_path, labels, change=two) == []


@pytest.mark.requirement("JAG-4")
def test_names_of_two_issuers_that_one_server_is_told_are_warned_of(tmp_path: Path) -> None:
    def two(tree: Tree) -> None:
        partner = {
            "name": "other",
            "type": "oidc",
            "issuer": "https://idp.partner.example",
            "accepts": ["id_token"],
            "audiences": {"web": ["assistant"]},
        }
        tree["issuers"].append(partner)
        named(tree, "issuers", "corp-okta")["audiences"] = {"acme-web": ["helpdesk"]}

    def warned(**identifiers: Any) -> list[str]:
        told: dict[str, Any] = {"aud_sub": {"claim": "employee"}}
        one = form(identifiers=told, people={"from": "corp-okta"})
        more = form(
            name="more", client="assistant", identifiers={**told, **identifiers}, people={"from": "other"}
        )
        found = loaded(tmp_path, company(one, more, change=two)).warnings
        return [said.message for said in found if "two of one name are one person there" in said.message]

    (said,) = warned()
    assert said.startswith("helpdesk-to-tickets tells that server such names too")
    assert warned(aud_tenant="another") == []


def test_the_name_of_a_person_is_told_and_not_accepted(tmp_path: Path) -> None:
    (said,) = faults(tmp_path, accepting(identifiers={"aud_sub": {"known_as": "x"}}), change=believed)
    assert "identifiers.aud_sub: is for direction: issue" in said


SAML: dict[str, Any] = {
    "format": "saml-nameid",
    "who": {"known_as": "acme-saml"},
    "issuer": "https://idp.acme.example/saml",
    "nameid_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "sp_provided_id": {"known_as": "acme-sp"},
}
BY_ID: dict[str, Any] = {"people": {"match": "sub_id"}}


@pytest.mark.requirement("JAG-8", "JAG-41", "JAG-67")
def test_a_subject_identifier_arrives(tmp_path: Path) -> None:
    wanted = SubjectId(
        format="saml-nameid",
        who=Called(known_as="acme-saml"),
        fixed={"issuer": SAML["issuer"], "nameid_format": SAML["nameid_format"]},
        own={"sp_provided_id": Called(known_as="acme-sp")},
    )
    (one,) = loaded(tmp_path, company(form(identifiers={"sub_id": SAML}))).definitions.connections
    assert one.to.sub_id == wanted
    accepted = accepting(identifiers={"sub_id": {**SAML, "compare": "nameid"}}, **BY_ID)
    (other,) = loaded(tmp_path, company(accepted, change=believed)).definitions.accepted
    assert (other.match, other.sub_id) == ("sub_id", replace(wanted, alone=True))
    (plain,) = loaded(tmp_path, company(form())).definitions.connections
    assert plain.to.sub_id is None


@pytest.mark.requirement("JAG-8", "JAG-41", "JAG-67")
@pytest.mark.parametrize(
    ("sub_id", "said"),
    [
        ({"format": "saml_nameid"}, "sub_id.format"),
        ({"format": "phone_number"}, "sub_id.format"),
        ({"format": "opaque"}, "sub_id.who: is required"),
        ({"format": "iss_sub", "who": {"claim": "x"}}, "sub_id.iss: is required"),
        ({"format": "iss_sub", "iss": "https://a.example"}, "sub_id.who: is required"),
        ({**SAML, "issuer": None}, "sub_id.issuer: is required"),
        ({**SAML, "who": None}, "sub_id.who: is required"),
        ({"format": "email", "who": {"claim": "x"}}, "sub_id.who: means nothing"),
        ({"format": "opaque", "who": {"claim": "x"}, "issuer": "i"}, "sub_id.issuer: means nothing"),
        ({"format": "opaque", "who": {"claim": "x"}, "compare": "nameid"}, "sub_id.compare: means nothing"),
        ({"format": "opaque", "who": {"claim": "email"}}, "people choose their email themselves"),
        ({**SAML, "sp_provided_id": {"claim": "name"}}, "people choose their name themselves"),
        ({**SAML, "compare": "nameid"}, "sub_id.compare: is for direction: accept"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_a_subject_identifier_is_said(
    tmp_path: Path, sub_id: dict[str, Any], said: str
) -> None:
    whole = {name: value for name, value in sub_id.items() if value is not None}
    found = faults(tmp_path, form(identifiers={"sub_id": whole}))
    assert any(said in one for one in found), found


@pytest.mark.requirement("JAG-67")
def test_who_matches_by_an_identifier_says_which_and_by_whose_names(tmp_path: Path) -> None:
    for fields, said in (
        (BY_ID, "go together"),
        ({"identifiers": {"sub_id": SAML}}, "go together"),
        ({"identifiers": {"sub_id": {**SAML, "who": {"claim": "x"}}}, **BY_ID}, "is said by known_as"),
        ({"identifiers": {"sub_id": {"format": "email"}}, **BY_ID}, "sub_id.who: is required"),
        (
            {"identifiers": {"sub_id": SAML}, "people": {"match": "sub_id", "unknown": "create"}},
            "people.unknown: means nothing with match: sub_id",
        ),
    ):
        found = faults(tmp_path, accepting(**fields), change=believed)
        assert any(said in one for one in found), found
    assert faults(tmp_path, accepting(identifiers={"sub_id": SAML}, **BY_ID), change=believed) == []


@pytest.mark.requirement("JAG-67")
def test_a_saml_provider_and_its_names_belong_to_one_issuer_of_grants(tmp_path: Path) -> None:
    def another(tree: Tree) -> None:
        believed(tree)
        tree["issuers"].append(
            {
                "name": "other",
                "type": "oidc",
                "issuer": "https://idp.partner.example",
                "accepts": ["id_jag"],
            }
        )

    one = accepting(identifiers={"sub_id": SAML}, **BY_ID)
    for changes, fields in (
        ({}, {"issuer", "who"}),
        ({"issuer": "https://idp.partner.example/saml"}, {"who"}),
        ({"who": {"known_as": "partner"}}, {"issuer"}),
        ({"issuer": "https://idp.partner.example/saml", "who": {"known_as": "partner"}}, set()),
    ):
        sub_id = {**SAML, **changes}
        other = accepting(name="other", identifiers={"sub_id": sub_id}, **{"from": "other"}, **BY_ID)
        found = faults(tmp_path, one, other, change=another)
        assert {
            field for field in ("issuer", "who") if any(f"sub_id.{field}: belongs to" in x for x in found)
        } == fields


@pytest.mark.requirement("JAG-41")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"identify_by": "pairwise"}, "lays open who each pairwise name is"),
        ({"email": False}, "tells the address all the same"),
    ],
    ids=repr,
)
def test_what_an_identifier_lays_open_is_said(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    email = {"sub_id": {"format": "email"}}
    found = loaded(tmp_path, company(form(identifiers=email, **fields))).warnings
    assert [one for one in found if said in one.message]
