"""The second step of cross-app access, without I/O: the token that another server gives for a grant of ours.

A grant is good once, for one server. So one that may have arrived is never sent again: whoever needs a token
anew gets a new grant.

Left to others: the grant itself (`granting`), and how a request is sent, and proven (`token_endpoint`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Final

from actas_sdk.credentials import ClientSecret, ClientSecretJwt, Credentials, Workload, require_id
from actas_sdk.details import DETAILS
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import TOO_OLD, BadAnswer, Misconfigured, Refused, SignInAgain
from actas_sdk.flow import Answer, Flow, World
from actas_sdk.granting import Grant, Granting, GrantKind, WantedGrant, about
from actas_sdk.party import Party
from actas_sdk.requests import Wanted
from actas_sdk.responses import nonce_wanted
from actas_sdk.responses import token as token_response
from actas_sdk.token import Token
from actas_sdk.token_cache import TokenCache, obtained
from actas_sdk.token_endpoint import TokenEndpoint

__all__ = ["Crossed", "Crossing", "secluded"]

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """A token of another server that is wanted.

    Attributes:
        wanted: for whom, the API there, and the scopes.
        to: the issuer identifier of that server.
        there: who this service is to that server.
        kind: which kind of grant is asked for.
        details: authorization details, as they are sent; nothing for none.
    """

    wanted: Wanted
    to: str
    there: Credentials = field(repr=False)
    kind: GrantKind = "id_jag"
    details: str = ""

    @property
    def key(self) -> bytes:
        """What the token is kept under: a digest of everything that decides what it is."""
        where = [self.to, self.there.client_id]
        said = json.dumps(["cross-app", self.kind, self.wanted.key.hex(), *where, self.details])
        return hashlib.sha256(said.encode("utf-8")).digest()

    @property
    def grant(self) -> WantedGrant:
        """The grant that it is bought with."""
        return WantedGrant(
            wanted=self.wanted,
            to=self.to,
            client_id=self.there.client_id,
            kind=self.kind,
            details=self.details,
        )

    @property
    def at_api(self) -> list[tuple[str, str]]:
        """What names the API to the other server, where the grant does not (identity chaining 2.4.1)."""
        return [("resource", self.wanted.to)] if self.kind == "jwt" else []


class Crossing:
    """Gets tokens of other servers with grants of ours.

    Args:
        granting: gets the grants.
        dpop: the key that grants and tokens are bound to, or None.
        cache: where tokens are kept.
        world: time and chance.
    """

    def __init__(self, granting: Granting, *, dpop: DpopKey | None, cache: TokenCache, world: World) -> None:
        self._granting = granting
        self._dpop = dpop
        self._cache = cache
        self._world = world

    def obtain(self, wanted: Crossed) -> Flow[Token]:
        """Return the wanted token: the one at hand, or a new one shared by all who wait for it.

        Raises:
            Refused: one of the servers says no.
            SignInAgain: the sign-in is too old or too weak.
            Unreachable: no answer came, and no token at hand is still good.
            BadAnswer: a server answered what it must not.
        """
        request = obtained(self._cache, wanted.key, lambda: self._request(wanted), world=self._world)
        return (yield from request)

    def _request(self, wanted: Crossed) -> Flow[Token]:
        issuer = self._granting.issuer(wanted.to)
        there = TokenEndpoint(issuer, credentials=wanted.there, world=self._world, dpop=self._dpop)
        with about(wanted.to):
            endpoint = yield from there.find()
        grant, asked_at, answer = yield from self._redeemed(wanted, there, endpoint)
        if self._dpop is not None and nonce_wanted(answer):
            # The proof of the next one has the nonce (RFC 9449 section 8). The grant may count as used.
            grant, asked_at, answer = yield from self._redeemed(wanted, there, endpoint)
        with about(wanted.to):
            found = _token(answer, wanted=wanted, grant=grant, asked_at=asked_at, dpop=self._dpop)
        subject = wanted.wanted.subject
        until = None if subject is None else subject.expires_at
        self._cache.keep(wanted.key, found, asked_at=asked_at, until=until)
        return found

    def _redeemed(
        self, wanted: Crossed, there: TokenEndpoint, endpoint: str
    ) -> Flow[tuple[Grant, float, Answer]]:
        """Get a grant and send it, once. Returns the grant, when it was sent, and what came of it."""
        grant = yield from self._granting.request(wanted.grant)
        asked_at = self._world.now()
        form = [("grant_type", _JWT_BEARER), ("assertion", grant.reveal()), *wanted.at_api]
        with about(wanted.to):
            answer = yield from there.send(form, endpoint, repeatable=False)
        return grant, asked_at, answer


def secluded(ours: Credentials, there: Credentials) -> None:
    """Do nothing if ``there`` shows nothing to another server that is good at ours.

    A key may be the same: what it signs is for one server.

    Raises:
        Misconfigured: it has our secret, or our platform's token; or no client id.
    """
    require_id(there.client_id)
    shared = False
    if isinstance(there, ClientSecret | ClientSecretJwt):
        shared = isinstance(ours, ClientSecret | ClientSecretJwt) and ours.secret == there.secret
    elif isinstance(there, Workload):
        shared = isinstance(ours, Workload) and str(ours.path) == str(there.path)
    if shared:
        raise Misconfigured("the other server must not get what this service proves itself with at ours")


def _token(answer: Answer, *, wanted: Crossed, grant: Grant, asked_at: float, dpop: DpopKey | None) -> Token:
    """Return the token that the other server gave for a grant (RFC 6749 section 5.1).

    Raises:
        Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
        BadAnswer: the answer breaks its specification.
    """
    # As any other token answer, and not that of an exchange: it has no issued_token_type.
    plain = replace(wanted.wanted, subject=None, subject_type="", scopes=grant.scopes)
    client = Party(id=wanted.there.client_id, issuer=wanted.to)
    try:
        found = token_response(
            answer, wanted=plain, client=client, asked_at=asked_at, dpop=dpop, before=grant.chain
        )
        if grant.authorization_details and not found.authorization_details:
            # Whoever grants them says so (ID-JAG section 4.4.1). One that says nothing may be for more.
            raise BadAnswer(f"{answer.url} gave a token without the {DETAILS} of its grant")
        return found
    except SignInAgain as problem:
        if problem.needs != TOO_OLD:
            raise
        # It was a new grant that the other server found too old: no sign-in mends that, but a clock may.
        sentence = problem.sentence
        refused = Refused(sentence, code="invalid_grant", reason="expired", entry=problem.entry)
        raise refused from None
