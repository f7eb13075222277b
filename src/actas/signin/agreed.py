"""Whether somebody who does not sign in here agreed to what an app gets about them (SEC-62)."""

from __future__ import annotations

from actas.core.agreement import Agreement
from actas.core.errors import InvalidGrant
from actas.core.lineage import Lineage
from actas.signin.consents import Consents


class Agreed:
    """Asks for consents that are on record. Nobody is asked anything, since nobody is there.

    Args:
        consents: what people let apps do.
    """

    def __init__(self, consents: Consents) -> None:
        self._consents = consents

    async def require(self, wanted: Agreement, lineage: Lineage) -> Lineage:
        """Return when it was agreed to, and was not taken back: the lineage of what is made upon it, which
        ends when it is taken back (SEC-23).

        Args:
            lineage: what else that comes from.

        Raises:
            InvalidGrant: it was not.
            StoreUnavailable: nobody knows; nothing is issued then.
        """
        who = f"{wanted.client} asks people each time (sign_in.consent), and {wanted.subject}"
        if wanted.details:
            # A consent is to scopes at APIs. Of what a detail is about, nobody was asked.
            detail = f"{who} cannot have let it do what authorization details say: no consent tells of them"
            raise InvalidGrant("not_consented", detail=detail)
        given = await self._consents.given(wanted.subject, wanted.client, fingerprint=wanted.fingerprint)
        if given is None or not given.covers(wanted.scope, wanted.offered):
            said = " ".join(sorted(wanted.scope))[:300]
            raise InvalidGrant("not_consented", detail=f"{who} never let it do all of this: {said}")
        # After it was read, as of codes: whoever takes it back later than this ends what is made now.
        upon = self._consents.upon(wanted.subject, wanted.client, before=lineage)
        if upon is None:
            detail = f"{who} took back what they let it do after the grant was made"
            raise InvalidGrant("not_consented", detail=detail)
        return upon
