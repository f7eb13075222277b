"""What every ``KeyStore`` must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.fakes.sealer import sealer

from actas.core.records import Record
from actas.core.wire import SigningAlgorithm
from actas.keys.kept import StoredKey, StoredSecret, make_key, make_secret
from actas.keys.ring import Purpose
from actas.keys.store import KeyStore


def key(
    purpose: Purpose = "token", algorithm: SigningAlgorithm = "ES256", at: int = 1_790_000_000
) -> StoredKey:
    """Return a new active key, sealed."""
    return make_key(purpose, algorithm, sealer=sealer(), at=at)


Entries = Callable[[], Awaitable[list[str]]]


def record(entry: str) -> Record:
    """Return an audit entry of that id."""
    return Record(entry=entry, event="keys:prepared", body=b"{}", at=1_790_000_000.0)


class KeyStoreSuite:
    """Inherit as ``Test...``, with three fixtures: ``store`` is empty, ``other`` is another way to the same place,
    ``entries`` returns the ids of the audit entries that are kept there.
    """

    async def test_an_empty_store_is_empty(self, store: KeyStore) -> None:
        assert await store.all() == []
        assert await store.secrets() == []

    async def test_what_was_added_is_there_byte_for_byte_for_everybody(
        self, store: KeyStore, other: KeyStore
    ) -> None:
        keys = [key("token", "ES256"), key("token", "EdDSA", at=0), key("audit", "ES256", at=2**40)]
        keys.append(
            replace(key("audit", "EdDSA"), sealed=bytes(range(256)), public_jwk='{"é":"\U0001f511 \\u0000"}')
        )
        for one in keys:
            assert await store.add(one)
        for place in (store, other):
            found = await place.all()
            assert len(found) == len(keys)
            assert set(found) == set(keys)

    async def test_one_key_is_active_for_each_purpose_and_algorithm(
        self, store: KeyStore, other: KeyStore
    ) -> None:
        first = key()
        assert await store.add(first)
        assert not await store.add(key())
        assert not await other.add(key())
        assert await other.all() == [first]

    async def test_retired_keys_are_as_many_as_there_were(self, store: KeyStore) -> None:
        retired = [replace(key(at=at), state="retired") for at in (1, 2, 3)]
        for one in retired:
            assert await store.add(one)
        active = key()
        assert await store.add(active)
        assert await store.add(replace(key(), state="retired"))
        assert len(await store.all()) == 5

    async def test_a_kid_is_never_used_again(self, store: KeyStore) -> None:
        first = key()
        assert await store.add(first)
        assert not await store.add(first)
        assert not await store.add(replace(first, purpose="audit"))
        assert not await store.add(replace(first, state="retired", sealed=b"other"))
        assert await store.all() == [first]

    async def test_of_many_that_add_at_once_exactly_one_comes_first(
        self, store: KeyStore, other: KeyStore
    ) -> None:
        keys = [key() for _ in range(12)]
        added = await asyncio.gather(
            *[(store, other)[number % 2].add(one) for number, one in enumerate(keys)]
        )
        assert sum(added) == 1
        assert await store.all() == [keys[added.index(True)]]

    async def test_one_key_is_prepared_for_each_purpose_and_algorithm(self, store: KeyStore) -> None:
        assert await store.add(key())
        assert await store.add(replace(key(), state="prepared"))
        assert not await store.add(replace(key(), state="prepared"))
        assert len(await store.all()) == 2

    async def test_every_change_moves_the_generation_and_nothing_else_does(
        self, store: KeyStore, other: KeyStore
    ) -> None:
        first = key()
        seen = [await store.generation()]
        assert await store.add(first)
        seen.append(await other.generation())
        assert not await store.add(first)
        assert not await other.replace([replace(key(), state="prepared")], seen=seen[0])
        assert await other.generation() == seen[-1]
        assert await other.replace([replace(first, state="retired")], seen=seen[-1])
        seen.append(await store.generation())
        assert await store.read() == (seen[-1], [replace(first, state="retired")])
        assert len(set(seen)) == 3
        assert seen == sorted(seen)

    async def test_a_change_keeps_every_member_and_is_made_in_order(
        self, store: KeyStore, other: KeyStore
    ) -> None:
        old = key()
        assert await store.add(old)
        retired = replace(old, state="retired", retire_at=5, remove_at=2**40, sealed=b"anew")
        new = replace(key(), ahead=600, activate_at=7)
        assert await store.replace([retired, new], seen=await store.generation())
        assert sorted(await other.all(), key=lambda one: one.state) == [new, retired]

    async def test_a_change_that_does_not_fit_changes_nothing(self, store: KeyStore) -> None:
        active, prepared = key(), replace(key(), state="prepared")
        assert await store.add(active)
        assert await store.add(prepared)
        before = await store.read()
        for rows in ([replace(prepared, state="active")], [replace(active, state="retired"), key(), key()]):
            assert not await store.replace(rows, seen=before.generation)
            assert await store.read() == before

    @pytest.mark.requirement("REL-01")
    async def test_a_change_and_its_entry_are_kept_together_or_not_at_all(
        self, store: KeyStore, entries: Entries
    ) -> None:
        assert await store.add(key())
        seen = await store.generation()
        assert not await store.replace([key("token", "EdDSA")], seen=seen + 1, records=[record("late")])
        assert not await store.replace([key()], seen=seen, records=[record("does not fit")])
        assert await entries() == []
        records = [record("x_2"), record("x_1")]
        assert await store.replace([key("token", "EdDSA")], seen=seen, records=records)
        assert sorted(await entries()) == ["x_1", "x_2"]

    @pytest.mark.requirement("REL-06")
    async def test_of_many_that_activate_at_once_exactly_one_does(
        self, store: KeyStore, other: KeyStore
    ) -> None:
        old = key()
        assert await store.add(old)
        seen = await store.generation()
        rivals = [key() for _ in range(12)]
        done = await asyncio.gather(
            *[
                (store, other)[number % 2].replace([replace(old, state="retired"), one], seen=seen)
                for number, one in enumerate(rivals)
            ]
        )
        assert sum(done) == 1
        active = [one for one in await store.all() if one.state == "active"]
        assert active == [rivals[done.index(True)]]

    async def test_of_many_secrets_of_one_name_exactly_one_is_kept(
        self, store: KeyStore, other: KeyStore
    ) -> None:
        secrets = [make_secret("digest", sealer=sealer()) for _ in range(12)]
        added = await asyncio.gather(
            *[(store, other)[number % 2].add_secret(one) for number, one in enumerate(secrets)]
        )
        assert sum(added) == 1
        assert await other.secrets() == [secrets[added.index(True)]]

    async def test_secrets_of_different_names_do_not_meet(self, store: KeyStore) -> None:
        secrets = [
            StoredSecret(name="digest", sealed=b"\x00a"),
            StoredSecret(name="client_secret", sealed=b""),
        ]
        for one in secrets:
            assert await store.add_secret(one)
        found = await store.secrets()
        assert {one.name: one.sealed for one in found} == {"digest": b"\x00a", "client_secret": b""}
