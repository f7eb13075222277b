"""Of which tenant a grant is, and who its people are then (ID-JAG sections 3.1 and 6, SEC-62).

An issuer with several tenants gives the same ``sub`` to different people, each in another tenant. So a grant
that names a tenant is redeemed only by a connection that names the same, and its people are called by tenant
and ``sub`` together: also where a connection is written for another tenant tomorrow, nobody is taken for
anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from actas.core import claims as read
from actas.core.abroad import Acceptance
from actas.core.errors import BadToken
from actas.core.party import Identity, Party
from actas.core.person import subject_from, subject_in_tenant
from actas.core.ports import Json


def require_tenant(claims: Mapping[str, Json], accepted: Acceptance) -> None:
    """Return when a grant is of the tenant that a connection names, and for the one of ours that it names.

    Raises:
        BadToken: it is of another, or one of the two names a tenant and the other does not.
    """
    for name, wanted in (("tenant", accepted.tenant), ("aud_tenant", accepted.aud_tenant)):
        said = read.optional_name(claims, name)
        if said != wanted:
            found = "no tenant" if said is None else said
            detail = f"it says {found} as {name}, and the connection {accepted.name} says {wanted or 'none'}"
            raise BadToken(detail, why="wrong_tenant")


def in_tenant(party: Party) -> tuple[Party, str]:
    """Return somebody as their issuer knows them, and what they are called here.

    Where it names a tenant, both are by tenant and ``sub``: whoever reads a token that comes of it takes the
    people of two tenants for two as well.
    """
    name, sub = party.issuer_name, read.name(party.claims, "sub")
    tenant = read.optional_name(party.claims, "tenant")
    if tenant is None:
        return party, subject_from(name, sub)
    here = subject_in_tenant(name, tenant, sub)
    origin = Identity(party.origin.issuer, here.removeprefix(f"{name}:"))
    return msgspec.structs.replace(party, origin=origin), here
