"""The trail of one request: filled in along the seven steps, read once at the end.

Only plain values are in it, so that the minutes depend on nobody's types.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from actas.core.abroad import Abroad, Redeemed
from actas.core.client import Client
from actas.core.confirmation import NO_KEY, Confirmation
from actas.core.errors import OAuthError
from actas.core.impersonation import Impersonation
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.party import Actor, Caller, Party
from actas.core.permit import ExchangeRequest
from actas.core.ports import Json
from actas.core.target import Api
from actas.core.told import Told
from actas.core.wire import AuthMethod

_NO_CLAIMS: Final[Mapping[str, Mapping[str, Json]]] = MappingProxyType({})
_NOTHING_TOLD: Final[Mapping[str, Told]] = MappingProxyType({})


Door = Literal[
    "exchange",
    "abroad",
    "introspection",
    "revocation",
    "userinfo",
    "management",
    "impersonation",
    "sign_in",
    "authorization",
    "device",
    "account",
    "registration",
]
"""Where somebody asked. Names of events begin with it: ``exchange:granted``, ``introspection:refused``."""


under_way: ContextVar[Trail | None] = ContextVar("actas_trail", default=None)
"""The trail of the attempt that is being answered: for whoever writes of what happens meanwhile."""


class Trail(msgspec.Struct):
    """What is known of one attempt so far.

    Attributes:
        entry: the id of the event to come; the caller gets it as ``Actas-Entry``.
        at: when the attempt began, seconds since the epoch.
        began: the same moment on a clock that nobody sets.
        source: the peer's address.
        caller: who is on the other end, and what it shows beside its form; at desks only.
        trace: the id of the trace that the attempt is part of: the caller's, once it has proved who it is, or
            our own while somebody traces.
        proven: the keys that the caller proved to hold.
        chain: the subject, then every actor, oldest first, as the rules saw it.
        said_by: the registered client that a browser named, which proves nothing of it.
        asked_as: what it named, when no client is registered under that; for administrators to see.
        impersonation: the impersonation that its subject token was made under.
        revoked: what was revoked, each as ``token:ID``.
        told: what is proven of a token that was refused, by the role that it was presented in.
        claims: the subject's and the actor's claims that the policy may look at, by role.
        newcomer: who is known here from now on, when it is granted.
        redeemed: the grant that was redeemed for the client, and what came of it.
    """

    entry: str
    at: float
    source: str
    door: Door = "exchange"
    began: float = 0.0
    caller: Caller | None = None
    form: Params | None = None
    request: ExchangeRequest | None = None
    client: Client | None = None
    said_by: Client | None = None
    asked_as: str = ""
    method: AuthMethod | None = None
    trace: str | None = None
    proven: Confirmation = NO_KEY
    targets: tuple[Api, ...] = ()
    subject: Party | None = None
    actor: Party | None = None
    told: Mapping[str, Told] = _NOTHING_TOLD
    impersonation: Impersonation | None = None
    kind: str | None = None
    chain: tuple[Actor, ...] = ()
    claims: Mapping[str, Mapping[str, Json]] = _NO_CLAIMS
    rules: tuple[str, ...] = ()
    policy: str | None = None
    issued: Issued | None = None
    issued_actors: tuple[Actor, ...] = ()
    newcomer: str | None = None
    revoked: tuple[str, ...] = ()
    refused: OAuthError | None = None
    redeemed: Redeemed | None = None

    def follow(self, earlier: Trail) -> None:
        """Be about what an earlier attempt was about, which was granted: who asked for what, and why it may
        be.
        """
        self.request, self.client, self.method = earlier.request, earlier.client, earlier.method
        self.trace, self.proven, self.targets = earlier.trace, earlier.proven, earlier.targets
        self.subject, self.actor, self.impersonation = earlier.subject, earlier.actor, earlier.impersonation
        self.kind, self.chain, self.claims = earlier.kind, earlier.chain, earlier.claims
        self.rules, self.policy = earlier.rules, earlier.policy

    @property
    def abroad(self) -> Abroad | None:
        """The other domain that a grant is asked for, or None."""
        return next((api.abroad for api in self.targets if api.abroad is not None), None)

    @property
    def of_stranger(self) -> bool:
        """Whether anybody could have made it: it has no client, or one that proves nothing."""
        return self.client is None or self.method == "none"
