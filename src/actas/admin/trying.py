"""Trying a connection: which of the two sides would refuse, and why. Nothing is issued, nothing is written.

The side that is ours is decided by the parsers, validators and judge that answer requests, on a token that
was imagined for it (``imagined``). Of the other side is told what it says of itself; where an administrator
may ask it too, it decides the grant that ours would give by the same road (``of_grant``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

import msgspec

from actas.admin.afterwards import refused_at_last
from actas.admin.explanation import Explanation, explain_early
from actas.admin.finding import Check
from actas.admin.health import Health
from actas.admin.health_of_encryption import barring
from actas.admin.imagined import UNTYPED, Imagination, ThrowawayKey
from actas.admin.imagining import Asked, Imagining
from actas.admin.policy_tests import EVERY_PROOF
from actas.admin.rehearsal import Rehearsal
from actas.admin.told import explained
from actas.core import claims as read
from actas.core.abroad import Acceptance, GrantWord
from actas.core.errors import BadToken, InvalidGrant, InvalidTarget, OAuthError
from actas.core.permit import ExchangeRequest, Permit
from actas.core.ports import Json, JsonObject
from actas.core.wire import (
    ACCESS_TOKEN,
    GRANT_JWT,
    ID_JAG,
    ID_JAG_JWT,
    JWT,
    JWT_BEARER,
    JWT_GRANT,
    TOKEN_EXCHANGE,
    TokenType,
)
from actas.crypto.compact import normal_type
from actas.policy.connections import Connection, Connections, name_of
from actas.trust.registry import OUR_GRANTS

Says = Literal["yes", "no", "unreachable"]

_TYP: Final[dict[GrantWord, str]] = {"id_jag": ID_JAG_JWT, "jwt": GRANT_JWT}

_OF_KEYS: Final = ("binding_needed", "key_not_proven")
"""Why somebody is refused who proves no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side.

    Attributes:
        number: 1 gives the grant, 2 redeems it.
        server: the issuer identifier of the side.
        ours: whether this server is it.
        says: what it would say; of the other side as far as it can be known.
        place: where the configuration says so, ``file:line``; empty when it does not.
        decision: by our own engine; None for the other side.
        checks: what was found of the other side.
    """

    number: Literal[1, 2]
    server: str
    ours: bool
    says: Says
    place: str = ""
    decision: Explanation | None = None
    checks: tuple[Check, ...] = ()

    def document(self) -> JsonObject:
        """Return it for programs."""
        return {
            "number": self.number,
            "server": self.server,
            "ours": self.ours,
            "says": self.says,
            "place": self.place or None,
            "decision": None if self.decision is None else explained(self.decision),
            "checks": [one.document() for one in self.checks],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Both sides.

    Attributes:
        grant: what the grant would say, where we would give one: nobody has signed it.
        typ: what it would say that it is.
    """

    legs: tuple[Leg, Leg]
    grant: JsonObject | None = None
    typ: str | None = None


