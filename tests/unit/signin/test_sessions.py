"""Who is signed in, and what somebody makes of a session that is not theirs.

A text that was planted in a browser before its owner signed in must be worth nothing after; so must one that
was stolen, once the session is ended. Somebody who may write to the database moves rows about. Somebody waits
until a session was long enough out of use, or hopes that a database that is away reads as anything at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import ISSUER, NOW, OPAQUE_KEY
from tests.fakes.sessions import ALICE, DORA, Here, entry

from actas.core.client import SignInLives
from actas.core.errors import BadToken, StoreUnavailable
from actas.core.lineage import Revoked
from actas.core.ports import SystemChance
from actas.keys.opaque import OpaqueTexts
from actas.store.memory_sign_in import MemorySessions
from actas.subjects.authorization_code import mark_of_session


@pytest.fixture
def here() -> Here:
    return Here()


async def test_a_session_is_found_by_its_text_on_every_node(here: Here) -> None:
    text, session = await here.signed_in()
    assert text.startswith("actas_ses_")
    assert (session.began, session.seen_at, session.ends_at) == (NOW, NOW, NOW + SignInLives().session)
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


async def test_a_text_does_not_leave_when_it_was_not_kept(here: Here) -> None:
    here.store.broken = True
    with pytest.raises(StoreUnavailable):
        await here.signed_in()
    assert here.store.kept == {}
