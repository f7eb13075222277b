"""A policy test as data: what is asked, by whom, with which made-up token, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from actas.core.client import PartyKind
from actas.core.details import Details
from actas.core.impersonation import NO_REASON, Why
from actas.core.ports import Json
from actas.core.reasons import Reason
from actas.policy.rule import KindWord


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedToken:
    """A token that a policy test makes up.

    Attributes:
        issuer: the name of its issuer; ``actas`` is this server.
        user: the subject's name here.
        kind: what the party is, or None for what its issuer says.
        via: its earlier actors, oldest first, by the names of clients.
        audience: values of ``aud``: names of APIs are already replaced by their audience.
        scope: the scopes it holds.
        is_id_token: whether it is an ID token of ours.
        known: whether somebody whom a grant of another domain tells of was here before.
    """

    issuer: str
    user: str
    kind: PartyKind | None = None
    groups: tuple[str, ...] = ()
    claims: Mapping[str, Json] = field(default_factory=dict[str, Json])
    via: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    scope: frozenset[str] = frozenset()
    is_id_token: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """One policy test. Exactly one of ``granted`` and ``refused`` is set.

    Attributes:
        subject: the subject token, or None when the client speaks for itself.
        apis: the names of the targets.
        scope: the scopes asked for, or None when none are named.
        kind: the kind of exchange that must come of it, or None for whichever does.
        granted: exactly the scopes of the new token.
        lifetime: exactly its life in seconds, or None when that does not matter.
        chain: exactly the subject and every actor, oldest first, or None when that does not matter.
        refused: the reason of the refusal.
        rule: the rule that allowed or denied, or None when that does not matter.
        near_miss: the rule that came nearest, or None when that does not matter.
        requested_subject: the name of the user as whom ``subject`` wants to act; None when nobody does.
        connection: the connection by which a grant is asked for, or redeemed, in place of ``apis``.
        why: the reason and the ticket that are given then.
        approval: exactly the groups that have to approve it, or None when that does not matter.
        details: the authorization details that are asked for, or that the grant says that is redeemed.
        granted_details: exactly those of the new token, or None when that does not matter.
        place: ``file:line``, for people.
    """

    name: str
    client: str
    subject: AskedToken | None
    actor: AskedToken | None
    apis: tuple[str, ...]
    scope: frozenset[str] | None
    kind: KindWord | None
    granted: frozenset[str] | None
    lifetime: int | None
    chain: tuple[str, ...] | None
    refused: Reason | None
    rule: str | None
    near_miss: str | None
    place: str
    requested_subject: str | None = None
    why: Why = NO_REASON
    approval: frozenset[str] | None = None
    connection: str | None = None
    details: Details = ()
    granted_details: Details | None = None
