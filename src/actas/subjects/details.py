"""The authorization details of a grant that is redeemed (RFC 9396 section 9.1, ID-JAG section 3.1).

Of every other token they are left where they are: what comes of it does not carry them on.
"""

from __future__ import annotations

import msgspec

from actas.core.details import LONGEST, BadDetails, details_from
from actas.core.errors import BadToken
from actas.core.party import Party


def with_details(party: Party) -> Party:
    """Return whom a grant tells of, with the authorization details that it says.

    Raises:
        BadToken: what it says is none, or beyond bounds.
    """
    if "authorization_details" not in party.claims:
        return party
    value = party.claims["authorization_details"]
    try:
        if len(msgspec.json.encode(value)) > LONGEST:
            raise BadDetails(f"they have more than {LONGEST} bytes")
        return msgspec.structs.replace(party, details=details_from(value))
    except BadDetails as bad:
        raise BadToken(f"its claim authorization_details: {bad}") from None
