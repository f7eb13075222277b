"""Who may act as whom, as the configuration says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import acme, complaints, loaded, named

from actas.policy.impersonation import Approval, RuleTerms

RULE: dict[str, Any] = {
    "name": "helpdesk-looks-in",
    "allow": "impersonation",
    "client": "helpdesk",
    "actor": {"from": "corp-okta", "groups": ["support-leads"], "required": True},
    "subject": {"from": "actas", "kinds": ["person"]},
    "target": {"api": "orders"},
    "scopes": {"any": ["orders:read"]},
    "token": {"lifetime": "10m"},
}
SECTION: dict[str, Any] = {
    "require_reason": True,
    "ticket": "^(HELP|INC)-[0-9]+$",
    "max_lifetime": "15m",
    "approval": {"when": 'subject.groups.exists(g, g == "executives")', "by": "support-leads"},
    "protected": {"groups": ["board"], "names": ["root"]},
}
ITSELF: dict[str, Any] = {
    **{name: value for name, value in RULE.items() if name != "actor"},
    "subject": {"from": "actas", "groups": ["customers"]},
    "impersonation": {"by_identifier": True},
}


WITHOUT_ACTOR: dict[str, Any] = {name: value for name, value in RULE.items() if name != "actor"}


def tree(rule: dict[str, Any], section: dict[str, Any] | None = None) -> dict[str, Any]:
    found = acme()
    found["rules"].append(rule)
    named(found, "apis", "orders")["read_only"] = ["orders:read"]
    if section is not None:
        found["impersonation"] = section
    return found


def test_the_sample_of_the_product_is_understood(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, tree(RULE, SECTION)).definitions
    spec = next(one for one in definitions.rules if one.name == "helpdesk-looks-in")
    assert spec.kind == "administrative_impersonation"
    assert spec.lifetime == 600
    said = definitions.impersonating
    assert said.terms.tickets == {"^(HELP|INC)-[0-9]+$"}
    when = ('subject.groups.exists(g, g == "executives")',)
    assert said.terms.approvals == (Approval(by="support-leads", when=when),)
    assert said.protected_groups == {"board"}
    assert said.protected_names == {"root"}
    assert (said.terms.lifetime, said.terms.lasts, said.terms.at_once) == (900, 3600, 1)


def test_a_rule_that_names_no_actor_is_still_the_other_kind(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, acme()).definitions
    spec = next(one for one in definitions.rules if one.name == "helpdesk-impersonation")
    assert spec.kind == "impersonation"


def test_a_client_may_act_by_itself(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, tree(ITSELF)).definitions
    spec = next(one for one in definitions.rules if one.name == "helpdesk-looks-in")
    assert spec.impersonation == RuleTerms(by_identifier=True)


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({**RULE, "actor": {"from": "corp-okta"}}, "actor.required: must be true"),
        ({**RULE, "actor": {**RULE["actor"], "chain": "flatten"}}, "actor.chain: an administrator acts in person"),
        ({**RULE, "subject": {"from": "actas", "kinds": ["service"]}}, "subject.kinds: nobody acts as anything"),
        ({**RULE, "subject": {"from": "actas", "audience": "orders"}}, "subject.audience: says something of a token"),
        ({**RULE, "subject": {"from": ["actas", "corp-okta"]}}, "subject.from[1]: must be actas, or an issuer"),
        ({**RULE, "scopes": {"orders:read": ["orders:read"]}}, "scopes: a person who is only named"),
        ({**RULE, "token": {"lifetime": "20m"}}, "token.lifetime: is longer than impersonation.max_lifetime (15m)"),
        ({**RULE, "impersonation": {"ticket": "^(HELP"}}, "impersonation.ticket: is no pattern"),
        (
            {**RULE, "impersonation": {"approval": {"by": "leads", "when": "subject.nowhere("}}},
            "impersonation.approval.when",
        ),
        ({**ITSELF, "client": {"kinds": ["app"]}}, "client: by_identifier wants the client by its name"),
        ({**ITSELF, "subject": {"from": "actas"}}, "subject: by_identifier wants the people"),
        ({**ITSELF, "actor": RULE["actor"]}, "actor: by_identifier is for a client that acts itself"),
        (
            {**ITSELF, "impersonation": {"by_identifier": True, "max_age": "5m"}},
            "impersonation.max_age: is about a sign-in",
        ),
        ({**RULE, "actor": {**RULE["actor"], "impersonated": True}}, "actor.impersonated: does nothing"),
        (
            {**RULE, "subject": {"from": "actas", "impersonated": True}},
            "subject.impersonated: says something of a token",
        ),
        (
            {**RULE, "allow": "delegation", "subject": {"from": "corp-okta", "impersonated": True}},
            "subject.impersonated: does nothing: such tokens are this server's own, and from does not list actas",
        ),
        (
            {**WITHOUT_ACTOR, "subject": {"from": "actas", "impersonated": True}},
            "subject.impersonated: does nothing: impersonation never takes such a token",
        ),
        (
            {**WITHOUT_ACTOR, "allow": "translation", "subject": {"from": "corp-okta", "impersonated": True}},
            "subject.impersonated: does nothing: translation never takes such a token",
        ),
        (
            {**RULE, "allow": "delegation", "impersonation": {"reason": "required"}},
            "impersonation: is for an allow of impersonation",
        ),
    ],
)  # fmt: skip
def test_what_would_not_hold_is_refused(tmp_path: Path, rule: dict[str, Any], complaint: str) -> None:
    found = complaints(tmp_path, tree(rule))
    assert any(complaint in one for one in found), found


def test_people_of_an_issuer_through_which_people_sign_in_may_be_named_and_protected(tmp_path: Path) -> None:
    section = {**SECTION, "protected": {"groups": ["board"], "names": ["corp-okta:00u1"]}}
    assert [one for one in loaded(tmp_path, tree(RULE, section)).warnings if "protects nobody" in one.message]
    found = tree({**RULE, "subject": {"from": ["actas", "corp-okta"], "kinds": ["person"]}}, section)
    named(found, "issuers", "corp-okta")["sign_in"] = {"client_id": "acme", "display_name": "Okta"}
    told = loaded(tmp_path, found)
    assert not [one for one in told.warnings if "protects nobody" in one.message]
    spec = next(one for one in told.definitions.rules if one.name == "helpdesk-looks-in")
    assert spec.subject is not None
    assert spec.subject.issuers == {"actas", "corp-okta"}


def test_a_rule_that_lets_somebody_change_things_in_another_name_draws_a_warning(tmp_path: Path) -> None:
    rule = {**RULE, "scopes": {"any": ["orders:read", "orders:write"]}}
    (warning,) = [one for one in loaded(tmp_path, tree(rule)).warnings if "read_only" in one.message]
    assert warning.message.startswith("orders:write of orders may change things")


@pytest.mark.parametrize("kind", ["delegation", "downscope"])
def test_where_an_impersonated_token_may_be_taken_it_may_be_said(tmp_path: Path, kind: str) -> None:
    rule = {
        **WITHOUT_ACTOR,
        "allow": kind,
        "subject": {"from": "actas", "impersonated": True},
        "scopes": "same",
    }
    assert not any("impersonated" in one for one in complaints(tmp_path, tree(rule)))


def test_a_protected_name_that_nobody_has_draws_a_warning(tmp_path: Path) -> None:
    found = tree(RULE, {"protected": {"names": ["root", "carla", "actas:carol", "carol"]}})
    found["users"] = [{"name": "carol"}]
    said = [one.message for one in loaded(tmp_path, found).warnings if "protects nobody" in one.message]
    assert said == [
        'there is no user "root", so this protects nobody',
        'there is no user "carla", so this protects nobody; did you mean "carol"?',
    ]


def test_a_time_of_a_rule_that_the_section_cuts_draws_a_warning(tmp_path: Path) -> None:
    rule = {**RULE, "impersonation": {"lasts": "2h", "max_age": "10m"}}
    said = [one.message for one in loaded(tmp_path, tree(rule, {"max_age": "5m"})).warnings]
    assert "is more than impersonation.lasts (1h), which holds" in said
    assert "is more than impersonation.max_age (5m), which holds" in said
    quiet = loaded(tmp_path, tree(rule, {"lasts": "2h"})).warnings
    assert not any("which holds" in one.message for one in quiet)


def test_the_environment_says_nothing_of_it(tmp_path: Path) -> None:
    found = complaints(tmp_path, acme(), environ={"ACTAS_IMPERSONATION__REQUIRE_REASON": "false"})
    sentence = "impersonation.require_reason: impersonation comes from files only, where it can be reviewed"
    assert f"ACTAS_IMPERSONATION__REQUIRE_REASON: {sentence}" in found


def faults_of_actor(tmp_path: Path, rule: dict[str, Any], section: dict[str, Any] | None = None) -> list[str]:
    """The warnings about who an administrator is."""
    found = loaded(tmp_path, tree(rule, section)).warnings
    return [one.message for one in found if one.path.endswith("actor") and rule["name"] in one.message]


@pytest.mark.requirement("SEC-46")
def test_a_rule_by_which_everybody_is_an_administrator_is_no_rule(tmp_path: Path) -> None:
    rule = {**RULE, "actor": {"from": "actas", "required": True}}
    (said,) = [one for one in complaints(tmp_path, tree(rule)) if "everybody" in one]
    assert "helpdesk-looks-in names no group and no name" in said
    assert "actor: { from: …, groups: […], required: true }" in said


@pytest.mark.parametrize(
    ("actor", "more", "section"),
    [
        ({"from": "corp-okta"}, {}, None),
        ({"from": "actas", "kinds": ["person"]}, {"when": "request.scopes.size() == 1"}, None),
        ({"from": "actas"}, {}, {"approval": {"by": "leads"}}),
        ({"from": "actas"}, {"impersonation": {"approval": {"by": "leads"}}}, None),
    ],
)
def test_everybody_of_elsewhere_or_with_a_condition_draws_a_warning(
    tmp_path: Path, actor: dict[str, Any], more: dict[str, Any], section: dict[str, Any] | None
) -> None:
    rule = {**RULE, "actor": {**actor, "required": True}, **more}
    (said,) = faults_of_actor(tmp_path, rule, section)
    assert said.startswith("helpdesk-looks-in names no group and no name, nor does a condition say who")


@pytest.mark.parametrize(
    ("actor", "more"),
    [
        ({"from": "actas", "names": ["actas:dana"]}, {}),
        ({"from": "actas"}, {"when": 'actor.groups.exists(g, g == "support")'}),
        ({"from": "actas"}, {"chain": {"names": ["actas:dana"]}}),
    ],
)
def test_who_is_said_by_name_or_condition_draws_none(
    tmp_path: Path, actor: dict[str, Any], more: dict[str, Any]
) -> None:
    assert faults_of_actor(tmp_path, {**RULE, "actor": {**actor, "required": True}, **more}) == []


def test_an_approval_with_a_condition_is_no_condition_of_who_acts(tmp_path: Path) -> None:
    rule = {**RULE, "actor": {"from": "actas", "required": True}}
    section = {"approval": {"by": "leads", "when": 'subject.groups.exists(g, g == "board")'}}
    assert any("everybody" in one for one in complaints(tmp_path, tree(rule, section)))


@pytest.mark.requirement("SEC-46")
def test_a_rule_without_an_actor_is_said_to_be_for_no_administrator(tmp_path: Path) -> None:
    (said,) = faults_of_actor(tmp_path, WITHOUT_ACTOR)
    assert said.startswith("helpdesk-looks-in names none, so it is for no administrator")
    assert "write actor: { from: …, groups: […], required: true }; otherwise" in said
    known = {**WITHOUT_ACTOR, "subject": {"from": "actas", "audience": "orders"}}
    assert faults_of_actor(tmp_path, known) == []
    assert faults_of_actor(tmp_path, ITSELF) == []
