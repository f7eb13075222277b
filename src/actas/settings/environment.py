"""``ACTAS_SERVER__LISTEN=…``: the environment over the settings of the server itself.

Two underscores step into a level. Only ``server``, ``keys``, ``defaults``, ``audit`` and ``limits`` can be
set so: policy that lives in an environment variable cannot be reviewed. A variable that looks like an
override and is none is a fault, because it would be a setting that is silently off.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from actas.core.suggest import did_you_mean
from actas.settings.faults import Fault
from actas.settings.forms import Form, Reference
from actas.settings.schema import LISTS, SECTIONS, Configuration
from actas.settings.sources import Gathered, Source, Written
from actas.settings.suggest import listed
from actas.settings.values import FilePath
from actas.settings.yaml import Section

PREFIX: Final = "ACTAS_"

POLICY: Final = frozenset({"client_metadata_documents", "client_registration", "impersonation"})
"""Sections that are policy."""

COMMAND_LINE: Final = frozenset({"ACTAS_SERVER"})
"""Variables of the command line that are called like a section: the address of the server to ask."""


def lay_over(gathered: Gathered, environ: Mapping[str, str]) -> None:
    """Lay the overrides of ``environ`` over the sections. Faults go to ``gathered.faults``."""
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable in COMMAND_LINE:
            continue
        section, *steps = variable.removeprefix(PREFIX).lower().split("__")
        if steps:
            _override(gathered, variable, environ[variable], (section, *steps))
        elif section in SECTIONS or section in LISTS:
            message = f"sets nothing; name a field, such as {PREFIX}SERVER__LISTEN"
            gathered.faults.append(Fault(place=variable, path=section, message=message))


def _override(gathered: Gathered, variable: str, text: str, path: tuple[str, ...]) -> None:
    section, steps = path[0], path[1:]
    problem = _problem(section)
    annotation: object = None
    metadata: tuple[object, ...] = ()
    if problem is None:
        annotation, metadata, problem = _field(SECTIONS[section], steps)
    if problem is None and not text.strip():
        problem = "is empty; give a value, or unset the variable"
    if problem is not None:
        gathered.faults.append(Fault(place=variable, path=".".join(path), message=problem))
        return
    # Relative to where the server is started: the variable is in no file.
    value = str(Path.cwd() / text) if _mentions(metadata, annotation, FilePath) else _typed(annotation, text)
    written = gathered.sections.get(section)
    if written is None:
        nowhere = Source("environment", Path.cwd())
        written = Written(source=nowhere, path=section, line=0, value=Section())
    gathered.sections[section] = dataclasses.replace(
        written,
        value=_with(written.value, steps, value),
        overridden={**written.overridden, steps: variable},
    )


def _problem(section: str) -> str | None:
    if section in SECTIONS and section not in POLICY:
        return None
    if section in POLICY:
        return f"{section} comes from files only, where it can be reviewed"
    if section in LISTS:
        return f"{section} come from files only, where they can be reviewed"
    if section in Configuration.later:
        return "is not part of this release; unset the variable"
    known = [name for name in SECTIONS if name not in POLICY]
    return f'there is no section "{section}"{did_you_mean(section, known) or f" ({listed(known)})"}'


def _field(form: type[Form], steps: tuple[str, ...]) -> tuple[object, tuple[object, ...], str | None]:
    """Return the annotation and metadata of a field that holds one value, or what is wrong."""
    step, rest = steps[0], steps[1:]
    info = form.model_fields.get(step)
    if info is None:
        if step in form.later:
            return None, (), "is not part of this release; unset the variable"
        hint = did_you_mean(step, form.model_fields) or f" ({listed(form.model_fields)})"
        return None, (), f'there is no field "{step}" here{hint}'
    inner = next(_forms(info.annotation), None)
    if list in _flat(info.annotation):
        return None, (), "is a list; lists come from files only"
    if inner is None:
        if rest:
            return None, (), f'"{step}" is one value and has no fields'
        return info.annotation, tuple(info.metadata), None
    if not rest:
        return None, (), f"is a mapping; name a field of it ({listed(inner.model_fields)})"
    return _field(inner, rest)


def _flat(annotation: object) -> Iterator[object]:
    """Every type within an annotation, and every mark on one."""
    yield annotation
    yield getattr(annotation, "__origin__", None)
    for inner in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from _flat(inner)


def _forms(annotation: object) -> Iterator[type[Form]]:
    return (one for one in _flat(annotation) if isinstance(one, type) and issubclass(one, Form))


def _mentions(metadata: tuple[object, ...], annotation: object, mark: type) -> bool:
    return any(isinstance(one, mark) for one in (*metadata, *_flat(annotation)))


def _typed(annotation: object, text: str) -> object:
    """Return the text as the field's type where it reads as one; else the form says what is wrong."""
    if int in _flat(annotation) and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text):
        return int(text)
    return text


def _with(tree: Any, steps: tuple[str, ...], value: object) -> Section:
    """Return a copy of a section with one value set. A reference keeps only the way that is set."""
    copy = Section(tree.line if isinstance(tree, Section) else 0)
    step, rest = steps[0], steps[1:]
    ways = Reference.model_fields
    old: dict[str, Any] = dict(tree) if isinstance(tree, Section) else {}
    for key, kept in old.items():
        if key != step and not (step in ways and key in ways):
            copy.add(key, kept, tree.line_of(key))
    below = old.get(step)
    copy.add(step, _with(below, rest, value) if rest else value, copy.line)
    return copy
