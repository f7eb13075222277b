"""What administrators take away from people who have lost it, and what deleted people had."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.proving_desk import ALICE, RIGHT, VISITOR, Desk

from actas.admin.objects import Kept, Snapshot
from actas.app.sweeping import Deleted
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.crypto.password_hash import PasswordHashes
from actas.signin.holdings import Kind
from actas.signin.resetting import Lost
from actas.signin.steps import AskWho, GoOn

BY: JsonObject = {"via": "api", "client": "chief", "role": "owner"}
NEW = Secret("seven green parrots wait")


@pytest.fixture
def desk(hashes: PasswordHashes) -> Desk:
    return Desk(hashes)


async def full(desk: Desk) -> str:
    """Alice has everything; the text of her session at another browser."""
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    assert await desk.securing.change_password(owner, visitor, current=RIGHT, new=NEW) is None
    await desk.enrolled()
    await desk.codes.make_recovery(ALICE.subject)
    await desk.with_passkey()
    assert visitor.session is not None
    return visitor.session


async def left(desk: Desk) -> set[Kind]:
    return {one.kind for one in await desk.credentials.list(ALICE.subject)}


@pytest.mark.requirement("OP-77")
@pytest.mark.parametrize(
    ("lost", "gone"),
    [
        (["codes"], {"code", "recovery"}),
        (["passkeys"], {"passkey"}),
        (["codes", "passkeys"], {"code", "recovery", "passkey"}),
        (["everything"], {"password", "code", "recovery", "passkey"}),
    ],
)
async def test_what_was_lost_is_gone_and_nothing_else(desk: Desk, lost: list[Lost], gone: set[Kind]) -> None:
    session = await full(desk)
    assert set(await desk.resetting.reset(ALICE.subject, lost, by=BY, why="HELP-311")) == gone
    assert await left(desk) == {"password", "code", "recovery", "passkey"} - gone
    assert await desk.sessions.find(session) is None
    reset, ended = desk.house.writer.events[-2:]
    assert (reset["event"], reset["by"], reset["why"]) == ("credentials:reset", BY, "HELP-311")
    assert set(reset["what"]) == gone
    assert (ended["event"], ended["sid"]) == ("session:others_ended", None)
    assert desk.store.records[-1].entry == reset["id"]


@pytest.mark.requirement("OP-77")
@pytest.mark.parametrize("lost", ["passkeys", "everything"])
async def test_what_a_thief_adds_at_the_last_moment_goes_too(
    desk: Desk, lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a session that was alive until the reset ended it."""
    await full(desk)
    end_others, added = desk.sessions.end_others, list[bool]()

    async def just_before(subject: str, **more: Any) -> None:
        if not added:
            added.append(True)
            await desk.with_passkey()
        await end_others(subject, **more)

    monkeypatch.setattr(desk.sessions, "end_others", just_before)
    await desk.resetting.reset(ALICE.subject, [lost], by=BY, why="HELP-311")
    assert "passkey" not in await left(desk)
    assert desk.house.writer.events[-1]["event"] == "session:others_ended"


async def test_when_everything_is_lost_the_password_of_the_configuration_is_good_again(desk: Desk) -> None:
    await full(desk)
    refused = await desk.proving.password(None, name="alice", password=RIGHT, visitor=VISITOR)
    assert isinstance(refused, AskWho)
    await desk.resetting.reset(ALICE.subject, ["everything"], by=BY, why="forgotten")
    granted = await desk.proving.password(None, name="alice", password=RIGHT, visitor=VISITOR)
    assert isinstance(granted, GoOn)


async def test_where_there_was_nothing_it_is_written_down_that_somebody_wanted_it(desk: Desk) -> None:
    assert await desk.resetting.reset(ALICE.subject, ["codes"], by=BY, why="by mistake") == ()
    event = next(one for one in desk.house.writer.events if one["event"] == "credentials:reset")
    assert (event["what"], event["why"]) == ([], "by mistake")


@pytest.mark.requirement("SEC-97")
async def test_what_a_deleted_person_had_is_forgotten_and_nobody_elses(desk: Desk) -> None:
    await full(desk)
    await desk.with_passkey("actas:carol")
    here: dict[str, Any] = {"kind": "users", "keeper": "console", "origin": "api", "place": "", "folder": ""}
    carol = Kept(name="carol", document="{}", **here)
    kept = Snapshot(1, (carol, Kept(name="alice", document="", state="deleted", **here)))

    async def known() -> Snapshot:
        return kept

    deleted = Deleted(known, desk.resetting)
    for _ in range(2):
        await deleted.forget()
    assert await left(desk) == set()
    assert len(await desk.credentials.list("actas:carol")) == 1
    events = [one for one in desk.house.writer.events if one["event"] == "credentials:reset"]
    assert [(one["subject"]["sub"], one["why"]) for one in events] == [
        (ALICE.subject, "the user was deleted")
    ]


@pytest.mark.requirement("SEC-97", "REL-24")
async def test_who_has_nothing_left_is_not_looked_for_again_but_after_a_restore(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: dict[str, Any] = {"kind": "users", "keeper": "console", "origin": "api", "place": "", "folder": ""}
    gone = Kept(name="alice", document="", state="deleted", **here)
    kept = [Snapshot(number, (gone,)) for number in (7, 7, 8, 9, 3, 3)]
    looked: list[str] = []

    async def known() -> Snapshot:
        return kept.pop(0)

    async def forget(subject: str) -> bool:
        looked.append(subject)
        return len(looked) == 1  # what they had is taken from them the first time

    monkeypatch.setattr(desk.resetting, "forget", forget)
    deleted = Deleted(known, desk.resetting)
    seen = []
    for _ in range(6):
        await deleted.forget()
        seen.append(len(looked))
    assert seen == [1, 2, 2, 2, 3, 3]
