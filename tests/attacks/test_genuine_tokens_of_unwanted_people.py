"""Whoever may not come in locks nobody out, and is found in the log of both ends.

A connection's client redeems grants for everybody in a company. A few genuine ones for people who were disabled, are
unknown, or come of another tenant are no guesses at grants: if they counted as such, one dismissed person could keep
the whole company waiting. What their issuer signed says who they are to it, so that the entry of each refusal names
them and the grant.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, REDEEMERS, acceptance
from tests.fakes.crossing import crossing, grant_form
from tests.fakes.house import IDP, NOW, ORDERS, PEOPLE, House
from tests.unit.admin.test_refusals_across_domains_are_explained import shown

from actas.clients.throttle import Limits, Step
from actas.core.errors import OAuthError
from actas.crypto import jose

LIMITS = Limits(failed_tokens=(Step(3, 60),))

UNWANTED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "disabled": ("unknown_person", {"match": "aud_sub"}, {"aud_sub": "actas:bob"}),
    "of no domain of ours": ("bad_subject", {}, {"email": "eve@other.example"}),
    "address not verified": ("bad_subject", {}, {"email_verified": False}),
    "unknown": ("unknown_person", {}, {"user": "nina"}),
    "of another tenant": ("wrong_tenant", {}, {"tenant": "acme-eu"}),
    "ended": ("expired", {}, {"iat": NOW - 90, "exp": NOW - 60}),
    "for another server": ("wrong_audience", {}, {"aud": "https://as.other.example"}),
    "claims of another type": ("bad_subject", {}, {"nonce": "n"}),
}


def house(**changes: Any) -> House:
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        rules=(),
        accepted=[acceptance(**changes)],
        limits=LIMITS,
        clock=FixedClock(NOW),
    )


async def refused(here: House, form: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(OAuthError):
        await here.post(form)
    return here.writer.events[-1]


@pytest.mark.requirement("SEC-14")
@pytest.mark.parametrize(("reason", "changes", "grant"), UNWANTED.values(), ids=UNWANTED)
async def test_genuine_grants_of_people_who_may_not_come_keep_nobody_else_waiting(
    reason: str, changes: dict[str, Any], grant: dict[str, Any]
) -> None:
    here = house(**changes)
    for number in range(8):
        event = await refused(here, here.redeeming(here.grant(**{**grant, "jti": f"g-{number}"})))
        assert event["reason"] == reason
    good: dict[str, Any] = {"aud_sub": "actas:alice"} if changes else {}
    await here.post(here.redeeming(here.grant(**good)))


@pytest.mark.requirement("IDC-58", "JAG-122")
@pytest.mark.parametrize(("reason", "changes", "grant"), UNWANTED.values(), ids=UNWANTED)
async def test_their_entries_name_them_and_the_grant_so_that_both_logs_are_joined(
    reason: str, changes: dict[str, Any], grant: dict[str, Any]
) -> None:
    here = house(**changes)
    event = await refused(here, here.redeeming(here.grant(**grant, jti="g-here")))
    subject = event["subject"]
    assert subject["token"]["jti"] == "g-here"
    assert (subject["iss"], subject["issuer"]) == (IDP, "corp-idp")
    assert subject["sub"].startswith("id-")
    assert subject["refused"] is True
    found, text, _ = shown(here, event)
    (stage,) = [one for one in found.stages if one.passed is False]
    assert stage.number == 2
    assert f"{subject['sub']}, id-jag of corp-idp with the jti g-here: {event['detail']}" in text
    assert found.stages[0].passed


@pytest.mark.requirement("SEC-14")
async def test_forged_grants_are_slowed_down_as_before_and_name_nobody() -> None:
    here = house()
    forged = here.grant(key=jose.PrivateKey.generate("ES256"))
    for _ in range(3):
        event = await refused(here, here.redeeming(forged))
        assert "subject" not in event
    event = await refused(here, here.redeeming(here.grant()))
    assert event["reason"] == "too_many_failures"


async def test_our_own_tokens_of_somebody_who_was_disabled_keep_nobody_else_waiting() -> None:
    gone = [msgspec.structs.replace(one, disabled=one.subject == "actas:alice") for one in PEOPLE]
    here = crossing(limits=LIMITS, people=gone, clock=FixedClock(NOW))
    for _ in range(5):
        event = await refused(here, grant_form(here))
        assert (event["reason"], event["subject"]["sub"]) == ("bad_subject", "actas:alice")


async def test_a_grant_whose_connection_is_paused_was_proven_all_the_same() -> None:
    here = house(paused=True)
    event = await refused(here, here.redeeming(here.grant(resource=ORDERS)))
    assert event["subject"]["token"]["jti"]
    found, _, _ = shown(here, event)
    assert [one.passed for one in found.stages[:3]] == [False, True, None]
