"""Signing in through an issuer, in process: the issuer is on a real socket, and answers what a test wants."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from actas.clients.throttle import Limits, Step
from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.net.fetch import GuardedFetch
from actas.signin.beginning import Begun, Opening, Visitor
from actas.signin.elsewhere import Elsewhere
from actas.signin.ending import Endings
from actas.signin.flow import Flow
from actas.signin.providers import LIFE, Away
from actas.signin.redeeming import Redeeming
from actas.signin.request import AuthorizationRequest
from actas.signin.sessions import Sessions
from actas.signin.steps import AskWho, GoOn, SendAway
from actas.signin.vouched import Vouching
from actas.store.catalog import Catalog
from actas.store.memory_sign_in import MemorySessions
from actas.trust.jwks import IssuerKeys
from actas.trust.provider import Providers
from actas.trust.registry import SignInThere, TrustedIssuer
from tests.fakes.clock import FixedClock
from tests.fakes.company import CALLBACK, client, signing_in
from tests.fakes.hostile_issuer import Answer, HostileIssuer, document
from tests.fakes.house import CLIENTS, CORP, ISSUER, NOW, OPAQUE_KEY, PEOPLE, House
from tests.fakes.sessions import sessions_of

VISITOR = Visitor(source="192.0.2.7", agent="Firefox", browser="browser-1", session=None)
SECRET = "a secret: with % and +"
TERMS = SignInThere(
    client_id="acme at okta",
    client_secret=Secret(SECRET),
    display="Okta",
    scopes=("openid", "email"),
    mfa='"mfa" in claims.amr',
)
WEB = signing_in(client("web", kind="app"))
DESK = signing_in(client("desk", kind="app"))


def asking(**changes: Any) -> AuthorizationRequest:
    """What an app asked."""
    members: dict[str, Any] = {
        "client": "web",
        "redirect_uri": CALLBACK,
        "challenge": "c" * 43,
        "scope": frozenset({"openid"}),
        "apis": ("actas-userinfo",),
        "began": NOW,
        **changes,
    }
    return AuthorizationRequest(**members)


def registered(idp: HostileIssuer, **terms: Any) -> TrustedIssuer:
    """An issuer through which people sign in, and that is trusted for nothing else."""
    return TrustedIssuer(
        name="okta",
        issuer=idp.issuer,
        kind="oidc",
        accepts=frozenset(),
        algorithms=frozenset({"ES256"}),
        audiences={},
        groups='"groups" in claims ? claims.groups : []',
        sign_in=replace(TERMS, **terms),
    )


def publish(idp: HostileIssuer, **changes: Any) -> None:
    """Have an issuer publish what an OpenID provider does."""
    idp.discovery |= {
        "authorization_endpoint": f"{idp.origin}/authorize?tenant=acme",
        "token_endpoint": f"{idp.origin}/token",
        "userinfo_endpoint": f"{idp.origin}/userinfo",
        "authorization_response_iss_parameter_supported": True,
        **changes,
    }


class Desk:
    """Everything by which somebody signs in through ``idp``, over a house.

    Args:
        others: further issuers that are registered.
        terms: of signing in through it that differ.
    """

    def __init__(
        self,
        idp: HostileIssuer,
        *others: TrustedIssuer,
        fetch: GuardedFetch,
        clock: FixedClock,
        **terms: Any,
    ) -> None:
        self.idp = idp
        publish(idp)
        self.house = House(
            clients=[*CLIENTS[:3], WEB, DESK],
            people=PEOPLE,
            clock=clock,
            issuers=(CORP, registered(idp, **terms), *others),
            limits=Limits(failed_provider_answer=(Step(3, 600),)),
        )
        house, catalog, chance = self.house, self.house.catalog, SystemChance()
        self.clock = house.clock
        self.store = MemorySessions(clock=house.clock)
        self.sessions = self.sessions_under(catalog)
        self.begun = Flow("begun", Begun, key=OPAQUE_KEY, chance=chance, clock=house.clock)
        self.keys = IssuerKeys(fetch, house.clock)
        self.providers = Providers(fetch, house.clock)
        self.elsewhere = Elsewhere(
            issuer=ISSUER,
            directory=catalog,
            providers=self.providers,
            vouching=Vouching(
                ourselves=ISSUER,
                post=fetch,
                redeeming=Redeeming(post=fetch, ring=house.ring, chance=chance, clock=house.clock),
                keys=self.keys,
                mapping=catalog.mapping,
                digest=house.ring.digest,
                marking=house.ring,
                revocations=house.revoked,
                clock=house.clock,
            ),
            opening=Opening(
                issuer=ISSUER,
                sessions=self.sessions,
                endings=Endings(issuer=ISSUER, sessions=self.sessions, audit=house.minutes),
                begun=self.begun,
                audit=house.minutes,
            ),
            known=house.known,
            marks=house.marks,
            throttle=house.throttle,
            begun=self.begun,
            away=Flow("away", Away, key=OPAQUE_KEY, chance=chance, clock=house.clock, life=LIFE),
            audit=house.minutes,
            chance=chance,
            clock=house.clock,
            fresh=lambda: None,
        )

    def sessions_under(self, catalog: Catalog) -> Sessions:
        """Who is signed in, under these registrations."""
        return sessions_of(self.house, store=self.store, catalog=catalog)

    async def aclose(self) -> None:
        """End what is under way."""
        await self.keys.aclose()
        await self.providers.aclose()

    def flow(self, **changes: Any) -> str:
        """What a browser carries whom an app sent."""
        return self.begun.seal(Begun(browser=VISITOR.browser, request=asking(**changes)))

    async def go(
        self, flow: str | None = None, *, provider: str = "okta", visitor: Visitor = VISITOR
    ) -> dict[str, str]:
        """Press the button, and return what the issuer is asked."""
        step = await self.elsewhere.begin(self.flow() if flow is None else flow, provider, visitor)
        assert isinstance(step, SendAway), step
        return {name: value for name, (value,) in parse_qs(urlsplit(step.address).query).items()}

    def tokens(self, sent: dict[str, str], *, claims: dict[str, Any] | None = None, **how: Any) -> Answer:
        """What the token endpoint answers when somebody signed in there."""
        access_token = "their-access-token"
        digest = hashlib.sha256(access_token.encode()).digest()[:16]
        said = {
            "aud": sent["client_id"],
            "nonce": sent["nonce"],
            "auth_time": int(self.clock.now()) - 60,
            "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            **(claims or {}),
        }
        omit = [name for name, value in said.items() if value is ...]
        id_token = self.idp.token(
            {name: value for name, value in said.items() if value is not ...}, omit=omit, **how
        )
        return document({"access_token": access_token, "token_type": "Bearer", "id_token": id_token})

    async def back(
        self,
        sent: dict[str, str],
        *,
        answer: Answer | None = None,
        provider: str = "okta",
        visitor: Visitor = VISITOR,
        **parameters: str | None,
    ) -> GoOn | AskWho:
        """Come back from the issuer."""
        self.idp.answers["/token"] = self.tokens(sent) if answer is None else answer
        found = {"code": "c-1", "state": sent["state"], "iss": self.idp.issuer, **parameters}
        query = urlencode({name: value for name, value in found.items() if value is not None})
        return await self.elsewhere.come_back(provider, query.encode(), visitor)

    @property
    def last(self) -> dict[str, Any]:
        """The last entry of the audit log."""
        return self.house.writer.events[-1]

    @property
    def redeemed(self) -> int:
        """How many codes the issuer was asked to redeem."""
        return self.idp.count("/token")
