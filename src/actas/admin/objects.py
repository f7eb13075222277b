"""The objects of the configuration as the store of record keeps them, and changes to them. Values only.

An object is a named thing of the configuration: a client, an API, an issuer, a rule, a connection, a policy
test, an administrator, the defaults. It is kept as the document that somebody wrote, in the form of the
configuration file, as canonical JSON. No secret is in it: references stay references, and of secrets that
this server made only keyed digests are kept, beside the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal, get_args

import msgspec

from actas.core.party import OURSELVES
from actas.core.ports import JsonObject

ObjectKind = Literal[
    "defaults", "issuers", "apis", "clients", "rules", "connections", "tests", "users", "admins"
]
"""The sections of the configuration that are kept in the database. The others are each node's own."""

KINDS: Final[tuple[ObjectKind, ...]] = get_args(ObjectKind)

LASTING: Final = frozenset[ObjectKind]({"issuers", "apis", "clients", "users"})
"""Kinds whose names stand in tokens: a name that was deleted is never given to another (SEC-97)."""

SWITCHED: Final = frozenset[ObjectKind]({"issuers", "apis", "clients", "rules", "connections", "users"})
"""Kinds that can be disabled, and are, rather than deleted, when their file no longer defines them."""

Keeper = Literal["file", "console"]
"""Who may change an object: whoever keeps the file it is written in, or the console and its API."""

KEEPERS: Final[tuple[Keeper, ...]] = get_args(Keeper)

Origin = Literal["server", "apply", "api"]
"""How it came: from the files that a server reads, from files that were applied, through the API."""

State = Literal["live", "pruned", "deleted"]
"""``pruned``: its file no longer defines it, so it is out of force; ``deleted``: only the name is left."""

AdminWay = Literal["client", "user", "group"]
"""As what somebody holds a role."""

ADMIN_WAYS: Final[tuple[AdminWay, ...]] = get_args(AdminWay)

Key = tuple[ObjectKind, str]

_canonical: Final = msgspec.json.Encoder(order="sorted").encode
_read: Final = msgspec.json.Decoder(dict[str, Any]).decode


def canonical(document: Mapping[str, Any]) -> str:
    """Return a document as it is kept: JSON without spaces, its keys in order."""
    return _canonical(document).decode()


def kind_of(word: str) -> ObjectKind | None:
    """Return the kind called ``word``, or None."""
    for kind in KINDS:
        if kind == word:
            return kind
    return None


def own_name(kind: ObjectKind, document: Mapping[str, Any]) -> str | None:
    """Return what a document is called, or None when it does not say.

    The defaults are called what they are, and an administrator is known by who it is (``admin_name``).
    """
    if kind == "defaults":
        return kind
    if kind == "admins":
        return _administrator(document)
    found = document.get("name")
    return found if isinstance(found, str) else None


def admin_name(way: AdminWay, name: str, issuer: str = OURSELVES) -> str:
    """Return what an administrator is called, by who it is.

    Args:
        issuer: of a group: the name of whoever vouches for its members. It has no ``@``, so that what stands
            behind the last one is it.
    """
    return f"{way}:{name}@{issuer}" if way == "group" else f"{way}:{name}"


def _administrator(document: Mapping[str, Any]) -> str | None:
    issuer = document.get("from", OURSELVES)
    found: list[tuple[AdminWay, object]] = [(way, document[way]) for way in ADMIN_WAYS if way in document]
    if len(found) != 1 or not isinstance(issuer, str):
        return None
    way, name = found[0]
    return admin_name(way, name, issuer) if isinstance(name, str) else None


def makes_secret(document: str) -> bool:
    """Whether the canonical document of a client says that this server makes its secret."""
    return '"generated":true' in document


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A client secret that this server made, as it is kept.

    Attributes:
        value: the keyed digest, 32 bytes.
        made_at: seconds since the epoch.
    """

    value: bytes = field(repr=False)
    made_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One object.

    Attributes:
        document: canonical JSON; empty once it is deleted.
        place: ``file:line`` as whoever read the file saw it; empty when no file holds it.
        folder: where relative paths in the document start; empty: at the folder of a node's own files.
        version: counts the changes of this name from 1, through deletion and beyond.
        disabled: whether an administrator switched it off, whatever its document says.
        digests: of the secrets that this server made for it, the newest first.
    """

    kind: ObjectKind
    name: str
    document: str
    keeper: Keeper
    origin: Origin
    place: str = ""
    folder: str = ""
    version: int = 1
    state: State = "live"
    disabled: bool = False
    digests: tuple[Digest, ...] = ()

    @property
    def key(self) -> Key:
        """Its kind and name."""
        return self.kind, self.name

    @property
    def in_force(self) -> bool:
        """Whether it is part of the configuration at all; disabled things are."""
        return self.state == "live"

    @property
    def is_on(self) -> bool:
        """Whether it is in force and nobody, nor its document, has switched it off."""
        return self.in_force and not self.disabled and self.body.get("disabled", False) is False

    @property
    def exists(self) -> bool:
        """Whether there is more than a name."""
        return self.state != "deleted"

    @property
    def body(self) -> JsonObject:
        """The document, read."""
        return _read(self.document) if self.document else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An object as a file, or a request, would have it.

    Attributes:
        digests: keyed digests of the secrets that are written in a file of a server with ``--dev``.
    """

    kind: ObjectKind
    name: str
    document: str
    place: str = ""
    folder: str = ""
    digests: tuple[bytes, ...] = ()

    @property
    def key(self) -> Key:
        """Its kind and name."""
        return self.kind, self.name

    @property
    def body(self) -> JsonObject:
        """The document, read."""
        return _read(self.document)


@dataclass(frozen=True)
class Snapshot:
    """Everything that is kept, at one instant.

    Attributes:
        generation: which state this is: 0 before anything was kept, then one more for every change.
        entry: the audit entry of the change that made it; empty before the first.
    """

    generation: int
    objects: tuple[Kept, ...]
    entry: str = ""

    @cached_property
    def by_key(self) -> dict[Key, Kept]:
        """Every object by kind and name, those that are only names included."""
        return {one.key: one for one in self.objects}

    def get(self, kind: ObjectKind, name: str) -> Kept | None:
        """Return the object, or None when there is none or only its name is left."""
        found = self.by_key.get((kind, name))
        return found if found is not None and found.exists else None

    def after(self, changes: Iterable[Change]) -> Snapshot:
        """Return what is kept once ``changes`` are made."""
        return Snapshot(self.generation, tuple({**self.by_key, **{c.key: c.after for c in changes}}.values()))

    @property
    def in_force(self) -> tuple[Kept, ...]:
        """The objects that are part of the configuration."""
        return tuple(one for one in self.objects if one.in_force)


What = Literal[
    "created",
    "changed",
    "adopted",
    "moved",
    "pruned",
    "restored",
    "disabled",
    "enabled",
    "deleted",
    "secret_made",
    "secret_ended",
]
"""What became of an object. ``moved``: it stands elsewhere in the files and says the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one object.

    Attributes:
        before: None when there was not even a name.
    """

    what: What
    before: Kept | None
    after: Kept

    @property
    def key(self) -> Key:
        """Its kind and name."""
        return self.after.key


def changed(what: What, before: Kept, **fields: Any) -> Change:
    """Return a change of an object that is there, with its version counted on unless it only moved."""
    version = before.version if what == "moved" else before.version + 1
    return Change(what=what, before=before, after=replace(before, version=version, **fields))
