"""Getting what a person let a device have, or having a person let in a device that is not theirs.

The code that a person types is short: whoever guesses one that is shown somewhere connects a stranger's device to
an account of their own, and learns what is done on it. So who is wrong has to wait, whatever they do in between,
from wherever and however many at once. The other way round somebody is sent a link with an attacker's code in
it (device code phishing; Storm-2372, February 2025): nothing comes of a link, nor of a form of another site, nor of
the question shown to somebody else, and the question says where the device is. The device's own code is of no use to
another client, nor for a second time, nor for whoever reads or changes the database. And whoever only says the name of
a public client may neither fill the database nor the log.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import client, on_devices
from tests.fakes.connecting import LIMITS, TV, Connecting
from tests.fakes.house import ISSUER, claims_of
from tests.spec.test_rfc8628 import PHONE

from actas.clients.throttle import Limits, Step
from actas.core.errors import OAuthError
from actas.core.lineage import LATER, Lineage, Revoked
from actas.signin.devices import Shown
from actas.signin.proving import Begun
from actas.signin.steps import AskDevice, AskDeviceConsent, AskWho, DeviceDone
from actas.subjects.device_code import LIFE, MOST_UNPROVEN
from actas.subjects.device_records import KeptDevice

WRONG = ("BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "FFFF-FFFF")


@pytest.fixture
def here() -> Connecting:
    return Connecting()


async def reason(call: Any) -> str:
    with pytest.raises(OAuthError) as caught:
        await call
    return caught.value.reason


@pytest.mark.requirement("DG-7", "SEC-14")
async def test_whoever_guesses_has_to_wait_and_a_right_guess_is_not_looked_at(here: Connecting) -> None:
    told = await here.ask()
    mallory = await here.visitor("carol")
    for guess in WRONG[:3]:
        assert await here.pages.typed(guess, mallory) == AskDevice(code=guess, wrong=True)
        assert here.house.writer.events[-1]["reason"] == "unknown_user_code"
    assert await reason(here.pages.typed(told["user_code"], mallory)) == "too_many_failures"
    elsewhere = await here.visitor("carol", source="203.0.113.5")
    assert await reason(here.pages.typed(told["user_code"], elsewhere)) == "too_many_failures"
    assert isinstance(
        await here.pages.typed(told["user_code"], await here.visitor("alice")), AskDeviceConsent
    )


@pytest.mark.requirement("DG-7", "SEC-14")
async def test_a_device_of_ones_own_does_not_begin_the_count_anew(here: Connecting) -> None:
    mallory = await here.visitor("carol")
    for guess in WRONG[:3]:
        own = await here.ask()
        assert isinstance(await here.decide(own, mallory), DeviceDone)
        await here.pages.typed(guess, mallory)
    assert await reason(here.pages.typed((await here.ask())["user_code"], mallory)) == "too_many_failures"


@pytest.mark.requirement("DG-7")
async def test_many_people_at_one_address_are_slowed_down_together() -> None:
    here = Connecting(
        limits=Limits(failed_device_code=(Step(100, 600),), failed_device_code_source=(Step(4, 600),))
    )
    for guess, name in zip(WRONG, ("alice", "carol") * 2, strict=True):
        await here.pages.typed(guess, await here.visitor(name))
    assert await reason(here.pages.typed(WRONG[0], await here.visitor("olga"))) == "too_many_failures"
    there = await here.visitor("olga", source="203.0.113.5")
    assert isinstance(await here.pages.typed(WRONG[0], there), AskDevice)


@pytest.mark.requirement("DG-7")
async def test_asking_in_parallel_is_no_way_around(here: Connecting, monkeypatch: pytest.MonkeyPatch) -> None:
    mallory = await here.visitor("carol")
    looked: list[str] = []
    find = here.house.waiting.named

    async def slow(user_code: str) -> KeptDevice | None:
        looked.append(user_code)
        await asyncio.sleep(0)
        return await find(user_code)

    monkeypatch.setattr(here.house.waiting, "named", slow)
    calls = [here.pages.typed(guess, mallory) for guess in WRONG * 10]
    await asyncio.gather(*calls, return_exceptions=True)
    assert len(looked) <= 3


@pytest.mark.requirement("DG-7")
async def test_who_is_not_signed_in_learns_nothing(here: Connecting) -> None:
    told = await here.ask()
    stranger = await here.visitor(None)
    for code in (told["user_code"], *WRONG):
        step = await here.pages.typed(code, stranger)
        assert isinstance(step, AskWho)
        assert (step.request, step.client, step.wrong) == (None, None, False)
    assert here.house.writer.events == []


@pytest.mark.requirement("DG-3")
async def test_what_is_carried_while_signing_in_allows_nothing(here: Connecting) -> None:
    told = await here.ask()
    alice = await here.visitor()
    code = told["user_code"].replace("-", "")
    begun = here.flow("begun", Begun).seal(Begun(browser=alice.browser, device=code, proved=True))
    other = here.flow("begun", Shown).seal(Shown(name="x", user_code=code, subject="actas:alice"))
    for flow in (begun, other, "", None, "x" * 100):
        assert await reason(here.pages.decide(flow, allowed=True, visitor=alice)) == "forged_form"
    assert (await here.refused(told)).code == "authorization_pending"


@pytest.mark.requirement("DG-3")
async def test_a_question_is_answered_only_by_whom_it_was_shown_to(here: Connecting) -> None:
    told = await here.ask()
    shown = await here.shown(told, await here.visitor("carol"))
    victim = await here.visitor("alice")
    assert await reason(here.pages.decide(shown.flow, allowed=True, visitor=victim)) == "forged_form"
    gone = replace_session(victim, None)
    assert isinstance(await here.pages.decide(shown.flow, allowed=True, visitor=gone), AskWho)
    assert (await here.refused(told)).code == "authorization_pending"


@pytest.mark.requirement("DG-3")
async def test_a_code_that_is_given_to_another_device_later_is_another_question(here: Connecting) -> None:
    told = await here.ask()
    alice = await here.visitor()
    shown = await here.shown(told, alice)
    (kept,) = here.house.waiting.kept.values()
    here.house.waiting.kept = {"another": replace(kept, digest="another")}
    assert await reason(here.pages.decide(shown.flow, allowed=True, visitor=alice)) == "storage_unavailable"


@pytest.mark.requirement("DG-7", "SEC-78")
async def test_what_one_browser_carries_leads_nobody_on_in_another(here: Connecting) -> None:
    """A link to it would show the question about an attacker's device, or have a person wait who guessed nothing."""
    told = await here.ask()
    for code in (told["user_code"], *WRONG):
        step = await here.pages.typed(code, await here.visitor(None))
        assert isinstance(step, AskWho)
        alice = await here.visitor("alice")
        assert await reason(here.pages.go_on(step.flow, alice)) == "forged_form"
    assert isinstance(await here.pages.typed(told["user_code"], alice), AskDeviceConsent)


