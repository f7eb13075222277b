"""Whether a proven token still holds: nothing that it comes from may have been revoked (SEC-23)."""

from __future__ import annotations

import contextlib

from actas.core.errors import BadToken, StoreUnavailable
from actas.core.lineage import Lineage, Marking, Revocations, Revoking
from actas.core.party import Actor, Identity, Party


def require_unrevoked(party: Party, revocations: Revocations, lineage: Lineage | None = None) -> None:
    """Return when nothing that the party's token comes from was revoked.

    Args:
        lineage: another than that of the party.

    Raises:
        BadToken: something was.
    """
    revoked = revocations.against(party.lineage if lineage is None else lineage)
    if revoked is not None:
        detail = f"it, or what it comes from, was revoked: entry {revoked.entry}"
        raise BadToken(detail, why="revoked", impersonation=party.impersonation)


async def note_written(revoking: Revoking, entry: str) -> None:
    """Note that the audit entry of what was revoked stands in a stream, as far as that can be done."""
    with contextlib.suppress(StoreUnavailable):  # then it is written once more, under the same id
        await revoking.written(entry)


def mark_of_party(marking: Marking, identity: Identity) -> str:
    """Return the mark of everything that somebody has a part in."""
    return marking.mark("party", identity.issuer, identity.subject)


def mark_of_issuer(marking: Marking, issuer: str) -> str:
    """Return the mark of everything that people hold for whom another issuer vouched when they signed in."""
    return marking.mark("issuer", issuer)


def marks_of_person(marking: Marking, person: Identity, origin: Identity) -> tuple[str, ...]:
    """Return the marks of what somebody holds who signed in: their own, and whoever vouched for them.

    Args:
        person: who they are to us.
        origin: who they are to whoever vouches for them.
    """
    marks = [mark_of_party(marking, one) for one in (person, origin)]
    if origin.issuer != person.issuer:
        marks.append(mark_of_issuer(marking, origin.issuer))
    return tuple(dict.fromkeys(marks))


def mark_of_foreign_token(marking: Marking, *, issuer: str, token_id: str | None, signed: bytes) -> str:
    """Return the mark of a token that another issuer made.

    Args:
        token_id: its ``jti``, if it has one.
        signed: what was signed, otherwise. Never the signature: of some algorithms, everybody can make a
            second one that verifies as well.
    """
    if token_id is not None:
        return marking.mark("token", issuer, token_id)
    return marking.mark("token", issuer, "", signed.decode("ascii"))


def foreign_lineage(
    marking: Marking,
    *,
    token: str,
    identity: Identity,
    origin: Identity,
    actors: tuple[Actor, ...],
    issued_at: int,
) -> Lineage:
    """Return the lineage of a token that another issuer made, which carries none.

    Args:
        token: its mark.
        identity: whom it speaks of, to us.
        origin: whom it speaks of, to its issuer.
        actors: its chain.
        issued_at: its ``iat``, seconds since the epoch.
    """
    named = (identity, origin, *[actor.identity for actor in actors])
    marks = (token, *[mark_of_party(marking, one) for one in named])
    return Lineage(tuple(dict.fromkeys(marks)), issued_at)
