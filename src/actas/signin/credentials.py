"""Passwords, and what a person has at all.

Whether a password is right is answered at one cost: for a person with another password, with none, and for
nobody (SEC-13). How often somebody may try is ``guessing``'s; it is asked before, and costs no hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from actas.core.errors import TemporarilyUnavailable
from actas.core.ports import Clock
from actas.core.records import Record
from actas.core.secret import Secret
from actas.crypto import base64url
from actas.crypto.password_hash import PasswordHashes
from actas.signin.holdings import LONGEST_NAME, Holdings, Kind, Password
from actas.signin.password_rules import SHORTEST, require_good
from actas.signin.records import CredentialRecords

USED_EVERY: Final = 60
"""Seconds within which it is not noted again that a password was used."""

PASSWORD: Final = "password"
RECOVERY: Final = "recovery"
"""What the one password and the recovery codes of a person are called among what they have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Something that a person has, for the person to see. No secret is in it.

    Attributes:
        id: by which it is removed.
        name: what the person calls it; empty when it has no name.
        made_at: seconds since the epoch; ``used_at`` likewise, None for never.
        left: of recovery codes, how many are not used yet.
    """

    id: str
    kind: Kind
    name: str
    made_at: int
    used_at: int | None
    left: int | None = None


class Credentials:
    """Knows what people have, and checks their passwords.

    Args:
        records: what they have.
        hashes: makes and checks hashes of passwords.
        shortest: characters of a password that somebody chooses, at least.
    """

    def __init__(
        self,
        records: CredentialRecords,
        *,
        hashes: PasswordHashes,
        clock: Clock,
        shortest: int = SHORTEST,
    ) -> None:
        self._records = records
        self._hashes = hashes
        self._clock = clock
        self._shortest = shortest

    async def check_password(
        self, subject: str | None, password: str, *, initial: Secret | None = None
    ) -> bool:
        """Return whether a password is a person's.

        Args:
            subject: None for nobody: somebody of that name is unknown.
            password: as it was presented.
            initial: the password until the person chooses one; of a person who ever did it is nothing.

        Raises:
            TemporarilyUnavailable: too many passwords are being checked.
            StoreUnavailable: nobody knows.
        """
        holdings = await self._records.read(subject)
        kept = None if holdings.password is None else holdings.password.hashed
        first = None if subject is None or holdings.chose_password else initial
        checked = await self._hashes.check(password, kept, initial=first)
        if not checked.right or subject is None or holdings.password is None:
            return checked.right
        now = int(self._clock.now())
        if checked.outdated or now - holdings.password.used_at >= USED_EVERY:
            await self._note_use(subject, holdings.password, password if checked.outdated else None, now)
        return True

    @property
    def shortest(self) -> int:
        """Characters of a password that somebody chooses, at least."""
        return self._shortest

    def require_good(self, password: str, *, about: Iterable[str] = ()) -> None:
        """Return when somebody may choose a password.

        Args:
            about: what is known of the person, which no password may be made of.

        Raises:
            BadPassword: nobody may choose it.
        """
        require_good(password, about=about, shortest=self._shortest)

    async def set_password(
        self, subject: str, password: str, *, about: Iterable[str] = (), record: Record | None = None
    ) -> None:
        """Have a person have this password from now on, and none that they had before.

        Args:
            about: what is known of the person, which no password may be made of.
            record: the audit entry of it, which is kept with it. So for the other changes.

        Raises:
            BadPassword: nobody may choose it.
            TemporarilyUnavailable: too many passwords are being checked.
            StoreUnavailable: nobody knows whether it was kept.
        """
        self.require_good(password, about=about)
        made = Password(hashed=await self._hashes.hash(password), made_at=int(self._clock.now()))

        def change(before: Holdings) -> tuple[Holdings, None]:
            return msgspec.structs.replace(before, password=made, chose_password=True), None

        await self._records.change(subject, change, record=record)

    async def has(self, subject: str, *, initial: Secret | None = None) -> frozenset[Kind]:
        """Return what a person can prove who they are with.

        Args:
            initial: as for ``check_password``.

        Raises:
            StoreUnavailable: nobody knows.
        """
        holdings = await self._records.read(subject)
        kinds: dict[Kind, bool] = {
            "password": _has_password(holdings, initial),
            "code": bool(holdings.code_makers),
            "recovery": holdings.recovery is not None and bool(holdings.recovery.digests),
            "passkey": bool(holdings.passkeys),
        }
        return frozenset(kind for kind, there in kinds.items() if there)

    async def chose_since(self, subject: str, at: int) -> bool:
        """Return whether a person chose another password at or after an instant, seconds since the epoch.

        Raises:
            StoreUnavailable: nobody knows.
        """
        password = (await self._records.read(subject)).password
        return password is not None and password.made_at >= at

    async def list(self, subject: str) -> tuple[Held, ...]:
        """Return what a person has, for the person to see.

        Raises:
            StoreUnavailable: nobody knows.
        """
        return tuple(_held(await self._records.read(subject)))

    async def remove(self, subject: str, *held: str, record: Record | None = None) -> bool:
        """Take something away from a person; False when they have none of it.

        Args:
            held: the ``id`` of each thing.

        Raises:
            StoreUnavailable: nobody knows whether it was taken away.
        """

        def change(before: Holdings) -> tuple[Holdings, bool]:
            after = _without(before, held)
            return after, after != before

        return await self._records.change(subject, change, record=record)

    async def remove_passkey(
        self, subject: str, held: str, *, initial: Secret | None = None, record: Record | None = None
    ) -> bool:
        """Take a passkey away from a person; False when it is none of theirs, or all they can sign in with.

        Args:
            initial: as for ``check_password``.

        Raises:
            StoreUnavailable: nobody knows whether it was taken away.
        """

        def change(before: Holdings) -> tuple[Holdings, bool]:
            left = tuple(one for one in before.passkeys if _id(one.id) != held)
            if left == before.passkeys or not (left or _has_password(before, initial)):
                return before, False
            return msgspec.structs.replace(before, passkeys=left), True

        return await self._records.change(subject, change, record=record)

    async def rename(self, subject: str, held: str, name: str, *, record: Record | None = None) -> bool:
        """Call an app or a passkey of a person otherwise; False when they do not have it, or call it so.

        Raises:
            StoreUnavailable: nobody knows whether it is called so.
        """

        def change(before: Holdings) -> tuple[Holdings, bool]:
            after = _renamed(before, held, name[:LONGEST_NAME])
            return after, after != before

        return await self._records.change(subject, change, record=record)

    async def forget(self, subject: str, *, record: Record | None = None) -> bool:
        """Take everything away from a person who is no more; False when they have nothing (SEC-97).

        Raises:
            StoreUnavailable: nobody knows whether it was taken away.
        """
        return await self._records.forget(subject, record=record)

    async def _note_use(self, subject: str, used: Password, anew: str | None, now: int) -> None:
        hashed = used.hashed
        if anew is not None:
            # Whoever finds no place signs in nevertheless; the next time will do.
            with suppress(TemporarilyUnavailable):
                hashed = await self._hashes.hash(anew)

        def change(before: Holdings) -> tuple[Holdings, None]:
            if before.password is None or before.password.hashed != used.hashed:
                return before, None
            noted = msgspec.structs.replace(before.password, hashed=hashed, used_at=now)
            return msgspec.structs.replace(before, password=noted), None

        await self._records.change(subject, change)


def _held(holdings: Holdings) -> list[Held]:
    found: list[Held] = []
    if (password := holdings.password) is not None:
        found.append(_one(PASSWORD, "password", "", password.made_at, password.used_at))
    found += [_one(one.id, "code", one.name, one.made_at, one.used_at) for one in holdings.code_makers]
    if (codes := holdings.recovery) is not None:
        found.append(_one(RECOVERY, "recovery", "", codes.made_at, codes.used_at, left=len(codes.digests)))
    found += [_one(_id(one.id), "passkey", one.name, one.made_at, one.used_at) for one in holdings.passkeys]
    return found


def _one(id_: str, kind: Kind, name: str, made_at: int, used_at: int, *, left: int | None = None) -> Held:
    return Held(id=id_, kind=kind, name=name, made_at=made_at, used_at=used_at or None, left=left)


def _without(holdings: Holdings, held: Collection[str]) -> Holdings:
    return msgspec.structs.replace(
        holdings,
        password=None if PASSWORD in held else holdings.password,
        code_makers=tuple(one for one in holdings.code_makers if one.id not in held),
        recovery=None if RECOVERY in held else holdings.recovery,
        passkeys=tuple(one for one in holdings.passkeys if _id(one.id) not in held),
    )


def _renamed(holdings: Holdings, held: str, name: str) -> Holdings:
    called = msgspec.structs.replace
    return called(
        holdings,
        code_makers=tuple(called(one, name=name) if one.id == held else one for one in holdings.code_makers),
        passkeys=tuple(called(one, name=name) if _id(one.id) == held else one for one in holdings.passkeys),
    )


def _id(passkey: bytes) -> str:
    return base64url.encode(passkey).decode("ascii")


def _has_password(holdings: Holdings, initial: Secret | None) -> bool:
    return holdings.password is not None or (initial is not None and not holdings.chose_password)
