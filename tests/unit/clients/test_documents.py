"""Documents of clients: when they are fetched, for how long they are kept, and how many are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.published import CLIENT_ID, TERMS, DocumentsAt, document

from actas.clients.document import DocumentTerms, NoDocument
from actas.clients.documents import (
    GRACE,
    LONGEST,
    MOST_BYTES,
    MOST_KEPT,
    PER_MINUTE,
    PER_SOURCE,
    SHORTEST,
    ClientDocuments,
    DocumentShelf,
    PublishedClients,
)
from actas.core.errors import TooManyRequests
from actas.core.ports import Fetched, FetchFailed
from actas.crypto.key import PrivateKey

KEY = PrivateKey.generate("ES256").public.jwk()
SOURCE = "198.51.100.7"


class Found:
    """Clients that publish what they are, at addresses of the test."""

    def __init__(self, documents: DocumentsAt, terms: DocumentTerms = TERMS) -> None:
        self.clock = FixedClock()
        self.fetch = documents
        self.documents = ClientDocuments(documents, self.clock)
        self.shelf = DocumentShelf(terms)
        self.clients: PublishedClients = self.documents.under(self.shelf)

    async def name(self, client_id: str = CLIENT_ID, *, source: str = SOURCE, lenient: bool = False) -> str:
        client = await self.clients.client(client_id, source=source, lenient=lenient)
        assert client.sign_in is not None
        return client.sign_in.display


@pytest.mark.requirement("OP-127", "SEC-41")
@pytest.mark.parametrize(
    ("says", "kept"), [(None, SHORTEST), (0, SHORTEST), (-5, SHORTEST), (3600, 3600), (10**12, LONGEST)]
)
async def test_a_document_is_kept_as_long_as_it_says_within_bounds(says: int | None, kept: int) -> None:
    there = Found(DocumentsAt({CLIENT_ID: document()}, fresh_for=says))
    assert await there.name() == "Example Assistant"
    there.fetch.documents[CLIENT_ID] = document(client_name="Renamed")
    there.clock.advance(kept - 1)
    assert await there.name() == "Example Assistant"
    there.clock.advance(1)
    assert await there.name() == "Renamed"
    assert there.fetch.asked == [(CLIENT_ID, MOST_BYTES, True)] * 2


@pytest.mark.requirement("OP-127", "OP-128")
@pytest.mark.parametrize(
    "bad", [FetchFailed("not there"), document(client_id="https://agents.example/other")]
)
async def test_what_was_wrong_is_not_kept(bad: Any) -> None:
    there = Found(DocumentsAt({CLIENT_ID: bad}))
    with pytest.raises(NoDocument):
        await there.name()
    there.fetch.documents[CLIENT_ID] = document()
    assert await there.name() == "Example Assistant"


async def test_who_goes_on_may_for_an_hour_while_the_document_cannot_be_fetched() -> None:
    there = Found(DocumentsAt({CLIENT_ID: document()}))
    await there.name()
    there.fetch.documents[CLIENT_ID] = FetchFailed("not there")
    there.clock.advance(SHORTEST + GRACE - 1)
    assert await there.name(lenient=True) == "Example Assistant"
    with pytest.raises(NoDocument):
        await there.name()
    there.clock.advance(1)
    with pytest.raises(NoDocument):
        await there.name(lenient=True)
    there.fetch.documents[CLIENT_ID] = document(client_secret="s3cret")
    with pytest.raises(NoDocument):
        await there.name(lenient=True)


async def test_those_who_ask_at_the_same_time_cause_one_fetch() -> None:
    class Slow(DocumentsAt):
        async def get_document(self, url: str, *, most: int, listed: bool) -> Fetched:
            await asyncio.sleep(0)
            return await super().get_document(url, most=most, listed=listed)

    there = Found(Slow({CLIENT_ID: document()}))
    first, *others = [asyncio.create_task(there.name(source=f"198.51.100.{n}")) for n in range(50)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == ["Example Assistant"] * 49
    assert len(there.fetch.asked) == 1


@pytest.mark.requirement("REL-11")
async def test_one_source_and_all_of_them_cause_so_many_fetches_in_a_minute() -> None:
    there = Found(DocumentsAt({}), replace(TERMS, hosts=frozenset(), anybody=True))

    async def asked(number: int, source: str) -> bool:
        try:
            await there.name(f"https://client-{number}.example/c", source=source)
        except NoDocument:
            return True
        except TooManyRequests as refused:
            return (refused.reason, refused.retry_after) != ("rate_limited", 2)
        raise AssertionError("it was found")

    from_one = [await asked(number, "2001:db8:1:2::7") for number in range(PER_SOURCE + 5)]
    assert from_one == [True] * PER_SOURCE + [False] * 5
    assert not await asked(0, "2001:db8:1:2::8")  # the same network
    from_many = [await asked(number, f"10.{number // 250}.{number % 250}.7") for number in range(PER_MINUTE)]
    assert from_many.count(True) == PER_MINUTE - PER_SOURCE
    assert len(there.fetch.asked) == PER_MINUTE
    there.clock.advance(2)
    assert await asked(0, "2001:db8:1:2::7")


async def test_what_is_kept_is_bounded_and_what_is_asked_for_stays() -> None:
    terms = replace(TERMS, hosts=frozenset(), anybody=True)
    names = [f"https://client-{number}.example/c" for number in range(MOST_KEPT + 10)]
    there = Found(DocumentsAt({name: document(client_id=name) for name in names}), terms)
    for number, name in enumerate(names):
        there.clock.advance(1)
        await there.name(name, source=f"10.{number // 250}.{number % 250}.7")
        if number % 100 == 0:
            there.clock.advance(-100)
            await there.name(names[0], source="10.9.9.9")
            there.clock.advance(100)
    kept = [name for name in names if there.shelf.find(name) is not None]
    assert len(kept) == MOST_KEPT
    assert names[0] in kept


@pytest.mark.requirement("OP-124", "OP-126")
async def test_keys_that_are_elsewhere_are_fetched_with_the_document() -> None:
    keys_uri = "https://keys.example/set.json"
    said = document(token_endpoint_auth_method="private_key_jwt", jwks_uri=keys_uri)
    terms = replace(TERMS, below=frozenset({"example"}))
    there = Found(DocumentsAt({CLIENT_ID: said, keys_uri: {"keys": [KEY]}}), terms)
    client = await there.clients.client(CLIENT_ID, source=SOURCE)
    assert client.auth.keys == (KEY,)
    # Only the host that is named itself may be at an address that is not public.
    assert [(url, listed) for url, _, listed in there.fetch.asked] == [(CLIENT_ID, True), (keys_uri, False)]
    strict = Found(DocumentsAt({CLIENT_ID: said, keys_uri: {"keys": [KEY]}}))
    with pytest.raises(NoDocument, match=r"keys\.example are not let in"):
        await strict.name()
    assert len(strict.fetch.asked) == 1
    public = Found(DocumentsAt({CLIENT_ID: document(jwks_uri=keys_uri)}), terms)
    assert (await public.clients.client(CLIENT_ID, source=SOURCE)).auth.method == "none"
    assert len(public.fetch.asked) == 1


async def test_at_the_end_nothing_is_under_way() -> None:
    class Never(DocumentsAt):
        async def get_document(self, url: str, *, most: int, listed: bool) -> Fetched:
            await asyncio.Event().wait()
            raise AssertionError

    there = Found(Never({}))
    waiting = asyncio.create_task(there.name())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await there.documents.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
