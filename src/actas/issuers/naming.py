"""What a grant for another domain's server calls tenants and people (ID-JAG sections 3.1 and 6)."""

from __future__ import annotations

from actas.core.abroad import Abroad, GrantAbroad
from actas.core.errors import InvalidGrant, InvalidTarget, OAuthError
from actas.core.naming import Called, SubjectId
from actas.core.permit import Permit
from actas.core.person import Person
from actas.core.ports import JsonObject


def identifiers(
    permit: Permit, grant: GrantAbroad, person: Person | None, *, email: str | None
) -> JsonObject:
    """Return the claims by which a connection lets tenants and the person be named.

    Args:
        person: the user of ours whom the grant is about; None when they are none.
        email: their verified address, if they have one.

    Raises:
        OAuthError: the person has no name there that the connection tells (``nameless``).
    """
    to = grant.to
    claims: JsonObject = {}
    if to.tenant is not None:
        claims["tenant"] = to.tenant
    if to.aud_tenant is not None:
        claims["aud_tenant"] = to.aud_tenant
    if to.aud_sub is not None:
        claims["aud_sub"] = _name(to.aud_sub, permit, grant, person)
    if to.sub_id is not None:
        claims["sub_id"] = _subject_id(to.sub_id, permit, grant, person, email)
    return claims


def nameless(to: Abroad, detail: str) -> OAuthError:
    """Return the refusal of a grant about somebody who has no name at the server that it is for.

    Whoever asks for a grant is told so of their token (ID-JAG section 4.3.4.3). Where the grant is redeemed
    for the client, that asked for no grant and its token is good: it is the target for which none is issued
    (RFC 8693 section 2.2.2).
    """
    if to.redeems:
        return InvalidTarget("person_not_nameable", detail=detail)
    return InvalidGrant("person_not_nameable", detail=detail)


def _subject_id(
    form: SubjectId, permit: Permit, grant: GrantAbroad, person: Person | None, email: str | None
) -> JsonObject:
    name = email if form.who is None else _name(form.who, permit, grant, person)
    if name is None:
        detail = f"{permit.subject.subject} has no verified address, and {grant.to.connection} tells it"
        raise nameless(grant.to, detail)
    return {**form.of(name, person, grant.called)}


def _name(called: Called, permit: Permit, grant: GrantAbroad, person: Person | None) -> str:
    name = called.of(person, grant.called)
    if name is None:
        detail = f"{permit.subject.subject} has no name by {called}, and {grant.to.connection} tells it"
        raise nameless(grant.to, detail)
    return name
