"""What one person proves who they are with, as it is sealed.

It is one value, so that whatever happens to it happens at one point in time: a code that two nodes are shown
at once changes it once.

It is sealed to the person and to its version: a row that is moved to another person, or whose version was
changed, does not open (SEC-71).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from actas.crypto.seal import SealBroken, Sealer
from actas.keys.kept import StoredValue

Kind = Literal["password", "code", "recovery", "passkey"]
"""What can be proven with: a password, a code of an app, a recovery code, a passkey."""

LONGEST_NAME: Final = 64
"""Characters of what a person calls something they have; more is cut off."""

_TABLE: Final = "credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHoldings:
    """What a person has, as it is kept.

    Attributes:
        subject: the person.
        version: how often it was changed.
        handle: what the person's passkeys call them; it says nothing of them, and nobody else has it.
    """

    subject: str
    version: int
    handle: str
    sealed: bytes = field(repr=False)


class Password(msgspec.Struct, frozen=True, kw_only=True):
    """A password.

    Attributes:
        hashed: with its salt and its cost.
        made_at: seconds since the epoch; ``used_at`` likewise, 0 for never.
    """

    hashed: str
    made_at: int
    used_at: int = 0


class CodeMaker(msgspec.Struct, frozen=True, kw_only=True):
    """An app that makes codes (RFC 6238).

    Attributes:
        id: what the person's page calls it; ``name`` is what the person does.
        secret: what it shares with us.
        step: the last step of whose code was made use: it and all before are used up.
        made_at: as in ``Password``; ``used_at`` likewise.
    """

    id: str
    name: str
    secret: bytes
    step: int
    made_at: int
    used_at: int = 0


class Unconfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """An app that has not shown a code yet. It proves nothing.

    Attributes:
        until: when it is forgotten, seconds since the epoch.
    """

    secret: bytes
    until: int


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Codes for whoever has lost all else.

    Attributes:
        digests: keyed, of those that are not used yet.
        made_at: as in ``Password``; ``used_at`` likewise.
    """

    digests: tuple[bytes, ...]
    made_at: int
    used_at: int = 0


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey.

    Attributes:
        id: its own, as it says when it is used.
        name: what the person calls it.
        attested: its id and its public key, as the device wrote them.
        count: how often it says it was used; 0 when it does not count.
        made_at: as in ``Password``; ``used_at`` likewise.
    """

    id: bytes
    name: str
    attested: bytes
    count: int
    made_at: int
    used_at: int = 0


class Holdings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one person has.

    Attributes:
        handle: as in ``KeptHoldings``.
        chose_password: whether there ever was a password that is kept: then the initial one opens nothing
            any more, also when the other was removed.
        places: marks of where the person signed in from lately, newest last.
    """

    handle: str
    password: Password | None = None
    chose_password: bool = False
    code_makers: tuple[CodeMaker, ...] = ()
    unconfirmed: Unconfirmed | None = None
    recovery: RecoveryCodes | None = None
    passkeys: tuple[Passkey, ...] = ()
    places: tuple[str, ...] = ()


_decoder: Final = msgspec.msgpack.Decoder(Holdings)
_encode: Final = msgspec.msgpack.Encoder().encode


def sealed_to(subject: str, version: int, sealed: bytes) -> StoredValue:
    """Return what is sealed, with the place that it is sealed to."""
    return StoredValue(table=_TABLE, row=subject, purpose=f"version {version}", sealed=sealed)


def seal(holdings: Holdings, *, subject: str, version: int, sealer: Sealer) -> KeptHoldings:
    """Return what a person has, to be kept.

    Raises:
        SealKeySpent: the envelope key may seal no more.
    """
    place = sealed_to(subject, version, b"").place
    sealed = sealer.seal(_encode(holdings), bound_to=place)
    return KeptHoldings(subject=subject, version=version, handle=holdings.handle, sealed=sealed)


def opened(kept: KeptHoldings, *, sealer: Sealer) -> Holdings:
    """Return what a person has.

    Raises:
        SealBroken: it is another's, of another version, was changed, or another release wrote it.
    """
    place = sealed_to(kept.subject, kept.version, b"").place
    try:
        found = _decoder.decode(sealer.open(kept.sealed, bound_to=place))
    except msgspec.DecodeError as refused:
        raise SealBroken(f"what rests at {place} was written by another release: {refused}") from None
    if found.handle != kept.handle:
        raise SealBroken(f"the handle beside what rests at {place} is not the one that was sealed")
    return found
