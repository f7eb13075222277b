"""Whether grants can be encrypted between the two sides of a connection (a proposal, JAG-153)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from actas.admin.finding import Check
from actas.keys.ring import KeyInfo
from actas.trust.counterpart import Counterpart
from actas.trust.recipients import Recipient

_NAME: Final = "encryption"
_NO_KEY: Final = "there is no key to encrypt to: "


class Barred(NamedTuple):
    """That there is no key: what is said of it, and why there is none."""

    check: Check
    why: str


def reached(recipient: Recipient) -> Check:
    """Return what is said where the other server has a key for it."""
    key, algorithm, content = recipient
    said = f"grants are encrypted to its key {key.kid:.80} ({algorithm}, {content})"
    return Check(name=_NAME, state="good", says=said)


def unreached(why: str, *, silent: bool) -> Check:
    """Return what is said where it has none.

    Args:
        silent: whether nobody answered.
    """
    remedy = "no grant is given until it has one; or take encryption out of proposals"
    return Check(name=_NAME, state="bad", says=f"{_NO_KEY}{why}", remedy=remedy, silent=silent)


def barring(checks: Iterable[Check]) -> Barred | None:
    """Return why grants of ours cannot be encrypted, where the other server was asked and has no key."""
    for one in checks:
        if one.name == _NAME and one.state == "bad" and not one.silent and one.says.startswith(_NO_KEY):
            return Barred(one, one.says.removeprefix(_NO_KEY))
    return None


def unwanted(found: Counterpart) -> tuple[Check, ...]:
    """Return what is said of a connection that does not try it: only where the other side insists."""
    if not found.requires_encryption:
        return ()
    said = "it takes encrypted grants alone (id_jag_encryption_required)"
    return (Check(name=_NAME, state="bad", says=said, remedy="add encryption to proposals"),)


def decrypting(own: Sequence[KeyInfo]) -> tuple[Check, ...]:
    """Return whether there are keys of ours that the issuer may encrypt to.

    Args:
        own: our keys, as they are now.
    """
    active = [one for one in own if one.purpose == "encryption" and one.published]
    if not active:
        said, remedy = "there is no key that decrypts grants yet", "a server makes them when it starts"
        return (Check(name=_NAME, state="bad", says=said, remedy=remedy),)
    names = ", ".join(f"{one.kid} ({one.algorithm})" for one in sorted(active, key=lambda one: one.algorithm))
    return (Check(name=_NAME, state="good", says=f"{names}: decrypts grants and is published"),)
