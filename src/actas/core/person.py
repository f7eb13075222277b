"""People of ours: the users that the configuration lists. Everybody else comes from an issuer.

A person's subject holds a ``:``, a client's name never does, and no issuer can be called like this server: so
what we call a person is nobody else's name (SEC-24).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from actas.core.party import OURSELVES, Actor, Identity, Otherwise, Party
from actas.core.secret import Secret


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in here.

    Attributes:
        name: what they type to sign in, and what the configuration calls them.
        display: their name for people to read.
        email: their address, or None; it selects and links nothing (SEC-24).
        groups: the groups they are in.
        initial: the password that the configuration gives them, for as long as they have set none; None for
            somebody who has none.
        disabled: whether they are locked out.
        known_as: what they are called in other domains, by labels that connections name.
    """

    name: str
    display: str
    email: str | None = None
    groups: tuple[str, ...] = ()
    initial: Secret | None = None
    disabled: bool = False
    known_as: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    @property
    def subject(self) -> str:
        """Their ``sub``."""
        return subject_of(self.name)


class VouchedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signs in here through another issuer, as they were seen when they did last.

    Attributes:
        subject: their ``sub`` here.
        origin: who they are to their issuer.
        display: their name for people to read.
        email: their address, if the issuer said that it is theirs; it selects and links nothing (SEC-24).
        groups: the groups they were in, as the issuer's mapping gave them; None where it gives none.
        seen_at: when they signed in, seconds since the epoch.
    """

    subject: str
    origin: Identity
    display: str
    email: str | None = None
    groups: tuple[str, ...] | None = None
    seen_at: int


class People(Protocol):
    """Finds people of ours as they are now. Answers from memory."""

    def person(self, subject: str) -> Person | None:
        """Return whose ``sub`` that is, also when they are disabled; None when it is nobody's here."""
        ...


def subject_of(name: str) -> str:
    """Return the ``sub`` of the person whom the configuration calls ``name``."""
    return f"{OURSELVES}:{name}"


def is_ours(subject: str) -> bool:
    """Whether that is the ``sub`` of a person of ours, also of one who is gone."""
    return subject.startswith(f"{OURSELVES}:")


LONGEST: Final = 255
"""Characters of a ``sub`` at most (OpenID Connect Core section 2)."""


def subject_from(issuer_name: str, sub: str) -> str:
    """Return the ``sub`` here of somebody who signs in through an issuer: stable, and nobody else's.

    Of one that is too long or has more than ASCII its digest stands there, after a ``~``; and of one that
    begins like a digest as well, so that nobody can choose another's.

    Args:
        issuer_name: what the configuration calls the issuer.
        sub: who they are to it.
    """
    plain = f"{issuer_name}:{sub}"
    if plain.isascii() and plain.isprintable() and len(plain) <= LONGEST and not sub.startswith("~"):
        return plain
    return f"{issuer_name}:~{sha256(sub.encode('utf-8', 'surrogatepass')).hexdigest()}"


def told_apart(sub: str) -> str:
    """Return the ``sub`` of somebody as it stands beside their issuer (``sub_id``): theirs as it is, unless
    it begins like a digest. Of one that does the digest stands there, so that nobody has that of a tenant's
    person (``subject_in_tenant``) for a ``sub``.
    """
    return sub if not sub.startswith("~") else subject_from("", sub).removeprefix(":")


def subject_in_tenant(issuer_name: str, tenant: str, sub: str) -> str:
    """Return the ``sub`` here of somebody whom a tenant of an issuer vouches for (SEC-62).

    Such a ``sub`` is unique in its tenant only, so both are in the digest that stands there. The line break
    between them is in no ``sub`` and no tenant: the person is nobody whom the issuer names without a tenant.
    """
    return subject_from(issuer_name, f"{tenant}\n{sub}")


def names_of(party: Party) -> tuple[str, ...]:
    """Return what we call a party, each once: as it came, as somebody whom its issuer vouches for, and what
    else they are called who came by a grant.

    Only denies ask for more than the first: it is what tokens say.
    """
    first = party.identity.subject
    beside = () if party.otherwise is None else party.otherwise.names
    name, sub = party.origin_name, party.origin.subject
    if name == OURSELVES or party.origin == party.identity:
        return (first, *beside)
    # What begins like a digest is one (``told_apart``, ``subject_in_tenant``).
    theirs = f"{name}:{sub}" if sub.startswith("~") else subject_from(name, sub)
    return tuple(dict.fromkeys((first, theirs, *beside)))


def as_actor(party: Party) -> Actor:
    """Return a party as a member of a chain, and what else it is called: denies ask for that later, too."""
    return Actor(party.identity, party.kind, names_of(party)[1:])


def also_known(party: Party, came: Party) -> Party:
    """Return somebody who came by a grant, and who they are otherwise: for denies (``policy.faces``).

    Args:
        came: the same, as their issuer's registration names them and groups them.
    """
    others = [*dict.fromkeys((*names_of(party), came.identity.subject))][1:]
    groups = tuple([one for one in came.groups if one not in party.groups])
    if not others and not groups:
        return party
    return msgspec.structs.replace(party, otherwise=Otherwise(tuple(others), groups))
