"""What a grant for another domain's server calls tenants and people (ID-JAG sections 3.1 and 6)."""

from __future__ import annotations

from actas.core.abroad import GrantAbroad
from actas.core.errors import InvalidGrant
from actas.core.naming import Called
from actas.core.permit import Permit
from actas.core.person import Person
from actas.core.ports import JsonObject


def identifiers(permit: Permit, grant: GrantAbroad, person: Person | None) -> JsonObject:
    """Return the claims by which a connection lets tenants and the person be named.

    Args:
        person: the user of ours whom the grant is about; None when they are none.

    Raises:
        InvalidGrant: the person has no name there that the connection tells.
    """
    to = grant.to
    claims: JsonObject = {}
    if to.tenant is not None:
        claims["tenant"] = to.tenant
    if to.aud_tenant is not None:
        claims["aud_tenant"] = to.aud_tenant
    if to.aud_sub is not None:
        claims["aud_sub"] = _name(to.aud_sub, permit, grant, person)
    return claims


def _name(called: Called, permit: Permit, grant: GrantAbroad, person: Person | None) -> str:
    name = called.of(person, grant.called)
    if name is None:
        detail = f"{permit.subject.subject} has no name by {called}, and {grant.to.connection} tells it"
        raise InvalidGrant("person_not_nameable", detail=detail)
    return name
