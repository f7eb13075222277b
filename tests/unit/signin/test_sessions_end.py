"""Sessions end: when they are ended, when time is up, and when whoever signed in is nobody here any more.

Somebody holds on to the text of a session that was stolen, or waits until it was long enough out of use.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from tests.fakes.company import CORP_FOR_PEOPLE
from tests.fakes.house import CORP, ISSUER, NOW, House
from tests.fakes.in_memory import ListedRevocations
from tests.fakes.sessions import ALICE, DORA, PEOPLE_HERE, Here, entry

from actas.core.client import SignInLives
from actas.core.errors import StoreUnavailable
from actas.core.lineage import Revoked
from actas.core.party import Identity
from actas.store.memory_sign_in import MemorySessions
from actas.subjects.revoked import mark_of_party

ABSOLUTE, IDLE = SignInLives().session, SignInLives().session_idle


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.mark.requirement("SEC-77", "REL-21", "OP-77")
async def test_a_stolen_text_is_dead_once_its_session_was_ended_on_another_node(here: Here) -> None:
    text, session = await here.signed_in()
    kept = dict(here.store.kept)
    record = entry(here.house)
    await here.node().end(session.sid, record=record)
    assert await here.node().find(text) is None
    assert await here.node().of("actas:alice") == ()
    assert here.house.revoked.waiting == [record]
    assert here.house.revoked.listed[0].entry == record.entry
    await here.node().written(record.entry)
    assert here.house.revoked.waiting == []
    assert here.house.revoked.listed[0].until >= session.ends_at
    # Also when its row comes back, and on a node that has only heard of the revocation.
    here.store.kept = kept
    assert await here.node().find(text) is None
    assert await here.node().of("actas:alice") == ()
    # And on a node that has not heard, the row is gone.
    here.store.kept = {}
    assert await here.node(revocations=ListedRevocations()).find(text) is None


async def test_a_session_is_ended_also_when_its_row_is_not_removed(here: Here) -> None:
    text, session = await here.signed_in()

    class Stuck(MemorySessions):
        async def end(self, sid: str) -> None:
            raise StoreUnavailable("the database went away")

    await here.node(store=Stuck(clock=here.house.clock)).end(session.sid, record=entry(here.house))
    assert await here.node().find(text) is None


@pytest.mark.requirement("REL-19")
async def test_a_session_that_cannot_be_revoked_is_not_said_to_have_ended(here: Here) -> None:
    text, session = await here.signed_in()
    here.house.revoked.broken = True
    with pytest.raises(StoreUnavailable):
        await here.node().end(session.sid, record=entry(here.house))
    assert await here.node().find(text) == session
    with pytest.raises(StoreUnavailable):
        await here.signed_in(DORA, replaces=text)


@pytest.mark.requirement("SEC-77")
async def test_a_session_that_nobody_uses_ends(here: Here) -> None:
    text, _ = await here.signed_in()
    here.house.clock.advance(IDLE - 1)
    found = await here.node().find(text)
    assert found is not None
    assert found.seen_at == NOW + IDLE - 1
    here.house.clock.advance(IDLE)
    assert await here.node().find(text) is None
    assert await here.node().of("actas:alice") == ()


async def test_use_is_noted_once_a_minute(here: Here) -> None:
    text, _ = await here.signed_in()
    seen = []
    for _ in range(4):
        here.house.clock.advance(30)
        await here.node().find(text)
        seen.append(next(iter(here.store.kept.values())).seen_at - NOW)
    assert seen == [0, 60, 60, 120]


@pytest.mark.requirement("SEC-77")
async def test_a_session_ends_however_much_it_is_used(here: Here) -> None:
    text, _ = await here.signed_in()
    for _ in range(ABSOLUTE // 3600 - 1):
        here.house.clock.advance(3600)
        assert await here.node().find(text) is not None
    here.house.clock.advance(3600)
    assert await here.node().find(text) is None
    # To say otherwise beside what is sealed helps nobody.
    (kept,) = here.store.kept.values()
    here.store.kept[kept.digest] = replace(kept, ends_at=kept.ends_at + 3600)
    assert await here.node().find(text) is None


async def test_limits_are_set(here: Here) -> None:
    text, session = await here.signed_in(lives=SignInLives(session=100))
    assert session.ends_at == NOW + 100
    here.house.clock.advance(20)
    assert await here.node(lives=SignInLives(session_idle=20)).find(text) is None
    assert await here.node(lives=SignInLives(session_idle=21)).find(text) is not None


@pytest.mark.requirement("SEC-23", "REL-21")
@pytest.mark.parametrize("marked", ["person", "origin"])
async def test_what_is_revoked_of_a_person_ends_the_sessions_that_began_before(
    here: Here, marked: str
) -> None:
    person, origin = Identity(ISSUER, "carol"), Identity(CORP.issuer, "c-1")
    text, _ = await here.signed_in(person, origin=origin)
    assert await here.node().find(text) is not None
    mark = mark_of_party(here.house.ring, person if marked == "person" else origin)
    here.house.revoked.listed.append(Revoked(mark=mark, up_to=NOW, until=NOW + 9, entry="x"))
    assert await here.node().find(text) is None
    assert await here.node().of("carol") == ()
    here.house.clock.advance(1)
    again, _ = await here.signed_in(person, origin=origin)
    assert await here.node().find(again) is not None


@pytest.mark.requirement("SEC-23", "SEC-97")
async def test_whoever_is_no_longer_live_is_no_longer_signed_in(here: Here) -> None:
    text, _ = await here.signed_in(ALICE)
    foreign, _ = await here.signed_in(Identity(ISSUER, "carol"), origin=Identity(CORP.issuer, "c-1"))
    locked = msgspec.structs.replace(PEOPLE_HERE[0], disabled=True)
    untrusted = replace(CORP_FOR_PEOPLE, disabled=True)
    for people, issuers in (((locked,), (untrusted,)), ((), (CORP,)), ((), ())):
        catalog = House(people=people, issuers=issuers, rules=(), clients=()).catalog
        assert await here.node(catalog=catalog).find(text) is None
        assert await here.node(catalog=catalog).find(foreign) is None
    assert await here.node().find(text) is not None
    assert await here.node().find(foreign) is not None


@pytest.mark.requirement("SEC-77")
async def test_sessions_that_are_made_shorter_end_sooner_those_that_began_before_too(here: Here) -> None:
    text, session = await here.signed_in()
    here.house.clock.advance(1000)
    shorter = here.node(lives=SignInLives(session=1001))
    found = await shorter.find(text)
    assert found is not None
    assert found.ends_at == found.sign_in.ends_at == NOW + 1001
    assert [one.ends_at for one in await shorter.of("actas:alice")] == [NOW + 1001]
    over = here.node(lives=SignInLives(session=1000))
    assert await over.find(text) is None
    assert await over.of("actas:alice") == ()
    _, after = await here.signed_in(replaces=text, lives=SignInLives(session=1000))
    assert after.sid != session.sid  # nothing goes on that has ended
    longer = await here.node(lives=SignInLives(session=ABSOLUTE * 2)).find(text)
    assert longer is None or longer.ends_at == NOW + ABSOLUTE
