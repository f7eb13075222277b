"""Following a token up to where it came from and down to what came of it (architecture.md 4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.audit import CountingChance, body
from tests.fakes.clock import FixedClock

from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_folder import FolderLog
from actas.store.audit_search import MOST_KIN, Lineage, lineage

pytestmark = pytest.mark.requirement("SEC-86")


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[StreamWriter]:
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    yield writer
    await writer.close()


def given(name: str, *parents: str, foreign: str | None = None, digest: bool = True) -> bytes:
    """An entry that gave the token ``name`` from ``parents``."""

    def token(of: str) -> dict[str, str | None]:
        return {"jti": f"j-{of}", "digest": f"d-{of}" if digest else None}

    made: list[dict[str, str | None]] = [token(one) for one in parents]
    if foreign is not None:
        made.append({"jti": f"j-{foreign}", "digest": "d-of-a-foreign-token"})
    return body(f"x_{name}", event="exchange:granted", outcome="granted", given=token(name), parents=made)


def kin(found: Lineage | None) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    assert found is not None
    return (
        [(one.found.id, one.steps) for one in found.before],
        [(one.found.id, one.steps) for one in found.after],
    )


async def test_the_whole_family_is_found_from_any_member(tmp_path: Path, writer: StreamWriter) -> None:
    for one in (
        given("a"),
        given("b", "a"),
        given("c", "b"),
        given("d", "b"),
        given("e", "c"),
        given("other"),
    ):
        await writer.append(one)
    before, after = kin(lineage(FolderLog(tmp_path), "x_b"))
    assert before == [("x_a", -1)]
    assert after == [("x_c", 1), ("x_d", 1), ("x_e", 2)]
    assert kin(lineage(FolderLog(tmp_path), "x_e"))[0] == [("x_c", -1), ("x_b", -2), ("x_a", -3)]


@pytest.mark.parametrize("name", ["x_b", "j-b", "d-b"])
async def test_a_token_is_named_by_entry_id_or_digest(
    tmp_path: Path, writer: StreamWriter, name: str
) -> None:
    for one in (given("a"), given("b", "a"), given("c", "b")):
        await writer.append(one)
    found = lineage(FolderLog(tmp_path), name)
    assert found is not None
    assert found.origin.id == "x_b"
    assert kin(found) == ([("x_a", -1)], [("x_c", 1)])


async def test_two_parents_are_both_followed_across_streams(tmp_path: Path, writer: StreamWriter) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    await writer.append(given("a"))
    await other.append(given("b"))
    await writer.append(given("c", "a", "b"))
    assert sorted(kin(lineage(FolderLog(tmp_path), "x_c"))[0]) == [("x_a", -1), ("x_b", -1)]
    await other.close()


@pytest.mark.requirement("SEC-88")
async def test_a_foreign_token_with_our_jti_is_not_grafted_on(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(given("a"))
    await writer.append(given("b", foreign="a"))
    assert kin(lineage(FolderLog(tmp_path), "x_a")) == ([], [])
    assert kin(lineage(FolderLog(tmp_path), "x_b")) == ([], [])


async def test_without_digests_the_jti_is_all_there_is(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(given("a", digest=False))
    await writer.append(given("b", "a", digest=False))
    assert kin(lineage(FolderLog(tmp_path), "x_b")) == ([("x_a", -1)], [])


async def test_a_family_that_bites_its_tail_is_walked_once(tmp_path: Path, writer: StreamWriter) -> None:
    for one in (given("a", "c"), given("b", "a"), given("c", "b")):
        await writer.append(one)
    assert kin(lineage(FolderLog(tmp_path), "x_a")) == ([("x_c", -1), ("x_b", -2)], [("x_b", 1), ("x_c", 2)])


async def test_an_unknown_token_has_none(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(given("a"))
    assert lineage(FolderLog(tmp_path), "x_b") is None
    assert lineage(FolderLog(tmp_path), "") is None


async def test_a_family_without_end_is_cut_and_says_so(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(given("a"))
    await asyncio.gather(*[writer.append(given(f"b{n}", "a")) for n in range(MOST_KIN + 5)])
    found = lineage(FolderLog(tmp_path), "x_a")
    assert found is not None
    assert found.cut
    assert len(found.after) == MOST_KIN
    some = lineage(FolderLog(tmp_path), "x_b0")
    assert some is not None
    assert not some.cut
