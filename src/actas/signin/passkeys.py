"""Passkeys of people: made, and used to sign in.

What a browser is to sign is a challenge of ours, which is good for one session, one purpose, a few minutes
and one attempt. It is not kept: it holds its end and a keyed digest of all that, and once it comes back, it
is marked as used. After a restore none from before is good.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from actas.core.errors import BadToken
from actas.core.ports import Chance, Clock, JsonObject, MarkStore
from actas.core.records import Record
from actas.crypto import base64url
from actas.crypto.keyed import keyed_digest
from actas.crypto.passkey import BadPasskey, NewPasskey, PasskeyRules
from actas.signin.holdings import LONGEST_NAME, Holdings, Passkey
from actas.signin.records import Change, CredentialRecords

GOOD_FOR: Final = 300
"""Seconds in which a challenge must be answered."""

MOST_PASSKEYS: Final = 20
"""Passkeys of one person, at most."""

_HANDLE: Final = re.compile(rb"[A-Za-z0-9_-]{1,64}")
_Purpose = Literal["make", "use"]
_USE: Final = b"challenges of passkeys"
_NONCE_BYTES: Final = 16
_END_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A passkey that was used.

    Attributes:
        subject: whose it is.
        passkey: what the person's page calls it.
        synced: whether it may be on several devices.
    """

    subject: str
    passkey: str
    synced: bool


