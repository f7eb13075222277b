"""What administrators do to the configuration, apart from how they ask for it: allowed? do it, record it.

Each deed is laid over what is kept, checked and compiled whole by whoever keeps it, and is made there with
its record or not at all. Objects of files are changed by files; switching one off is allowed to whoever may
change its kind, because an emergency does not wait for a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from actas.admin.authority import authorise, refuse_unsafe
from actas.admin.objects import (
    LASTING,
    Change,
    Digest,
    Kept,
    ObjectKind,
    Snapshot,
    canonical,
    changed,
    makes_secret,
)
from actas.admin.record import Author
from actas.admin.refusals import Conflict, NotFound, Outdated, Unconditional
from actas.core.ports import JsonObject
from actas.core.suggest import did_you_mean

Edit = Callable[[Snapshot], Sequence[Change]]

MOST_SECRETS: Final = 2
"""Secrets that a client may have at once: the old one while the new one spreads."""


class Keeping(Protocol):
    """Keeps the configuration, and says what would come of a change."""

    async def snapshot(self) -> Snapshot:
        """Return what is kept."""
        ...

    async def change(self, edit: Edit, author: Author) -> Snapshot:
        """Make a change, with its record or not at all, and return what is kept then.

        Raises:
            NotAccepted: what would come of it does not hold.
        """
        ...

    async def rehearse(self, edit: Edit) -> tuple[tuple[Change, ...], Snapshot, Sequence[JsonObject]]:
        """Return what would be changed, what is kept now, and every policy test with its ``problems``.

        Raises:
            NotAccepted: what would come of it does not hold.
        """
        ...

    def made_secret(self) -> tuple[str, Digest]:
        """Return a new secret, and what is kept of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Which version a caller means to change.

    Attributes:
        version: that one; None: none, the object must not exist yet.
    """

    version: int | None


ABSENT: Final = Condition(version=None)
"""There must be no such object yet."""


class Deeds:
    """The deeds."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    async def show(self, kind: ObjectKind, name: str) -> Kept:
        """Return an object.

        Raises:
            NotFound: there is none of that name.
        """
        return _present(await self._keeping.snapshot(), kind, name)

    async def put(
        self,
        author: Author,
        kind: ObjectKind,
        name: str,
        document: Mapping[str, Any],
        condition: Condition | None,
        *,
        rehearsed: bool = False,
    ) -> Kept:
        """Make an object, or put another document in its place.

        Args:
            rehearsed: whether nothing is made: what would be is returned, or refused for the same reasons.

        Raises:
            OAuthError: it may not be, or what would come of it does not hold.
        """
        refuse_unsafe(kind, name, document)
        text = canonical(document)

        def edit(kept: Snapshot) -> Sequence[Change]:
            before = kept.by_key.get((kind, name))
            here = before if before is not None and before.exists else None
            _require(condition, here, f"{kind} {name}")
            if before is not None and here is None and kind in LASTING:
                raise Conflict(detail=f"{name} was deleted, and such names are never given again")
            if here is not None and here.keeper == "file":
                raise Conflict(detail=f"{name} is kept by {here.place}, where it is changed")
            change = _written(before, here, kind, name, text)
            return allowed(author, [change] if change is not None else [], kept)

        if rehearsed:
            changes, kept, _ = await self._keeping.rehearse(edit)
            return _present(kept.after(changes), kind, name)
        return _present(await self._keeping.change(edit, author), kind, name)

    async def switch(self, author: Author, kind: ObjectKind, name: str, *, disabled: bool) -> Kept:
        """Disable or enable an object, whoever keeps it.

        Raises:
            OAuthError: there is none, or it may not be.
        """

        def edit(kept: Snapshot) -> Sequence[Change]:
            one = _present(kept, kind, name)
            if one.disabled == disabled:
                return ()
            change = changed("disabled" if disabled else "enabled", one, disabled=disabled)
            return allowed(author, [change], kept)

        return _present(await self._keeping.change(edit, author), kind, name)

    async def delete(self, author: Author, kind: ObjectKind, name: str, condition: Condition | None) -> None:
        """Delete an object with what hangs on it; of clients, APIs and issuers the name stays taken (SEC-97).

        Raises:
            OAuthError: there is none, a file defines it, something names it, or it may not be.
        """

        def edit(kept: Snapshot) -> Sequence[Change]:
            one = _present(kept, kind, name)
            _require(condition, one, f"{kind} {name}")
            if one.keeper == "file" and one.in_force:
                raise Conflict(detail=f"{name} is kept by {one.place}; take it out there first")
            gone = changed("deleted", one, state="deleted", document="", digests=(), disabled=False)
            return allowed(author, [gone], kept)

        await self._keeping.change(edit, author)

    async def make_secret(self, author: Author, name: str, *, end_earlier: bool) -> tuple[str, Kept]:
        """Make a new secret for a client and return it, this once (SEC-83).

        Args:
            end_earlier: whether those before it end at once; otherwise the last one goes on beside it.

        Raises:
            OAuthError: there is no such client, its secret is made elsewhere, or it may not be.
        """
        secret, digest = self._keeping.made_secret()

        def edit(kept: Snapshot) -> Sequence[Change]:
            one = _with_secrets(kept, name)
            earlier = () if end_earlier else one.digests[: MOST_SECRETS - 1]
            change = changed("secret_made", one, digests=(digest, *earlier))
            return allowed(author, [change], kept)

        return secret, _present(await self._keeping.change(edit, author), "clients", name)

    async def end_earlier_secrets(self, author: Author, name: str) -> Kept:
        """End every secret of a client but the newest.

        Raises:
            OAuthError: there is no such client, its secret is made elsewhere, or it may not be.
        """

        def edit(kept: Snapshot) -> Sequence[Change]:
            one = _with_secrets(kept, name)
            if len(one.digests) < 2:
                return ()
            return allowed(author, [changed("secret_ended", one, digests=one.digests[:1])], kept)

        return _present(await self._keeping.change(edit, author), "clients", name)


