"""``actas audit show``: one entry with its lineage and its proof, over a real log, in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from tests.fakes.audit import rewrite
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Audit

from actas.store.audit_folder import FolderLog
from actas.store.audit_reader import tail


def test_an_entry_is_shown_whole_with_its_lineage_and_proof(audit: Audit, kept: KeptLog) -> None:
    ran = audit("show", kept.second)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"granted  {kept.second}  2")
    for said in (
        "  ■ web ━━ ■ orders ── ▭ inventory     stock:read\n",
        "\norders may use stock:read at inventory, acting for web.\n",
        "\n  for        inventory · no scope was asked for\n",
        "\n  asked      token exchange by orders (service, client_secret_post) from 192.0.2.7\n",
        "\n  subject    web (app) · access token of actas for https://orders.acme.example · orders:read · jti ",
        "\n  rules      orders-to-inventory, delegation\n",
        "\n  came from\n    1  ",
        "\n  ✓ linked     entry ",
        "\n  ✓ sealed     by checkpoint ",
    ):
        assert said in ran.out
    assert kept.first in ran.out
    assert "led to" not in ran.out


def test_a_token_leads_to_what_came_of_it(audit: Audit, kept: KeptLog) -> None:
    ran = audit("show", f"token:@{kept.folder}/first.jwt", "--json")
    assert ran.document["id"] == kept.first
    lineage = ran.document["lineage"]
    assert [(one["id"], one["steps"]) for one in lineage["after"]] == [(kept.second, 1), (kept.refused, 1)]
    assert (lineage["before"], lineage["cut"]) == ([], False)
    assert audit("show", f"token:@{kept.folder}/first.jwt", "-o", "name").out.split() == [kept.first]


def test_a_refusal_says_why_and_how_to_see_more(audit: Audit, kept: KeptLog) -> None:
    ran = audit("show", kept.refused)
    assert ran.code == 0
    assert (
        "  refused    invalid_scope, excess\n  because    not available on this path: stock:write\n"
        in ran.out
    )
    assert f"\n  why        actas explain --entry {kept.refused}\n" in ran.out
    assert "by a caller that did not authenticate from 192.0.2.7" in audit("show", kept.nobody).out


def test_a_configuration_that_took_effect_is_named_once(audit: Audit) -> None:
    loaded = audit("search", "event:catalog:loaded", "-o", "name").out.split()[0]
    assert "\n  loaded     policy " in audit("show", loaded).out


def test_what_is_not_there_is_exit_1(audit: Audit, tmp_path: Path) -> None:
    ran = audit("show", "x_nothing")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error  there is no entry x_nothing\nhint   actas audit search finds entries\n"
    (tmp_path / "foreign.jwt").write_text("no token of ours")
    assert "no entry gave this token" in audit("show", f"token:@{tmp_path}/foreign.jwt").err


def seq_of(kept: KeptLog, entry: str) -> int:
    return next(
        int(event["seq"])
        for one in tail(FolderLog(kept.audit), 100)[0]
        if (event := json.loads(one))["id"] == entry
    )


def edit(seq: int) -> Callable[[apsw.Connection], object]:
    return lambda database: database.execute(
        "UPDATE entries SET line = CAST(replace(CAST(line AS TEXT), 'stock:read', 'stock:ride') AS BLOB) "
        "WHERE seq = ?",
        (seq,),
    )


def harms(kept: KeptLog) -> Iterator[tuple[str, Callable[[apsw.Connection], object]]]:
    """Everything that can be done to one entry's place, and what is said of it."""
    seq = seq_of(kept, kept.second)
    yield "is not the one that entry", edit(seq)
    yield "was not written after the entry", edit_before(seq)
    yield f"entry {seq - 1} of s1, which comes before it, is missing", delete(f"seq = {seq - 1}")
    yield "s1 has number", delete(f"seq = {seq + 2}")
    yield "its end was cut off", delete(f"seq > {seq}")
    yield f"entry {seq} is not in s1 any more", delete(f"seq = {seq}")


def edit_before(seq: int) -> Callable[[apsw.Connection], object]:
    return lambda database: database.execute(
        "UPDATE entries SET line = CAST(replace(CAST(line AS TEXT), 'orders:read', 'orders:ride') AS BLOB) "
        "WHERE seq = ?",
        (seq - 1,),
    )


def delete(where: str) -> Callable[[apsw.Connection], object]:
    return lambda database: database.execute(f"DELETE FROM entries WHERE {where}")


@pytest.mark.parametrize("number", range(6))
def test_a_proof_that_fails_is_exit_7(audit: Audit, damaged: KeptLog, number: int) -> None:
    assert audit("show", damaged.second, over=damaged.file).code == 0  # known to the search from now on
    said, harm = list(harms(damaged))[number]
    rewrite(damaged.audit / "s1.db", harm)
    ran = audit("show", damaged.second, "--json", over=damaged.file)
    assert ran.code == 7
    assert said in ran.document["proof"]["broken"]
    assert ran.document["proof"]["proven"] is False
    assert ran.error["code"] == "integrity"
    people = audit("show", damaged.second, over=damaged.file)
    assert people.out.startswith("✕ what follows is not what was written, or cannot be proven to be\n")


def test_an_entry_is_proven_by_a_copy_of_the_checkpoints(audit: Audit, damaged: KeptLog) -> None:
    (damaged.audit / "checkpoints.jsonl").unlink()
    assert audit("show", damaged.second, "--json", over=damaged.file).document["proof"]["proven"] is True
    (damaged.folder / "witness.jsonl").unlink()
    ran = audit("show", damaged.second, over=damaged.file)
    assert ran.code == 0
    assert "  · unsealed   no checkpoint reaches it yet" in ran.out
