"""What files change about what is kept. Pure: the same for a plan that is shown and for one that is made.

Objects of files are changed by files only, and objects of the console by the console only, unless a file that
claims the name of one is told to take it over (product design, section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from actas.admin.objects import (
    LASTING,
    SWITCHED,
    Change,
    Digest,
    Kept,
    Key,
    Offered,
    Origin,
    Snapshot,
    changed,
    makes_secret,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An object of a file that cannot be taken over as it is.

    Attributes:
        sentence: what is in the way, and what to do.
    """

    offered: Offered
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What files change.

    Attributes:
        changes: in the order of the files, then what they no longer define.
        conflicts: what stands in the way; nothing is changed while there is one.
    """

    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...] = ()


def reconcile(
    snapshot: Snapshot,
    offered: Sequence[Offered],
    *,
    origin: Origin,
    adopt: bool,
    prune: bool,
    at: int,
) -> Reconciled:
    """Lay files over what is kept.

    Args:
        snapshot: what is kept.
        offered: every object of the files, each name once.
        origin: how the files came.
        adopt: take over objects that the console keeps.
        prune: put out of force what files of this origin used to define and no longer do.
        at: seconds since the epoch, for the secrets in them.
    """
    changes: list[Change] = []
    conflicts: list[Conflict] = []
    for one in offered:
        before = snapshot.by_key.get(one.key)
        sentence = None if before is None else _in_the_way(before, adopt=adopt)
        if sentence is not None:
            conflicts.append(Conflict(offered=one, sentence=sentence))
        elif (change := _change(before, one, origin=origin, at=at)) is not None:
            changes.append(change)
    if prune:
        changes.extend(_pruned(snapshot.objects, {one.key for one in offered}, origin))
    return Reconciled(changes=tuple(changes), conflicts=tuple(conflicts))


def _in_the_way(before: Kept, *, adopt: bool) -> str | None:
    if before.state == "deleted" and before.kind in LASTING:
        return "is the name of one that was deleted; such names are never given again, so choose another"
    if before.exists and before.keeper == "console" and not adopt:
        return "is kept by the console; --adopt takes it over, or choose another name"
    return None


def _change(before: Kept | None, one: Offered, *, origin: Origin, at: int) -> Change | None:
    wanted = Kept(
        kind=one.kind,
        name=one.name,
        document=one.document,
        keeper="file",
        origin=origin,
        place=one.place,
        folder=one.folder,
        digests=_digests(before, one, at),
    )
    if before is None:
        return Change(what="created", before=None, after=wanted)
    # What an administrator switched off stays off, whatever a file says.
    after = replace(wanted, version=before.version, disabled=before.disabled and before.exists)
    if after == before:
        return None
    fields = {
        name: getattr(after, name) for name in ("document", "keeper", "origin", "place", "folder", "digests")
    }
    if not before.exists:
        return changed("created", before, state="live", disabled=False, **fields)
    if before.state == "pruned":
        return changed("restored", before, state="live", **fields)
    if before.keeper == "console":
        return changed("adopted", before, **fields)
    same = after.document == before.document and after.digests == before.digests
    return changed("moved" if same else "changed", before, **fields)


def _digests(before: Kept | None, one: Offered, at: int) -> tuple[Digest, ...]:
    """Return the digests beside a document: those of the file, else those that were made here."""
    known = before.digests if before is not None and before.exists else ()
    if not one.digests:
        return known if makes_secret(one.document) else ()
    if {digest.value for digest in known} == set(one.digests):
        return known
    return tuple(Digest(value=value, made_at=at) for value in one.digests)


def _pruned(objects: Iterable[Kept], defined: set[Key], origin: Origin) -> Iterator[Change]:
    for one in objects:
        if not one.in_force or one.keeper != "file" or one.origin != origin or one.key in defined:
            continue
        if one.kind in SWITCHED:
            yield changed("pruned", one, state="pruned")
        else:
            yield changed("deleted", one, state="deleted", document="", place="", folder="")
