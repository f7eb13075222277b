"""Writing: answers on stdout, talk on stderr, in the form that was asked for.

Everything that is printed passes through here, so that nothing a token or a server says can steer the
terminal: pieces are cleaned first, then given colour or plain symbols. Owns formats, colour and tables;
what is said is left to the commands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TextIO

from actas.cli.exits import Failure
from actas.cli.repeated import repeated
from actas.cli.run import Options, World
from actas.cli.wording import clean, escape_json, is_clean, padded, width
from actas.core.ports import Json

Style = Literal["good", "bad", "warn", "strong", "dim"]


class Ink(NamedTuple):
    """A piece of text with a meaning that colour repeats."""

    text: str
    style: Style


Piece = str | Ink
Line = Piece | Sequence[Piece]
"""One line of text: one piece, or several."""

_COLOURS: Final[dict[Style, str]] = {"good": "32", "bad": "31", "warn": "33", "strong": "1", "dim": "2"}
_PLAIN: Final = str.maketrans({"✓": "+", "✕": "x", "·": "-", "…": "...", "→": "->", "—": "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command answers, in every form.

    Attributes:
        kind: the kind of the JSON document, such as ``actas/Exchange``.
        body: its members besides ``kind`` and ``v``.
        name: the answer of ``-o name``.
        lines: the answer for people.
    """

    kind: str
    body: Mapping[str, Json]
    name: str
    lines: Sequence[Line]
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list, in every form.

    Attributes:
        kind: the kind of each item; the list is that with ``List`` behind it.
        items: the documents, each without ``kind`` and ``v``.
        columns: the headings for people.
        rows: the cells for people, one row for each item.
        names: the answers of ``-o name``, one for each item.
        next: what asks for the rest, or None.
        empty: what people are told when there is nothing.
    """

    kind: str
    items: Sequence[Mapping[str, Json]]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: Sequence[str]
    next: str | None = None
    empty: str = "none"
    version: int = 1


class Output:
    """Where a command writes.

    Args:
        world: the streams.
        options: how to write; read at each use, because a flag may follow the command's name.
    """

    def __init__(self, world: World, options: Options) -> None:
        self._world = world
        self._options = options

    @property
    def structured(self) -> bool:
        """Whether a program reads the answer."""
        return self._options.format in ("json", "jsonl", "yaml")

    @property
    def terminal(self) -> bool:
        """Whether a person reads the answer."""
        return self._world.stdout.isatty()

    @property
    def ascii(self) -> bool:
        """Whether symbols are swapped: because asked to, or because the terminal has none."""
        return self._options.ascii or not _can_write(self._world.stdout)

    def answer(self, answer: Answer) -> None:
        """Write an answer in the form that was asked for."""
        match self._options.format:
            case "table":
                for line in answer.lines:
                    self.line(line)
            case "name":
                self.line(answer.name)
            case _:
                self.document(answer.kind, answer.body, version=answer.version)

    def listing(self, listing: Listing) -> None:
        """Write a list in the form that was asked for."""
        head: dict[str, Json] = {"kind": listing.kind, "v": listing.version}
        match self._options.format:
            case "table":
                self._table(listing)
            case "name":
                for name in listing.names:
                    self.line(name)
            case "jsonl":
                for item in listing.items:
                    self._json({**head, **item}, compact=True)
            case _:
                items: list[Json] = [{**head, **item} for item in listing.items]
                body: dict[str, Json] = {"items": items, "next": listing.next}
                self.document(f"{listing.kind}List", body, version=listing.version)

    def document(self, kind: str, body: Mapping[str, Json], *, version: int = 1) -> None:
        """Write one document for programs; JSON unless YAML was asked for."""
        whole: dict[str, Json] = {"kind": kind, "v": version, **body}
        if self._options.format == "yaml":
            self._yaml(whole)
        else:
            self._json(whole, compact=self._options.format == "jsonl")

    def line(self, line: Line = "") -> None:
        """Write one line of an answer."""
        self._write(self._world.stdout, line)

    def text(self, text: str) -> None:
        """Write text of our own that has several lines, such as help or a schema."""
        for line in text.split("\n"):
            self.line(line)

    def talk(self, line: Line = "") -> None:
        """Write one line that is no answer, unless ``--quiet``."""
        if not self._options.quiet:
            self.aside(line)

    def detail(self, line: Line = "", *, level: int = 1) -> None:
        """Write one line of talk when ``--verbose`` was given ``level`` times or more."""
        if self._options.verbose >= level:
            self.aside(line)

    def warn(self, text: str) -> None:
        """Write one warning, unless ``--quiet``."""
        self.talk((Ink("warning", "warn"), f"  {text}"))

    def aside(self, line: Line = "") -> None:
        """Write one line on stderr whatever the flags."""
        self._write(self._world.stderr, line)

    def failure(self, failure: Failure) -> None:
        """Write a failure: for programs one error object, for people a sentence and what to do."""
        if self.structured:
            error = failure.document()
            if failure.hint is not None:
                error["hint"] = self.runnable(failure.hint)
            document: dict[str, Json] = {"kind": "actas/Error", "v": 1, "error": error}
            self._put(self._world.stderr, escape_json(json.dumps(document, ensure_ascii=self.ascii)))
            return
        if failure.told:
            return
        for number, line in enumerate(failure.message.split("\n")):
            self.aside((Ink("error", "bad"), f"  {line}") if number == 0 else f"       {line}")
        if failure.hint:
            self.aside(f"hint   {self.runnable(failure.hint)}")

    def runnable(self, text: str) -> str:
        """Return a message whose commands can be copied: they name the same configuration as this one did."""
        return repeated(text, self._options.again)

    def _json(self, document: Mapping[str, Json], *, compact: bool) -> None:
        text = json.dumps(document, ensure_ascii=self.ascii, indent=None if compact else 2)
        self._put(self._world.stdout, escape_json(text))

    def _yaml(self, document: Mapping[str, Json]) -> None:
        import yaml

        readable = not self.ascii and is_clean(json.dumps(document, ensure_ascii=False))
        text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=readable, explicit_start=True)
        self._put(self._world.stdout, text.rstrip("\n"))

    def _table(self, listing: Listing) -> None:
        if not listing.rows:
            self.talk(listing.empty)
            return
        rows = [[self._safe(cell) for cell in row] for row in (listing.columns, *listing.rows)]
        if self.terminal:
            self._rich_table(rows)
            return
        widths = [max(width(row[number]) for row in rows) for number in range(len(listing.columns))]
        for row in rows:
            cells = (padded(cell, columns) for cell, columns in zip(row, widths, strict=True))
            self._put(self._world.stdout, "  ".join(cells).rstrip())

    def _rich_table(self, rows: Sequence[Sequence[str]]) -> None:
        """Fit a table to the terminal: long cells wrap inside their column."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
        for heading in rows[0]:
            table.add_column(Text(heading), overflow="fold")
        for row in rows[1:]:
            table.add_row(*(Text(cell) for cell in row))
        console = Console(
            file=self._world.stdout,
            no_color=not self._colour(self._world.stdout),
            color_system="standard" if self._colour(self._world.stdout) else None,
            highlight=False,
            markup=False,
            emoji=False,
        )
        console.print(table)

    def _write(self, stream: TextIO, line: Line) -> None:
        pieces = (line,) if isinstance(line, str | Ink) else line
        self._put(stream, "".join(self._painted(stream, piece) for piece in pieces).rstrip(" "))

    def _put(self, stream: TextIO, text: str) -> None:
        if stream is self._world.stderr:
            # Where both lead to one file, as in CI, what was said first has to stand first.
            self._world.stdout.flush()
        stream.write(text + "\n")

    def _painted(self, stream: TextIO, piece: Piece) -> str:
        if isinstance(piece, str):
            return self._safe(piece)
        text = self._safe(piece.text)
        return f"\x1b[{_COLOURS[piece.style]}m{text}\x1b[0m" if self._colour(stream) else text

    def _safe(self, text: str) -> str:
        shown = clean(text)
        return shown.translate(_PLAIN) if self.ascii else shown

    def _colour(self, stream: TextIO) -> bool:
        environ = self._world.environ
        if self._options.no_colour or environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
            return False
        return stream.isatty()


def _can_write(stream: TextIO) -> bool:
    try:
        "●⬢■◆▭━─┄═┈✕✓│…".encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
