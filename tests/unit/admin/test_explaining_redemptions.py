"""What came of a grant that was redeemed is put before the policy again from its entry, and tells the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import CALLBACK, GRANTING, NOW, PEOPLE, REDEEMERS, acceptance, connection
from tests.fakes.crossing import crossing, granted
from tests.fakes.house import ORDERS, House

from actas.admin.explanation import Explanation
from actas.cli.explaining import lines_of
from actas.core.client import SignInTerms
from actas.core.errors import OAuthError


def house(**changes: Any) -> House:
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=(acceptance(**changes),),
        clock=FixedClock(NOW),
    )


async def entry_of(it: House, grant: str, **parameters: Any) -> dict[str, Any]:
    try:
        await it.post(it.redeeming(grant, **{"resource": ORDERS, **parameters}))
    except OAuthError:
        assert it.writer.events[-1]["outcome"] == "refused"
    return dict(it.writer.events[-1])


def explained(it: House, event: dict[str, Any]) -> Explanation:
    told = it.rehearsal().of_event(event)
    assert told.granted == (event["outcome"] == "granted")
    assert told.reason == event.get("reason")
    return told


@pytest.mark.requirement("SEC-45")
async def test_what_was_granted_is_granted_again() -> None:
    it = house()
    event = await entry_of(it, it.grant(scope="orders:read"))
    assert "known" not in event["subject"]
    told = explained(it, event)
    assert (told.kind, told.scopes) == ("redemption", ("orders:read",))


@pytest.mark.requirement("SEC-45", "SEC-62")
async def test_somebody_who_never_was_here_is_told_as_such() -> None:
    it = house(match="subject", unknown="refuse")
    event = await entry_of(it, it.grant())
    assert (event["reason"], event["subject"]["known"]) == ("no_rule", False)
    told = explained(it, event)
    (rule,) = [one for one in told.rules if one.name == "connection:web-from-corp"]
    (failed,) = [one for one in rule.conditions if one.holds is False]
    assert (failed.field, failed.seen) == ("subject.known", "never here before")


@pytest.mark.requirement("SEC-45")
async def test_a_newcomer_who_is_let_in_is_explained_as_granted_and_is_known_the_next_time() -> None:
    it = house(match="subject", unknown="create")
    first = await entry_of(it, it.grant())
    assert (first["outcome"], first["subject"]["known"]) == ("granted", False)
    assert first["created"] == first["subject"]["sub"]
    explained(it, first)
    second = await entry_of(it, it.grant(jti="another"))
    assert second["outcome"] == "granted"
    assert "known" not in second["subject"]
    explained(it, second)


@pytest.mark.requirement("SEC-45", "JAG-71")
async def test_a_grant_that_was_used_is_told_as_it_was_written() -> None:
    it = house()
    await entry_of(it, it.grant())
    event = await entry_of(it, it.grant())
    assert event["reason"] == "grant_reused"
    told = explained(it, event)
    assert (told.error, told.detail) == ("invalid_grant", event["detail"])
    assert [one.number for one in told.stages if not one.passed] == [2]
    assert told.permit is None


@pytest.mark.requirement("SEC-45", "SEC-62")
async def test_what_nobody_agreed_to_is_told_at_the_scopes() -> None:
    asking = SignInTerms(redirect_uris=(CALLBACK,), consent="always")
    clients = [replace(one, sign_in=asking) if one.name == "web" else one for one in REDEEMERS]
    it = House(
        issuers=(GRANTING,),
        clients=clients,
        people=PEOPLE,
        accepted=(acceptance(match="email"),),
        clock=FixedClock(NOW),
    )
    event = await entry_of(it, it.grant(scope="orders:read"))
    assert event["reason"] == "not_consented"
    told = explained(it, event)
    assert (told.error, told.detail, told.permit) == ("invalid_grant", event["detail"], None)
    (refused,) = [one for one in told.stages if not one.passed]
    assert (refused.name, refused.text) == ("scopes", event["detail"])
    assert "actas:alice never let it do all of this: orders:read" in refused.text
    lines = lines_of(told, past=None, hints=(), everything=False)
    drawn = ["".join(one if isinstance(one, str) else one.text for one in line) for line in lines]
    (left,) = [one.split() for one in drawn if "would be granted" in one]
    assert set(left[3:]) == {"✕"}


@pytest.mark.requirement("SEC-45")
@pytest.mark.parametrize(
    ("changes", "claims", "reason"),
    [
        ({"paused": True}, {}, "connection_paused"),
        ({"client": "helpdesk", "match": "subject"}, {}, "no_connection"),
        ({}, {"exp": NOW - 60, "iat": NOW - 90}, "expired"),
        ({}, {"scope": "orders:refund"}, "excess"),
        ({"groups": frozenset({"nobody"})}, {}, "no_rule"),
    ],
)
async def test_a_refusal_is_told_for_what_it_was(
    changes: dict[str, Any], claims: dict[str, Any], reason: str
) -> None:
    it = house(**changes)
    event = await entry_of(it, it.grant(**claims))
    assert event["reason"] == reason
    told = explained(it, event)
    assert told.detail == event["detail"]


@pytest.mark.requirement("SEC-45", "JAG-69")
async def test_an_entry_says_which_details_did_not_fit() -> None:
    read = {"type": "order", "actions": ["read"]}
    it = house(details=({"type": "order", "actions": ["read", "list"]},))
    event = await entry_of(it, it.grant(scope=None, authorization_details=[read, {"type": "mail"}]))
    told = explained(it, event)
    (scopes,) = [one for one in told.stages if one.number == 5]
    assert scopes.text == "none, and authorization details of the type order"
    event = await entry_of(it, it.grant(jti="2", authorization_details=[{**read, "actions": ["burn"]}]))
    told = explained(it, event)
    (scopes,) = [one for one in told.stages if one.number == 5]
    assert (scopes.passed, "of the type order: its actions has an entry" in scopes.text) == (False, True)


@pytest.mark.requirement("SEC-45", "JAG-38")
async def test_so_does_the_entry_of_a_grant_of_ours() -> None:
    it = crossing(connections=[connection(details=({"type": "ticket", "project": "a"},))])
    for asked in ('[{"type":"ticket"}]', '[{"type":"ticket","project":"b"}]', '[{"type":"mail"}]'):
        try:
            await granted(it, authorization_details=asked)
        except OAuthError:
            assert it.writer.events[-1]["reason"] == "bad_details"
        explained(it, dict(it.writer.events[-1]))
    assert "there is no template of its type" in it.writer.events[-1]["detail"]