class Foretelling(Protocol):
    """Says what a grant would say (``issuers.id_jag``)."""

    def foretold(self, permit: Permit) -> JsonObject: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Tries connections under one configuration.

    Attributes:
        issuer: our own issuer identifier.
        rehearsal: decides, with the validators of real tokens, which are replaced.
        imagine: makes those of a dry run.
    """

    issuer: str
    connections: Connections
    rehearsal: Rehearsal
    imagine: Imagination
    imagining: Imagining
    grants: Mapping[TokenType, Foretelling]
    health: Health

    async def of(self, connection: Connection | Acceptance, asked: Asked) -> Tried:
        """Try a connection.

        Raises:
            StoreUnavailable: nobody knows who was here.
            ValueError: such claims cannot be written.
        """
        if isinstance(connection, Connection):
            return await self._issue(connection, asked)
        return await self._accept(connection, asked)

    async def of_grant(
        self, claims: Mapping[str, Json], *, typ: str = ID_JAG_JWT, audience: tuple[str, ...] = ()
    ) -> Leg:
        """Decide a grant that another server would give, as if it had.

        Args:
            claims: what it would say. Nobody has signed it.
            typ: what it would say that it is: an ID-JAG, else a plain grant; ``UNTYPED``: nothing.
            audience: the APIs that its client would name beside it.

        Raises:
            ValueError: they name no client, or cannot be written.
        """
        try:
            client = read.name(claims, "client_id")
        except BadToken as nobody:
            raise ValueError(nobody.detail) from nobody
        key = ThrowawayKey()
        kind = ID_JAG if normal_type(typ) == ID_JAG_JWT else JWT_GRANT
        token = key.sign({"jti": self.imagining.name(), **claims}, kind, typ=typ)
        request = ExchangeRequest(
            grant_type=JWT_BEARER, subject=token, requested=ACCESS_TOKEN, audience=audience, scope=None
        )
        found = await self._decided(client, request, key)
        if found.reason == "encryption_missing":
            # That it comes encrypted where it must is taken for granted: whether it does is the other side's.
            request = msgspec.structs.replace(request, subject=key.seal(token))
            found = await self._decided(client, request, key)
        return self._ours(2, found)

    async def _issue(self, connection: Connection, asked: Asked) -> Tried:
        theirs = await self.health.server_there(connection)
        found = await self._asked_for(connection, asked)
        grant: JsonObject | None = None
        barred = barring(theirs) if "encryption" in connection.to.proposals else None
        if found.permit is not None:
            try:
                grant = self.grants[found.permit.token_type].foretold(found.permit)
                if barred is not None:
                    raise InvalidTarget("no_encryption_key", detail=barred.why)
            except OAuthError as none:
                found, grant = refused_at_last(found, none.code, none.reason, none.detail), None
        checks = (
            () if barred is None else (barred.check,)
        )  # that there is no key keeps us from giving a grant
        theirs = tuple(one for one in theirs if one not in checks)
        there = Leg(number=2, server=connection.to.issuer, ours=False, says=_said_by(theirs), checks=theirs)
        here = replace(self._ours(1, found, place=connection.place), checks=checks)
        return Tried(legs=(here, there), grant=grant, typ=_TYP[connection.to.grant])

    async def _asked_for(self, connection: Connection, asked: Asked) -> Explanation:
        """Decide a request of the client for a grant of that person."""
        key = ThrowawayKey()
        if connection.sold is not None and not connection.sold.signed_in:
            raise ValueError(
                f"by {connection.name} an access token buys scopes there and a sign-in buys none, and a dry "
                "run has a sign-in only: show it the token, with actas explain "
                f"--client {connection.client} --subject @TOKEN --for jwt --to {connection.to.issuer}"
            )
        try:
            subject = await self.imagining.signed_in(connection, asked, key)
        except BadToken as bad:
            refusal, policy = bad.refusal("subject", InvalidGrant), self.rehearsal.policy.version
            return explain_early(refusal, stage=2, passed={1: connection.client}, policy=policy)
        request = ExchangeRequest(
            grant_type=TOKEN_EXCHANGE,
            subject=subject,
            requested=_asked_for(connection),
            audience=(connection.to.issuer,),
            # None for a plain grant, which is for the server; one of MCP servers, because a grant is for one.
            resource=connection.to.resources[: 1 if connection.to.mcp else None],
            scope=asked.scope,
        )
        return await self._decided(connection.client, request, key)

    async def _accept(self, accepted: Acceptance, asked: Asked) -> Tried:
        issuer = self.health.issuers[accepted.issuer]
        theirs = await self.health.issuer_there(accepted)
        there = Leg(number=1, server=issuer.issuer, ours=False, says=_said_by(theirs), checks=theirs)
        claims = self.imagining.grant(accepted, issuer, asked)
        if accepted.grant == "id_jag":
            here = await self.of_grant(claims)
        else:  # no claim says for which API such a grant is: its client does
            types = (issuer.jwt_grants or OUR_GRANTS).types
            plain = min((one for one in types if one is not None), default=UNTYPED)
            here = await self.of_grant(claims, typ=plain, audience=(accepted.api,))
        return Tried(legs=(there, replace(here, place=accepted.place)))

    async def _decided(self, client: str, request: ExchangeRequest, key: ThrowawayKey) -> Explanation:
        rehearsal = replace(self.rehearsal, subjects=self.imagine(key))
        found = await rehearsal.of_request(client, request)
        if found.reason not in _OF_KEYS:
            return found
        # That the client proves the keys that it must is taken for granted, as that it authenticates.
        return await rehearsal.of_request(client, request, proven=EVERY_PROOF)

    def _ours(self, number: Literal[1, 2], found: Explanation, *, place: str = "") -> Leg:
        return Leg(
            number=number,
            server=self.issuer,
            ours=True,
            says="yes" if found.granted else "no",
            place=place or _place_of(found),
            decision=found,
        )


def _asked_for(connection: Connection) -> TokenType:
    """Return what a client asks for by a connection: a grant, or what we redeem one for."""
    if connection.to.redeems:
        return ACCESS_TOKEN
    return ID_JAG if connection.to.grant == "id_jag" else JWT


def _said_by(checks: tuple[Check, ...]) -> Says:
    """Return what the other side would say, by what it says of itself: what is only odd keeps nobody."""
    bad = [one for one in checks if one.state == "bad"]
    if not bad:
        return "yes"
    return "unreachable" if all(one.silent for one in bad) else "no"


def _place_of(found: Explanation) -> str:
    """Return where the connection stands by which a grant is redeemed, as far as it came to that."""
    places = [line.place for line in found.rules if line.name.startswith(name_of("")) and line.matched]
    return places[0] if places else ""