@pytest.mark.requirement("DG-8")
async def test_a_code_is_good_once_and_whoever_uses_it_again_ends_everything(here: Connecting) -> None:
    told = await here.ask()
    await here.decide(told, await here.visitor())
    answer = await here.poll(told)
    error = await here.refused(told)
    assert (error.code, error.reason) == ("invalid_grant", "code_reused")
    lineage = str(claims_of(answer)["lineage"]).split()
    assert here.house.revoked.against(Lineage(tuple(lineage[1:]), int(lineage[0]))) is not None
    form = {"grant_type": "refresh_token", "refresh_token": answer.body["refresh_token"]}
    known = {name: here.house.poll_form("web", "")[name] for name in ("client_id", "client_secret")}
    with pytest.raises(OAuthError):
        await here.house.post({**form, **known})
    here.clock.advance(LIFE)
    assert (await here.refused(told)).reason == "code_reused"  # late is not another reason to begin anew


@pytest.mark.requirement("DG-8")
async def test_of_many_who_use_it_at_once_one_gets_tokens(here: Connecting) -> None:
    told = await here.ask()
    await here.decide(told, await here.visitor())
    done = await asyncio.gather(*[here.poll(told) for _ in range(6)], return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in done) == 1


@pytest.mark.requirement("DG-8")
async def test_another_client_has_nothing_from_a_code_and_changes_nothing(here: Connecting) -> None:
    here = Connecting(*[on_devices(client(name, kind="app")) for name in ("web", "helpdesk")])
    told = await here.ask()
    for _ in range(3):
        error = await here.refused(told, "helpdesk")
        assert (error.code, error.reason) == ("invalid_grant", "bad_code")
    assert (await here.refused(told)).code == "authorization_pending"  # and was not slowed down
    await here.decide(told, await here.visitor())
    assert (await here.refused(told, "helpdesk")).reason == "bad_code"
    await here.poll(told)
    assert (await here.refused(told, "helpdesk")).reason == "bad_code"
    assert here.house.revoked.listed == []  # what a stranger found ends nothing


