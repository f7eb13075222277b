"""Ending the code of somebody else's device, or learning from its end who it was that may not.

Whoever may not let a device have what it asks ends its code, as who says no does, so that nobody waits in vain. More
people can end a code by that than may say yes. So they need what every answer needs: the code itself, a session of
their own, this site's form in their own browser, and the patience of all who guess. The device hears why and not who,
and what it hears stands in the log first.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.attacks.test_device_codes import WRONG, reason
from tests.fakes.company import PEOPLE, client, on_devices
from tests.fakes.connecting import Connecting
from tests.fakes.people_who_manage import ADMINS, API, DANA

from actas.policy.impersonation import Impersonating
from actas.signin.steps import AskDevice, AskWho, DeviceDone


def managing() -> Connecting:
    """Where dana is an owner, and the app on the device is for managing."""
    app = on_devices(client("web", kind="app"), management=True)
    return Connecting(app, people=[*PEOPLE, DANA], administrators=ADMINS)


MANAGE = f"scope=actas:auditor+actas:owner&resource={API}"


@pytest.mark.requirement("DG-6", "SEC-80")
async def test_whoever_holds_no_role_ends_the_code_and_the_device_is_told_why_and_not_who() -> None:
    here = managing()
    told, other = await here.ask(MANAGE), await here.ask(MANAGE)
    assert isinstance(await here.decide(other, await here.visitor("dana")), DeviceDone)
    step = await here.pages.typed(told["user_code"], await here.visitor("alice"))
    assert isinstance(step, DeviceDone)
    assert (step.allowed, step.refused and step.refused.reason) == (False, "no_role")
    entry = here.house.writer.events[-1]
    assert (entry["event"], entry["reason"]) == ("authorization:refused", "no_role")
    assert "actas:alice is no administrator" in entry["detail"]
    error = await here.refused(told)
    assert (error.code, error.reason) == ("access_denied", "no_role")
    assert "alice" not in error.detail + error.sentence
    after = await here.pages.typed(told["user_code"], await here.visitor("dana"))
    assert after == AskDevice(code=told["user_code"], wrong=True)
    assert "access_token" in (await here.poll(other)).body


@pytest.mark.requirement("DG-6", "SEC-80")
async def test_whoever_lost_the_role_while_the_question_was_shown_says_neither_yes_nor_no(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = managing()
    told = await here.ask(MANAGE)
    dana = await here.visitor("dana")
    shown = await here.shown(told, dana)
    without = Impersonating(administrators=replace(ADMINS, users={}))
    monkeypatch.setattr(here.house.catalog.policy, "impersonating", without)
    step = await here.pages.decide(shown.flow, allowed=True, visitor=dana)
    assert isinstance(step, DeviceDone)
    assert not step.allowed
    assert (await here.refused(told)).reason == "no_role"


@pytest.mark.requirement("DG-6", "DG-7")
async def test_ending_the_code_of_another_takes_the_code_and_guessing_it_is_as_slow_for_who_may_not() -> None:
    here = managing()
    told = await here.ask(MANAGE)
    mallory = await here.visitor("carol")
    for guess in WRONG[:3]:
        await here.pages.typed(guess, mallory)
    assert await reason(here.pages.typed(told["user_code"], mallory)) == "too_many_failures"
    nobody = await here.visitor(None)
    step = await here.pages.typed(told["user_code"], nobody)
    assert isinstance(step, AskWho)
    assert await reason(here.pages.go_on(step.flow, await here.visitor("alice"))) == "forged_form"
    assert (await here.refused(told)).code == "authorization_pending"


@pytest.mark.requirement("DG-6", "REL-01")
async def test_a_code_does_not_end_that_the_minutes_do_not_tell_of() -> None:
    here = managing()
    told = await here.ask(MANAGE)
    alice = await here.visitor("alice")
    here.house.writer.broken = True
    assert await reason(here.pages.typed(told["user_code"], alice)) == "audit_unavailable"
    here.house.writer.broken = False
    assert (await here.refused(told)).code == "authorization_pending"


@pytest.mark.requirement("DG-8")
async def test_why_a_device_has_nothing_is_not_changed_in_the_database() -> None:
    here = managing()
    told, other = await here.ask(MANAGE), await here.ask(MANAGE)
    await here.pages.typed(told["user_code"], await here.visitor("alice"))
    await here.decide(other, await here.visitor("dana"), allowed=False)
    first, second = here.house.waiting.kept.values()
    here.house.waiting.kept[first.digest] = replace(first, answer=second.answer)
    assert (await here.refused(told)).code == "invalid_grant"
    here.house.waiting.kept[second.digest] = replace(second, answer=b"")  # as an earlier version writes it
    assert (await here.refused(other)).reason == "denied_by_person"
