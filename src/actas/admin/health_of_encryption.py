"""Whether grants can be encrypted between the two sides of a connection (a proposal, JAG-153)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actas.admin.finding import Check
from actas.keys.ring import KeyInfo
from actas.trust.counterpart import Counterpart
from actas.trust.recipients import Recipient

_NAME: Final = "encryption"


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
    return Check(
        name=_NAME, state="bad", says=f"there is no key to encrypt to: {why}", remedy=remedy, silent=silent
    )


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
