"""What every ``ConsentStore`` must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.contracts.device_code_store import BOUNDS, decided, given
from tests.contracts.device_code_store import kept as device
from tests.fakes.clock import NOON

from actas.core.records import Record
from actas.signin.consents import Consent, ConsentStore, KeptConsent
from actas.subjects.device_records import DecidedMeanwhile, DeviceCodeStore

NOW = int(NOON)
ALICE = "actas:alice"

Waiting = Callable[[], Awaitable[list[str]]]
"""Says which entries wait to be written."""


def kept(subject: str = ALICE, client: str = "web", *, version: int = 1, **changes: Any) -> KeptConsent:
    known = {
        "client": client,
        "scope": frozenset({"openid", "orders:read"}),
        "apis": ("orders", "actas-userinfo"),
        "given_at": NOW,
        "used_at": NOW,
        "at": {"orders": frozenset({"openid", "orders:read"}), "actas-userinfo": frozenset({"openid"})},
    }
    return KeptConsent(subject=subject, version=version, consent=Consent(**{**known, **changes}))


def entry(name: str) -> Record:
    return Record(entry=name, event="revocation:granted", body=b"{}", at=NOON)


class ConsentStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place, ``waiting`` says
    which entries were kept by ``store``, and ``devices`` keeps devices in the same place.
    """

    @pytest.mark.requirement("REL-01")
    async def test_what_is_given_is_found_elsewhere_at_once_and_its_entry_waits(
        self, store: ConsentStore, other: ConsentStore, waiting: Waiting
    ) -> None:
        assert await store.read(ALICE, "web") is None
        assert await store.write(kept(), seen=None, record=entry("x_1"))
        for place in (store, other):
            assert await place.read(ALICE, "web") == kept()
            assert list(await place.of(ALICE)) == [kept()]
        assert await waiting() == ["x_1"]

    @pytest.mark.requirement("SEC-96")
    @pytest.mark.parametrize(
        "who", [("actas:Alice", "web"), (ALICE, "we"), (ALICE, "%"), ("web", ALICE), ("", "")]
    )
    async def test_only_the_whole_names_find_it(self, store: ConsentStore, who: tuple[str, str]) -> None:
        await store.write(kept(), seen=None, record=entry("x_1"))
        assert await store.read(*who) is None
        await store.forget(*who)
        assert await store.read(ALICE, "web") == kept()

    async def test_a_change_is_made_on_what_was_seen_and_on_nothing_else(
        self, store: ConsentStore, other: ConsentStore, waiting: Waiting
    ) -> None:
        first, second = kept(), kept(version=2, scope=frozenset({"openid"}), apis=(), fingerprint="f-2")
        assert await store.write(first, seen=None, record=entry("x_1"))
        assert await store.write(second, seen=first, record=entry("x_2"))
        for seen in (
            None,
            first,
            kept(version=2),
            kept(version=2, scope=frozenset({"openid"})),
            kept(version=2, scope=frozenset({"openid"}), apis=(), fingerprint="f-1"),
            kept("actas:bob"),
        ):
            assert not await store.write(kept(version=3), seen=seen, record=entry("x_3"))
        assert await other.read(ALICE, "web") == second
        assert await waiting() == ["x_1", "x_2"]

    @pytest.mark.requirement("REL-19")
    async def test_of_many_at_once_exactly_one_changes_it(
        self, store: ConsentStore, other: ConsentStore
    ) -> None:
        for seen in (None, kept()):
            if seen is not None:
                await store.forget(ALICE, "web")
                assert await store.write(seen, seen=None, record=entry("x_again"))
            name = "first" if seen is None else "next"
            asked = [
                (store, other)[number % 2].write(
                    kept(version=9, apis=(f"api-{number}",)), seen=seen, record=entry(f"x_{name}_{number}")
                )
                for number in range(8)
            ]
            done = await asyncio.gather(*asked)
            assert sum(done) == 1
            found = await other.read(ALICE, "web")
            assert found is not None
            assert found.consent.apis == (f"api-{done.index(True)}",)

    @pytest.mark.requirement("REL-01")
    async def test_a_yes_to_a_device_is_kept_with_what_it_decides_or_not_at_all(
        self, store: ConsentStore, devices: DeviceCodeStore, waiting: Waiting
    ) -> None:
        await devices.keep(device(), **BOUNDS)
        yes = decided("allowed", record=given("x_d1"))
        assert not await store.write(kept(version=2), seen=kept(), record=entry("x_0"), device=yes)
        found = await devices.find("d")
        assert found is not None
        assert found.state == "waiting"
        assert await store.write(kept(), seen=None, record=entry("x_1"), device=yes)
        found = await devices.find("d")
        assert found is not None
        assert (found.state, found.authorization, found.answer) == ("allowed", "a", b"x")
        late = decided("allowed", record=given("x_d2"))
        for seen, client in ((kept(), "web"), (None, "phone")):
            with pytest.raises(DecidedMeanwhile):
                await store.write(
                    kept(client=client, version=2, apis=()), seen=seen, record=entry("x_2"), device=late
                )
        assert list(await store.of(ALICE)) == [kept()]
        assert await waiting() == ["x_1", "x_d1"]

    async def test_use_moves_on_and_is_no_change(self, store: ConsentStore, other: ConsentStore) -> None:
        await store.write(kept(), seen=None, record=entry("x_1"))
        await other.touch(ALICE, "web", at=NOW + 60)
        await store.touch(ALICE, "web", at=NOW + 30)
        await store.touch("actas:bob", "web", at=NOW + 90)
        assert await store.read(ALICE, "web") == kept(used_at=NOW + 60)
        assert await store.write(kept(version=2), seen=kept(), record=entry("x_2"))

    @pytest.mark.requirement("SEC-97")
    async def test_what_is_forgotten_is_gone_and_nothing_else_is(
        self, store: ConsentStore, other: ConsentStore
    ) -> None:
        others = [kept(client="phone"), kept("actas:bob")]
        for number, one in enumerate((kept(), *others)):
            await store.write(one, seen=None, record=entry(f"x_{number}"))
        await other.forget(ALICE, "web")
        await other.forget(ALICE, "web")
        assert await store.read(ALICE, "web") is None
        assert not await store.write(kept(version=2), seen=kept(), record=entry("x_9"))
        assert [list(await store.of(who)) for who in (ALICE, "actas:bob")] == [[others[0]], [others[1]]]
