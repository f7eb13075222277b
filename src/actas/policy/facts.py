"""What an expression may see of one exchange: proven values, by the names of the configuration reference.

Only the claims that some expression of the policy names are copied: the rest of a person's token stays
out of the decision and out of the minutes, and the context stays small.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from actas.core.abroad import REQUESTED_KEY
from actas.core.party import Actor, Party
from actas.core.permit import Proposal
from actas.core.ports import Json
from actas.core.target import Api
from actas.policy.expression import Context, Expression
from actas.policy.impersonation import Terms
from actas.policy.rule import RuleSpec

_Role = Literal["subject", "actor"]

_SIGN_IN: Final = ("auth_time", "acr")
"""The claims that say how fresh and how strong a sign-in is (RFC 9470)."""


@dataclass(frozen=True, slots=True)
class ClaimsNeeded:
    """The claims that a policy's expressions name.

    Attributes:
        subject: names under ``subject.claims``; None means all of them.
        actor: names under ``actor.claims``; None means all of them.
    """

    subject: frozenset[str] | None
    actor: frozenset[str] | None

    @classmethod
    def of(
        cls,
        expressions: Iterable[Expression],
        *,
        sign_ins_of: Collection[_Role] = (),
        keys_asked_for: bool = False,
    ) -> ClaimsNeeded:
        """Collect what ``expressions`` name. An expression that takes the whole map needs everything.

        Args:
            expressions: of the policy.
            sign_ins_of: whose sign-in the policy asks about, beside them (``sign_ins_asked_of``).
            keys_asked_for: whether a grant may say to which key its token is to be bound.
        """
        needed: dict[str, set[str] | None] = {
            "subject": {
                *(_SIGN_IN if "subject" in sign_ins_of else ()),
                *((REQUESTED_KEY,) if keys_asked_for else ()),
            },
            "actor": {*_SIGN_IN} if "actor" in sign_ins_of else set(),
        }
        for expression in expressions:
            for path in expression.paths:
                if path[0] not in needed:
                    continue
                if path == (path[0],) or path[1:] == ("claims",):
                    needed[path[0]] = None
                elif path[1] == "claims":
                    known = needed[path[0]]
                    if known is not None:
                        known.add(path[2])
        return cls(_frozen(needed["subject"]), _frozen(needed["actor"]))

    def subject_claims(self, party: Party) -> dict[str, Json]:
        """Return the claims of the subject that the policy may look at."""
        return _cut(party.claims, self.subject)

    def actor_claims(self, party: Party) -> dict[str, Json]:
        """Return the claims of the acting party that the policy may look at."""
        return _cut(party.claims, self.actor)


def sign_ins_asked_of(rules: Iterable[RuleSpec], terms: Terms) -> frozenset[_Role]:
    """Return whose sign-in may have to be fresh or strong: people's with connections, administrators'.

    Args:
        rules: those of the policy, the rules of connections among them.
        terms: what holds for every impersonation.
    """
    found: set[_Role] = set()
    if terms.max_age is not None or terms.acr:
        found.add("actor")
    for rule in rules:
        if rule.kind in ("cross_app", "chaining"):
            found.add("subject")
        if rule.kind == "administrative_impersonation" and rule.effect == "allow":
            found.add("actor")  # of ID tokens of ours it is always asked (OLDEST_SIGN_IN)
        if rule.impersonation is not None and (rule.impersonation.max_age or rule.impersonation.acr):
            found.add("actor")
    return frozenset(found)


def _frozen(names: set[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _cut(claims: Mapping[str, Json], names: frozenset[str] | None) -> dict[str, Json]:
    if names is None:
        return dict(claims)
    return {name: claims[name] for name in names if name in claims}


def values_of(
    proposal: Proposal, *, chain: tuple[Actor, ...], beside: tuple[Actor, ...] = (), needed: ClaimsNeeded
) -> dict[str, Any]:
    """Return the values of every name a rule's expression may use.

    Args:
        proposal: what is asked, proven.
        chain: the subject, then every actor, oldest first, the acting party last.
        beside: who of them is named once more, as somebody who is called otherwise.
        needed: which claims to show.
    """
    acting = proposal.acting
    named = (*chain, *beside)
    return {
        "subject": _party(proposal.subject, needed.subject_claims(proposal.subject)),
        "actor": _party(acting, needed.actor_claims(acting)),
        "chain": {
            "kinds": [member.kind for member in chain],
            "names": [_name_of(member, proposal.itself.identity.issuer) for member in named],
            "members": [
                {"iss": one.identity.issuer, "sub": one.identity.subject, "kind": one.kind} for one in named
            ],
            "depth": len(chain) - 1,
        },
        "client": {
            "name": proposal.client.name,
            "kind": proposal.client.kind,
            "owner": proposal.client.owner or "",
        },
        "target": _targets(proposal.targets),
        "request": {
            "scope": sorted(proposal.scope or ()),
            "grant": str(proposal.grant_type),
            "actor_token": proposal.actor is not None,
        },
        "now": datetime.fromtimestamp(proposal.at, UTC),
    }


def context_of(values: Mapping[str, Any]) -> Context:
    """Return a context for expressions over ``values``."""
    return Context(values)


def _party(party: Party, claims: dict[str, Json]) -> dict[str, Any]:
    return {
        "id": party.identity.subject,
        "issuer": party.issuer_name,
        "iss": party.origin.issuer,
        "sub": party.origin.subject,
        "kind": party.kind,
        "audience": list(party.audience),
        "scope": sorted(party.scope),
        "groups": list(party.groups),
        "claims": claims,
    }


def _name_of(member: Actor, ourselves: str) -> str:
    """Return a party's name; one that another issuer vouches for is never called like ours (SEC-49)."""
    identity = member.identity
    return identity.subject if identity.issuer == ourselves else f"{identity.issuer} {identity.subject}"


def _targets(targets: tuple[Api, ...]) -> dict[str, Any]:
    return {
        "api": targets[0].name if targets else "",
        "apis": [api.name for api in targets],
        "audience": [api.audience for api in targets],
    }
