"""Trusted issuers, and the protocol by which the stages find one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from actas.core.abroad import LONGEST_GRANT
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import GRANT_JWT, SigningAlgorithm, TokenType, VerifyingAlgorithm

LONGEST_LIFE: Final = 30 * 86_400
"""Seconds that ``max_life`` may be at most: no token of another issuer lives longer."""

OUTAGE_GRACE: Final = 24 * 3600
"""Seconds for which known keys are used while no refresh succeeds, unless the registration says otherwise."""

LONGEST_OUTAGE_GRACE: Final = 7 * 86_400
"""Seconds that ``outage_grace`` may be at most (REL-09)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """By what an issuer knows us that has a key of ours.

    Attributes:
        algorithm: what is signed with it.
        named: whom what we sign is for: the issuer, or the address of its token endpoint.
    """

    algorithm: SigningAlgorithm
    named: Literal["issuer", "token_endpoint"] = "issuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsClient:
    """As whom another server knows us, and by what; by nothing for a client without a secret.

    Attributes:
        client_id: what it calls us.
        secret: that it gave out.
        own_key: instead of one, a key of ours.
    """

    client_id: str
    secret: Secret | None = None
    own_key: OwnKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInThere:
    """How people sign in through an issuer, as an app of its: that is trust of a kind of its own.

    Attributes:
        client_id: what it calls us.
        client_secret: by which it knows us; None for an app without one.
        own_key: likewise, a key of ours; None where there is none.
        display: what people call it.
        scopes: what is asked of it.
        acr_values: which ways of signing in are asked of it, the best first; empty for any.
        mfa: CEL over ``claims``: whether a sign-in there counts here as one by several factors; None: never.
        clients: the apps that people may sign in to through it; None for all.
        max_age: seconds since somebody proved there who they are, at most.
        auth_time: whether it must say when that was, or the time of its token is taken for it.
        authorization_endpoint: where people are sent; None for where discovery says. So for
            ``token_endpoint``, where their codes are redeemed.
        hosts: hosts besides the issuer's own on which discovery may place either.
        userinfo: whether its UserInfo is asked as well.
    """

    client_id: str
    client_secret: Secret | None
    display: str
    scopes: tuple[str, ...]
    acr_values: tuple[str, ...] = ()
    mfa: str | None = None
    clients: frozenset[str] | None = None
    max_age: int = 24 * 3600
    auth_time: Literal["required", "assumed"] = "required"
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    hosts: frozenset[str] = frozenset()
    userinfo: bool = False
    own_key: OwnKey | None = None

    @property
    def ourselves(self) -> AsClient:
        """As whom the issuer knows us."""
        return AsClient(client_id=self.client_id, secret=self.client_secret, own_key=self.own_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtGrants:
    """What the plain grants of an issuer look like, which no specification says (IDC-3).

    Attributes:
        types: the accepted values of the header ``typ``; None for absent.
        longest: seconds that one lives at most.
    """

    types: frozenset[str | None]
    longest: int = LONGEST_GRANT


OUR_GRANTS: Final = JwtGrants(types=frozenset({GRANT_JWT}))
"""Those of a server like this one, which are taken where a registration says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """An issuer whose tokens we accept, and exactly which of them.

    Attributes:
        name: what rules and people call it.
        issuer: its ``iss``, compared byte for byte (SEC-37).
        kind: ``oidc`` finds its keys by discovery; ``jwks`` has them at ``jwks_uri`` or in ``keys``.
        accepts: the declared token types it may be presented as.
        algorithms: the only algorithms its tokens may use; never a symmetric one (TX-42).
        audiences: each accepted ``aud`` value with the clients that may present such a token;
            None means any client of ours (SEC-21: the registration says so).
        jwks_uri: where its keys are, for ``jwks``; for ``oidc`` it overrides discovery.
        keys: its public JWKs, when they are written in the configuration.
        jwks_hosts: hosts besides the issuer's own on which discovery may place the keys (SEC-36).
        max_age: oldest acceptable ``iat`` in seconds, or None.
        max_life: longest acceptable ``exp`` minus ``iat`` in seconds.
        subject: CEL over ``claims``: the local name of the subject.
        email_domains: the e-mail domains this issuer alone speaks for. When set, ``subject`` yields
            a verified address in one of them; when empty, the name is kept apart by issuer.
        groups: CEL over ``claims`` yielding a list of strings, or None.
        when: CEL conditions over ``claims`` that must all be true.
        party_kind: what its subjects are.
        token_types: for ``jwt``: further ``typ`` header values to accept.
        longest_id_jag: seconds that an ID-JAG of it lives at most.
        jwt_grants: what its plain grants look like; None for those of a server like this one.
        workloads: whether clients may authenticate by its tokens; that is trust of another kind (AG-11).
        outage_grace: seconds for which its known keys are used while no refresh succeeds.
        sign_in: how people sign in here through it; None when they do not.
        disabled: a disabled issuer's tokens are refused.
    """

    name: str
    issuer: str
    kind: Literal["oidc", "jwks"]
    accepts: frozenset[TokenType]
    algorithms: frozenset[VerifyingAlgorithm]
    audiences: Mapping[str, frozenset[str] | None]
    jwks_uri: str | None = None
    keys: tuple[JsonObject, ...] = ()
    jwks_hosts: frozenset[str] = frozenset()
    max_age: int | None = None
    max_life: int = 24 * 3600
    subject: str = "claims.sub"
    email_domains: frozenset[str] = frozenset()
    groups: str | None = None
    when: tuple[str, ...] = ()
    party_kind: Literal["person", "service", "agent"] = "person"
    token_types: frozenset[str] = field(default_factory=frozenset[str])
    longest_id_jag: int = LONGEST_GRANT
    jwt_grants: JwtGrants | None = None
    workloads: bool = False
    outage_grace: int = OUTAGE_GRACE
    sign_in: SignInThere | None = None
    disabled: bool = False


class TrustRegistry(Protocol):
    """Finds a trusted issuer by its ``iss``. Answers from memory."""

    def issuer(self, iss: str) -> TrustedIssuer | None:
        """Return the issuer registered under exactly ``iss``, or None."""
        ...
