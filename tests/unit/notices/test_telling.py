"""Everybody is told at least once: again after a failure, by somebody else after a crash, and not for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.fakes.company import ISSUER, NOW, PEOPLE
from tests.fakes.house import House, claims_of
from tests.fakes.impersonating import CAROL, house_of, own_token

from actas.core.errors import AuditUnavailable, StoreUnavailable
from actas.core.person import Person
from actas.notices import telling as module
from actas.notices.due import Notice
from actas.notices.telling import HELD, MOST_TRIES, Circle, NotTold, Telling, WillNotHear, wait
from actas.policy.impersonation import Impersonating

SECURITY = "security@acme.example"


@dataclass
class People:
    """People who have an e-mail address, unless a test takes it away."""

    email: str | None = "carol@example.com"

    def person(self, subject: str) -> Person | None:
        return Person(name=subject.partition(":")[2], display="Carol", email=self.email)


@dataclass
class Letters:
    """Takes letters, and fails as a test wants."""

    taken: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    fails: Callable[[str], Exception | None] = lambda _: None

    async def send(self, message: EmailMessage, *, to: str) -> None:
        problem = self.fails(to)
        if problem is not None:
            raise problem
        self.taken.append((to, str(message["Subject"])))


@dataclass
class Documents:
    taken: list[str] = field(default_factory=list[str])

    async def send(self, body: bytes, *, name: str) -> None:
        assert body.startswith(b"{")
        self.taken.append(name)


@dataclass
class World:
    house: House
    letters: Letters = field(default_factory=Letters)
    documents: Documents | None = None
    people: People = field(default_factory=People)
    to: tuple[str, ...] = ("subject", SECURITY)
    at: frozenset[Any] = frozenset({"start"})

    def telling(self) -> Telling:
        return Telling(
            issuer=ISSUER,
            due=self.house.impersonations.notices,
            kept=self.house.impersonations,
            circle=lambda: Circle(
                to=self.to, at=self.at, sender="actas@acme.example", post=self.letters, hook=self.documents,
                people=self.people, known=self.house.known,
            ),
            clock=self.house.clock,
            note=self.house.minutes.note,
        )  # fmt: skip

    async def begin(self) -> str:
        return str(claims_of(await self.house.post(own_token(self.house)))["txn"])

    def told(self) -> list[tuple[str, str, str]]:
        return [
            (one["event"].partition(":")[2], one["what"], one["recipient"])
            for one in self.house.writer.events
            if one["event"] in ("impersonation:told", "impersonation:untold")
        ]


@pytest.fixture
def world() -> World:
    return World(house_of())


@pytest.mark.requirement("SEC-48")
async def test_everybody_who_is_named_is_told_once_and_the_log_says_so(world: World) -> None:
    name = await world.begin()
    telling = world.telling()
    assert await telling.look() == 1
    assert await telling.look() == 0
    assert world.letters.taken == [
        ("carol@example.com", "dana@acme.example acts as you"),
        (SECURITY, "dana@acme.example acts as Carol"),
    ]
    assert world.told() == [("told", "start", "subject"), ("told", "start", SECURITY)]
    (first, _) = [one for one in world.house.writer.events if one["event"] == "impersonation:told"]
    assert first["impersonation"] == name
    assert (first["administrator"]["sub"], first["subject"]["sub"]) == ("dana@acme.example", CAROL)


async def test_whoever_was_told_is_not_told_again_when_somebody_else_could_not_be(world: World) -> None:
    await world.begin()
    world.letters.fails = lambda to: NotTold("away") if to == SECURITY else None
    telling = world.telling()
    await telling.look()
    world.letters.fails = lambda _: None
    assert await telling.look() == 0
    world.house.clock.advance(wait(1))
    await telling.look()
    assert [to for to, _ in world.letters.taken] == ["carol@example.com", SECURITY]


async def test_what_never_works_is_given_up_and_the_log_says_who_was_not_told(world: World) -> None:
    await world.begin()
    world.letters.fails = lambda _: NotTold("away")
    telling, tries = world.telling(), 0
    while world.house.impersonations.notices.kept:
        tries += await telling.look()
        world.house.clock.advance(3600)
        assert tries <= MOST_TRIES + 1
    assert world.letters.taken == []
    assert world.told() == [("untold", "start", "subject"), ("untold", "start", SECURITY)]
    last = world.house.writer.events[-1]
    assert last["detail"] == "away"


async def test_what_is_refused_for_good_is_not_tried_again(world: World) -> None:
    await world.begin()
    world.letters.fails = lambda to: WillNotHear("no such mailbox") if to == SECURITY else None
    await world.telling().look()
    assert world.told() == [("told", "start", "subject"), ("untold", "start", SECURITY)]
    world.house.clock.advance(HELD)
    assert await world.telling().look() == 0


async def test_somebody_without_an_address_is_noted_as_not_told(world: World) -> None:
    world.people.email = None
    await world.begin()
    await world.telling().look()
    assert world.told() == [("untold", "start", "subject"), ("told", "start", SECURITY)]


@pytest.mark.requirement("SEC-48")
@pytest.mark.parametrize("odd", ["a..b@x", "a.@x", ".a@x", "ü@x", "a@x..y"])
async def test_an_address_that_no_letter_can_name_keeps_nobody_else_from_being_told(
    world: World, odd: str
) -> None:
    world.people.email = odd
    await world.begin()
    await world.telling().look()
    assert world.told() == [("untold", "start", "subject"), ("told", "start", SECURITY)]
    (untold,) = [one for one in world.house.writer.events if one["event"] == "impersonation:untold"]
    assert untold["detail"] == "the address cannot be written in a letter"
    world.house.clock.advance(HELD)
    assert await world.telling().look() == 0


async def test_a_notice_is_held_from_when_it_is_taken_however_long_those_before_it_took(world: World) -> None:
    name = await world.begin()
    assert await world.house.acting.end(name, by=f"{ISSUER} {CAROL}", why="")
    notices, free = world.house.impersonations.notices, list[Notice]()

    class Slow(Letters):
        async def send(self, message: EmailMessage, *, to: str) -> None:
            free.extend(await notices.due(at=int(world.house.clock.now()), most=9))
            world.house.clock.advance(HELD)
            await super().send(message, to=to)

    world.letters, world.to, world.at = Slow(), ("subject",), frozenset({"start", "end"})
    assert await world.telling().look() == 2
    first, *while_the_second_was_told = free
    assert first.tries == 0  # the second, which nobody had taken yet
    assert while_the_second_was_told == []


async def test_a_trouble_is_said_once_and_again_when_it_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.0)
    troubles = [StoreUnavailable("away")] * 3 + [None] + [StoreUnavailable("away")] * 2
    seen = asyncio.Event()

    async def due(*, at: int, most: int) -> list[Notice]:
        if not troubles:
            seen.set()
            return []
        if (trouble := troubles.pop(0)) is not None:
            raise trouble
        return []

    monkeypatch.setattr(world.house.impersonations.notices, "due", due)
    with capture_logs() as logs:
        running = asyncio.create_task(world.telling().run())
        await seen.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert [(one["event"], one["detail"]) for one in logs] == [("notices wait", "away")] * 2


async def test_a_notice_is_told_by_one_process_and_after_a_crash_by_another(world: World) -> None:
    await world.begin()
    notices = world.house.impersonations.notices
    (due,) = await notices.due(at=NOW, most=9)
    assert await notices.claim(due, until=NOW + HELD)  # by a process that dies with it
    assert await world.telling().look() == 0
    world.house.clock.advance(HELD)
    assert await world.telling().look() == 1
    assert len(world.letters.taken) == 2


async def test_what_the_log_cannot_say_is_told_again(world: World) -> None:
    await world.begin()
    world.house.writer.broken = True
    with pytest.raises(AuditUnavailable):
        await world.telling().look()
    world.house.writer.broken = False
    world.house.clock.advance(HELD)
    await world.telling().look()
    assert [to for to, _ in world.letters.taken] == ["carol@example.com", "carol@example.com", SECURITY]


@pytest.mark.parametrize("how", ["by somebody", "by itself"])
async def test_an_end_is_told_whether_somebody_ended_it_or_its_time_was_over(world: World, how: str) -> None:
    world.at, world.to = frozenset({"end"}), ("subject",)
    name = await world.begin()
    telling = world.telling()
    await telling.look()
    assert world.letters.taken == []
    if how == "by somebody":
        assert await world.house.acting.end(name, by=f"{ISSUER} {CAROL}", why="")
    else:
        world.house.clock.advance(3600)
    await telling.look()
    assert world.letters.taken == [("carol@example.com", "dana@acme.example acted as you")]
    assert not world.house.impersonations.notices.kept


async def test_nothing_is_kept_where_nobody_is_told(world: World) -> None:
    world.to = ()
    await world.begin()
    telling = world.telling()
    await telling.look()
    world.house.clock.advance(3600)
    await telling.look()
    assert not world.house.impersonations.notices.kept
    assert world.told() == []


async def test_a_program_is_told_under_one_name_however_often(world: World) -> None:
    world.documents, world.to = Documents(), ("subject",)
    name = await world.begin()
    await world.telling().look()
    assert world.documents.taken == [f"{name}.start"]
    assert world.told() == [("told", "start", "subject"), ("told", "start", "webhook")]


@pytest.mark.requirement("SEC-48")
async def test_nobody_acts_as_somebody_who_cannot_be_told_where_that_is_wanted() -> None:
    asked = Impersonating(must_be_told=True)
    people = [msgspec.structs.replace(one, email=None) for one in PEOPLE]
    house = house_of(people=people, impersonating=asked)
    assert (await house.turned_away(own_token(house))).reason == "cannot_be_told"
    house = house_of(impersonating=asked)
    assert claims_of(await house.post(own_token(house)))["sub"] == CAROL
