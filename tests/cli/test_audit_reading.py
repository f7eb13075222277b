"""``actas audit tail`` and ``search``: over a real log, in process."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.fakes.audit import rewrite
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Audit, Program, Stream

from actas.audit.kept import LogUnreadable
from actas.audit.query import read_query
from actas.cli.audit_search import page
from actas.cli.audit_tail import follow_on
from actas.cli.minutes import Moment, When
from actas.cli.run import Run, World
from actas.store.audit_folder import FolderLog
from actas.store.audit_reader import Follower, tail
from actas.store.audit_search import Found


def line_of(out: str, entry: str) -> str:
    (found,) = [line for line in out.splitlines() if entry in line]
    return found


# ── tail ──────────────────────────────────────────────────────────────────────────────


def test_each_entry_is_one_line_with_its_chain(audit: Audit, kept: KeptLog) -> None:
    ran = audit("tail", "-n", "100")
    assert (ran.code, ran.err) == (0, "")
    assert line_of(ran.out, kept.first).endswith("■ web ── ▭ orders     orders:read")
    assert line_of(ran.out, kept.second).endswith("■ web ━━ ■ orders ── ▭ inventory     stock:read")
    assert line_of(ran.out, kept.refused).endswith("■ web ━━ ■ orders ──✕ inventory     excess")
    assert line_of(ran.out, kept.nobody).endswith("bad_client_auth, from 192.0.2.7")
    assert "  granted  " in line_of(ran.out, kept.first)
    assert "  REFUSED  " in line_of(ran.out, kept.refused)
    assert "log:started" in ran.out
    assert "ES256 key" in ran.out


def test_the_last_come_last_and_no_more_than_asked_for(audit: Audit, kept: KeptLog) -> None:
    everything = audit("tail", "-n", "100").out.splitlines()
    assert audit("tail", "-n", "3").out.splitlines() == everything[-3:]
    assert audit("tail", "-n", "0").out == ""
    assert audit("tail", "--where", "outcome:granted", "-o", "name").out.split() == [kept.first, kept.second]
    assert audit("tail", "-n", "1", "--where", "outcome:granted", "-o", "name").out.split() == [kept.second]


def test_without_symbols_nothing_is_lost(audit: Audit, kept: KeptLog) -> None:
    ran = audit("tail", "-n", "100", "--ascii")
    assert ran.out.isascii()
    assert "[s] web == [s] orders --x inventory" in line_of(ran.out, kept.refused)


def test_programs_get_entries_as_they_are_kept(audit: Audit, kept: KeptLog) -> None:
    found = audit("tail", "-n", "100", "--json").document
    assert (found["kind"], found["v"], found["next"]) == ("actas/EntryList", 1, None)
    (first,) = [one for one in found["items"] if one["id"] == kept.first]
    assert (first["kind"], first["entry_version"], first["exchange"]) == ("actas/Entry", 1, "own")
    lines = [json.loads(one) for one in audit("tail", "-n", "100", "-o", "jsonl").out.splitlines()]
    assert lines == found["items"]


def test_an_empty_answer_is_said_on_stderr(audit: Audit) -> None:
    ran = audit("tail", "--where", "client:nobody")
    assert (ran.code, ran.out, ran.err) == (0, "", "no entry matches\n")


class Enough(Exception):
    """Ends a test that follows."""


def following(words: tuple[str, ...]) -> tuple[Run, Stream]:
    out = Stream()
    run = Run(World(stdin=Stream(), stdout=out, stderr=Stream(), environ={}))
    if words:
        run.options.format = "jsonl"
    return run, out


@pytest.mark.parametrize("words", [(), ("-o", "jsonl")])
def test_what_is_written_is_shown_once_and_only_if_it_matches(kept: KeptLog, words: tuple[str, ...]) -> None:
    run, out = following(words)
    pauses: list[str] = []

    def pause(_seconds: float) -> None:
        pauses.append(out.getvalue())
        if len(pauses) == 2:
            raise Enough

    place = next(
        one
        for one in tail(FolderLog(kept.audit), 100)[0]
        if kept.first.encode() in one and b'"outcome"' in one
    )
    seen = {("s1", json.loads(place)["seq"])}
    with pytest.raises(Enough):
        follow_on(
            run,
            Follower(FolderLog(kept.audit), cursors={}),
            read_query("outcome:granted"),
            seen=seen,
            pause=pause,
        )
    assert kept.second in pauses[0]
    assert pauses[0].count("\n") == 1
    assert pauses[1] == pauses[0]


class Restarted(FolderLog):
    """A log that cannot be read for a while, like one in a database that is restarted."""

    looks = 0

    def streams(self) -> tuple[str, ...]:
        self.looks += 1
        if self.looks in (2, 3):
            raise LogUnreadable("the database is restarted")
        return super().streams()


def test_whoever_follows_waits_for_a_log_that_cannot_be_read_for_a_while(kept: KeptLog) -> None:
    run, out = following(())
    log, pauses = Restarted(kept.audit), list[str]()

    def pause(_seconds: float) -> None:
        pauses.append(out.getvalue())
        if len(pauses) == 4:
            raise Enough

    with pytest.raises(Enough):
        follow_on(run, Follower(log, cursors={}), (), seen=set(), pause=pause)
    assert log.looks == 4
    assert kept.second in pauses[0]
    said = run.world.stderr
    assert isinstance(said, Stream)
    assert said.getvalue() == "warning  the database is restarted; looking again\n"


def test_a_damaged_entry_does_not_stop_the_others(audit: Audit, damaged: KeptLog) -> None:
    rewrite(
        damaged.audit / "s1.db",
        lambda database: database.execute("UPDATE entries SET line = ? WHERE seq = 4", (b"{\x1b[2J",)),
    )
    ran = audit("tail", "-n", "100", over=damaged.file)
    assert ran.code == 0
    assert "  damaged" in ran.out
    assert "\x1b" not in ran.out
    assert damaged.second in ran.out


@pytest.mark.parametrize("words", [("tail",), ("search", "client:orders"), ("show", "x_1")])
def test_a_stream_that_is_no_database_is_exit_4_with_a_hint(
    audit: Audit, damaged: KeptLog, words: tuple[str, ...]
) -> None:
    for path in damaged.audit.glob("s1.db*"):
        path.unlink()
    (damaged.audit / "s1.db").write_bytes(b"no database " * 1000)
    ran = audit(*words, over=damaged.file)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.endswith("hint   actas audit verify says what is wrong with the log\n")


def test_without_a_data_folder_nothing_was_started(audit: Audit, damaged: KeptLog) -> None:
    shutil.rmtree(damaged.folder / "data")
    ran = audit("tail", over=damaged.file)
    assert ran.code == 4
    assert "has not been started yet" in ran.err


# ── search ────────────────────────────────────────────────────────────────────────────


def test_the_newest_come_first(audit: Audit, kept: KeptLog) -> None:
    assert audit("search", "grant:*", "-o", "name").out.split() == [
        kept.nobody,
        kept.refused,
        kept.second,
        kept.first,
    ]


@pytest.mark.parametrize("argument", ["@./first.jwt", '"@./first.jwt"', "env:FIRST", "-"])
def test_a_token_argument_becomes_a_digest(
    audit: Audit, kept: KeptLog, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    monkeypatch.chdir(kept.folder)
    token = (kept.folder / "first.jwt").read_text()
    ran = audit("search", f"token:{argument}", "-o", "name", stdin=token, environ={"FIRST": token})
    assert ran.out.split() == [kept.refused, kept.second, kept.first]
    both = audit(
        "search", f"outcome:granted token:{argument}", "-o", "name", stdin=token, environ={"FIRST": token}
    )
    assert both.out.split() == [kept.second, kept.first]


def test_what_only_looks_like_a_token_argument_is_text(audit: Audit) -> None:
    ran = audit("search", 'subject:"a token:@nothing b"')
    assert (ran.code, ran.err) == (1, "nothing was found\n")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("token:@nothing", "no saved token and no file named nothing"),
        ("nonsense:1", "there is no field 'nonsense'"),
        ("outcome:refusd", "there is no outcome 'refusd'; did you mean \"refused\"?"),
        ("outcome:x*", "there is no outcome 'x*'"),
        ("event:exchange:grantd", "there is no event 'exchange:grantd'; did you mean \"exchange:granted\"?"),
        ("client:", "a value is missing"),
    ],
)
def test_a_query_that_cannot_be_read_is_exit_2(audit: Audit, query: str, said: str) -> None:
    for words in (("search", query), ("tail", "--where", query)):
        ran = audit(*words)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err


@pytest.mark.parametrize("query", ["outcome:refused", "outcome:ref*", "event:exchange:refused", "event:ex*"])
def test_words_of_a_closed_set_are_found(audit: Audit, kept: KeptLog, query: str) -> None:
    assert kept.refused in audit("search", query, "-o", "name").out.split()


def test_nothing_found_is_exit_1_in_every_form(audit: Audit) -> None:
    assert audit("search", "client:nobody").code == 1
    ran = audit("search", "client:nobody", "--json")
    assert (ran.code, ran.document["items"], ran.error["code"]) == (1, [], "not_found")


def test_an_interval_is_spans_or_instants(audit: Audit, actas: Program, kept: KeptLog) -> None:
    found = audit("search", "grant:*", "--json").document["items"]
    at = {one["id"]: one["at"] for one in found}
    until = audit("search", "grant:*", "--until", at[kept.second], "-o", "name").out.split()
    assert kept.first in until
    assert kept.second not in until
    since = audit("search", "grant:*", "--since", at[kept.second], "-o", "name").out.split()
    assert kept.second in since
    actas.now = 4_000_000_000.0
    assert audit("search", "grant:*", "--since", "24h").code == 1
    assert audit("search", "--since", "yesterday").code == 2


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("24h", Moment(ago=86400.0)),
        ("2026-11-23T14:05:00Z", Moment(at=1795442700.0)),
        ("17", Moment(at=17.0)),
    ],
)
def test_when_is_a_span_or_an_instant(typed: str, meant: Moment) -> None:
    assert When().convert(typed, None, None) == meant
    assert When().convert(meant, None, None) is meant


def found_at(*ats: str) -> list[Found]:
    return [Found(id=f"x_{n}", stream="s1", seq=n, at=at, line=b"", event={}) for n, at in enumerate(ats)]


def test_a_page_never_cuts_through_a_millisecond() -> None:
    one, two, three = (f"2026-11-25T17:00:00.{millis}Z" for millis in ("001", "002", "003"))
    assert page(found_at(three, two, one), 3) == (found_at(three, two, one), None)
    assert page(found_at(three, two, one), 2) == (found_at(three, two), two)
    shown, following = page(found_at(three, two, two), 2)
    assert (len(shown), following) == (1, three)
    shown, following = page(found_at(two, two, two), 2)
    assert (len(shown), following) == (2, two)
    last = "2026-11-25T17:00:00.999Z"
    assert page(found_at("2026-11-25T17:00:01.500Z", last), 1)[1] == "2026-11-25T17:00:01.000Z"


def test_pages_together_are_everything(audit: Audit) -> None:
    everything = [one["id"] for one in audit("search", "--json").document["items"]]
    read: list[str] = []
    more: list[str] = []
    for _ in everything:
        ran = audit("search", "--limit", "2", "--json", *more)
        read += [one["id"] for one in ran.document["items"]]
        if ran.document["next"] is None:
            break
        more = ["--until", ran.document["next"]]
        assert f"there are more: --until {more[1]}" in ran.err
    assert sorted(read) == sorted(everything)
