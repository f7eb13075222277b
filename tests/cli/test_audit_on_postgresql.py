"""The commands that read the log, over one in PostgreSQL: nothing of it lies on the node, and all work alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.kept_log import DATABASE, KeptLog, keep_log
from tests.fakes.postgres import create_database, drop_database
from tests.fakes.program import Program, Ran
from tests.fakes.shared_log import ask, run

from actas.store.audit_folder import streams

Actas = Callable[..., Ran]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptLog]:
    url = run(create_database())
    yield keep_log(tmp_path_factory.mktemp("log"), database=url)
    run(drop_database(url))


@pytest.fixture
def here(actas: Program, kept: KeptLog) -> Actas:
    """Run the program on the node that wrote the log."""

    def ran(*words: str, **how: Any) -> Ran:
        actas.environ |= kept.environ
        return actas(*words, **how)

    return ran


@pytest.fixture
def elsewhere(actas: Program, kept: KeptLog, tmp_path: Path) -> Actas:
    """Run the program on a node that has the configuration, the secrets and nothing else."""
    node = tmp_path / "node"
    shutil.copytree(kept.folder, node, ignore=shutil.ignore_patterns("data", "witness.jsonl"))

    def ran(*words: str, **how: Any) -> Ran:
        actas.environ |= {**kept.environ, "ACTAS_CONFIG": str(node / "actas.yaml")}
        return actas(*words, **how)

    return ran


@pytest.fixture(params=["here", "elsewhere"])
def on(request: pytest.FixtureRequest) -> Actas:
    """Run the program on either node."""
    found: Actas = request.getfixturevalue(request.param)
    return found


def test_no_stream_lies_on_the_node(kept: KeptLog) -> None:
    assert streams(kept.audit) == ()
    assert not (kept.folder / "data" / "actas.db").exists()
    assert [row[0] for row in ask(kept.database or "", "SELECT name FROM audit_streams")] == ["s1"]


def test_the_last_entries_are_shown(on: Actas, kept: KeptLog) -> None:
    tail = [json.loads(line) for line in on("audit", "tail", "-n", "20", "-o", "jsonl").out.splitlines()]
    assert tail[0]["event"] == "log:started"
    assert {kept.first, kept.second, kept.refused, kept.nobody} <= {one["id"] for one in tail}


def test_entries_are_found_by_what_is_in_them(on: Actas, kept: KeptLog) -> None:
    found = on("audit", "search", "client:orders", "outcome:refused", "-o", "name")
    assert (found.code, found.out.split()) == (0, [kept.refused])
    assert on("audit", "search", "client:nobody").code == 1
    token = on("audit", "search", f"token:@{kept.folder / 'first.jwt'}", "outcome:granted", "-o", "name")
    assert token.out.split() == [kept.second, kept.first]


@pytest.mark.requirement("SEC-88")
def test_an_entry_is_shown_with_its_lineage_and_its_proof(on: Actas, kept: KeptLog) -> None:
    shown = on("audit", "show", kept.second, "-o", "json")
    assert shown.code == 0
    assert [one["id"] for one in shown.document["lineage"]["before"]] == [kept.first]
    assert shown.document["proof"]["proven"] is True
    assert on("audit", "show", "x_nothing").code == 1


def test_an_entry_is_explained_again(on: Actas, kept: KeptLog) -> None:
    assert on("explain", "--entry", kept.first).code == 0
    assert on("explain", "--entry", kept.refused).code == 1


@pytest.mark.requirement("SEC-88")
def test_the_log_is_proven_where_it_is_and_as_an_export(on: Actas, actas: Program, tmp_path: Path) -> None:
    verdict = on("audit", "verify", "-o", "json")
    assert verdict.code == 0, verdict.err
    assert verdict.document["entries"] == 10
    export, keys = tmp_path / "audit.jsonl", tmp_path / "keys.json"
    assert on("audit", "export", "--out", str(export)).code == 0
    keys.write_text(on("keys", "list", "--audit-jwks").out)
    actas.environ.clear()
    assert actas("audit", "verify", str(export), "--key", str(keys)).code == 0
    export.write_text(export.read_text().replace("stock:write", "stock:wrote"))
    assert actas("audit", "verify", str(export), "--key", str(keys)).code == 7


def test_checkpoints_of_all_nodes_are_one_series(
    here: Actas, elsewhere: Actas, kept: KeptLog, tmp_path: Path
) -> None:
    rehearsed = elsewhere("audit", "checkpoint", "--dry-run", "-o", "json")
    begin = rehearsed.document["number"]
    made = [node("audit", "checkpoint", "-o", "json").document["number"] for node in (here, elsewhere, here)]
    assert made == [begin, begin + 1, begin + 2]
    rows = ask(kept.database or "", "SELECT number FROM audit_checkpoints ORDER BY number")
    assert [row[0] for row in rows] == list(range(1, begin + 3))
    # Each node's copy has those of the others too.
    for folder in (kept.audit, tmp_path / "node" / "data" / "audit"):
        assert len((folder / "shared-checkpoints.jsonl").read_text().splitlines()) >= begin + 1
    assert here("audit", "verify").code == elsewhere("audit", "verify").code == 0


def test_what_a_shared_log_is_searched_by_is_made_again(here: Actas, kept: KeptLog) -> None:
    assert here("audit", "search", "client:orders").code == 0
    assert (kept.audit / "search.db").exists()
    (kept.audit / "search.db").unlink()
    assert here("audit", "search", "client:orders").code == 0


@pytest.mark.parametrize(
    "words", [("verify",), ("tail",), ("search", "client:orders"), ("export",), ("checkpoint",)]
)
def test_a_database_that_does_not_answer_is_exit_4_and_shows_no_password(
    here: Actas, words: tuple[str, ...]
) -> None:
    away = {DATABASE: "postgresql://actas:canary@127.0.0.1:1/sts"}
    found = here("audit", *words, environ=away)
    assert found.code == 4
    assert "canary" not in found.out + found.err
