"""What is done with a permit: a token is minted by the issuer of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
import structlog

from actas.core.agreement import Agreement
from actas.core.errors import StoreUnavailable
from actas.core.family import Family
from actas.core.impersonation import Begun, Wanted
from actas.core.issued import Issued, Refreshed
from actas.core.lineage import Lineage
from actas.core.permit import Permit
from actas.core.person import VouchedPerson
from actas.core.secret import Secret
from actas.core.sign_in import Authorization
from actas.core.single import Single
from actas.core.wire import TokenFormat, TokenType
from actas.issuers.issuer import TokenIssuer

_log = structlog.get_logger("actas")


class Fulfilment(Protocol):
    """Step 5: does what was decided."""

    async def perform(self, permit: Permit) -> Issued:
        """Return what was made. Sees the permit and nothing else."""
        ...

    async def withdraw(self, issued: Issued) -> None:
        """Take back what can be, of something that was made and never left."""
        ...

    async def settle(self, permit: Permit) -> None:
        """Keep what holds from now on, once it is written down that it was granted. Does not fail."""
        ...


class Follows(Protocol):
    """Makes the refresh token that comes with another token."""

    async def begin(self, family: Family, permit: Permit) -> Refreshed:
        """Return the first of a family.

        Raises:
            OAuthError: what it comes from was revoked.
        """
        ...

    async def follow(self, permit: Permit) -> Refreshed:
        """Return the one that takes the place of one that was used.

        Raises:
            OAuthError: another request used that one.
        """
        ...

    async def put_back(self, refreshed: Refreshed) -> None:
        """Make the one that was used good again, while nobody has seen its successor."""
        ...


class Tells(Protocol):
    """Makes the ID token that tells an app who signed in."""

    async def tell(self, permit: Permit, issued: Issued) -> Secret | None:
        """Return it, for the access token that it comes with; None when nobody asked for one."""
        ...


class Serves(Protocol):
    """Notes which apps a session serves, so that they can be told when it ends."""

    async def serve(self, authorization: Authorization) -> None:
        """Note that it serves the app, before that gets anything.

        Raises:
            OAuthError: the session has ended.
        """
        ...


class Adds(Protocol):
    """Adds what the token of somebody who signed in carries about them."""

    def added(self, permit: Permit) -> Permit:
        """Return the permit of such a token."""
        ...


class Spends(Protocol):
    """Uses up tokens of other issuers that are good once."""

    async def spend(self, single: Single) -> None:
        """Note that one is used.

        Raises:
            OAuthError: it was used before, or nobody knows.
        """
        ...


class Agrees(Protocol):
    """Knows what people agreed to."""

    async def require(self, wanted: Agreement, lineage: Lineage) -> Lineage:
        """Return when somebody did: of what is made upon it, the lineage, which ends with the consent.

        Args:
            lineage: what else it comes from.

        Raises:
            OAuthError: they did not, or nobody knows.
        """
        ...


class Welcomes(Protocol):
    """Remembers people of other domains, and whom of ours they are."""

    async def match(self, person: VouchedPerson) -> None:
        """Keep whom of ours the grants of somebody mean. Of several requests at once that say otherwise, one
        comes through.

        Raises:
            OAuthError: they mean somebody else.
            StoreUnavailable: nobody knows.
        """
        ...

    async def remember(self, person: VouchedPerson) -> None:
        """Keep how somebody was seen who comes now.

        Raises:
            StoreUnavailable: nobody knows whether it was kept.
        """
        ...


class Begins(Protocol):
    """Begins the impersonation that has to run before a token of it is made."""

    async def begin(self, permit: Permit, wanted: Wanted) -> tuple[Permit, Begun]:
        """Return the permit of a token of it, and what runs now.

        Raises:
            OAuthError: it may not begin now, or not yet.
        """
        ...

    async def take_back(self, begun: Begun) -> None:
        """End one whose first token never left."""
        ...


class Mint:
    """Mints a token by the issuer registered for the permit's token type and format.

    Args:
        issuers: one issuer per token type and format.
        follows: makes the refresh token that comes with it.
        tells: makes the ID token that comes with it.
        serves: notes which app a session serves.
        begins: begins impersonations.
        spends: uses up what is good once.
        agrees: knows what people agreed to.
        welcomes: remembers people of other domains.
        adds: adds what a token carries about somebody who signed in.
    """

    def __init__(
        self,
        *issuers: TokenIssuer,
        follows: Follows,
        tells: Tells,
        serves: Serves,
        begins: Begins,
        spends: Spends,
        agrees: Agrees,
        welcomes: Welcomes,
        adds: Adds,
    ) -> None:
        self._issuers: Mapping[tuple[TokenType, TokenFormat], TokenIssuer] = {
            (issuer.token_type, issuer.format): issuer for issuer in issuers
        }
        self._follows = follows
        self._tells = tells
        self._serves = serves
        self._begins = begins
        self._spends = spends
        self._agrees = agrees
        self._welcomes = welcomes
        self._adds = adds
        if len(self._issuers) != len(issuers):
            raise ValueError("two issuers claim one token type and format")

    @property
    def token_types(self) -> frozenset[TokenType]:
        """The token types that can be minted."""
        return frozenset(token_type for token_type, _ in self._issuers)

    async def perform(self, permit: Permit) -> Issued:
        if permit.agreement is not None:  # first: a grant that is refused for it is not used up
            upon = await self._agrees.require(permit.agreement, permit.lineage)
            permit = msgspec.structs.replace(permit, lineage=upon)
        if permit.matched is not None:
            await self._welcomes.match(permit.matched)
        if permit.single is not None:
            # From here on it is used, whatever becomes of the answer (SEC-60).
            await self._spends.spend(permit.single)
        if permit.impersonation is not None:
            permit, begun = await self._begins.begin(permit, permit.impersonation)
            try:
                return msgspec.structs.replace(await self._issue(permit), begun=begun)
            except Exception:
                await self._begins.take_back(begun)
                raise
        if permit.authorization is not None and permit.renewal is None:
            await self._serves.serve(permit.authorization)
        issued = await self._issue(self._adds.added(permit))
        if permit.authorization is not None:
            issued = msgspec.structs.replace(issued, id_token=await self._tells.tell(permit, issued))
        if permit.begins is not None:
            first = await self._follows.begin(permit.begins, permit)
            return msgspec.structs.replace(issued, refresh=first)
        if permit.renewal is None:
            return issued
        # Last: nothing that can go wrong in minting costs the client the refresh token that it has.
        return msgspec.structs.replace(issued, refresh=await self._follows.follow(permit))

    async def withdraw(self, issued: Issued) -> None:
        if issued.refresh is not None:
            await self._follows.put_back(issued.refresh)
        if issued.begun is not None:
            await self._begins.take_back(issued.begun)

    async def settle(self, permit: Permit) -> None:
        if permit.newcomer is None:
            return
        # Whoever is known is in the log before. A crash, or a store that fails, in between leaves somebody
        # who becomes known by their next grant: nothing depends on it that the grant has not given already.
        try:
            await self._welcomes.remember(permit.newcomer)
        except StoreUnavailable as failed:
            _log.error(
                "who became known by a grant could not be kept",
                who=permit.newcomer.subject,
                detail=str(failed),
            )

    async def _issue(self, permit: Permit) -> Issued:
        issued = await self._issuers[permit.token_type, permit.format].issue(permit)
        return msgspec.structs.replace(issued, resource=permit.resource) if permit.resource else issued