@pytest.mark.requirement("DG-8", "SEC-14")
async def test_guessing_devices_codes_is_slow_too(here: Connecting) -> None:
    for number in range(5):
        form = here.house.poll_form("web", f"actas_dev_{number}")
        assert (await here.house.turned_away(form)).reason == "bad_code"
    assert (await here.refused(await here.ask())).reason == "too_many_failures"


@pytest.mark.requirement("DG-8", "SEC-96")
async def test_whoever_reads_the_database_has_no_code_and_learns_nothing(here: Connecting) -> None:
    told = await here.ask()
    await here.decide(told, await here.visitor())
    text = repr([vars_of(one) for one in here.house.waiting.kept.values()])
    for secret in (
        told["device_code"],
        told["user_code"],
        told["user_code"].replace("-", ""),
        "alice",
        "orders:read",
    ):
        assert secret not in text


@pytest.mark.requirement("DG-8")
@pytest.mark.parametrize("change", ["state", "answer", "asked", "authorization", "moved"])
async def test_whoever_writes_to_the_database_lets_nobody_in(here: Connecting, change: str) -> None:
    mine, theirs = await here.ask(), await here.ask("scope=openid")
    await here.decide(theirs, await here.visitor())
    first, second = here.house.waiting.kept.values()
    changed = {
        "state": replace(first, state="allowed"),
        "answer": replace(first, state="allowed", authorization=second.authorization, answer=second.answer),
        "asked": replace(second, digest=first.digest, user_code=first.user_code),
        "authorization": replace(first, state="allowed", authorization="x", answer=first.asked),
        "moved": replace(second, digest=first.digest, asked=first.asked),
    }[change]
    here.house.waiting.kept[first.digest] = changed
    assert (await here.refused(mine)).code == "invalid_grant"


@pytest.mark.requirement("DG-8")
@pytest.mark.parametrize("what", ["session", "consent", "token", "party"])
async def test_what_is_ended_before_the_device_hears_of_it_is_nothing(here: Connecting, what: str) -> None:
    told = await here.ask()
    alice = await here.visitor()
    await here.decide(told, alice)
    entry = here.house.writer.events[-1]
    ring = here.house.ring
    mark = {
        "session": ring.mark("session", ISSUER, entry["sid"]),
        "consent": ring.mark("consent", ISSUER, "actas:alice", "web"),
        "token": ring.mark("token", ISSUER, entry["authorization"]),
        "party": ring.mark("party", ISSUER, "actas:alice"),
    }[what]
    await here.house.revoked.add([Revoked(mark=mark, up_to=LATER, until=LATER, entry="x_end")])
    assert (await here.refused(told)).reason == "revoked"


