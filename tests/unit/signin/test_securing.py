"""Changing what one signs in with: who may, what ends, and what the minutes say of it."""

from __future__ import annotations

import msgspec
import pytest
from tests.fakes.codes import code_of
from tests.fakes.house import House
from tests.fakes.proving_desk import ALICE, RIGHT, VISITOR, Desk

from actas.audit.stream import AuditWriter
from actas.core.errors import AuditUnavailable, OAuthError
from actas.core.lineage import Lineage
from actas.core.secret import Secret
from actas.crypto.password_hash import PasswordHashes
from actas.signin.one_time_codes import NewApp
from actas.signin.owner import FRESH
from actas.signin.proving import Visitor
from actas.signin.securing import PasswordProblem
from actas.signin.steps import AskCode, AskWho, GoOn
from actas.subjects.authorization_code import mark_of_offline

NEW = Secret("seven green parrots wait")
PHONE = msgspec.structs.replace(VISITOR, browser="browser-2", agent="Phone")


@pytest.fixture
def desk(hashes: PasswordHashes) -> Desk:
    return Desk(hashes)


async def changed(desk: Desk, visitor: Visitor, current: Secret, new: Secret) -> PasswordProblem | None:
    owner = await desk.owner(visitor)
    return await desk.securing.change_password(owner, visitor, current=current, new=new)


async def with_codes(desk: Desk, visitor: Visitor) -> tuple[str, tuple[Secret, ...]]:
    """Codes that are asked for: the secret of the app, and the recovery codes."""
    owner = await desk.owner(visitor)
    new = await desk.securing.begin_codes(owner, visitor)
    secret = new.secret.reveal()
    code = Secret(code_of(secret, desk.clock.now()))
    shown = await desk.securing.confirm_codes(owner, visitor, code=code)
    assert isinstance(shown, tuple)
    desk.clock.advance(30)
    return secret, shown


def events(house: House, name: str) -> list[dict[str, object]]:
    return [one for one in house.writer.events if one["event"] == name]


async def test_whoever_signed_in_a_moment_ago_may(desk: Desk) -> None:
    assert (await desk.owner(await desk.signed_in())).person == ALICE


@pytest.mark.parametrize("age", [FRESH, FRESH + 1, 3000])
async def test_whoever_did_so_a_while_ago_must_prove_it_again(desk: Desk, age: int) -> None:
    visitor = await desk.signed_in()
    desk.clock.advance(age)
    step = await desk.keeping.owner(visitor, then="codes")
    assert isinstance(step, AskWho)
    assert (step.again, step.name) == (True, "alice")
    on = await desk.proving.password(step.flow, name="alice", password=RIGHT, visitor=visitor)
    assert isinstance(on, GoOn)
    assert (on.then, on.flow) == ("codes", None)
    await desk.owner(msgspec.structs.replace(visitor, session=on.session))


async def test_it_is_proved_again_with_the_second_factor(desk: Desk) -> None:
    visitor = await desk.signed_in()
    secret, _ = await with_codes(desk, visitor)
    desk.clock.advance(FRESH)
    step = await desk.keeping.owner(visitor, then="codes")
    assert isinstance(step, AskWho)
    wrong = await desk.proving.password(step.flow, name="alice", password=Secret("no"), visitor=visitor)
    assert isinstance(wrong, AskWho)
    assert wrong.again
    half = await desk.proving.password(wrong.flow, name="alice", password=RIGHT, visitor=visitor)
    assert isinstance(half, AskCode)
    assert isinstance(await desk.keeping.owner(visitor, then="codes"), AskWho)
    code = Secret(code_of(secret, desk.clock.now()))
    on = await desk.proving.code(half.flow, code=code, visitor=visitor)
    assert isinstance(on, GoOn)
    assert on.then == "codes"


async def test_nobody_is_asked_who_they_are(desk: Desk) -> None:
    for session in (None, "no session"):
        step = await desk.keeping.owner(msgspec.structs.replace(VISITOR, session=session), then="password")
        assert isinstance(step, AskWho)
        assert step.name == ""


@pytest.mark.requirement("OP-77")
async def test_a_new_password_ends_all_that_the_old_one_began_elsewhere(desk: Desk) -> None:
    phone, here = await desk.signed_in(browser=PHONE), await desk.signed_in()
    began = int(desk.clock.now())
    assert await changed(desk, here, RIGHT, NEW) is None
    assert phone.session is not None
    assert await desk.sessions.find(phone.session) is None
    assert here.session is not None
    session = await desk.sessions.find(here.session)
    assert session is not None
    # What apps hold for the time when somebody is signed out, in whichever session it was given.
    offline = mark_of_offline(desk.house.ring, session.sign_in.person.issuer, ALICE.subject)
    assert desk.house.revoked.against(Lineage((offline,), began)) is not None
    assert desk.house.revoked.against(Lineage((offline,), began + 60)) is None
    refused = await desk.proving.password(None, name="alice", password=RIGHT, visitor=VISITOR)
    assert isinstance(refused, AskWho)
    granted = await desk.proving.password(None, name="alice", password=NEW, visitor=VISITOR)
    assert isinstance(granted, GoOn)


@pytest.mark.requirement("SEC-76")
async def test_whoever_typed_the_old_password_before_goes_on_no_more(desk: Desk) -> None:
    visitor = await desk.signed_in()
    secret, recovery = await with_codes(desk, visitor)
    half = await desk.half_way()
    owner = await desk.owner(await desk.signed_in_twice(secret))
    assert await desk.securing.change_password(owner, VISITOR, current=RIGHT, new=NEW) is None
    with pytest.raises(OAuthError) as caught:
        await desk.proving.code(half.flow, code=recovery[0], visitor=VISITOR)
    assert caught.value.reason == "forged_form"


