"""Authorization requests over a ``House``, in process: apps push them, browsers bring them, somebody signs in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from actas.clients.dpop import ProofChecker
from actas.core.errors import OAuthError
from actas.core.party import Caller, Identity
from actas.core.records import Record
from actas.core.secret import Secret
from actas.core.sign_in import SignIn
from actas.core.suggest import did_you_mean
from actas.signin.apps import Strangers
from actas.signin.authorizing import Authorizing
from actas.signin.consents import Consents
from actas.signin.flow import Flow
from actas.signin.granting import Granting
from actas.signin.hints import Hints
from actas.signin.holdings import Kind
from actas.signin.naming import Naming
from actas.signin.proving import Begun, Visitor
from actas.signin.pushed import LIFE, Kept, PushedRequests
from actas.signin.pushing import Pushing
from actas.signin.sessions import Session, Sessions
from actas.signin.steps import Step
from actas.signin.suiting import Suiting
from actas.store.memory_sign_in import MemoryConsents
from actas.web.admission import Admission
from actas.web.errors import ErrorWriter
from actas.web.par import PushedRequestEndpoint
from tests.fakes.company import CALLBACK, ISSUER, secret_of
from tests.fakes.door import DOCS, FORM, Response, call
from tests.fakes.house import OPAQUE_KEY, House
from tests.fakes.sessions import sessions_of
from tests.fakes.visits import VERIFIER, challenge_of

STRANGER = Visitor(source="192.0.2.7", agent="Firefox", browser="browser-1", session=None)


def asked(**changes: Any) -> dict[str, Any]:
    """The parameters of an authorization request by web; None leaves one out."""
    form: dict[str, Any] = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid orders:read",
        "state": "s-1 &x=",
        "nonce": "n-1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


class FrontDoor:
    """What answers authorization requests on one node; several over one house are several nodes.

    Args:
        sessions: who is signed in; nobody, when left out.
    """

    def __init__(self, house: House, sessions: Sessions | None = None) -> None:
        self.house = house
        catalog, clock, chance = house.catalog, house.clock, house.chance
        self.sessions = sessions or sessions_of(house)
        self.consents = Consents(
            issuer=ISSUER,
            store=MemoryConsents(),
            revocations=house.revoked,
            marking=house.ring,
            clock=clock,
        )
        self.pushed = PushedRequests(
            issuer=ISSUER,
            flow=Flow("pushed", Kept, key=OPAQUE_KEY, chance=chance, clock=clock, life=LIFE),
            marks=house.marks,
            chance=chance,
            clock=clock,
        )
        hints = Hints(issuer=ISSUER, keys=house.ring)
        self.holdings: dict[str, frozenset[Kind]] = {}
        self.authorizing = Authorizing(
            issuer=ISSUER,
            directory=catalog,
            sessions=self.sessions,
            granting=Granting(
                issuer=ISSUER,
                directory=catalog,
                consents=self.consents,
                audit=house.minutes,
                chance=chance,
                clock=clock,
            ),
            codes=house.codes,
            pushed=self.pushed,
            hints=hints,
            suiting=Suiting(holds=self, clock=clock),
            strangers=Strangers(house.published_clients.clients(catalog, clock)),
            naming=Naming(catalog, names=catalog.apps, suggested=did_you_mean, clock=clock),
            begun=Flow("begun", Begun, key=OPAQUE_KEY, chance=chance, clock=clock),
            audit=house.minutes,
            clock=clock,
            fresh=house.follower.require_fresh,
        )
        proofs = ProofChecker(
            url=f"{ISSUER}/par", max_age=60, nonces=house.nonces, marks=house.marks, clock=clock
        )
        self.pushing = Pushing(
            clients=house.authenticator,
            registered=catalog,
            hints=hints,
            made=self.pushed,
            proofs=proofs,
            clock=clock,
            audit=house.minutes,
            fresh=house.follower.require_fresh,
        )
        self.par = PushedRequestEndpoint(
            self.pushing,
            nonces=house.nonces,
            errors=ErrorWriter(docs=DOCS, issuer=ISSUER, dev=False),
            admission=Admission(most=64),
        )

    async def has(self, subject: str) -> frozenset[Kind]:
        """What somebody can prove who they are with: what ``holdings`` says, and a password."""
        return self.holdings.get(subject, frozenset()) | {"password"}

    async def push(
        self, *, method: str = "POST", headers: Sequence[tuple[bytes, bytes]] = (), **changes: Any
    ) -> Response:
        """Push a request by web, which proves who it is by its secret unless ``changes`` say otherwise."""
        form = asked(**{"client_secret": secret_of("web"), **changes})
        return await call(
            self.par,
            method=method,
            path="/par",
            headers=[FORM, *headers],
            body=urlencode(form, doseq=True).encode(),
        )

    async def uri(self, **changes: Any) -> str:
        """What stands for a request that is pushed."""
        answer = await self.push(**changes)
        assert answer.status == 201, answer
        uri: str = answer.json["request_uri"]
        return uri

    async def visitor(self, person: str = "alice", /, **how: Any) -> Visitor:
        """A browser at which somebody has just signed in."""
        identity = Identity(ISSUER, f"actas:{person}")

        def sign_in(sid: str, ends_at: int) -> SignIn:
            said: dict[str, Any] = {
                "person": identity, "origin": identity, "origin_name": "actas", "groups": ("support",),
                "claims": {}, "at": int(self.house.clock.now()), "acr": "pwd", "amr": ("pwd",),
            }  # fmt: skip
            return SignIn(**{**said, **how}, sid=sid, ends_at=ends_at)

        text, _ = await self.sessions.begin(
            sign_in, source="192.0.2.7", browser="Firefox", replaces=None, ended=_never
        )
        return Visitor(source="192.0.2.7", agent="Firefox", browser="browser-1", session=text.reveal())

    async def bring(self, visitor: Visitor = STRANGER, form: Mapping[str, Any] | None = None) -> Step:
        """What comes next when an app sends a browser."""
        query = urlencode(asked() if form is None else form, doseq=True)
        return await self.authorizing.ask(query.encode(), visitor)

    async def refused(self, visitor: Visitor = STRANGER, form: Mapping[str, Any] | None = None) -> OAuthError:
        """The refusal that only the person is shown; anything else is a failure."""
        try:
            step = await self.bring(visitor, form)
        except OAuthError as error:
            return error
        raise AssertionError(f"it went on: {step}")


def caller(address: str = "192.0.2.7", *, proofs: Sequence[str] = ()) -> Caller:
    """Whoever is on the other end."""
    return Caller(address=address, proofs=tuple(Secret(one) for one in proofs))


def _never(_session: Session) -> Record:
    raise AssertionError("no session is replaced here")