@pytest.mark.requirement("DG-11")
async def test_whoever_says_a_public_clients_name_fills_nothing() -> None:
    here = Connecting(PHONE)
    how: dict[str, Any] = {"credentials": "&client_id=phone"}
    for _ in range(MOST_UNPROVEN):
        await here.ask(**how)
    assert await reason(here.ask(**how)) == "too_many_devices"
    assert len(here.house.waiting.kept) == MOST_UNPROVEN
    await here.ask(**how, address="203.0.113.5")  # nobody elsewhere is locked out
    here.clock.advance(LIFE)
    await here.ask(**how)  # nor for long


@pytest.mark.requirement("DG-11")
@pytest.mark.parametrize("address", ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"])
async def test_another_address_of_one_network_is_no_other_place(address: str) -> None:
    here = Connecting(PHONE)
    for number in range(MOST_UNPROVEN):
        await here.ask(credentials="&client_id=phone", address=f"2001:db8::{number:x}")
    assert await reason(here.ask(credentials="&client_id=phone", address=address)) == "too_many_devices"


@pytest.mark.requirement("DG-11", "SEC-90")
async def test_a_device_that_asks_without_end_does_not_fill_the_log() -> None:
    here = Connecting(PHONE, limits=replace_limits())
    told = await here.ask(credentials="&client_id=phone")
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "phone"}
    for _ in range(250):
        with pytest.raises(OAuthError):
            await here.house.post({**form, "device_code": told["device_code"]})
    assert len(here.house.writer.events) == 100
    here.clock.advance(60)
    await here.house.minutes.write_counts(here.clock.now())
    event = here.house.writer.events[-1]
    assert (event["event"], event["counted"], event["reasons"]) == (
        "exchange:refused_many", 150, {"polled_too_soon": 150},
    )  # fmt: skip


@pytest.mark.requirement("DG-11", "SEC-86", "SEC-90")
@pytest.mark.parametrize("credentials", [{}, {"credentials": "&client_id=phone"}])
async def test_a_device_that_only_waits_is_written_down_once_and_counted_from_then_on(
    credentials: dict[str, Any],
) -> None:
    here = Connecting(PHONE if credentials else TV)
    told = await here.ask(**credentials)
    form = here.house.poll_form("web", told["device_code"])
    if credentials:
        form = {"grant_type": form["grant_type"], "client_id": "phone", "device_code": told["device_code"]}
    entries: list[str | None] = []
    for _ in range(5):
        entries.append((await here.house.turned_away(form)).entry)
        here.clock.advance(5)
    assert [one is not None for one in entries] == [True, False, False, False, False]
    (waits,) = here.house.writer.events
    assert (waits["event"], waits["reason"]) == ("exchange:refused", "not_decided")
    assert (await here.house.turned_away(form)).code == "authorization_pending"
    early = await here.house.turned_away(form)  # who asks too often, or asks with a code of another's
    assert (early.reason, early.entry) == ("polled_too_soon", here.house.writer.events[-1]["id"])
    here.clock.advance(60)
    await here.house.minutes.write_counts(here.clock.now())
    summaries = [one for one in here.house.writer.events if one["event"] == "exchange:refused_many"]
    assert {(one["source"], *one["reasons"]) for one in summaries} == {(waits["source"], "not_decided")}
    assert sum(one["counted"] for one in summaries) == 5


def replace_limits() -> Limits:
    return Limits(failed_device_code=LIMITS.failed_device_code)


def replace_session(visitor: Any, session: str | None) -> Any:
    return type(visitor)(source=visitor.source, agent=visitor.agent, browser=visitor.browser, session=session)


def vars_of(device: KeptDevice) -> list[Any]:
    return [
        getattr(device, name) for name in ("digest", "user_code", "whose", "asked", "authorization", "answer")
    ]
