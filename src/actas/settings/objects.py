"""The named things of a configuration as objects of the store of record, and back into written ones.

A document goes into the store as it was written, and comes out of it as if it stood in a file, so that the
same forms and the same checks read it wherever it came from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from actas.admin.objects import Kept, Key, ObjectKind, Offered, canonical, kind_of
from actas.admin.sent import PLACES
from actas.core.secret import Secret
from actas.crypto.passwords import digest_secret
from actas.settings.faults import Fault
from actas.settings.forms import WrittenSecret
from actas.settings.schema import LISTS
from actas.settings.schema_auth import SecretAuth
from actas.settings.shaped import Shaped
from actas.settings.sources import Gathered, Source, Written
from actas.settings.yaml import HIDDEN, MAX_DEPTH, Items, Section

CONSOLE: Final = "console"
"""Where an object stands that no file holds."""

DEFAULTS: Final = "defaults"
"""The section that is one object, and its name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An object of the files, and how it is written there."""

    offered: Offered
    written: Written


def standing(gathered: Gathered, shaped: Shaped, *, pepper: bytes | None) -> Iterator[Standing]:
    """Yield every object of files whose shape is right.

    Args:
        gathered: the files.
        shaped: the same in their forms.
        pepper: the key under which secrets that ``--dev`` allows in a file are digested; without one they
            count as having no digest.
    """
    if (defaults := gathered.sections.get(DEFAULTS)) is not None:
        yield _standing(DEFAULTS, DEFAULTS, defaults)
    for section in LISTS:
        kind = kind_of(section)
        if kind is None:
            raise LookupError(f"the section {section} is no kind of object")
        for written in gathered.lists[section]:
            if written.name is None:
                continue
            secrets = _written_secrets(shaped, written.name) if kind == "clients" else ()
            yield _standing(kind, written.name, written, secrets, pepper)


def _standing(
    kind: ObjectKind,
    name: str,
    written: Written,
    secrets: tuple[Secret, ...] = (),
    pepper: bytes | None = None,
) -> Standing:
    document = written.value
    if kind == "users" and isinstance(document.get("password"), str):
        # Nor does a password: whoever serves these files has it from them.
        document = {name: value for name, value in document.items() if name != "password"}
    place = PLACES.get(kind, "")
    there = cast("dict[str, Any]", document.get(place) or {})
    if isinstance(there.get("client_secret"), str):
        kept = {name: value for name, value in there.items() if name != "client_secret"}
        document = {**document, place: kept}
    if secrets:
        # A secret never enters the store: the document says that the server has a digest of it.
        document = {**document, "auth": {**document["auth"], "secret": {"generated": True}}}
    digests = () if pepper is None else tuple(digest_secret(one.reveal(), pepper=pepper) for one in secrets)
    offered = Offered(
        kind=kind,
        name=name,
        document=canonical(document),
        place=written.place,
        folder=str(written.source.folder),
        digests=digests,
    )
    return Standing(offered, written)


def _written_secrets(shaped: Shaped, name: str) -> tuple[Secret, ...]:
    item = shaped.clients.get(name)
    auth = None if item is None else item.form.auth
    if not isinstance(auth, SecretAuth):
        return ()
    return tuple(one.secret for one in auth.secret if isinstance(one, WrittenSecret))


def laid(gathered: Gathered, own: Iterable[Standing], kept: Iterable[Kept]) -> Gathered:
    """Return the sections of a node's own files with the objects of the store instead of theirs.

    Args:
        gathered: the node's own files.
        own: their objects; one that the store keeps as it is written is taken as it is written.
        kept: the objects in force.
    """
    mine = {one.offered.key: one for one in own}
    whole = Gathered(gathered.first, sections={**gathered.sections})
    whole.sections.pop(DEFAULTS, None)
    for one in kept:
        written = _written(one, mine.get(one.key), gathered.first.folder, whole.faults)
        if one.kind == DEFAULTS:
            whole.sections[DEFAULTS] = written
        else:
            whole.lists[one.kind].append(written)
    return whole


def _written(kept: Kept, mine: Standing | None, home: Path, faults: list[Fault]) -> Written:
    if mine is not None and mine.offered.document == kept.document:
        written = mine.written
    else:
        written = as_written(kept, home, faults)
    if not kept.disabled:
        return written
    value = Section(written.line)
    for key, one in written.value.items():
        if key != "disabled":
            value.add(key, one, written.value.line_of(key))
    value.add("disabled", value=True, line=written.line)
    return dataclasses.replace(written, value=value)


def as_written(kept: Kept, home: Path, faults: list[Fault]) -> Written:
    """Return an object as if it stood in a file.

    Args:
        home: where relative paths start when the object does not say.
        faults: what no file could hold is added here.
    """
    shown, _, number = kept.place.rpartition(":")
    line = int(number) if number.isdigit() else 0
    source = Source(
        shown if line else kept.place or CONSOLE,
        Path(kept.folder) if kept.folder else home,
        received=kept.origin != "server",
    )
    path = DEFAULTS if kept.kind == DEFAULTS else f"{kept.kind}[{kept.name}]"
    bare = Written(source=source, path=path, line=line, value=Section(line))
    value = _tree(kept.body, bare, (), faults)
    return dataclasses.replace(bare, value=value)


def _tree(value: Any, at: Written, loc: tuple[str | int, ...], faults: list[Fault]) -> Any:
    """Return JSON as the reader of files would: no null, no hidden character, not too deep."""
    if len(loc) > MAX_DEPTH:
        faults.append(at.fault(loc[:4], f"is nested more than {MAX_DEPTH} deep"))
        return ""
    if isinstance(value, dict):
        section = Section(at.line)
        for key, one in cast("dict[str, Any]", value).items():
            section.add(_text(key, at, loc, faults), _tree(one, at, (*loc, key), faults), at.line)
        return section
    if isinstance(value, list):
        items = Items(at.line)
        for index, one in enumerate(cast("Sequence[Any]", value)):
            items.add(_tree(one, at, (*loc, index), faults), at.line)
        return items
    if value is None:
        faults.append(at.fault(loc, "has no value; give it one, or leave it out"))
        return ""
    return _text(value, at, loc, faults) if isinstance(value, str) else value


def _text(text: str, at: Written, loc: tuple[str | int, ...], faults: list[Fault]) -> str:
    hidden = None if text.isprintable() else HIDDEN.search(text)
    if hidden is not None:
        faults.append(at.fault(loc, f"holds the hidden character U+{ord(hidden.group()):04X}"))
        return ""
    return text


def same_objects(own: Iterable[Standing], kept: Iterable[Kept]) -> bool:
    """Whether a store keeps exactly what files say, so that they need not be read a second time."""
    objects = tuple(kept)
    mine: dict[Key, str] = {one.offered.key: one.offered.document for one in own}
    return mine == {one.key: one.document for one in objects} and not any(one.disabled for one in objects)
