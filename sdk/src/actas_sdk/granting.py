"""The first step of cross-app access, without I/O: a grant of our server that another one redeems.

No grant is asked for before the other server has said, under its own name, where it takes them (RFC 8414
section 3.3): otherwise a false server could collect them. A grant is good once, so none is kept here, and who
needs one anew gets a new one.

Left to others: redeeming it (`crossing`, or another library), and how a request is sent (`token_endpoint`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, final

from actas_sdk.address import absolute
from actas_sdk.caller import Caller
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import ActasError, BadAnswer, InvalidToken, Misconfigured
from actas_sdk.flow import Answer, Flow, World
from actas_sdk.issuer import Issuer
from actas_sdk.jws import parse
from actas_sdk.party import Party
from actas_sdk.refreshing import REFRESH_TOKEN
from actas_sdk.requests import TOKEN_TYPE, Wanted, form_of, wanted_for
from actas_sdk.responses import granted
from actas_sdk.strict_json import NotStrict, parse_object, text, texts
from actas_sdk.token import Hidden, Token
from actas_sdk.token_endpoint import TokenEndpoint, endpoint_of
from actas_sdk.verify import chain_of

__all__ = ["ID_JAG", "Grant", "GrantKind", "Granting", "WantedGrant", "about", "wanted_across"]

ID_JAG: Final = TOKEN_TYPE + "id-jag"

GrantKind = Literal["id_jag", "jwt"]
"""An identity assertion, which tells who signed in; or a plain grant, as identity chaining has it."""

_REQUESTED: Final = {"id_jag": ID_JAG, "jwt": TOKEN_TYPE + "jwt"}
_TYPES: Final = {"id_jag": "oauth-id-jag+jwt", "jwt": "authorization-grant+jwt"}
_MOST_SERVERS: Final = 64


@final
class Grant(Hidden):
    """Leave for another server to give out a token of its own (ID-JAG). Good once, there and nowhere else.

    It does not print, format, log, pickle or serialise. No API takes it, ours or theirs.

    Attributes:
        audience: the issuer identifier of the server that redeems it.
        client_id: who this service is there; nobody else can have it redeemed.
        scopes: what the token that comes of it may do at most.
        chain: for whom it is, followed by everybody who acts for them, oldest first.
        expires_at: seconds since the epoch, or None when our server did not say.
    """

    __slots__ = ("audience", "chain", "client_id", "expires_at", "scopes")

    def __init__(
        self,
        text: str,
        *,
        audience: str,
        client_id: str,
        scopes: Iterable[str] = (),
        chain: Sequence[Party] = (),
        expires_at: float | None = None,
    ) -> None:
        super().__init__(text)
        self.audience = audience
        self.client_id = client_id
        self.scopes = frozenset(scopes)
        self.chain = tuple(chain)
        self.expires_at = expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedGrant:
    """A grant that is wanted.

    Attributes:
        wanted: for whom, the API there, and the scopes.
        to: the issuer identifier of the other server.
        client_id: who this service is to that server.
        kind: which kind of grant it is.
    """

    wanted: Wanted
    to: str
    client_id: str
    kind: GrantKind = "id_jag"

    @property
    def form(self) -> list[tuple[str, str]]:
        """What is asked at home (ID-JAG section 4.3). A plain grant is for the server, for no API there."""
        asked = form_of(self.wanted, requested=_REQUESTED[self.kind])
        if self.kind == "jwt":
            asked = [one for one in asked if one[0] != "resource"]
        return [*asked, ("audience", self.to)]


class Granting:
    """Gets grants of our server for others.

    Args:
        home: our server.
        world: time and chance.
    """

    def __init__(self, home: TokenEndpoint, *, world: World) -> None:
        self._home = home
        self._world = world
        self._issuers: OrderedDict[str, Issuer] = OrderedDict()

    def obtain(self, wanted: WantedGrant) -> Flow[Grant]:
        """Return a new grant for a server that says that it is the one meant, and that it redeems something.

        Raises:
            Refused: our server says no.
            SignInAgain: the sign-in is too old or too weak.
            Unreachable: no answer came, of either server.
            BadAnswer: a server answered what it must not.
        """
        with about(wanted.to):
            yield from endpoint_of(self.issuer(wanted.to))
        return (yield from self.request(wanted))

    def request(self, wanted: WantedGrant) -> Flow[Grant]:
        """Return a new grant for a server whose metadata has been read. Raises what `obtain` raises."""
        with about(self._home.issuer.address):
            at_home = yield from self._home.find()
            asked_at = self._world.now()
            answer = yield from self._home.ask(wanted.form, at_home, repeatable=wanted.wanted.repeatable)
            return _grant(answer, wanted=wanted, dpop=self._home.dpop, asked_at=asked_at)

    def issuer(self, address: str) -> Issuer:
        """Return another server, with what it has said of itself so far."""
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
    kind: GrantKind = "id_jag",
) -> Wanted:
    """Return what is wanted of an API of another company for ``whom``.

    Raises:
        NoPerson: there is no token to act for.
        Misconfigured: ``resource`` is no address, or it, the scopes or the type cannot be sent.
    """
    declared = REFRESH_TOKEN if subject_type == "refresh_token" else subject_type
    wanted = wanted_for(whom, to=resource, scopes=scopes, subject_type=declared)
    if kind not in _REQUESTED:
        raise Misconfigured("grant must be id_jag or jwt")
    if not absolute(wanted.to):
        raise Misconfigured("the resource must be the address of an API; its server is named by to=...")
    return wanted


@contextmanager
def about(server: str) -> Generator[None]:
    """Have each error of the block say which server it is about."""
    try:
        yield
    except ActasError as problem:
        problem.server = server
        raise


def _grant(answer: Answer, *, wanted: WantedGrant, dpop: DpopKey | None, asked_at: float) -> Grant:
    """Return the grant that our server gave, when it is the one that was asked for.

    It is not verified: who redeems it does that. This only finds what could never be redeemed, or not by us.

    Raises:
        Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
        BadAnswer: the answer breaks its specification, or the grant is for another server, another client
            or another key (ID-JAG sections 3.1 and 9.8).
    """
    given = granted(answer, wanted=wanted.wanted, kind=_REQUESTED[wanted.kind], scheme="N_A")
    try:
        jws = parse(given.text)
        if (jws.typ or "").lower().removeprefix("application/") != _TYPES[wanted.kind]:
            raise NotStrict(f"its type is not {_TYPES[wanted.kind]}")
        claims = parse_object(jws.unverified_payload)
        if texts(claims, "aud") != (wanted.to,):
            raise NotStrict("it is for another server than was asked for")
        if text(claims, "client_id") != wanted.client_id:
            raise NotStrict("it names another client than this service is there")
        cnf = claims.get("cnf")
        bound = cnf.get("jkt") if isinstance(cnf, dict) else cnf
        if bound != (None if dpop is None else dpop.thumbprint):
            raise NotStrict("it is not bound to our key, or to one that is not ours")
        return Grant(
            given.text,
            audience=wanted.to,
            client_id=wanted.client_id,
            scopes=given.scopes,
            chain=chain_of(claims),
            expires_at=None if given.life is None else asked_at + given.life,
        )
    except (InvalidToken, NotStrict) as fault:
        raise BadAnswer(f"the grant of {answer.url}: {fault}") from None
