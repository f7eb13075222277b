"""What people let apps do, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.fakes.company import client, signing_in
from tests.fakes.house import CLIENTS, ISSUER, NOW, PEOPLE, House, secret_of

from actas.audit.log import draw_up
from actas.core.errors import OAuthError, StoreUnavailable
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.signin.consents import Consents, KeptConsent
from actas.store.memory_sign_in import MemoryConsents

ALICE = "actas:alice"
WEB = signing_in(client("web", kind="app"))
PHONE = signing_in(client("phone", kind="app"))
READ = frozenset({"openid", "orders:read"})


@pytest.fixture
def house() -> House:
    return House(clients=[*CLIENTS[:3], WEB, PHONE], people=PEOPLE)


@pytest.fixture
def store() -> MemoryConsents:
    return MemoryConsents()


@pytest.fixture
def node(house: House, store: MemoryConsents) -> Callable[[], Consents]:
    """A node, as often as it is asked for: all share what is kept and what was revoked."""

    def made() -> Consents:
        return Consents(
            issuer=ISSUER, store=store, revocations=house.revoked, marking=house.ring, clock=house.clock
        )

    return made


def entry() -> Record:
    return draw_up("revocation:granted", now=NOW, chance=SystemChance(), reason="test")


async def refused(house: House, form: dict[str, Any]) -> str:
    with pytest.raises(OAuthError) as caught:
        await house.post(form)
    return caught.value.reason


def refresh(token: str, who: str = "web") -> dict[str, Any]:
    return {
        "grant_type": "refresh_token",
        "client_id": who,
        "client_secret": secret_of(who),
        "refresh_token": token,
    }


async def test_what_was_given_is_remembered_for_that_person_and_that_app(
    node: Callable[[], Consents], store: MemoryConsents
) -> None:
    record = entry()
    await node().give(ALICE, "web", scope=READ, apis=("orders",), record=record)
    given = await node().given(ALICE, "web")
    assert given is not None
    assert (given.client, given.scope, given.apis) == ("web", READ, ("orders",))
    assert (given.given_at, given.used_at) == (NOW, NOW)
    assert store.records == [record]
    for who in ((ALICE, "phone"), ("actas:bob", "web"), ("web", ALICE)):
        assert await node().given(*who) is None


@pytest.mark.requirement("OP-131")
async def test_an_app_that_is_not_what_it_was_is_asked_about_again(node: Callable[[], Consents]) -> None:
    await node().give(ALICE, "web", scope=READ, apis=("orders",), record=entry(), fingerprint="before")
    for fingerprint in ("", "now"):
        assert await node().given(ALICE, "web", fingerprint=fingerprint) is None
    assert await node().given(ALICE, "web", fingerprint="before") is not None
    openid = frozenset({"openid"})
    await node().give(ALICE, "web", scope=openid, apis=(), record=entry(), fingerprint="now")
    given = await node().given(ALICE, "web", fingerprint="now")
    assert given is not None
    assert (given.scope, given.apis) == (openid, ())  # what was let to another is not added to
    assert await node().given(ALICE, "web", fingerprint="before") is None


async def test_what_is_given_later_is_added(node: Callable[[], Consents], house: House) -> None:
    await node().give(ALICE, "web", scope=READ, apis=("orders",), record=entry())
    house.clock.advance(10)
    more = frozenset({"openid", "stock:read"})
    await node().give(ALICE, "web", scope=more, apis=("inventory", "orders"), record=entry())
    given = await node().given(ALICE, "web")
    assert given is not None
    assert (given.scope, given.apis, given.given_at) == (READ | more, ("orders", "inventory"), NOW + 10)


async def test_a_persons_consents_are_listed_newest_first(node: Callable[[], Consents], house: House) -> None:
    for who, app in ((ALICE, "web"), (ALICE, "phone"), ("actas:bob", "web")):
        await node().give(who, app, scope=READ, apis=(), record=entry())
        house.clock.advance(1)
    assert [one.client for one in await node().of(ALICE)] == ["phone", "web"]
    assert await node().of("alice") == ()


async def test_use_is_noted_once_an_hour(node: Callable[[], Consents], house: House) -> None:
    await node().give(ALICE, "web", scope=READ, apis=(), record=entry())
    seen = []
    for _ in range(4):
        house.clock.advance(1800)
        given = await node().given(ALICE, "web")
        assert given is not None
        seen.append(given.used_at - NOW)
    assert seen == [0, 3600, 3600, 7200]


@pytest.mark.requirement("REL-21", "SEC-23")
@pytest.mark.parametrize("offline", [False, True])
async def test_what_is_withdrawn_ends_all_that_the_app_holds_for_that_person(
    node: Callable[[], Consents], house: House, offline: bool
) -> None:
    scope = READ | ({"offline_access"} if offline else set())
    await node().give(ALICE, "web", scope=scope, apis=("orders",), record=entry())
    held = (await house.post(await house.code_form(scope=scope))).body
    other = (await house.post(await house.code_form("phone", id="authorization-2", scope=scope))).body
    code = await house.code_form(id="authorization-3", scope=scope)
    house.clock.advance(1)
    record = entry()
    await node().withdraw(ALICE, "web", record=record)
    assert await node().given(ALICE, "web") is None
    assert house.revoked.waiting == [record]
    await node().written(record.entry)
    assert house.revoked.waiting == []
    assert await refused(house, code) == "revoked"
    assert await refused(house, refresh(str(held["refresh_token"]))) == "revoked"
    with pytest.raises(OAuthError) as caught:
        await house.ask("orders", str(held["access_token"]), audience="inventory", scope="stock:read")
    assert caught.value.reason == "revoked"
    # Another app's are another matter, and so is what she lets this one do later.
    assert (await house.post(refresh(str(other["refresh_token"]), "phone"))).body["access_token"]
    house.clock.advance(10)
    await node().give(ALICE, "web", scope=READ, apis=(), record=entry())
    given = await node().given(ALICE, "web")
    assert given is not None
    assert (given.scope, given.apis) == (READ, ())
    assert (await house.post(await house.code_form(id="authorization-4"))).body["access_token"]


@pytest.mark.requirement("REL-19")
async def test_what_is_withdrawn_counts_no_more_also_when_its_row_stays(
    node: Callable[[], Consents], store: MemoryConsents, house: House
) -> None:
    await node().give(ALICE, "web", scope=READ | {"stock:read"}, apis=("inventory",), record=entry())
    kept = dict(store.kept)
    house.clock.advance(1)
    await node().withdraw(ALICE, "web", record=entry())
    store.kept = kept
    assert await node().given(ALICE, "web") is None
    assert await node().of(ALICE) == ()
    await node().give(ALICE, "web", scope=READ, apis=(), record=entry())
    given = await node().given(ALICE, "web")
    assert given is not None
    assert (given.scope, given.apis) == (READ, ())


@pytest.mark.requirement("REL-19")
async def test_a_database_that_is_away_never_reads_as_an_answer(
    node: Callable[[], Consents], store: MemoryConsents, house: House
) -> None:
    await node().give(ALICE, "web", scope=READ, apis=(), record=entry())
    store.broken = True
    with pytest.raises(StoreUnavailable):
        await node().given(ALICE, "web")
    with pytest.raises(StoreUnavailable):
        await node().of(ALICE)
    with pytest.raises(StoreUnavailable):
        await node().give(ALICE, "web", scope=READ, apis=(), record=entry())
    with pytest.raises(StoreUnavailable):
        await node().withdraw(ALICE, "web", record=entry())
    store.broken, house.revoked.broken = False, True
    with pytest.raises(StoreUnavailable):
        await node().withdraw(ALICE, "web", record=entry())


class Contested(MemoryConsents):
    """Others are faster, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def write(self, kept: KeptConsent, **how: Any) -> bool:
        if self.times:
            self.times -= 1
            return False
        return await super().write(kept, **how)


@pytest.mark.requirement("REL-19")
async def test_whoever_is_never_first_gives_nothing_and_says_so(house: House) -> None:
    store = Contested(19)
    consents = Consents(
        issuer=ISSUER, store=store, revocations=house.revoked, marking=house.ring, clock=house.clock
    )
    await consents.give(ALICE, "web", scope=READ, apis=(), record=entry())
    store.times = 20
    with pytest.raises(StoreUnavailable, match="20 times"):
        await consents.give(ALICE, "phone", scope=READ, apis=(), record=entry())
