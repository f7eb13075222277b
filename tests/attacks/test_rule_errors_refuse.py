"""Making a rule fail.

A rule reads a claim that the token need not have, compares text with a number, divides by what the caller
chose. If an error in an allow counts as "does not match" and one in a deny as well, whoever can provoke the
error in the deny gets what the deny forbids. Here an error in any rule that concerns the request refuses the
request, and the minutes name the rule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import (
    APIS,
    CORP,
    FROM_CORP,
    ORDERS_TO_INVENTORY,
    House,
    allow,
)

from actas.core.wire import ID_TOKEN
from actas.policy.decide import Policy
from actas.policy.rule import RuleError, RuleSpec

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}

BROKEN = (
    "subject.claims.nowhere",
    "subject.claims.nowhere == 'x'",
    "subject.claims.level > 1",
    "subject.claims.level == 'high' && subject.claims.nowhere == 1",
    "subject.claims.list[7] == 'a'",
    "subject.claims.map['x'] == 'a'",
    "1 / subject.claims.zero == 1",
    "1",
    "'true'",
    "subject.groups",
    "subject.id.matches('(')",
    "int(subject.id) == 1",
    "duration('never') == duration('1s')",
    "subject.claims.list.level == 'x'",
    "!subject.id",
    "subject.nowhere == 'x'",
    "actor.claims.nowhere == 'x'",
    "target.nowhere",
    "now > 'yesterday'",
)
CLAIMS: dict[str, Any] = {"level": "high", "list": ["a"], "map": {"y": "b"}, "zero": 0}


def deny(**changes: Any) -> RuleSpec:
    base = RuleSpec(name="no", effect="deny", kind="any", apis=frozenset({"inventory"}), reason="No.")
    return replace(base, **changes)


@pytest.mark.requirement("SEC-42", "SEC-02")
@pytest.mark.parametrize("expression", BROKEN)
@pytest.mark.parametrize(
    "where", ["the only allow", "one allow of two", "deny", "deny of scopes", "deny of anything"]
)
async def test_a_rule_that_cannot_be_evaluated_refuses(expression: str, where: str) -> None:
    broken = replace(ORDERS_TO_INVENTORY, name="broken", when=(expression,))
    rules = {
        "the only allow": (broken,),
        "one allow of two": (ORDERS_TO_INVENTORY, broken),
        "deny": (ORDERS_TO_INVENTORY, deny(name="broken", when=(expression,))),
        "deny of scopes": (
            ORDERS_TO_INVENTORY,
            deny(name="broken", when=(expression,), denied_scopes=frozenset({"stock:write"})),
        ),
        "deny of anything": (ORDERS_TO_INVENTORY, deny(name="broken", when=(expression,), apis=frozenset())),
    }[where]
    house = House(rules=rules)
    error = await house.refused("orders", house.our_token(**CLAIMS), **READ)
    assert (error.code, error.reason) == ("invalid_target", "denied_by_rule")
    assert house.writer.events[-1]["rules"] == ["broken"]
    assert "could not be evaluated" in error.detail


@pytest.mark.requirement("SEC-42")
async def test_the_order_of_a_broken_rule_and_a_good_one_does_not_matter() -> None:
    broken = replace(ORDERS_TO_INVENTORY, name="broken", when=("subject.claims.nowhere",))
    for rules in ((ORDERS_TO_INVENTORY, broken), (broken, ORDERS_TO_INVENTORY)):
        house = House(rules=rules)
        assert (await house.refused("orders", house.our_token(), **READ)).reason == "denied_by_rule"


@pytest.mark.requirement("SEC-42")
async def test_a_rule_that_does_not_concern_the_request_does_not_disturb_it() -> None:
    when = ("subject.claims.nowhere",)
    others = (
        deny(when=when, apis=frozenset({"orders"})),
        replace(
            ORDERS_TO_INVENTORY,
            name="web",
            client=replace(ORDERS_TO_INVENTORY.client, names=frozenset({"web"})),
            when=when,
        ),
        replace(ORDERS_TO_INVENTORY, name="off", when=when, disabled=True),
        replace(ORDERS_TO_INVENTORY, name="imp", kind="impersonation", when=when),
        replace(ORDERS_TO_INVENTORY, name="corp", subject=FROM_CORP, when=when),
    )
    house = House(rules=(ORDERS_TO_INVENTORY, *others))
    assert (await house.claims("orders", house.our_token(), **READ))["scope"] == "stock:read"


@pytest.mark.requirement("SEC-42", "SEC-02")
@pytest.mark.parametrize(
    "expression", ["subject.claims.nowhere", "subject.claims.level + 1", "1 / subject.claims.zero"]
)
async def test_a_claim_that_cannot_be_evaluated_refuses(expression: str) -> None:
    house = House(rules=(replace(ORDERS_TO_INVENTORY, claims={"x": expression}),))
    error = await house.refused("orders", house.our_token(**CLAIMS), **READ)
    assert (error.code, error.reason) == ("invalid_target", "denied_by_rule")


@pytest.mark.requirement("SEC-42")
@pytest.mark.parametrize(
    "expression", ["{'a': 1}", "null", "b'abc'", "now", "duration('1s')", "subject.claims"]
)
async def test_a_claim_of_a_type_that_no_claim_has_refuses(expression: str) -> None:
    house = House(rules=(replace(ORDERS_TO_INVENTORY, claims={"x": expression}),))
    error = await house.refused("orders", house.our_token(**CLAIMS), **READ)
    assert (error.code, error.reason) == ("invalid_target", "denied_by_rule")


@pytest.mark.requirement("SEC-42", "SEC-04")
@pytest.mark.parametrize(
    "claims",
    [
        {"x": "[now]"},
        {"x": "[b'abc']"},
        {"x": "1.0 / 0.0"},
        {"x": "[1.0 / 0.0]"},
    ],
)
async def test_a_claim_that_cannot_be_written_is_never_issued(claims: dict[str, str]) -> None:
    house = House(rules=(replace(ORDERS_TO_INVENTORY, claims=claims),))
    error = await house.refused("orders", house.our_token(), **READ)
    assert error.reason in ("denied_by_rule", "internal")


@pytest.mark.requirement("SEC-07")
@pytest.mark.parametrize("name", ["Email", "EMAIL_VERIFIED"])
def test_a_claim_that_differs_from_a_known_one_by_its_case_cannot_be_set(name: str) -> None:
    with pytest.raises(RuleError, match="by its case only"):
        House(rules=(replace(ORDERS_TO_INVENTORY, claims={name: "'x'"}),))


@pytest.mark.requirement("SEC-42")
@pytest.mark.parametrize("claims", [{"x": "[now]"}, {"x": "1.0 / 0.0"}])
async def test_a_claim_that_cannot_be_written_names_its_rule(claims: dict[str, str]) -> None:
    house = House(rules=(replace(ORDERS_TO_INVENTORY, claims=claims),))
    assert (await house.refused("orders", house.our_token(), **READ)).reason == "denied_by_rule"


@pytest.mark.requirement("SEC-42")
async def test_two_rules_that_set_one_claim_differently_refuse() -> None:
    rules = [replace(ORDERS_TO_INVENTORY, name=name, claims={"desk": f"'{name}'"}) for name in ("a", "b")]
    house = House(rules=rules)
    error = await house.refused("orders", house.our_token(), **READ)
    assert (error.reason, "different values" in error.detail) == ("denied_by_rule", True)
    same = [replace(rule, claims={"desk": "'a'"}) for rule in rules]
    house = House(rules=same)
    assert (await house.claims("orders", house.our_token(), **READ))["desk"] == "a"


@pytest.mark.requirement("SEC-42", "SEC-24")
@pytest.mark.parametrize("field", ["subject", "groups", "when"])
@pytest.mark.parametrize(
    "expression", ["claims.nowhere", "claims.email_verified", "1 / 0", "claims.email + 1"]
)
async def test_a_mapping_that_cannot_be_evaluated_refuses(field: str, expression: str) -> None:
    if field == "when" and expression == "claims.email_verified":
        return
    changes: dict[str, Any] = {field: (expression,) if field == "when" else expression}
    house = House(issuers=(replace(CORP, **changes),))
    error = await house.refused(
        "assistant", house.id_token(nonce="n"), subject_token_type=str(ID_TOKEN), audience="orders"
    )
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-42", "SEC-02")
async def test_a_raw_string_does_not_hide_a_claim_from_a_deny() -> None:
    """What the policy needs is read off the text; a claim that is missed there is missing, and ``has`` is false."""
    when = (r"""r"CORP\" != subject.id && has(subject.claims.blocked) && subject.id != "x" """,)
    house = House(rules=(allow("a", "delegation", "orders", "inventory"), deny(when=when)))
    assert (await house.refused("orders", house.our_token(blocked=True), **READ)).reason == "denied_by_rule"


@pytest.mark.requirement("SEC-42")
@pytest.mark.parametrize(
    "expression",
    [
        "",
        "subject.",
        "nobody.id == 'x'",
        "subject.id ==",
        "x" * 1025,
        "(" * 40 + "true" + ")" * 40,
        "claims.sub == 'x'",
        "import os",
        "subject.id = 'x'",
    ],
)
def test_an_expression_that_does_not_compile_is_refused_before_it_is_used(expression: str) -> None:
    with pytest.raises(RuleError, match=r"when\[0\]"):
        Policy([replace(ORDERS_TO_INVENTORY, when=(expression,))], apis=APIS)
