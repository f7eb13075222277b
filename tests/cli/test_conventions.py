from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import click
import pytest
from tests.fakes.program import Program, Stream

from actas import __version__
from actas.cli import version
from actas.cli.exits import Exit, Failure, misused
from actas.cli.main import COMMANDS, run
from actas.cli.output import Answer, Listing
from actas.cli.run import Run, World
from actas.cli.tree import Command, Entry, Group
from actas.core.ports import JsonObject


def every_command() -> list[tuple[Entry, click.Command]]:
    """Every command of the tree with its line in the table, groups included."""
    found: list[tuple[Entry, click.Command]] = []
    waiting = list(COMMANDS)
    while waiting:
        entry = waiting.pop()
        command = entry.load()
        found.append((entry, command))
        waiting += command.entries if isinstance(command, Group) else ()
    return found


ALL = every_command()
LEAVES = [(entry, command) for entry, command in ALL if not isinstance(command, Group)]


@pytest.mark.parametrize(("entry", "command"), ALL, ids=[entry.name for entry, _ in ALL])
def test_the_table_repeats_the_first_sentence_of_each_help(entry: Entry, command: click.Command) -> None:
    assert command.help is not None
    assert command.help.split("\n\n", maxsplit=1)[0].replace("\n", " ").strip() == entry.summary


@pytest.mark.parametrize(("entry", "command"), LEAVES, ids=[entry.name for entry, _ in LEAVES])
def test_every_command_has_two_worked_examples(entry: Entry, command: click.Command) -> None:
    assert isinstance(command, Command)
    assert len(command.examples) >= 2
    for wanted, typed in command.examples:
        assert wanted
        assert f"{entry.name} " in f"{typed} "


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_every_command_answers_help(actas: Program, name: str, flag: str) -> None:
    ran = actas(name, flag)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: actas {name}")


def test_help_shows_examples_and_names_the_global_flags(actas: Program) -> None:
    out = actas("inspect", "--help").out
    assert "Examples:\n  # " in out
    assert "\n  actas inspect @orders\n" in out
    assert "Global flags, such as --json, work here too" in out
    assert "--dry-run" not in out


def test_the_program_lists_commands_and_global_flags(actas: Program) -> None:
    out = actas("--help").out
    for entry in COMMANDS:
        assert f"  {entry.name} " in out
        assert entry.summary.split()[0] in out  # a long one wraps
    for flag in (
        "--server",
        "--output",
        "--json",
        "--quiet",
        "--verbose",
        "--no-color",
        "--ascii",
        "--timeout",
    ):
        assert flag in out


def test_without_a_command_the_program_was_used_wrongly(actas: Program) -> None:
    ran = actas()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: actas")
    assert actas("--json").error["code"] == "usage"


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "version"),
        ("version", "--json"),
        ("-o", "json", "version"),
        ("version", "-o", "json"),
        ("version", "--output=json"),
        ("--json", "--version"),
        ("-o", "yaml", "version", "--json"),
    ],
)
def test_global_flags_work_before_and_after_the_command(actas: Program, words: tuple[str, ...]) -> None:
    ran = actas(*words)
    assert ran.code == 0
    assert ran.document["kind"] == "actas/Version"


def test_a_flag_given_before_is_not_undone_after(actas: Program) -> None:
    assert actas("-v", "version").out.count("\n") == 4
    assert actas("version", "-v").out == actas("-v", "version").out


