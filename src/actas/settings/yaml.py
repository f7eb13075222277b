"""A strict reader of YAML that remembers the line of every value.

What people never need in this file and attackers like is a fault: repeated keys, anchors, aliases and
merge keys, tags, directives, keys that are not text, words that YAML 1.1 and 1.2 read differently
(``scalars``), empty values, more than one document, hidden characters. Size and depth are bounded. It
knows nothing about what the keys mean.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from typing import Any, Final

import yaml

from actas.settings.scalars import Unclear, plain

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of one file. A file of 100 000 clients is about half of it."""

MAX_DEPTH: Final = 32

Report = Callable[[int, str, str], None]
"""Told of each fault: the line, the path and the message."""

# The loader in C is some ten times faster and gives the same events.
_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Control characters; line breaks of YAML 1.1 that 1.2 does not know; marks that change the direction of
# writing, which show a reviewer another text than the server reads (CVE-2021-42574).
HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_UNSET: Final = object()


class Section(dict[str, Any]):
    """A mapping of the file. ``lines`` holds the line of each key, in the order of the keys."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines = array("I")

    def add(self, key: str, value: Any, line: int) -> None:
        """Set a new key."""
        self[key] = value
        self.lines.append(line)

    def line_of(self, key: str) -> int:
        """Return the line of ``key``, or of the mapping itself when there is no such key."""
        return self.lines[list(self).index(key)] if key in self else self.line


class Items(list[Any]):
    """A list of the file. ``lines`` holds the line of each item."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines = array("I")

    def add(self, value: Any, line: int) -> None:
        """Append an item."""
        self.append(value)
        self.lines.append(line)

    def line_of(self, index: int) -> int:
        """Return the line of an item, or of the list itself when there is no such item."""
        return self.lines[index] if 0 <= index < len(self.lines) else self.line


def below(value: object, step: str | int) -> tuple[Any, int] | None:
    """Return what is one step below ``value`` and its line, or None when there is no such thing."""
    if isinstance(value, Section) and isinstance(step, str) and step in value:
        return value[step], value.line_of(step)
    if isinstance(value, Items) and isinstance(step, int) and 0 <= step < len(value):
        return value[step], value.line_of(step)
    return None


def read(data: bytes, report: Report) -> Section | None:
    """Read one file.

    Args:
        data: its bytes.
        report: called for each fault; the line counts from 1.

    Returns:
        The top mapping, or None when nothing could be read. What a fault touches is left out of it.
    """
    text = _decode(data, report)
    if text is None:
        return None
    reader = _Reader(text, report)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = 1 if mark is None else mark.line + 1
        report(line, "", f"is not YAML: {_problem(exc, text)}")
    except yaml.YAMLError as exc:
        report(1, "", f"is not YAML: {str(exc).splitlines()[0]}")
    return None


def _problem(fault: yaml.MarkedYAMLError, text: str) -> str:
    """Return what is wrong; the parser calls a tab in front of a key only a character that starts nothing."""
    at = None if fault.problem_mark is None else fault.problem_mark.index
    if at is not None and text[at : at + 1] == "\t":
        return "a tab was found where YAML takes only spaces"
    return str(fault.problem or fault.context or "it cannot be read")


def _decode(data: bytes, report: Report) -> str | None:
    if len(data) > MAX_BYTES:
        report(1, "", f"is larger than {MAX_BYTES // 1024 // 1024} MiB")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        report(data.count(b"\n", 0, exc.start) + 1, "", "is not UTF-8 text")
        return None
    hidden = HIDDEN.search(text)
    if hidden is not None:
        line = text.count("\n", 0, hidden.start()) + 1
        report(line, "", f"holds the hidden character U+{ord(hidden.group()):04X}; remove it")
        return None
    return text