class Passkeys:
    """Makes and checks passkeys.

    Args:
        records: what people have.
        rules: what passkeys are made for, and how they are verified.
        marks: remembers which challenges came back.
        pepper: the key from which that of challenges is made, 32 bytes.
        issuer: our own issuer identifier.
    """

    def __init__(
        self,
        records: CredentialRecords,
        *,
        rules: PasskeyRules,
        marks: MarkStore,
        pepper: bytes,
        issuer: str,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._records = records
        self._rules = rules
        self._marks = marks
        self._key = keyed_digest(_USE, key=pepper)
        self._issuer = issuer
        self._clock = clock
        self._chance = chance

    async def begin(self, subject: str, *, session: str, account: str, display: str) -> JsonObject:
        """Return what a browser is asked for that is to make a passkey for a person.

        Args:
            session: in which it is asked, and to be answered.
            account: what devices show of the person; ``display`` likewise.

        Raises:
            StoreUnavailable: nobody knows what the person has.
        """
        # Written down, so that the handle which the passkey will have is the person's from now on.
        holdings = await self._records.change(subject, lambda before: (before, before), begin=True)
        return self._rules.to_make(
            self._challenge("make", session, subject),
            handle=holdings.handle.encode("ascii"),
            name=account,
            display=display,
            present=[one.id for one in holdings.passkeys],
        )

    async def finish(
        self, subject: str, answer: JsonObject, *, session: str, name: str, record: Record | None = None
    ) -> bool:
        """Have a passkey count from now on that a browser has made.

        Args:
            name: what the person calls it.
            record: the audit entry of it, which is kept with it.

        Returns:
            False when the person has too many, or this very one already.

        Raises:
            BadPasskey: it was not made as it was asked for.
            StoreUnavailable: nobody knows whether it counts.
        """
        made = self._rules.made(answer, await self._answered(answer, "make", session, subject))
        return await self._records.change(subject, self._with(made, name), record=record)

    def challenge(self, *, session: str) -> JsonObject:
        """Return what a browser is asked for in which somebody is to prove who they are.

        Args:
            session: in which it is asked, and to be answered.
        """
        return self._rules.to_use(self._challenge("use", session, ""))

    async def check(self, answer: JsonObject, *, session: str) -> Proven:
        """Return who proved who they are.

        Raises:
            BadPasskey: nobody did. The message says why, for administrators.
            StoreUnavailable: nobody knows.
        """
        challenge = await self._answered(answer, "use", session, "")
        shown = self._rules.shown(answer)
        if shown.handle is None or _HANDLE.fullmatch(shown.handle) is None:
            raise BadPasskey("the passkey does not say whose it is")
        found = await self._records.find(shown.handle.decode("ascii"))
        if found is None:
            raise BadPasskey("nobody has a passkey of this handle")
        subject, holdings = found
        known = next((one for one in holdings.passkeys if one.id == shown.id), None)
        if known is None:
            raise BadPasskey(f"{subject} does not have this passkey")
        used = self._rules.used(answer, challenge, attested=known.attested)
        count = used.count
        if not await self._records.change(subject, self._noting(known.id, count)):
            raise BadPasskey(
                f"a passkey of {subject} says it was used {count} times, and it was used more often"
                " before: there may be a copy of it. Or it was removed just now"
            )
        id_ = base64url.encode(known.id).decode("ascii")
        return Proven(subject=subject, passkey=id_, synced=used.synced)

    def _with(self, made: NewPasskey, name: str) -> Change[bool]:
        added = Passkey(
            id=made.id,
            name=name[:LONGEST_NAME],
            attested=made.attested,
            count=made.count,
            made_at=int(self._clock.now()),
        )

        def change(before: Holdings) -> tuple[Holdings, bool]:
            there = any(one.id == made.id for one in before.passkeys)
            if there or len(before.passkeys) >= MOST_PASSKEYS:
                return before, False
            return msgspec.structs.replace(before, passkeys=(*before.passkeys, added)), True

        return change

    def _noting(self, id_: bytes, count: int) -> Change[bool]:
        """Note a use, unless the passkey counts and has not counted on (Web Authentication section 7.2)."""
        now = int(self._clock.now())

        def change(before: Holdings) -> tuple[Holdings, bool]:
            known = next((one for one in before.passkeys if one.id == id_), None)
            if known is None or ((count or known.count) and count <= known.count):
                return before, False
            noted = msgspec.structs.replace(known, count=count, used_at=now)
            passkeys = tuple(noted if one.id == id_ else one for one in before.passkeys)
            return msgspec.structs.replace(before, passkeys=passkeys), True

        return change

    def _challenge(self, purpose: _Purpose, session: str, subject: str) -> bytes:
        nonce = base64url.decode(self._chance.token(_NONCE_BYTES).encode("ascii"))
        end = (int(self._clock.now()) + GOOD_FOR).to_bytes(_END_BYTES, "big")
        return nonce + end + self._tag(nonce + end, purpose, session, subject)

    def _tag(self, head: bytes, purpose: _Purpose, session: str, subject: str) -> bytes:
        what = msgspec.json.encode((base64url.encode(head).decode("ascii"), purpose, session, subject))
        return keyed_digest(what, key=self._key)

    async def _answered(self, answer: JsonObject, purpose: _Purpose, session: str, subject: str) -> bytes:
        """Return the challenge that an answer was made for, which is used up.

        Raises:
            BadPasskey: it is none that was given for this, or an old one, or it was used.
            StoreUnavailable: nobody knows.
        """
        challenge = self._rules.challenge_of(answer)
        head, tag = challenge[: _NONCE_BYTES + _END_BYTES], challenge[_NONCE_BYTES + _END_BYTES :]
        if not hmac.compare_digest(tag, self._tag(head, purpose, session, subject)):
            raise BadPasskey("its challenge was not given for this, or in another session")
        end = int.from_bytes(head[_NONCE_BYTES:], "big")
        if end <= self._clock.now():
            raise BadPasskey("its challenge has ended")
        try:
            first = await self._marks.claim(
                purpose="passkey",
                issuer=self._issuer,
                token_id=base64url.encode(head).decode("ascii"),
                issued_at=end - GOOD_FOR,
                expires_at=end,
            )
        except BadToken as old:
            raise BadPasskey(f"its challenge: {old.detail}") from None
        if not first:
            raise BadPasskey("its challenge was used before")
        return challenge