def allowed(author: Author, changes: Sequence[Change], kept: Snapshot) -> Sequence[Change]:
    """Return changes that somebody may make, each of them.

    Raises:
        InsufficientScope: one of them is beyond them.
    """
    authorise(author, changes, kept)
    return changes


def _present(kept: Snapshot, kind: ObjectKind, name: str) -> Kept:
    found = kept.get(kind, name)
    if found is None:
        known = [one.name for one in kept.objects if one.kind == kind and one.exists]
        raise NotFound(detail=f"none of the {kind} is called {name[:100]!r}{did_you_mean(name, known)}")
    return found


def _require(condition: Condition | None, here: Kept | None, what: str) -> None:
    if condition is None:
        raise Unconditional(detail=f"{what}: say which version is meant")
    if condition.version is None and here is not None:
        raise Outdated(detail=f"{what}: there is one already")
    if condition.version is not None and here is None:
        raise Outdated(detail=f"{what}: there is none")
    if here is not None and condition.version != here.version:
        raise Outdated(detail=f"{what}: another version is kept by now")


def _written(before: Kept | None, here: Kept | None, kind: ObjectKind, name: str, text: str) -> Change | None:
    if before is None:
        fresh = Kept(kind=kind, name=name, document=text, keeper="console", origin="api")
        return Change(what="created", before=None, after=fresh)
    if here is None:
        return changed(
            "created",
            before,
            state="live",
            document=text,
            keeper="console",
            origin="api",
            place="",
            folder="",
        )
    if here.document == text:
        return None
    digests = here.digests if makes_secret(text) else ()
    return changed("changed", here, document=text, digests=digests)


def _with_secrets(kept: Snapshot, name: str) -> Kept:
    one = _present(kept, "clients", name)
    if not makes_secret(one.document):
        raise Conflict(
            detail=f"the secret of {name} is not made here: its auth.secret is no {{ generated: true }}"
        )
    return one
