"""What another server, a store or a key refused is told as it was: no rehearsal knows whether it would be so again."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.company import TICKETS, connection
from tests.fakes.crossing import APPS, crossing, refused
from tests.fakes.encrypting import OneRecipient
from tests.fakes.house import PEOPLE, House
from tests.fakes.redeeming import answered, not_handed_on, standing_in, wish
from tests.fakes.refused_abroad import ASKING
from tests.unit.admin.test_refusals_across_domains_are_explained import shown

import actas
from actas.admin.afterwards import DECIDED
from actas.core.ports import FetchFailed
from actas.trust.recipients import NoRecipient

TRIES = frozenset[Any]({"encryption"})
KEYLESS = "it does not say that it takes encrypted grants"


def keyless(*, away: bool = False, **changes: Any) -> House:
    there = connection(proposals=TRIES, **changes)
    return crossing(connections=[there], recipients=OneRecipient(NoRecipient(KEYLESS, away=away)))


def redeeming() -> House:
    return House(clients=APPS, people=PEOPLE, connections=[standing_in()])


@pytest.mark.requirement("JAG-153", "SEC-45")
@pytest.mark.parametrize(("away", "reason"), [(False, "no_encryption_key"), (True, "upstream_down")])
async def test_a_server_without_a_key_is_not_said_to_be_granted_now(away: bool, reason: str) -> None:
    it = keyless(away=away)
    await refused(it)
    found, text, read = shown(it, it.writer.events[-1])
    assert (found.granted, found.reason) == (False, reason)
    assert "under the rules of now" not in text
    assert f"  8 issuing       ✕  {KEYLESS}" in text
    assert f"Why:               {KEYLESS}" in text
    said = (
        "no rule decided it; whether it holds now says: actas connections try web-to-tickets --as actas:alice"
    )
    assert f"\n                   {said}" in text
    assert (read["outcome"], read["hints"]) == ("refused", [said])


@pytest.mark.requirement("SEC-45")
async def test_what_no_rule_decided_is_said_of_then_where_the_rules_refuse_now() -> None:
    it = keyless()
    await refused(it)
    found, text, _ = shown(keyless(paused=True), it.writer.events[-1])
    assert found.reason == "connection_paused"
    before, now = text.split("under the rules of now it would be")
    assert "no rule decided it" in before
    assert "no rule decided it" not in now


@pytest.mark.requirement("SEC-45")
async def test_of_a_store_that_failed_no_dry_run_is_advised() -> None:
    here, _, event = await ASKING["no key may sign yet"].entry()
    _, text, _ = shown(here, event)
    assert "no rule decided it" in text
    assert "connections try" not in text


@pytest.mark.requirement("SEC-45", "IDC-58")
@pytest.mark.parametrize(
    ("answer", "it_said", "which"),
    [
        (
            answered({"error": "invalid_grant", "error_description": "it is paused"}, 400),
            "it said invalid_grant: it is paused",
            "",
        ),
        (answered({"error": "invalid_client"}, 401), "it said invalid_client", "if it came so far, "),
        (answered(b"", 503), "it said status 503", "if it came so far, "),
        (answered(b"<html>"), None, "if it came so far, "),
        (FetchFailed("nothing listens"), None, "if it came so far, "),
    ],
)
async def test_what_the_other_server_said_and_of_which_grant_is_said(
    answer: Any, it_said: str | None, which: str
) -> None:
    it = redeeming()
    it.there.answer = answer
    await not_handed_on(it)
    given, after = it.writer.events
    found, text, _ = shown(it, after)
    lines = [one.strip() for one in text.splitlines()]
    told = lines[lines.index(f"Why:               {after['detail']}") + 1 :]
    assert [one for one in told if one.startswith("it said")] == ([it_said] if it_said else [])
    jti = given["given"]["jti"]
    assert f"grant jti {jti}, given in {given['id']}: {which}the log of {TICKETS} has that jti" in told
    assert f"  8 redeemed there ✕  {after['detail']}" in text
    assert found.stages[6].passed is True


async def test_no_other_log_is_named_for_a_grant_that_was_not_sent() -> None:
    it = redeeming()
    it.there.answer = FetchFailed("nothing accepts connections", sent=False)
    await not_handed_on(it)
    given, after = it.writer.events
    _, text, _ = shown(it, after)
    assert f"grant jti {given['given']['jti']}, given in {given['id']}\n" in text


@pytest.mark.requirement("SEC-45")
async def test_a_server_that_was_not_asked_has_a_stage_of_its_own() -> None:
    it = redeeming()
    it.there.says = FetchFailed("nothing listens")
    await it.turned_away(wish(it))
    found, text, _ = shown(it, it.writer.events[-1])
    assert (found.stages[-1].number, found.stages[-1].name) == (8, "redeemed there")
    assert "grant jti" not in text  # there was none


def test_every_reason_that_the_rules_give_is_decided_again() -> None:
    reasons = {
        one
        for folder in ("kinds", "policy")
        for file in (Path(actas.__file__).parent / folder).glob("*.py")
        for one in _reasons(ast.parse(file.read_text(encoding="utf-8")))
    }
    # Of the last two nothing is left to decide: what a request is shaped like, and a code that is used up.
    assert reasons - DECIDED == {"malformed_request", "bad_code"}


def _reasons(tree: ast.AST) -> set[str]:
    """The reasons of the refusals that a module makes."""
    found: set[str] = set()
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        named = [one.value for one in call.keywords if one.arg == "reason"]
        given = {"Refusal": named, "_refuse": call.args[:1]}.get(call.func.id, [])
        found |= {one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found
