"""What every ``KnownStore`` must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.clock import NOON

from actas.subjects.known import KeptPerson, KnownStore

NOW = int(NOON)


def kept(subject: str = "okta:a-17", **changes: Any) -> KeptPerson:
    known = {
        "subject": subject,
        "mark": f"mark of {subject}",
        "origin_mark": f"origin of {subject}",
        "place": "p",
        "sealed": bytes(range(256)),
        "seen_at": NOW,
    }
    return KeptPerson(**{**known, **changes})


class KnownStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_who_is_kept_is_found_elsewhere_at_once(self, store: KnownStore, other: KnownStore) -> None:
        assert await other.find("okta:a-17") is None
        await store.keep(kept())
        for place in (store, other):
            assert await place.find("okta:a-17") == kept()

    async def test_whoever_comes_again_is_kept_as_seen_last(
        self, store: KnownStore, other: KnownStore
    ) -> None:
        await store.keep(kept())
        await store.keep(kept("okta:b"))
        again = kept(place="q", sealed=b"\x00", seen_at=NOW + 5, origin_mark="x")
        await other.keep(again)
        assert await store.find("okta:a-17") == again
        assert await store.find("okta:b") == kept("okta:b")

    @pytest.mark.requirement("SEC-96")
    @pytest.mark.parametrize("variant", ["", "okta:a-1", "okta:a-17 ", "OKTA:a-17", "%", "a-17"])
    async def test_only_the_whole_name_finds_somebody(self, store: KnownStore, variant: str) -> None:
        await store.keep(kept())
        assert await store.find(variant) is None

    async def test_one_of_those_who_come_at_once_is_kept(self, store: KnownStore, other: KnownStore) -> None:
        come = [kept(place=f"p{number}") for number in range(8)]
        await asyncio.gather(*[(store, other)[at % 2].keep(one) for at, one in enumerate(come)])
        assert await store.find("okta:a-17") in come

    async def test_of_several_that_replace_the_same_one_does(
        self, store: KnownStore, other: KnownStore
    ) -> None:
        for place, before in (("first", None), ("second", "first")):
            come = [kept(place=f"{place}", origin_mark=f"{number}") for number in range(8)]
            done = await asyncio.gather(
                *[(store, other)[at % 2].replace(one, place=before) for at, one in enumerate(come)]
            )
            assert done.count(True) == 1
            assert await other.find("okta:a-17") == come[done.index(True)]

    @pytest.mark.parametrize("seen", [None, "another", ""])
    async def test_nobody_is_replaced_whom_nobody_looked_at(
        self, store: KnownStore, other: KnownStore, seen: str | None
    ) -> None:
        assert await store.replace(kept(), place=seen) is (seen is None)
        await store.keep(kept())
        assert not await other.replace(kept(place="q"), place=seen)
        assert await store.find("okta:a-17") == kept()