class _Reader:
    """Builds the tree from the events of the YAML parser, one at a time."""

    def __init__(self, text: str, report: Report) -> None:
        self._events: Any = _Loader(text)
        self._report = report
        # Large files repeat the same few words: each is kept once.
        self._words: dict[str, str] = {}

    def document(self) -> Section | None:
        """Return the one document of the file."""
        self._next()  # the start of the stream
        event = self._next()
        if not isinstance(event, yaml.DocumentStartEvent):
            self._report(1, "", "there is nothing in this file")
            return None
        if event.version is not None or event.tags:
            self._report(_line(event), "", "directives (%YAML, %TAG) are not used here; remove the line")
        value = self._value(self._next(), "", 1)
        self._next()  # the end of the document
        more = self._next()
        if isinstance(more, yaml.DocumentStartEvent):
            self._report(_line(more), "", "there is a second document in this file; use a second file")
        if not isinstance(value, Section):
            if value is not _UNSET:
                self._report(1, "", "the file must be a mapping that begins with version: 1")
            return None
        return value

    def _next(self) -> Any:
        return self._events.get_event()

    def _value(self, event: Any, path: str, depth: int) -> Any:
        """Return the value that ``event`` begins, or ``_UNSET`` after a fault."""
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            self._report(line, path, f"aliases (*{event.anchor}) are not used here; write the value out")
            return _UNSET
        if event.anchor is not None:
            self._report(line, path, f"anchors (&{event.anchor}) are not used here; remove it")
        if event.tag is not None:
            self._report(line, path, f"tags ({event.tag}) are not used here; remove it")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if depth > MAX_DEPTH:
            self._report(line, path, f"is nested more than {MAX_DEPTH} deep")
            self._skip()
            return _UNSET
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(line, path, depth)
        return self._sequence(line, path, depth)

    def _mapping(self, line: int, path: str, depth: int) -> Section:
        section = Section(line)
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, path)
            below = path if key is None else f"{path}.{key}" if path else key
            value = self._value(self._next(), below, depth + 1)
            if key is None or value is _UNSET:
                continue
            at = _line(event)
            if key in section:
                self._report(at, below, f"the key {key} is given twice; first at line {section.line_of(key)}")
            elif value is None:
                self._report(at, below, "has no value; give it one, or leave the key out")
            else:
                section.add(key, value, at)
        return section

    def _sequence(self, line: int, path: str, depth: int) -> Items:
        items = Items(line)
        index = 0
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            below = f"{path}[{index}]"
            value = self._value(event, below, depth + 1)
            at = _line(event)
            if value is None:
                self._report(at, below, "has no value; give it one, or remove the item")
            # A faulty item keeps its place, so that the paths of later faults count the same items.
            items.add("" if value is None or value is _UNSET else value, at)
            index += 1
        return items

    def _key(self, event: Any, path: str) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            if isinstance(event, yaml.AliasEvent):
                self._report(_line(event), path, f"aliases (*{event.anchor}) are not used here")
            else:
                self._report(_line(event), path, "a key must be text, not a list or a mapping")
                self._skip()
            return None
        value = self._value(event, path, 1)
        if value is _UNSET:
            return None
        if not isinstance(value, str):
            word = event.value or "(empty)"
            self._report(_line(event), path, f'the key {word} is not text; put quotes around it: "{word}"')
            return None
        return value

    def _scalar(self, event: Any, path: str) -> Any:
        text: str = event.value
        if not event.style:  # a plain word: None from the loader in Python, empty from the one in C
            try:
                value = plain(text)
                return self._words.setdefault(value, value) if isinstance(value, str) else value
            except Unclear as exc:
                self._report(_line(event), path, str(exc))
                return _UNSET
        # Escapes such as \\0 hide from the search of the source.
        hidden = None if text.isprintable() else HIDDEN.search(text)
        if hidden is not None:
            self._report(_line(event), path, f"holds the hidden character U+{ord(hidden.group()):04X}")
            return _UNSET
        return self._words.setdefault(text, text)

    def _skip(self) -> None:
        """Pass over the rest of a collection whose start was just read, without building it."""
        depth = 1
        while depth:
            event = self._next()
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
