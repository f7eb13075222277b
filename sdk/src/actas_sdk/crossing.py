"""Cross-app access, without I/O: a grant of our server, and the token another server gives for it.

A grant is good once, for one server. So one that may have arrived is never sent again: whoever needs a token
anew gets a new grant. No grant is asked for before the other server has said, under its own name, where it
takes them (RFC 8414 section 3.3): otherwise a false server could collect them.

Left to others: how a request is sent, and proven (`token_endpoint`).
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from actas_sdk.address import absolute
from actas_sdk.caller import Caller
from actas_sdk.credentials import ClientSecret, ClientSecretJwt, Credentials, Workload, require_id
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import TOO_OLD, ActasError, BadAnswer, InvalidToken, Misconfigured, Refused, SignInAgain
from actas_sdk.flow import Answer, Flow, World
from actas_sdk.issuer import Issuer
from actas_sdk.jws import parse
from actas_sdk.party import Party
from actas_sdk.refreshing import REFRESH_TOKEN
from actas_sdk.requests import TOKEN_TYPE, Wanted, form_of, wanted_for
from actas_sdk.responses import granted, nonce_wanted
from actas_sdk.responses import token as token_response
from actas_sdk.strict_json import NotStrict, parse_object, text, texts
from actas_sdk.token import Token
from actas_sdk.token_cache import TokenCache, obtained
from actas_sdk.token_endpoint import TokenEndpoint
from actas_sdk.verify import chain_of

__all__ = ["Crossed", "Crossing", "GrantKind", "secluded", "wanted_across"]

GrantKind = Literal["id_jag", "jwt"]
"""An identity assertion, which tells who signed in; or a plain grant, as identity chaining has it."""

_REQUESTED: Final = {"id_jag": TOKEN_TYPE + "id-jag", "jwt": TOKEN_TYPE + "jwt"}
_TYPES: Final = {"id_jag": "oauth-id-jag+jwt", "jwt": "authorization-grant+jwt"}
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_MOST_SERVERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """A token of another server that is wanted.

    Attributes:
        wanted: for whom, the API there, and the scopes.
        to: the issuer identifier of that server.
        there: who this service is to that server.
        grant: which kind of grant is asked for.
    """

    wanted: Wanted
    to: str
    there: Credentials = field(repr=False)
    grant: GrantKind = "id_jag"

    @property
    def key(self) -> bytes:
        """What the token is kept under: a digest of everything that decides what it is."""
        said = json.dumps(["cross-app", self.grant, self.wanted.key.hex(), self.to, self.there.client_id])
        return hashlib.sha256(said.encode("utf-8")).digest()

    @property
    def form(self) -> list[tuple[str, str]]:
        """What is asked at home (ID-JAG section 4.3). A plain grant is for the server and for no API
        there.
        """
        asked = form_of(self.wanted, requested=_REQUESTED[self.grant])
        if self.grant == "jwt":
            asked = [one for one in asked if one[0] != "resource"]
        return [*asked, ("audience", self.to)]

    @property
    def at_api(self) -> list[tuple[str, str]]:
        """What names the API to the other server, where the grant does not (identity chaining 2.4.1)."""
        return [("resource", self.wanted.to)] if self.grant == "jwt" else []


class _Grant(NamedTuple):
    """A grant, for whom it is, and the scopes that it was said to have."""

    text: str
    chain: tuple[Party, ...]
    scopes: frozenset[str]


class Crossing:
    """Gets tokens of other servers with grants of ours.

    Args:
        home: our server.
        cache: where tokens are kept.
        world: time and chance.
    """

    def __init__(self, home: TokenEndpoint, *, cache: TokenCache, world: World) -> None:
        self._home = home
        self._cache = cache
        self._world = world
        self._issuers: OrderedDict[str, Issuer] = OrderedDict()

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
        issuer = self._issuer(wanted.to)
        there = TokenEndpoint(issuer, credentials=wanted.there, world=self._world, dpop=self._home.dpop)
        with _about(there):
            endpoint = yield from there.find()
        grant, asked_at, answer = yield from self._redeemed(wanted, there, endpoint)
        if self._home.dpop is not None and nonce_wanted(answer):
            # The proof of the next one has the nonce (RFC 9449 section 8). The grant may count as used.
            grant, asked_at, answer = yield from self._redeemed(wanted, there, endpoint)
        with _about(there):
            found = _token(answer, wanted=wanted, grant=grant, asked_at=asked_at, dpop=self._home.dpop)
        subject = wanted.wanted.subject
        until = None if subject is None else subject.expires_at
        self._cache.keep(wanted.key, found, asked_at=asked_at, until=until)
        return found

    def _redeemed(
        self, wanted: Crossed, there: TokenEndpoint, endpoint: str
    ) -> Flow[tuple[_Grant, float, Answer]]:
        """Get a grant and send it, once. Returns the grant, when it was sent, and what came of it."""
        with _about(self._home):
            at_home = yield from self._home.find()
            answer = yield from self._home.ask(wanted.form, at_home, repeatable=wanted.wanted.repeatable)
            grant = _grant(answer, wanted=wanted, dpop=self._home.dpop)
        asked_at = self._world.now()
        form = [("grant_type", _JWT_BEARER), ("assertion", grant.text), *wanted.at_api]
        with _about(there):
            answer = yield from there.send(form, endpoint, repeatable=False)
        return grant, asked_at, answer

    def _issuer(self, address: str) -> Issuer:
        found = self._issuers.pop(address, None) or Issuer(address, world=self._world)
        self._issuers[address] = found
        while len(self._issuers) > _MOST_SERVERS:
            self._issuers.popitem(last=False)
        return found


def wanted_across(
    whom: Caller | Token | str | None,
    *,
    resource: str,
    scopes: Iterable[str],
    subject_type: str,
    grant: GrantKind = "id_jag",
) -> Wanted:
    """Return what is wanted of an API of another company for ``whom``.

    Raises:
        NoPerson: there is no token to act for.
        Misconfigured: ``resource`` is no address, or it, the scopes or the type cannot be sent.
    """
    declared = REFRESH_TOKEN if subject_type == "refresh_token" else subject_type
    wanted = wanted_for(whom, to=resource, scopes=scopes, subject_type=declared)
    if grant not in _REQUESTED:
        raise Misconfigured("grant must be id_jag or jwt")
    if not absolute(wanted.to):
        raise Misconfigured("the resource must be the address of an API; its server is named by to=...")
    return wanted


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


@contextmanager
def _about(server: TokenEndpoint) -> Generator[None]:
    """Have each error of the block say which server it is about."""
    try:
        yield
    except ActasError as problem:
        problem.server = server.issuer.address
        raise


def _grant(answer: Answer, *, wanted: Crossed, dpop: DpopKey | None) -> _Grant:
    """Return the grant that our server gave, when it is the one that was asked for.

    It is not verified: who redeems it does that. This only finds what could never be redeemed, or not by us.

    Raises:
        Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
        BadAnswer: the answer breaks its specification, or the grant is for another server, another client
            or another key (ID-JAG sections 3.1 and 9.8).
    """
    given = granted(answer, wanted=wanted.wanted, kind=_REQUESTED[wanted.grant], scheme="N_A")
    try:
        jws = parse(given.text)
        if (jws.typ or "").lower().removeprefix("application/") != _TYPES[wanted.grant]:
            raise NotStrict(f"its type is not {_TYPES[wanted.grant]}")
        claims = parse_object(jws.unverified_payload)
        if texts(claims, "aud") != (wanted.to,):
            raise NotStrict("it is for another server than was asked for")
        if text(claims, "client_id") != wanted.there.client_id:
            raise NotStrict("it names another client than this service is there")
        cnf = claims.get("cnf")
        bound = cnf.get("jkt") if isinstance(cnf, dict) else cnf
        if bound != (None if dpop is None else dpop.thumbprint):
            raise NotStrict("it is not bound to our key, or to one that is not ours")
        return _Grant(given.text, chain_of(claims), given.scopes)
    except (InvalidToken, NotStrict) as fault:
        raise BadAnswer(f"the grant of {answer.url}: {fault}") from None


def _token(answer: Answer, *, wanted: Crossed, grant: _Grant, asked_at: float, dpop: DpopKey | None) -> Token:
    """Return the token that the other server gave for a grant (RFC 6749 section 5.1).

    Raises:
        Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
        BadAnswer: the answer breaks its specification.
    """
    # As any other token answer, and not that of an exchange: it has no issued_token_type.
    plain = replace(wanted.wanted, subject=None, subject_type="", scopes=grant.scopes)
    client = Party(id=wanted.there.client_id, issuer=wanted.to)
    try:
        return token_response(
            answer, wanted=plain, client=client, asked_at=asked_at, dpop=dpop, before=grant.chain
        )
    except SignInAgain as problem:
        if problem.needs != TOO_OLD:
            raise
        # It was a new grant that the other server found too old: no sign-in mends that, but a clock may.
        sentence = problem.sentence
        refused = Refused(sentence, code="invalid_grant", reason="expired", entry=problem.entry)
        raise refused from None
