"""The first step into another domain, without I/O: a grant of our server that another one redeems.

No grant is asked for before the other server has said, under its own name, where it takes them (RFC 8414
section 3.3): otherwise a false server could collect them. A grant is good once, so none is kept here, and who
needs one anew gets a new one.

Left to others: redeeming it (`crossing`, or another library), and how a request is sent (`token_endpoint`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, final

from actas_sdk.address import absolute
from actas_sdk.caller import Caller
from actas_sdk.details import DETAILS, Details, details_asked, details_in
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import ActasError, BadAnswer, InvalidToken, Misconfigured
from actas_sdk.flow import Answer, Flow, World
from actas_sdk.issuer import Issuer
from actas_sdk.jws import parse
from actas_sdk.party import Party
from actas_sdk.refreshing import REFRESH_TOKEN
from actas_sdk.requests import TOKEN_TYPE, Wanted, form_of, wanted_for
from actas_sdk.responses import granted
from actas_sdk.strict_json import Json, NotStrict, parse_object, text, texts
from actas_sdk.token import Hidden, Token
from actas_sdk.token_endpoint import TokenEndpoint, endpoint_of
from actas_sdk.verify import chain_of

__all__ = [
    "ID_JAG",
    "REQUESTED",
    "TYPES",
    "Grant",
    "GrantKind",
    "Granting",
    "WantedGrant",
    "about",
    "api_named",
    "details_wanted",
    "wanted_across",
]

ID_JAG: Final = TOKEN_TYPE + "id-jag"

GrantKind = Literal["id_jag", "jwt"]
"""An identity assertion, which tells who signed in; or a plain grant, as identity chaining has it."""

REQUESTED: Final[dict[GrantKind, str]] = {"id_jag": ID_JAG, "jwt": TOKEN_TYPE + "jwt"}
"""What each is asked for as."""

TYPES: Final[dict[GrantKind, str]] = {"id_jag": "oauth-id-jag+jwt", "jwt": "authorization-grant+jwt"}
"""What each says that it is, in its header."""

_MOST_SERVERS: Final = 64
_DOTS_OF_JWE: Final = 4  # RFC 7516 section 7.1: five parts


@final
class Grant(Hidden):
    """Leave for another server to give out a token of its own: an ID-JAG, or a plain grant of identity
    chaining. Good once, there and nowhere else.

    It does not print, format, log, pickle or serialise. No API takes it, ours or theirs.

    Attributes:
        audience: the issuer identifier of the server that redeems it.
        client_id: who this service is there; nobody else can have it redeemed.
        scopes: what the token that comes of it may do at most.
        authorization_details: likewise, in JSON (RFC 9396), as our server granted them.
        chain: for whom it is, followed by everybody who acts for them, oldest first. Empty when it is
            encrypted.
        encrypted: whether it is encrypted to the server that redeems it, so that nobody else can read it.
        expires_at: seconds since the epoch, or None when our server did not say.
    """

    __slots__ = (
        "audience",
        "authorization_details",
        "chain",
        "client_id",
        "encrypted",
        "expires_at",
        "scopes",
    )

    def __init__(
        self,
        text: str,
        *,
        audience: str,
        client_id: str,
        scopes: Iterable[str] = (),
        chain: Sequence[Party] = (),
        expires_at: float | None = None,
        authorization_details: Sequence[Mapping[str, Json]] = (),
        encrypted: bool = False,
    ) -> None:
        super().__init__(text)
        self.encrypted = encrypted
        self.audience = audience
        self.client_id = client_id
        self.scopes = frozenset(scopes)
        self.authorization_details = tuple(authorization_details)
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
        details: authorization details, as they are sent; nothing for none.
    """

    wanted: Wanted
    to: str
    client_id: str
    kind: GrantKind = "id_jag"
    details: str = ""

    @property
    def form(self) -> list[tuple[str, str]]:
        """What is asked at home (ID-JAG section 4.3). A plain grant is for the server, for no API there."""
        asked = form_of(self.wanted, requested=REQUESTED[self.kind])
        if self.kind == "jwt":
            asked = [one for one in asked if one[0] != "resource"]
        details = [(DETAILS, self.details)] if self.details else []
        return [*asked, ("audience", self.to), *details]


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
    if kind not in REQUESTED:
        raise Misconfigured("grant must be id_jag or jwt")
    if not absolute(wanted.to):
        raise Misconfigured("the resource must be the address of an API; its server is named by to=...")
    return wanted