def test_the_version_in_every_form(actas: Program) -> None:
    assert actas("version").out == f"actas {__version__}\n"
    assert actas("--version").out == f"actas {__version__}\n"
    assert actas("version", "-o", "name").out == f"{__version__}\n"
    assert "sqlite" not in actas("version", "--json").document
    assert set(actas("version", "-v", "--json").document["sqlite"]) == {"python", "apsw"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("versoin",), "Did you mean 'version'?"),
        (("nonsense",), "No such command 'nonsense'."),
        (("version", "--jsn"), "Did you mean"),
        (("version", "extra"), "unexpected extra argument"),
        (("-o", "xml", "version"), "'xml' is not one of"),
        (("--timeout", "never", "version"), "is not a span such as 10s"),
        (("--timeout", "0", "version"), "is not a span such as 10s"),
        (("inspect",), "Missing argument 'TOKEN'"),
    ],
)
def test_a_mistake_of_use_is_said_with_a_hint(actas: Program, words: tuple[str, ...], message: str) -> None:
    ran = actas(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error  ")
    assert message in ran.err
    assert "\nhint   actas" in ran.err
    assert "--help\n" in ran.err


@pytest.mark.parametrize("words", [("--json", "nix"), ("nix", "--json"), ("version", "--nix", "-o", "json")])
def test_a_mistake_of_use_is_json_when_json_was_asked_for(actas: Program, words: tuple[str, ...]) -> None:
    ran = actas(*words)
    assert ran.out == ""
    whole = json.loads(ran.err)
    assert (whole["kind"], whole["v"]) == ("actas/Error", 1)
    assert {"code", "message", "hint", "exit"} <= set(whole["error"])
    assert whole["error"]["exit"] == 2


@pytest.mark.parametrize(
    ("span", "seconds"), [("10s", 10), ("500ms", 0.5), ("2m", 120), ("3", 3), ("1.5s", 1.5)]
)
def test_a_timeout_is_a_span(
    actas: Program, span: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    replace(monkeypatch, lambda run: seen.append(run.options.timeout))
    actas("version", "--timeout", span)
    assert seen == [seconds]


def replace(monkeypatch: pytest.MonkeyPatch, behaviour: Any, *, dry_run: str = "refused") -> None:
    """Let ``actas version`` do something else."""
    monkeypatch.setattr(version.command, "callback", click.pass_obj(behaviour))
    monkeypatch.setattr(version.command, "dry_run", dry_run)


def failing(error: BaseException) -> Any:
    def behaviour(_run: Run) -> None:
        raise error.with_traceback(None)

    return behaviour


def test_a_defect_of_ours_ends_with_a_reference_and_without_a_trace(
    actas: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, failing(KeyError("eyJhbGciOi-a-token-in-a-message")))
    ran = actas("version")
    assert (ran.code, ran.out) == (70, "")
    assert "inside actas (KeyError). Reference " in ran.err
    assert "eyJhbGciOi" not in ran.err
    assert "Traceback" not in ran.err
    error = actas("version", "--json").error
    assert (error["code"], error["exit"]) == ("internal", 70)
    assert error["reference"] in ran.err
    assert "Traceback" in actas("version", "-vv").err


def test_the_failure_of_a_command_is_told_on_stderr(actas: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = Failure("Not\nnow.", code="busy", exit=Exit.UNFINISHED, hint="wait", more={"for": 3})
    replace(monkeypatch, failing(failure))
    ran = actas("version")
    assert (ran.code, ran.out, ran.err) == (4, "", "error  Not\n       now.\nhint   wait\n")
    assert actas("version", "-o", "yaml").error == {
        "code": "busy",
        "message": "Not\nnow.",
        "hint": "wait",
        "exit": 4,
        "for": 3,
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), EOFError()])
def test_an_interrupted_command_ends_with_130(
    actas: Program, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    replace(monkeypatch, failing(error))
    ran = actas("version")
    assert (ran.code, ran.out.strip(), ran.err.strip()) == (130, "", "")
    assert actas("version", "--json").error["code"] == "interrupted"


def test_a_command_that_cannot_rehearse_refuses_to_be_rehearsed(
    actas: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    replace(monkeypatch, lambda run: done.append("done"))
    ran = actas("--dry-run", "version")
    assert (ran.code, done) == (2, [])
    assert "actas version cannot be rehearsed" in ran.err
    replace(monkeypatch, lambda run: done.append("done"), dry_run="harmless")
    assert actas("version", "--dry-run").code == 0


# ── Colour, symbols, streams ──────────────────────────────────────────────────────────


def failing_in_colour(run: Run) -> None:
    raise misused("no")


@pytest.mark.parametrize(
    ("terminal", "words", "environ", "coloured"),
    [
        (True, (), {}, True),
        (False, (), {}, False),
        (True, ("--no-color",), {}, False),
        (True, (), {"NO_COLOR": "1"}, False),
        (True, (), {"NO_COLOR": ""}, True),
        (True, (), {"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_whose_owners_want_it(
    actas: Program,
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    words: tuple[str, ...],
    environ: dict[str, str],
    coloured: bool,
) -> None:
    replace(monkeypatch, failing_in_colour)
    ran = actas("version", *words, terminal=terminal, environ=environ)
    assert ("\x1b[31m" in ran.err) == coloured


def talking(run: Run) -> None:
    run.out.line("answer")
    run.out.talk("talk")
    run.out.warn("careful")
    run.out.detail("detail")
    run.out.detail("wire", level=2)
    run.out.aside("aside")


def test_talk_is_on_stderr_and_can_be_more_or_less(actas: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, talking)
    assert actas("version").err == "talk\nwarning  careful\naside\n"
    assert actas("version", "-q").err == "aside\n"
    assert actas("version", "-v").err == "talk\nwarning  careful\ndetail\naside\n"
    assert "wire" in actas("-v", "version", "-v").err
    assert actas("version", "-q").out == "answer\n"


class Latin(Stream):
    """A terminal that has no symbols."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "latin-1"


def test_a_terminal_without_symbols_gets_plain_ones() -> None:
    out = Latin()
    world = World(stdin=io.StringIO(), stdout=out, stderr=io.StringIO(), environ={})
    this = Run(world)
    this.out.line("✓ a · b…")
    assert out.getvalue() == "+ a - b...\n"


def answering(run: Run) -> None:
    body: JsonObject = {"name": "é\u202e", "n": 1}
    run.out.answer(Answer(kind="actas/Thing", body=body, name="é", lines=["é\u202e"]))


def test_nothing_that_steers_a_terminal_gets_out_in_any_form(
    actas: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, answering)
    for form in ("table", "json", "jsonl", "yaml", "name"):
        assert "\u202e" not in actas("version", "-o", form).out
    assert actas("version", "--json").document["name"] == "é\u202e"
    assert actas("version", "--json", "--ascii").out.isascii()


def listing(run: Run) -> None:
    run.out.listing(
        Listing(
            kind="actas/Key",
            items=[{"kid": "a"}, {"kid": "b\x1b"}],
            columns=("KEY", "STATE"),
            rows=[("a", "active"), ("b\x1b", "retired")],
            names=("a", "b"),
            next="b",
        )
    )


def test_a_list_has_every_form(actas: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(monkeypatch, listing)
    assert actas("version").out == "KEY      STATE\na        active\nb\\u001b  retired\n"
    document = actas("version", "--json").document
    assert document == {
        "kind": "actas/KeyList",
        "v": 1,
        "items": [
            {"kind": "actas/Key", "v": 1, "kid": "a"},
            {"kind": "actas/Key", "v": 1, "kid": "b\x1b"},
        ],
        "next": "b",
    }
    lines = [json.loads(line) for line in actas("version", "-o", "jsonl").out.splitlines()]
    assert lines == document["items"]
    assert actas("version", "-o", "name").out == "a\nb\n"
    shown = actas("version", terminal=True, environ={"NO_COLOR": "1"}).out
    assert [line.split() for line in shown.splitlines()] == [
        ["KEY", "STATE"],
        ["a", "active"],
        ["b\\u001b", "retired"],
    ]
    assert "\x1b[1m" in actas("version", terminal=True).out


def test_an_empty_list_is_said_on_stderr(actas: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Listing(kind="actas/Key", items=(), columns=("KEY",), rows=(), names=(), empty="no keys yet")
    replace(monkeypatch, lambda run: run.out.listing(empty))
    ran = actas("version")
    assert (ran.out, ran.err) == ("", "no keys yet\n")
    assert actas("version", "--json").document["items"] == []


class Gone(Stream):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_has_gone_is_not_our_fault(tmp_path: Path) -> None:
    err = Stream()
    world = World(stdin=Stream(), stdout=Gone(), stderr=err, environ={"ACTAS_HOME": str(tmp_path)})
    assert run(["version"], world=world) == 4
    assert err.getvalue() == ""


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(actas: Program, shell: str) -> None:
    ran = actas("completion", shell)
    assert ran.code == 0
    assert "_ACTAS_COMPLETE" in ran.out
    assert actas("completion", shell, "--json").document["shell"] == shell
