"""Codes that are good once: those of an app (RFC 6238), and recovery codes for whoever has lost all else.

A code is used up by moving the number of its step on, or by taking its digest away, in the one change of what
the person has: at two nodes at once it is good at one (``records``).
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import Final

import msgspec

from actas.core.ports import Chance, Clock
from actas.core.records import Record
from actas.core.secret import Secret
from actas.crypto import base64url
from actas.crypto.keyed import keyed_digest
from actas.crypto.one_time_code import SECRET_BYTES, address_of, step_of, written
from actas.signin.holdings import LONGEST_NAME, CodeMaker, Holdings, RecoveryCodes, Unconfirmed
from actas.signin.records import CredentialRecords

CONFIRM_WITHIN: Final = 900
"""Seconds in which an app must show its first code."""

MOST_APPS: Final = 5
"""Apps of one person, at most."""

RECOVERY_CODES: Final = 10
"""Recovery codes that are made together."""

_RECOVERY_BYTES: Final = 20
_GROUP: Final = 4
_USE: Final = b"recovery codes of people"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApp:
    """What an app is to be told, and nobody is told again.

    Attributes:
        secret: to be typed.
        address: with everything in it, to be shown as a QR code.
    """

    secret: Secret
    address: Secret


class OneTimeCodes:
    """Checks one-time codes.

    Args:
        records: what people have.
        pepper: the key from which that of the digests of recovery codes is made, 32 bytes.
        issuer: what apps call us.
    """

    def __init__(
        self, records: CredentialRecords, *, pepper: bytes, issuer: str, clock: Clock, chance: Chance
    ) -> None:
        self._records = records
        self._key = keyed_digest(_USE, key=pepper)
        self._issuer = issuer
        self._clock = clock
        self._chance = chance

    async def begin(self, subject: str, *, account: str) -> NewApp:
        """Return what a person's new app is to be told. It proves nothing until it is confirmed.

        Args:
            account: what the app calls the person.

        Raises:
            StoreUnavailable: nobody knows whether it was kept.
        """
        secret = base64url.decode(self._chance.token(SECRET_BYTES).encode("ascii"))
        begun = Unconfirmed(secret=secret, until=int(self._clock.now()) + CONFIRM_WITHIN)
        await self._records.change(
            subject, lambda before: (msgspec.structs.replace(before, unconfirmed=begun), None)
        )
        return self._told(secret, account)

    async def begun(self, subject: str, *, account: str) -> NewApp | None:
        """Return once more what a person's new app is to be told; None when there is none, or not any more.

        Args:
            account: as for ``begin``.

        Raises:
            StoreUnavailable: nobody knows.
        """
        new = (await self._records.read(subject)).unconfirmed
        return None if new is None or new.until <= self._clock.now() else self._told(new.secret, account)

    async def confirm(self, subject: str, code: str, *, name: str, record: Record | None = None) -> bool:
        """Have a new app count from now on, when it shows the right code.

        Args:
            name: what the person calls it.
            record: the audit entry of it, which is kept with it.

        Returns:
            False when it is a wrong code, or too late, or the person has too many apps.

        Raises:
            StoreUnavailable: nobody knows whether it does.
        """
        now, id_ = self._clock.now(), self._chance.token(9)

        def change(before: Holdings) -> tuple[Holdings, bool]:
            new = before.unconfirmed
            if new is None or new.until <= now or len(before.code_makers) >= MOST_APPS:
                return before, False
            step = step_of(code, secret=new.secret, now=now)
            if step is None:
                return before, False
            maker = CodeMaker(
                id=id_, name=name[:LONGEST_NAME], secret=new.secret, step=step, made_at=int(now)
            )
            return msgspec.structs.replace(
                before, unconfirmed=None, code_makers=(*before.code_makers, maker)
            ), True

        return await self._records.change(subject, change, record=record)

    async def check(self, subject: str, code: str) -> bool:
        """Return whether an app of a person shows this code now and it was not used before. It is then.

        Raises:
            StoreUnavailable: nobody knows; it may have been used.
        """
        now = self._clock.now()

        def change(before: Holdings) -> tuple[Holdings, bool]:
            makers = [_used(one, code, now) for one in before.code_makers]
            if all(one is None for one in makers):
                return before, False
            after = tuple(new or old for new, old in zip(makers, before.code_makers, strict=True))
            return msgspec.structs.replace(before, code_makers=after), True

        return await self._records.change(subject, change)

    async def make_recovery(self, subject: str, *, record: Record | None = None) -> tuple[Secret, ...]:
        """Return new recovery codes, which nobody is shown again. Those that there were are good no more.

        Args:
            record: the audit entry of it, which is kept with them.

        Raises:
            StoreUnavailable: nobody knows whether they were kept.
        """
        texts = [_text(self._chance) for _ in range(RECOVERY_CODES)]
        made = RecoveryCodes(
            digests=tuple(self._digest(text) for text in texts), made_at=int(self._clock.now())
        )
        await self._records.change(
            subject, lambda before: (msgspec.structs.replace(before, recovery=made), None), record=record
        )
        return tuple(Secret(text) for text in texts)

    async def check_recovery(self, subject: str, code: str) -> bool:
        """Return whether this is a recovery code of a person that was not used before. It is then.

        Raises:
            StoreUnavailable: nobody knows; it may have been used.
        """
        shown, now = self._digest(code), int(self._clock.now())

        def change(before: Holdings) -> tuple[Holdings, bool]:
            codes = before.recovery
            if codes is None:
                return before, False
            left = tuple(one for one in codes.digests if not hmac.compare_digest(one, shown))
            if len(left) == len(codes.digests):
                return before, False
            noted = RecoveryCodes(digests=left, made_at=codes.made_at, used_at=now)
            return msgspec.structs.replace(before, recovery=noted), True

        return await self._records.change(subject, change)

    def _told(self, secret: bytes, account: str) -> NewApp:
        address = address_of(secret, account=account, issuer=self._issuer)
        return NewApp(secret=Secret(written(secret)), address=Secret(address))

    def _digest(self, code: str) -> bytes:
        """Return what is kept of a recovery code, however it is typed."""
        plain = "".join(code.split()).replace("-", "").casefold()
        return keyed_digest(plain.encode("utf-8", "surrogatepass"), key=self._key)


def _used(maker: CodeMaker, code: str, now: float) -> CodeMaker | None:
    """Return an app after its code was used; None when it is not its code, or an old one."""
    step = step_of(code, secret=maker.secret, now=now)
    if step is None or step <= maker.step:
        return None
    return msgspec.structs.replace(maker, step=step, used_at=int(now))


def _text(chance: Chance) -> str:
    """Return a new recovery code: 160 bits, in groups that can be read out."""
    made = base64.b32encode(base64url.decode(chance.token(_RECOVERY_BYTES).encode("ascii"))).decode().lower()
    return "-".join(made[place : place + _GROUP] for place in range(0, len(made), _GROUP))