@pytest.mark.requirement("REL-01")
async def test_every_change_is_kept_with_its_entry(desk: Desk) -> None:
    visitor = await desk.signed_in()
    assert await changed(desk, visitor, RIGHT, NEW) is None
    await with_codes(desk, visitor)
    owner = await desk.owner(visitor)
    assert await desk.securing.make_recovery(owner, visitor)
    assert await desk.securing.drop_codes(owner, visitor)
    told = [(one["what"], one["change"]) for one in events(desk.house, "credentials:changed")]
    assert told == [
        ("password", "set"), ("code", "added"), ("recovery", "made"), ("recovery", "made"), ("code", "removed"),
    ]  # fmt: skip
    assert [one.entry for one in desk.store.records] == [
        one["id"] for one in events(desk.house, "credentials:changed")
    ]
    assert len(events(desk.house, "session:others_ended")) == 1


async def test_what_cannot_be_written_down_is_not_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise AuditUnavailable("the disk is full")

    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    writer: AuditWriter = desk.house.writer
    monkeypatch.setattr(type(writer), "append", fails)
    with pytest.raises(OAuthError) as caught:
        await desk.securing.change_password(owner, visitor, current=RIGHT, new=NEW)
    assert caught.value.reason == "audit_unavailable"
    monkeypatch.undo()
    await desk.signed_in()  # by the old one


@pytest.mark.parametrize(
    ("current", "new", "problem"),
    [
        ("wrong", NEW.reveal(), "wrong"),
        ("", NEW.reveal(), "wrong"),
        (RIGHT.reveal(), RIGHT.reveal(), "same"),
        (RIGHT.reveal(), "Kx4!r", "too_short"),
        (RIGHT.reveal(), "x" * 2000, "too_long"),
        (RIGHT.reveal(), "password123", "common"),
        (RIGHT.reveal(), "alice-2026!", "personal"),
    ],
)
async def test_a_password_that_will_not_do_changes_nothing(
    desk: Desk, current: str, new: str, problem: PasswordProblem
) -> None:
    phone, visitor = await desk.signed_in(browser=PHONE), await desk.signed_in()
    assert await changed(desk, visitor, Secret(current), Secret(new)) == problem
    reason = "wrong_credentials" if problem == "wrong" else "weak_password"
    event = desk.house.writer.events[-1]
    assert (event["event"], event["reason"]) == ("account:refused", reason)
    assert new not in str(desk.house.writer.events)
    assert phone.session is not None
    assert await desk.sessions.find(phone.session) is not None
    assert (await desk.signed_in()).session


@pytest.mark.requirement("SEC-14")
async def test_guessing_the_old_password_is_slow(desk: Desk) -> None:
    visitor = await desk.signed_in()
    for _ in range(3):
        assert await changed(desk, visitor, Secret("wrong"), NEW) == "wrong"
    with pytest.raises(OAuthError) as caught:
        await changed(desk, visitor, RIGHT, NEW)
    assert caught.value.reason == "too_many_failures"


async def test_codes_are_asked_for_once_the_app_showed_one(desk: Desk) -> None:
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    new = await desk.securing.begin_codes(owner, visitor)
    await desk.signed_in()  # nothing is asked for yet
    again = await desk.securing.confirm_codes(owner, visitor, code=Secret("000000"))
    assert isinstance(again, NewApp)
    assert again == new
    code = Secret(code_of(new.secret.reveal(), desk.clock.now()))
    codes = await desk.securing.confirm_codes(owner, visitor, code=code)
    assert isinstance(codes, tuple)
    assert len(codes) == 10
    half = await desk.half_way()
    assert isinstance(await desk.proving.code(half.flow, code=codes[3], visitor=VISITOR), GoOn)
    held = {one.kind: one.left for one in await desk.credentials.list(ALICE.subject)}
    assert held["recovery"] == 9
    assert {code.reveal(), *(one.reveal() for one in codes)}.isdisjoint(str(desk.house.writer.events).split())


async def test_a_secret_that_nobody_confirmed_in_time_is_forgotten(desk: Desk) -> None:
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    new = await desk.securing.begin_codes(owner, visitor)
    desk.clock.advance(900)
    code = Secret(code_of(new.secret.reveal(), desk.clock.now()))
    assert await desk.securing.confirm_codes(owner, visitor, code=code) is None
    assert await desk.securing.has(owner, visitor) == {"password"}


async def test_codes_that_are_dropped_take_the_recovery_codes_with_them(desk: Desk) -> None:
    visitor = await desk.signed_in()
    await with_codes(desk, visitor)
    owner = await desk.owner(visitor)
    assert await desk.securing.has(owner, visitor) == {"password", "code", "recovery"}
    assert await desk.securing.drop_codes(owner, visitor)
    assert not await desk.securing.drop_codes(owner, visitor)
    assert await desk.securing.make_recovery(owner, visitor) is None
    assert await desk.securing.has(owner, visitor) == {"password"}
    await desk.signed_in()


async def test_new_recovery_codes_take_the_place_of_the_old_ones(desk: Desk) -> None:
    visitor = await desk.signed_in()
    _, old = await with_codes(desk, visitor)
    new = await desk.securing.make_recovery(await desk.owner(visitor), visitor)
    assert new is not None
    half = await desk.half_way()
    assert isinstance(await desk.proving.code(half.flow, code=old[0], visitor=VISITOR), AskCode)
    assert isinstance(await desk.proving.code(half.flow, code=new[0], visitor=VISITOR), GoOn)
