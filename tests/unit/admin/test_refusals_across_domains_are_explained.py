"""Every refusal of either leg of cross-app access says afterwards, in ``explain --entry``, what it turned on."""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.fakes.house import House
from tests.fakes.refused_abroad import ASKING, PLACE, Refused, asking, leading
from tests.fakes.refused_grants import REDEEMING, accepting, redeeming

from actas.admin.explanation import Explanation
from actas.cli.explaining import Past, document, lines_of
from actas.cli.misspelt import ways_of_entry
from actas.cli.output import Ink, Line

EVERY: Final = {
    **{f"asked: {name}": one for name, one in ASKING.items()},
    **{f"redeemed: {name}": one for name, one in REDEEMING.items()},
}

BY_A_CONNECTION: Final = (
    *("no_rule", "connection_paused", "sign_in_again", "excess", "grant_reused", "person_not_nameable"),
    *("binding_needed", "key_not_proven"),
)
"""Why a connection that was found gave nothing: the explanation has its name, and where it is written."""


def text_of(line: Line) -> str:
    parts = [line] if isinstance(line, str | Ink) else [*line]
    return "".join(one.text if isinstance(one, Ink) else one for one in parts)


def shown(here: House, event: dict[str, Any]) -> tuple[Explanation, str, dict[str, Any]]:
    """An entry as it is explained: itself, what people read, and what programs do."""
    found = here.rehearsal().of_event(event)
    past = Past.of(event, entry=event["id"], policy=found.policy, broken=None)
    hints = tuple(ways_of_entry(event, here.catalog))
    lines = lines_of(found, past=past, hints=hints, everything=False)
    return found, "\n".join(map(text_of, lines)), document(found, past=past, hints=hints)


@pytest.mark.requirement("JAG-122", "JAG-55", "IDC-58", "SEC-45")
@pytest.mark.parametrize("case", EVERY.values(), ids=EVERY)
async def test_the_stage_the_reason_and_what_it_turned_on_are_said(case: Refused) -> None:
    here, _, event = await case.entry()
    assert event["reason"] == case.reason
    found, text, read = shown(here, event)
    assert (found.granted, found.reason, found.error) == (False, event["reason"], event["error"])
    assert "under the rules of now" not in text  # nothing was changed since
    assert next(one.number for one in found.stages if one.passed is False) == case.stage
    assert f"Why:               {event['detail']}" in text
    for word in case.says:
        assert word in text
    assert read["reason"] == read["recorded"]["reason"] == event["reason"]
    if case.reason in BY_A_CONNECTION:
        assert PLACE in text
        assert "web-to-tickets" in text or "web-from-corp" in text


@pytest.mark.requirement("SEC-87", "JAG-127")
@pytest.mark.parametrize("case", EVERY.values(), ids=EVERY)
async def test_no_token_is_in_the_entry_or_its_explanation(case: Refused) -> None:
    here, form, event = await case.entry()
    tokens = [str(form[name]) for name in ("subject_token", "assertion") if name in form]
    _, text, read = shown(here, event)
    for token in tokens:
        for part in (token.split(".")[1], token.split(".")[-1]) if "." in token else (token,):
            assert part not in text + str(event) + str(read)
    assert tokens


def test_none_of_the_reasons_of_grants_is_left_out() -> None:
    reasons = {one.reason for one in EVERY.values()}
    assert {
        *(
            "no_connection",
            "several_connections",
            "connection_paused",
            "person_not_nameable",
            "grant_reused",
            "unknown_person",
        ),
        *(
            "bad_subject",
            "expired",
            "wrong_audience",
            "unknown_target",
            "no_rule",
            "denied_by_rule",
            "excess",
        ),
        *("sign_in_again", "key_not_proven", "binding_needed", "client_may_not_exchange", "bad_client_auth"),
        *("malformed_request", "actor_not_allowed", "unknown_profile", "storage_unavailable", "internal"),
    } == reasons


async def test_a_grant_that_says_a_thousand_scopes_fills_no_terminal() -> None:
    many = " ".join(f"strange:{number}" for number in range(600))
    case = Refused(reason="excess", stage=5, says=(), house=accepting(), asks=redeeming(scope=many))
    here, _, event = await case.entry()
    _, text, _ = shown(here, event)
    (columns,) = (line for line in text.splitlines() if line.lstrip().startswith("orders "))
    assert columns.count("strange:") == 12


async def test_where_no_connection_opened_nothing_is_said_of_what_it_would_have_given() -> None:
    here, _, event = await REDEEMING["somebody who never was here"].entry()
    found, text, _ = shown(here, event)
    assert [one.passed for one in found.stages] == [True, True, True, False, None, None, None]
    (says,) = (line for line in text.splitlines() if line.lstrip().startswith("the grant says"))
    assert "●" in says
    assert "the token buys" not in text


@pytest.mark.parametrize("case", [ASKING["paused"], REDEEMING["paused, beside one for another API"]])
async def test_a_pause_is_the_only_reason_that_is_shown(case: Refused) -> None:
    here, _, event = await case.entry()
    found, text, _ = shown(here, event)
    assert [one.number for one in found.stages if one.passed is False] == [1]
    assert "no rule" not in text
    assert "the token buys" not in text


async def test_a_scope_that_a_connection_does_not_list_is_said_of_the_connection() -> None:
    case = Refused(reason="excess", stage=5, says=(), house=leading(), asks=asking(scope="tickets:burn"))
    here, _, event = await case.entry()
    _, text, _ = shown(here, event)
    assert "not available on this path: tickets:burn: the connection web-to-tickets lists" in text
    assert "the connection lists" in text
    for row in ("the API defines", "the client may ask", "the token buys"):
        assert row not in text