def api_named(resource: str | None, *, to: str, kind: GrantKind) -> str:
    """Return what a grant is asked for: an API of the server ``to``, or of a plain grant the server itself.

    Raises:
        Misconfigured: an API is missing, or named where nothing would come of it.
    """
    if (resource is None) != (kind == "jwt"):
        raise Misconfigured("an ID-JAG is for an API: name it with resource=...; a plain grant names none")
    return to if resource is None else resource


def details_wanted(details: Sequence[Mapping[str, Json]], *, kind: GrantKind) -> str:
    """Return authorization details as they are asked for, with a grant that can say them.

    Raises:
        Misconfigured: it cannot, or they are none.
    """
    said = details_asked(details)
    if said and kind != "id_jag":
        raise Misconfigured(f"a plain grant says scopes, and no {DETAILS}")
    return said


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
    Of one that is encrypted it finds nothing: whether it is for our client and bound to our key shows when it
    is redeemed, where a token that is not bound as it was asked for is refused (`crossing`).

    Raises:
        Refused: the answer is no; `SignInAgain` and `Unreachable` likewise.
        BadAnswer: the answer breaks its specification, or the grant is for another server, another client
            or another key (ID-JAG sections 3.1 and 9.8).
    """
    given = granted(answer, wanted=wanted.wanted, kind=REQUESTED[wanted.kind], scheme="N_A")
    if wanted.kind == "id_jag" and given.text.count(".") == _DOTS_OF_JWE:
        return Grant(
            given.text,
            audience=wanted.to,
            client_id=wanted.client_id,
            scopes=given.scopes,
            expires_at=None if given.life is None else asked_at + given.life,
            # Whether it says them is not to be seen: the token that comes of it has to.
            authorization_details=given.details or _asked(wanted),
            encrypted=True,
        )
    try:
        jws = parse(given.text)
        if (jws.typ or "").lower().removeprefix("application/") != TYPES[wanted.kind]:
            raise NotStrict(f"its type is not {TYPES[wanted.kind]}")
        claims = parse_object(jws.unverified_payload)
        if texts(claims, "aud") != (wanted.to,):
            raise NotStrict("it is for another server than was asked for")
        if text(claims, "client_id") != wanted.client_id:
            raise NotStrict("it names another client than this service is there")
        if _bound(claims) != (None if dpop is None else dpop.thumbprint):
            raise NotStrict("it is not bound to our key, or to one that is not ours")
        if wanted.details and not claims.get(DETAILS):
            raise NotStrict(f"{DETAILS} were asked for, and it says none")
        return Grant(
            given.text,
            audience=wanted.to,
            client_id=wanted.client_id,
            scopes=given.scopes,
            chain=chain_of(claims),
            expires_at=None if given.life is None else asked_at + given.life,
            # The answer says them when they are not those that were asked for (ID-JAG section 4.3.4).
            authorization_details=given.details or _asked(wanted),
        )
    except (InvalidToken, NotStrict) as fault:
        raise BadAnswer(f"the grant of {answer.url}: {fault}") from None


def _bound(claims: Mapping[str, Json]) -> Json:
    cnf = claims.get("cnf")
    return cnf.get("jkt") if isinstance(cnf, dict) else cnf


def _asked(wanted: WantedGrant) -> Details:
    return details_in(wanted.details) if wanted.details else ()
