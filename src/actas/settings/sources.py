"""The files: found, read, and merged into one configuration whose parts know where they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from actas.admin.objects import kind_of, own_name
from actas.core.suggest import did_you_mean
from actas.settings import yaml
from actas.settings.faults import Fault, Severity
from actas.settings.files import Unreadable, read_file
from actas.settings.schema import LISTS, SECTIONS, Configuration
from actas.settings.yaml import Items, Section, below

Loc = Sequence[str | int]
"""A place below something written: keys and indexes."""

_MAX_FILES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        shown: its path as the person gave it.
        folder: where its relative paths start.
        received: whether what stands in it came over the management API, rather than from a file here.
    """

    shown: str
    folder: Path
    received: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A section, or one item of a list, as it was written.

    Attributes:
        path: where it is in its file: ``server``, ``clients[3]``.
        line: of its first key.
        value: its tree, with lines.
        overridden: the places that the environment set, with the name of the variable.
    """

    source: Source
    path: str
    line: int
    value: Any
    overridden: Mapping[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.source.shown}:{self.line}" if self.line else self.source.shown

    @property
    def name(self) -> str | None:
        """What the store of record calls it, if it says so in text."""
        kind = kind_of(self.path.partition("[")[0])
        return None if kind is None or not isinstance(self.value, Section) else own_name(kind, self.value)

    def fault(self, loc: Loc, message: str, severity: Severity = "error") -> Fault:
        """Return a fault at ``loc``; parts of it that are not in the file count for the path only."""
        line, path = self.find(loc)
        variable = self._variable(loc)
        place = variable or (f"{self.source.shown}:{line}" if line else self.source.shown)
        return Fault(place=place, path=path, message=message, severity=severity)

    def at(self, loc: Loc, index: int) -> Loc:
        """Return the place of an item of a list that may be written as its only item."""
        here: Any = self.value
        for step in loc:
            found = below(here, step)
            here = None if found is None else found[0]
        return (*loc, index) if isinstance(here, Items) else tuple(loc)

    def find(self, loc: Loc) -> tuple[int, str]:
        """Return the line and the path of ``loc``."""
        here, line, path = self.value, self.line, self.path
        for step in loc:
            path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
            found = below(here, step)
            here, line = (None, line) if found is None else found
        return line, path

    def _variable(self, loc: Loc) -> str | None:
        for end in range(len(loc), 0, -1):
            found = self.overridden.get(tuple(map(str, loc[:end])))
            if found is not None:
                return found
        return None


@dataclass(slots=True)
class Gathered:
    """What all files say together.

    Attributes:
        first: the first file, for faults about what is nowhere.
        sections: the mappings, by name.
        lists: the named things, by section, in the order of the files.
        faults: what is wrong so far.
        broken: whether a file could not be read, so that what it defines is not known.
    """

    first: Source
    sections: dict[str, Written] = field(default_factory=dict[str, Written])
    lists: dict[str, list[Written]] = field(default_factory=lambda: {name: [] for name in LISTS})
    faults: list[Fault] = field(default_factory=list[Fault])
    broken: bool = False


def gather(paths: Iterable[str | Path]) -> Gathered:
    """Read files and folders (``*.yaml`` in them, sorted) and merge them."""
    faults: list[Fault] = []
    files = [file for path in paths for file in _files(Path(path), faults)]
    first = files[0] if files else Path("actas.yaml")
    gathered = Gathered(Source(str(first), first.absolute().parent), faults=faults, broken=bool(faults))
    if not files and not faults:
        gathered.broken = True
        faults.append(Fault(place="actas.yaml", path="", message="no file was given"))
    if len(files) > _MAX_FILES:
        gathered.broken = True
        faults.append(Fault(place=str(first), path="", message=f"there are more than {_MAX_FILES} files"))
        return gathered
    versioned = False
    for file in files:
        tree = _read(file, gathered)
        if tree is None:
            gathered.broken = True
        else:
            versioned |= _merge(tree, Source(str(file), file.absolute().parent), gathered)
    if not versioned and not gathered.broken:
        faults.append(Fault(place=str(first), path="version", message="is required; write version: 1"))
    return gathered


def _files(path: Path, faults: list[Fault]) -> Iterator[Path]:
    try:
        is_folder = path.is_dir()
    except OSError:  # a name that is too long; whoever reads it says so
        is_folder = False
    if not is_folder:
        yield path
        return
    try:
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError as exc:
        faults.append(Fault(place=str(path), path="", message=f"cannot be read: {exc.strerror}"))
        return
    # A file that looks like configuration and is not read would be a setting that is silently off.
    faults.extend(
        Fault(place=str(entry), path="", message="is not read; its name must end in .yaml")
        for entry in entries
        if entry.suffix.lower() in (".yml", ".yaml") and entry.suffix != ".yaml"
    )
    found = [entry for entry in entries if entry.suffix == ".yaml" and not entry.is_dir()]
    if not found:
        faults.append(Fault(place=str(path), path="", message="there is no *.yaml file in this folder"))
    yield from found


def _read(file: Path, gathered: Gathered) -> Section | None:
    shown = str(file)
    try:
        data, _ = read_file(file, most=yaml.MAX_BYTES)
    except Unreadable as exc:
        gathered.faults.append(Fault(place=shown, path="", message=str(exc)))
        return None

    def report(line: int, path: str, message: str) -> None:
        gathered.faults.append(Fault(place=f"{shown}:{line}", path=path, message=message))

    return yaml.read(data, report)


def _merge(tree: Section, source: Source, gathered: Gathered) -> bool:
    """Add what one file says. Returns whether it says its version."""
    whole = Written(source=source, path="", line=0, value=tree)
    for key, value in tree.items():
        line = tree.line_of(key)
        if key in SECTIONS:
            _merge_section(whole, key, Written(source=source, path=key, line=line, value=value), gathered)
        elif key in LISTS:
            _merge_list(whole, key, value, gathered)
        elif key == "version":
            if type(value) is not int or value != 1:
                gathered.faults.append(whole.fault(("version",), "must be 1, the only version there is"))
        elif key in Configuration.later:
            gathered.faults.append(whole.fault((key,), "is not part of this release; remove the section"))
        else:
            hint = did_you_mean(key, Configuration.model_fields)
            gathered.faults.append(whole.fault((key,), f'there is no section "{key}"{hint}'))
    return "version" in tree


def _merge_section(whole: Written, key: str, written: Written, gathered: Gathered) -> None:
    if not isinstance(written.value, Section):
        gathered.faults.append(whole.fault((key,), "must be a mapping"))
    elif not written.value:
        gathered.faults.append(whole.fault((key,), "is empty; give it a field, or leave it out"))
    elif key in gathered.sections:
        other = gathered.sections[key].place
        gathered.faults.append(whole.fault((key,), f"is also written at {other}; keep it in one place"))
    else:
        gathered.sections[key] = written


def _merge_list(whole: Written, key: str, value: object, gathered: Gathered) -> None:
    if not isinstance(value, Items):
        gathered.faults.append(whole.fault((key,), "must be a list; begin each item with '- name: …'"))
        return
    if not value:
        gathered.faults.append(whole.fault((key,), "is empty; give it an item, or leave it out"))
    here = gathered.lists[key]
    here.extend(
        Written(source=whole.source, path=f"{key}[{index}]", line=value.lines[index], value=item)
        for index, item in enumerate(value)
    )
