"""What a browser carries from page to page while somebody signs in: sealed, so that nothing need be kept.

Anybody can begin to sign in, as often as they like; if each beginning were a row of a table, they could fill
it. So what was asked travels with the pages, sealed under our key and good for an hour. It proves nothing but
that it was made here: who is signed in, and that a form came from a page of ours, is proved otherwise.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import msgspec

from actas.core.errors import AccessDenied
from actas.core.opaque import FLOW, is_whole, new_text
from actas.core.ports import Chance, Clock
from actas.crypto import base64url
from actas.crypto.paired import open_with, seal_with
from actas.crypto.seal import SealBroken

LIFE: Final = 3600
"""Seconds for which a page may be left open."""

LONGEST: Final = 32 * 1024

Content = TypeVar("Content", bound=msgspec.Struct)


class _Carried(msgspec.Struct, frozen=True):
    kind: str
    until: int
    content: msgspec.Raw


class Flow(Generic[Content]):
    """Seals values of one kind, and opens them.

    Args:
        kind: a word; what was sealed for one kind opens for no other (SEC-95).
        content: the type of the values.
        key: ours, 32 bytes.
        life: seconds for which a sealed value is good.
    """

    def __init__(
        self, kind: str, content: type[Content], *, key: bytes, chance: Chance, clock: Clock, life: int = LIFE
    ) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(content)
        self._key = key
        self._chance = chance
        self._clock = clock
        self._life = life

    def seal(self, content: Content) -> str:
        """Return a value as a text of URL-safe characters."""
        carried = _Carried(
            self._kind, int(self._clock.now()) + self._life, msgspec.Raw(msgspec.json.encode(content))
        )
        text = new_text(FLOW, self._chance)
        sealed = seal_with(text, msgspec.json.encode(carried), key=self._key)
        return f"{text}.{base64url.encode(sealed).decode('ascii')}"

    def open(self, carried: str | None) -> Content:
        """Return the value.

        Raises:
            AccessDenied: it was not made here, for this, within its time.
        """
        text, _, sealed = (carried or "").partition(".")
        if not sealed or len(sealed) > LONGEST or not is_whole(text, FLOW):
            raise _forged("it carries nothing of ours")
        try:
            opened = open_with(text, base64url.decode(sealed.encode("ascii")), key=self._key)
            found = _carried.decode(opened)
            content = self._decoder.decode(found.content)
        except (SealBroken, ValueError, msgspec.DecodeError):
            raise _forged("what it carries was changed, or was made by another release") from None
        if found.kind != self._kind:
            raise _forged("what it carries is for another page")
        if found.until <= self._clock.now():
            raise _forged("the page was open for too long")
        return content


_carried: Final = msgspec.json.Decoder(_Carried)


def _forged(detail: str) -> AccessDenied:
    return AccessDenied("forged_form", detail=detail)
