"""Who is signed in, and what somebody makes of a session that is not theirs.

A text that was planted in a browser before its owner signed in must be worth nothing after; so must one that
was stolen, once the session is ended. Somebody who may write to the database moves rows about. Somebody waits
until a session was long enough out of use, or hopes that a database that is away reads as anything at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
from tests.fakes.company import CORP_FOR_PEOPLE
from tests.fakes.house import CORP, ISSUER, NOW, OPAQUE_KEY, PEOPLE, House
from tests.fakes.in_memory import ListedRevocations

from actas.audit.log import draw_up
from actas.core.client import SignInLives
from actas.core.errors import BadToken, StoreUnavailable
from actas.core.lineage import Lineage, Revoked
from actas.core.party import Identity
from actas.core.person import Person
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.core.sign_in import SignIn
from actas.keys.opaque import OpaqueTexts
from actas.signin.sessions import Session, Sessions
from actas.store.memory_sign_in import MemorySessions
from actas.subjects.authorization_code import mark_of_session
from actas.subjects.live import LiveParties
from actas.subjects.revoked import mark_of_party
from actas.trust.registry import TrustedIssuer

ABSOLUTE, IDLE = SignInLives().session, SignInLives().session_idle
ALICE = Identity(ISSUER, "actas:alice")
DORA = Identity(ISSUER, "actas:dora")
PEOPLE_HERE = (PEOPLE[0], Person(name="dora", display="Dora"))


def entry(house: House) -> Record:
    return draw_up("session:ended", now=house.clock.now(), chance=SystemChance(), reason="test")


@dataclass
class Here:
    """Sessions over a house, as one node or another knows them."""

    people: tuple[Person, ...] = PEOPLE_HERE
    issuers: tuple[TrustedIssuer, ...] = (CORP_FOR_PEOPLE,)
    house: House = field(init=False)
    store: MemorySessions = field(init=False)

    def __post_init__(self) -> None:
        self.house = House(people=self.people, issuers=self.issuers)
        self.store = MemorySessions(clock=self.house.clock)

    def node(self, **changes: Any) -> Sessions:
        house = self.house
        catalog = changes.pop("catalog", house.catalog)
        known: dict[str, Any] = {
            "issuer": ISSUER,
            "store": self.store,
            "texts": OpaqueTexts(key=OPAQUE_KEY, digest=house.ring.digest, chance=house.chance),
            "live": LiveParties(issuer=ISSUER, clients=catalog, trust=catalog, people=catalog),
            "revocations": house.revoked,
            "marking": house.ring,
            "clock": house.clock,
            "lives": SignInLives(),
        }
        return Sessions(**{**known, **changes})

    async def signed_in(
        self,
        person: Identity = ALICE,
        *,
        origin: Identity | None = None,
        replaces: str | None = None,
        browser: str = "Firefox",
        **changes: Any,
    ) -> tuple[str, Session]:
        def sign_in(sid: str, ends_at: int) -> SignIn:
            return SignIn(
                person=person,
                origin=origin or person,
                origin_name="actas",
                groups=("support",),
                claims={"name": "Somebody"},
                at=int(self.house.clock.now()),
                acr="pwd",
                amr=("pwd",),
                sid=sid,
                ends_at=ends_at,
            )

        text, session = await self.node(**changes).begin(
            sign_in, source="192.0.2.7", browser=browser, replaces=replaces, ended=lambda _: entry(self.house)
        )
        return text.reveal(), session

    def is_revoked(self, sid: str) -> bool:
        mark = mark_of_session(self.house.ring, ISSUER, sid)
        return self.house.revoked.against(Lineage((mark,), NOW)) is not None


@pytest.fixture
def here() -> Here:
    return Here()


async def test_a_session_is_found_by_its_text_on_every_node(here: Here) -> None:
    text, session = await here.signed_in()
    assert text.startswith("actas_ses_")
    assert (session.began, session.seen_at, session.ends_at) == (NOW, NOW, NOW + ABSOLUTE)
    assert (session.sign_in.sid, session.sign_in.ends_at) == (session.sid, session.ends_at)
    assert (session.source, session.browser) == ("192.0.2.7", "Firefox")
    for node in (here.node(), here.node()):
        assert await node.find(text) == session
    assert "Alice" not in repr(here.store.kept)
    assert session.sid not in text


@pytest.mark.requirement("SEC-96")
async def test_no_other_text_finds_it(here: Here) -> None:
    text, session = await here.signed_in()
    other = OpaqueTexts(key=OPAQUE_KEY, digest=here.house.ring.digest, chance=SystemChance()).new(
        "actas_ses_"
    )
    for wrong in (
        "",
        text[:-1],
        text + "A",
        text + " ",
        text.upper(),
        text.replace("actas_ses_", "actas_rft_"),
        text.replace("actas_ses_", "actas_cod_"),
        session.sid,
        here.house.ring.digest(text),
        other.text.reveal(),
    ):
        assert await here.node().find(wrong) is None


@pytest.mark.requirement("SEC-95")
async def test_a_text_of_a_session_is_good_for_nothing_else(here: Here) -> None:
    text, _ = await here.signed_in()
    with pytest.raises(BadToken):
        await here.house.refresh.found(text)
    with pytest.raises(BadToken):
        await here.house.opaque.content(text, "actas_cod_")


async def test_what_a_browser_calls_itself_is_cut_to_what_can_be_shown(here: Here) -> None:
    _, session = await here.signed_in(browser="Fire\x1b[31mfox\n\u202e\xe9" + "x" * 300)
    assert session.browser == "Fire[31mfox" + "x" * 189


@pytest.mark.requirement("SEC-77")
async def test_a_text_from_before_a_sign_in_is_dead_after_it(here: Here) -> None:
    planted, before = await here.signed_in()
    text, session = await here.signed_in(replaces=planted)
    assert await here.node().find(planted) is None
    assert await here.node().find(text) == session
    # It is the same session to apps: what they were given before ends when she signs out now.
    assert session.sid == before.sid
    assert not here.is_revoked(session.sid)
    assert [one.sid for one in await here.node().of("actas:alice")] == [session.sid]


@pytest.mark.requirement("SEC-77")
async def test_whoever_signs_in_over_somebody_else_ends_all_that_is_bound_to_their_session(
    here: Here,
) -> None:
    planted, before = await here.signed_in(DORA)
    text, session = await here.signed_in(ALICE, replaces=planted)
    assert await here.node().find(planted) is None
    assert await here.node().find(text) == session
    assert session.sid != before.sid
    assert here.is_revoked(before.sid)
    assert not here.is_revoked(session.sid)
    # Its end is kept with its entry, which names it.
    (waiting,) = here.house.revoked.waiting
    assert [one.entry for one in here.house.revoked.listed] == [waiting.entry]


async def test_what_goes_on_from_an_ended_session_goes_by_another_name(here: Here) -> None:
    planted, before = await here.signed_in()
    here.house.revoked.listed.append(
        Revoked(
            mark=mark_of_session(here.house.ring, ISSUER, before.sid), up_to=NOW, until=NOW + 9, entry="x"
        )
    )
    text, session = await here.signed_in(replaces=planted)
    assert session.sid != before.sid
    assert await here.node().find(text) == session
    assert (await here.signed_in(replaces="nothing"))[1].sid not in (before.sid, session.sid)


async def test_of_two_that_go_on_from_one_only_one_keeps_its_name(here: Here) -> None:
    planted, before = await here.signed_in()

    class Contested(MemorySessions):
        """Somebody else replaces the session just before."""

        async def keep(self, session: Any, *, replaces: str | None) -> bool:
            here.store.kept.pop(here.house.ring.digest(planted), None)
            return await here.store.keep(session, replaces=replaces)

        async def find(self, digest: str) -> Any:
            return await here.store.find(digest)

    text, session = await here.signed_in(replaces=planted, store=Contested(clock=here.house.clock))
    assert session.sid != before.sid
    assert await here.node().find(text) == session


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


@pytest.mark.requirement("REL-19")
async def test_a_database_that_is_away_never_reads_as_no_session(here: Here) -> None:
    text, session = await here.signed_in()
    here.store.broken = True
    with pytest.raises(StoreUnavailable):
        await here.node().find(text)
    with pytest.raises(StoreUnavailable):
        await here.node().of("actas:alice")
    with pytest.raises(StoreUnavailable):
        await here.signed_in(replaces=text)
    with pytest.raises(StoreUnavailable):
        await here.node().end(session.sid, record=entry(here.house))


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


@pytest.mark.requirement("SEC-95")
async def test_a_row_that_was_moved_opens_nothing(here: Here) -> None:
    mine, _ = await here.signed_in(DORA)
    hers, _ = await here.signed_in(ALICE)
    digest = here.house.ring.digest
    own, other = here.store.kept[digest(mine)], here.store.kept[digest(hers)]
    for forged in (
        replace(other, digest=own.digest),
        replace(own, sealed=other.sealed),
        replace(own, sid=other.sid),
        replace(own, whose=other.whose),
        replace(own, ends_at=own.ends_at + 1),
        replace(own, sealed=b""),
    ):
        here.store.kept[own.digest] = forged
        assert await here.node().find(mine) is None
    here.store.kept[own.digest] = own
    assert await here.node().find(mine) is not None


async def test_an_outline_that_was_moved_is_not_shown(here: Here) -> None:
    mine, _ = await here.signed_in(DORA)
    hers, _ = await here.signed_in(ALICE)
    digest = here.house.ring.digest
    own, other = here.store.kept[digest(mine)], here.store.kept[digest(hers)]
    for forged in (
        replace(other, whose=own.whose),
        replace(own, outline=other.outline),
        replace(own, sid=other.sid),
        replace(own, ends_at=own.ends_at + 1),
    ):
        here.store.kept = {forged.digest: forged}
        with pytest.raises(StoreUnavailable):
            await here.node().of(DORA.subject)


async def test_a_persons_sessions_are_listed_newest_first_without_their_texts(here: Here) -> None:
    sids = []
    for browser in ("Firefox", "Chromium", "Safari"):
        _, session = await here.signed_in(browser=browser)
        sids.append(session.sid)
        here.house.clock.advance(5)
    await here.signed_in(DORA)
    listed = await here.node().of("actas:alice")
    assert [one.browser for one in listed] == ["Safari", "Chromium", "Firefox"]
    assert [one.sid for one in listed] == sids[::-1]
    assert await here.node().of("alice") == ()


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


async def test_a_text_does_not_leave_when_it_was_not_kept(here: Here) -> None:
    here.store.broken = True
    with pytest.raises(StoreUnavailable):
        await here.signed_in()
    assert here.store.kept == {}


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
