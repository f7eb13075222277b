"""Other domains: for whose authorization servers grants are, and whose grants are redeemed here.

A grant tells another domain's server who somebody is. It is no access token: that server redeems it for a
token of its own, if its own policy lets it (draft-ietf-oauth-identity-assertion-authz-grant, "ID-JAG").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from actas.core.details import Details
from actas.core.naming import Called, SubjectId
from actas.core.ports import Json
from actas.core.wire import ID_JAG, JWT_GRANT, TokenType

LONGEST_ACCESS: Final = 600
"""Seconds that a token lives at most that a grant was redeemed for (SEC-58)."""

LONGEST_GRANT: Final = 300
"""Seconds that a grant for another server lives at most (JAG-7, SEC-56)."""

GrantWord = Literal["id_jag", "jwt"]
"""Which grants a connection is for: identity assertions (ID-JAG), or the general form of identity
chaining.
"""

REDEEMED: Final[dict[TokenType, GrantWord]] = {ID_JAG: "id_jag", JWT_GRANT: "jwt"}
"""The grants of other domains that are redeemed here, by what they are read as. Neither passes as the
other.
"""

ChainWord = Literal["keep", "prune", "pairwise"]
"""What a plain grant tells of who acts: everybody in the chain; the client that asks, alone; everybody, by
names for that one server."""

ClientClaim = Literal["client_id", "none"]
"""Whether a plain grant names its client: it must, or its issuer names none and the connection says so."""

REQUESTED_KEY: Final = "requested_cnf"
"""The claim of a grant that says to which key its client wants the token bound (IDC-61)."""

IdentifyBy = Literal["subject", "pairwise", "email"]
"""What the other server knows a person by: our own ``sub``, one for that server alone, or the address."""


Proposed = Literal["access_denied", "certificate_binding", "encryption", "resource_in_answers"]
"""Proposals to the draft that are not in it (-04), by what they do; they may change, or go."""

_NOBODY: Final = SubjectId(format="opaque")


@dataclass(frozen=True, slots=True, kw_only=True)
class Abroad:
    """The domain that a connection leads to.

    Attributes:
        connection: what the configuration calls the connection.
        issuer: the issuer identifier of the authorization server: the ``aud`` of grants for it.
        client_id: as what that server knows the client. It is never our own name of it by default (JAG-39).
        resources: the APIs there that grants are for, each exactly (JAG-122); in a request's target, those
            that were asked for. Empty when the connection names none.
        audiences: what else may be said for ``issuer`` in ``audience``, as agreed (JAG-21).
        identify_by: what it knows people by.
        tells_email: whether it is told their verified address.
        names_agents: whether it is told of an agent that asks for a person (``act``).
        max_age: seconds since the person proved who they are, at most; None for any.
        acr: how they may have done that; empty for any.
        grant: which kind of grant that server takes.
        chain: what a plain grant tells of who acts; what the log has of it is always everything.
        tells: what a plain grant tells of how they signed in: of ``auth_time``, ``acr`` and ``amr``.
        mcp: whether its APIs are MCP servers: a grant is for one of them.
        proposals: what is tried with it that the draft does not have.
        key_hosts: hosts besides the issuer's own at which the keys may be to which grants are encrypted.
        tenant: ours that the grant is of, and ``aud_tenant`` theirs that it is for; None for none.
        aud_sub: what that server itself calls people; ``sub_id`` what others do; None when that is not said.
        redeems: whether this server redeems what it gives for its client, as ``client_id``, and gives that
            what comes of it: the client never sees a grant (IDC-60).
    """

    connection: str
    issuer: str
    client_id: str
    resources: tuple[str, ...] = ()
    audiences: frozenset[str] = frozenset()
    identify_by: IdentifyBy = "subject"
    tells_email: bool = True
    names_agents: bool = True
    max_age: int | None = None
    acr: tuple[str, ...] = ()
    grant: GrantWord = "id_jag"
    chain: ChainWord = "prune"
    tells: frozenset[str] = frozenset()
    mcp: bool = False
    proposals: frozenset[Proposed] = frozenset()
    key_hosts: frozenset[str] = frozenset()
    tenant: str | None = None
    aud_tenant: str | None = None
    aud_sub: Called | None = None
    sub_id: SubjectId | None = None
    redeems: bool = False

    @property
    def naming_claims(self) -> tuple[str, ...]:
        """The claims of a person's token that say what the other server calls them."""
        sources = (*(() if self.aud_sub is None else (self.aud_sub,)), *(self.sub_id or _NOBODY).sources)
        return tuple([one.claim for one in sources if one.claim is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAbroad:
    """What a grant for another server says beside what every token of ours does.

    Attributes:
        told: what it says of the person: how they signed in, and the address that their issuer vouches for.
        called: the claims of their token by which the other server may call them, as the connection says.
    """

    to: Abroad
    told: Mapping[str, Json] = field(default_factory=dict[str, Json])
    called: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """A grant that we redeemed for a client, and what is known of what came of it: never a token.

    Attributes:
        entry: the entry in which the grant was given; ``jti`` and ``grant``, its digest, are as there.
        server: the issuer identifier of who was asked.
        digest: of the token that came; None when none did.
        scheme: how that is presented.
        scope: what it allows.
        expires_in: for how many seconds, if the server said so.
        dropped: what else the answer held, by name.
        said: what the server said that gave none, made harmless.
    """

    entry: str
    jti: str
    grant: str
    server: str
    digest: str | None = None
    scheme: str = ""
    scope: frozenset[str] = frozenset()
    expires_in: int | None = None
    dropped: tuple[str, ...] = ()
    said: Mapping[str, str | int] = field(default_factory=dict[str, str | int])


Match = Literal["subject", "email", "aud_sub", "sub_id"]
"""Who a person of theirs is here: who they are when they sign in through that issuer; the person of
ours whose address the issuer vouches for; the person of ours whom the grant names (``aud_sub``), or who says
of themselves to be called so elsewhere (``sub_id``)."""

Unknown = Literal["refuse", "create"]
"""What becomes of a person who was never here: refused, or known from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A standing decision the other way: a client redeems the grants of one issuer for one API of ours.

    Attributes:
        issuer: what the configuration calls the issuer of the grants.
        client: the name of the client, which is what grants call it (``client_id``).
        api: the name of the API.
        scopes: what may come of it at most; ``details`` are templates of authorization details that may.
        groups: here, one of which the person is in; empty for all of them.
        names: as whom we know them; empty for all of them.
        lifetime: of a token that comes of it, in seconds; None for the API's.
        repeatable: whether a grant may be redeemed again until it ends (JAG-72).
        grant: which kind of grant it is for.
        client_claim: whether a plain grant must name the client.
        claims: what a token carries over from a plain grant, each a CEL expression; ``optional`` are the
            names of those that may be missing.
        honours_key: whether a token is bound to the key that a plain grant asks for (``requested_cnf``).
        proposals: what is tried with it that the draft does not have.
        must_encrypt: whether a grant must be encrypted to us.
        tenant: at the issuer, that a grant must be of, and ``aud_tenant`` ours that it must be for; None: it
            must name none.
        sub_id: how grants name people, for ``match`` by it.
    """

    name: str
    issuer: str
    client: str
    api: str
    scopes: frozenset[str]
    details: Details = ()
    match: Match = "subject"
    unknown: Unknown = "refuse"
    groups: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    when: tuple[str, ...] = ()
    lifetime: int | None = None
    repeatable: bool = False
    grant: GrantWord = "id_jag"
    client_claim: ClientClaim = "client_id"
    claims: Mapping[str, str] = field(default_factory=dict[str, str])
    optional: frozenset[str] = frozenset()
    honours_key: bool = False
    proposals: frozenset[Proposed] = frozenset()
    must_encrypt: bool = False
    tenant: str | None = None
    aud_tenant: str | None = None
    sub_id: SubjectId | None = None
    paused: bool = False
    description: str = ""
    place: str = ""


class Redeeming(Protocol):
    """Finds by what a client redeems grants. Answers from memory."""

    def redeeming(self, client: str, *, issuer: str, grant: GrantWord) -> tuple[Acceptance, ...]:
        """Return by what a client redeems such grants of an issuer, what is paused included."""
        ...

    def naming_no_client(self, issuer: str) -> tuple[Acceptance, ...]:
        """Return by what plain grants of an issuer are redeemed that name no client."""
        ...
