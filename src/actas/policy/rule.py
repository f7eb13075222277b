"""A rule in its file form: typed, not yet compiled. ``policy.decide`` compiles it.

Fields follow the configuration reference. An empty selector never means "anybody" by accident: the
compiler refuses an allow that leaves out what only a deny may leave out (SEC-02, SEC-42).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from actas.core.abroad import Proposed
from actas.core.client import PartyKind, Registration
from actas.core.confirmation import Binding
from actas.core.details import Details
from actas.core.wire import TokenFormat, TokenType
from actas.policy.impersonation import RuleTerms

RESERVED_CLAIMS: Final = frozenset(
    {
        *("iss", "sub", "aud", "exp", "iat", "nbf", "jti", "typ", "cnf", "scope", "client_id", "azp"),
        *("act", "may_act", "acr", "amr", "auth_time", "sid", "sub_id", "sub_profile", "txn", "lineage"),
        *("roles", "groups", "otherwise", "entitlements", "authorization_details"),
        *("tenant", "aud_tenant", "aud_sub"),
    }
)
"""Claims that this server writes itself or that others decide on. No rule sets them, in any case of letters:
who, for whom, how long and how strong is ours to say (SEC-49, SEC-65)."""

KindWord = Literal[
    "delegation",
    "impersonation",
    "administrative_impersonation",
    "translation",
    "downscope",
    "own",
    "sign_in",
    "cross_app",
    "redemption",
    "chaining",
    "chained",
]
"""What an allow may say. None implies another. ``own``: the client speaks for itself; ``sign_in``: a person
signed in to it, which only rules of our own allow (``signin.terms``); so it is with ``cross_app``, a grant
for another domain's server, and ``redemption`` of one that such a server gave (``policy.connections``);
``chaining`` and ``chained`` are the same with plain grants. An
``impersonation`` of a configuration that names an actor, or says ``by_identifier``, is an
``administrative_impersonation``."""

DenyWord = KindWord | Literal["any"]


def covers(denied: DenyWord, kind: KindWord) -> bool:
    """Whether a deny of ``denied`` forbids an exchange of ``kind``."""
    return denied in ("any", kind) or (denied == "impersonation" and kind == "administrative_impersonation")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSelector:
    """Which requesters. All empty: any, which only a deny may say.

    Attributes:
        kinds: what they are. An allow means only those of the configuration: what a stranger says that it is
            opens nothing.
        registrations: where what is known of them comes from; only rules of our own say that.
    """

    names: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    registrations: frozenset[Registration] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartySelector:
    """Which subjects or actors. An empty field does not restrict.

    Attributes:
        issuers: names of issuers; ``actas`` is ourselves.
        token_types: declared types of the presented token.
        audiences: API names or audience strings, at least one of which the token must carry.
        kinds: person, service, agent, app.
        names: exact local subjects.
        groups: at least one of which the party must be in.
        origins: names of issuers, one of which vouches for the party, also in a token of ours; ``actas`` for
            people of ours. Only rules of our own say that.
        known: the party was here before, or is one of ours. Only rules of our own say that.
        required: for an actor: an actor token must be sent.
        flatten: for an actor: its token may carry a chain of its own, which is flattened into the
            result (TX-59); otherwise such an actor token is refused.
        impersonated: a token under which somebody acts as somebody else is taken too.
        relay: a token bound to a key is taken from this client without proof of that key (TX-154).
        unbind: a bound token may become one that is bound to nothing for the client that holds it (TX-156).
    """

    issuers: frozenset[str] = frozenset()
    token_types: frozenset[TokenType] = frozenset()
    audiences: frozenset[str] = frozenset()
    kinds: frozenset[PartyKind] = frozenset()
    names: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    known: bool = False
    required: bool = False
    flatten: bool = False
    impersonated: bool = False
    relay: bool = False
    unbind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSelector:
    """Somebody anywhere in the chain, the subject and the acting party included."""

    kinds: frozenset[PartyKind] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeMap:
    """What held scopes buy at the target.

    Attributes:
        bought: per held scope, the target scopes it buys.
        anyway: target scopes bought whatever is held (``any``).
        same: a held scope buys the target scope of the same name (within one API).
        signed_in: target scopes that an ID token buys, which holds none. Only rules of our own say that.
    """

    bought: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    anyway: frozenset[str] = frozenset()
    same: bool = False
    signed_in: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshing:
    """For how long an exchange may be done again without the token that it began with.

    Attributes:
        lifetime: seconds from the exchange on, however often it is done again.
        idle: seconds from the last time on.
        session: seconds from the sign-in on that what ends with the session lasts; None when there is none.
    """

    lifetime: int
    idle: int
    session: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """One rule as written.

    Attributes:
        name: unique.
        effect: ``allow`` or ``deny``.
        kind: what it allows, or denies.
        apis: the names of the target APIs; empty means any, which only a deny may say.
        denied_scopes: for a deny: only these scopes are denied, not the whole target.
        when: CEL conditions, all of which must be true.
        lifetime: longest life of the token in seconds.
        binding: what the token is bound to at least.
        refresh: whether the exchange may be done again by refresh tokens, and for how long.
        claims: claims to add, each a CEL expression; of ``optional_claims`` one that gives nothing is left
            out.
        impersonation: what it asks of an administrator, for an administrative impersonation.
        repeatable: for a redemption: whether a grant may be redeemed again until it ends.
        honours_key: likewise: whether the token is bound to the key that the grant asks for.
        proposals: for the rule of a connection: what is tried with it.
        must_encrypt: for a redemption: whether a grant must be encrypted to us.
        details: templates of authorization details that may be granted; only rules of our own say that.
        reason: what people read when refused; required in a deny.
        place: ``file:line``, for people.
    """

    name: str
    effect: Literal["allow", "deny"]
    kind: DenyWord
    client: ClientSelector = field(default_factory=ClientSelector)
    subject: PartySelector | None = None
    actor: PartySelector | None = None
    chain: ChainSelector | None = None
    apis: frozenset[str] = frozenset()
    denied_scopes: frozenset[str] = frozenset()
    scopes: ScopeMap | None = None
    when: tuple[str, ...] = ()
    lifetime: int | None = None
    binding: Binding | None = None
    refresh: Refreshing | None = None
    claims: Mapping[str, str] = field(default_factory=dict[str, str])
    optional_claims: frozenset[str] = frozenset()
    impersonation: RuleTerms | None = None
    max_depth: int | None = None
    repeatable: bool = False
    honours_key: bool = False
    proposals: frozenset[Proposed] = frozenset()
    must_encrypt: bool = False
    details: Details = ()
    reason: str = ""
    description: str = ""
    place: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDefaults:
    """What holds where a rule and an API say nothing. Bounds are checked where they are read.

    Attributes:
        lifetime: of a token, in seconds.
        max_depth: most actors in a chain; at most 10.
        on_excess_scope: refuse a request for more, or grant the rest.
        binding: what every token is bound to at least.
        format: what tokens look like.
    """

    lifetime: int = 300
    max_depth: int = 5
    on_excess_scope: Literal["reject", "trim"] = "reject"
    binding: Binding = "optional"
    format: TokenFormat = "jwt"


class RuleError(ValueError):
    """A rule cannot be compiled.

    Args:
        rule: its name.
        field: the path below the rule, such as ``when[0]``.
        message: what is wrong, in words a person can act on.
    """

    def __init__(self, rule: str, field: str, message: str) -> None:
        super().__init__(f"{rule}: {field}: {message}")
        self.rule = rule
        self.field = field
        self.message = message
