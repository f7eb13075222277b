"""Identity chaining in its general form: plain JWT grants, given to other domains' servers and redeemed here.

ID-JAG is a profile of this (``kinds.cross_app``, ``kinds.redemption``). What is wider here is what a grant
may come of (an access token too) and what it may carry; so that is said by its connection, claim by claim
and scope by scope. The two are kinds of their own: a connection for one opens nothing for the other (SEC-61).
"""

from __future__ import annotations

from typing import Final

import msgspec

from actas.core.abroad import LONGEST_ACCESS, LONGEST_GRANT
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken, InvalidGrant, InvalidRequest
from actas.core.party import Actor
from actas.core.permit import Proposal, Refusal
from actas.core.wire import ACCESS_TOKEN, JWT, JWT_BEARER, JWT_GRANT, TOKEN_EXCHANGE
from actas.kinds.binding import Bound
from actas.kinds.checks import actor_is_new, restriction_is_kept, subject_is_a_person
from actas.kinds.cross_app import sign_in_is_good_enough, token_names_its_client
from actas.kinds.kind import Kind
from actas.policy.decide import Verdict
from actas.policy.facts import REQUESTED_KEY
from actas.subjects.confirmation import confirmation_of


def nobody_else_acts(proposal: Proposal) -> Refusal | None:
    """The client that asks is who acts: what an actor token would come to in a grant is undefined."""
    if proposal.actor is None:
        return None
    detail = "a grant for another server is asked for with no actor_token"
    return Refusal(error=InvalidRequest, reason="actor_not_allowed", detail=detail)


def foreign_token_names_its_client(proposal: Proposal) -> Refusal | None:
    """IDC-16: a token of another issuer is this client's own, and no audience of everybody's."""
    refusal = token_names_its_client(proposal)
    return None if refusal is None else msgspec.structs.replace(refusal, error=InvalidRequest)


def client_is_new_or_acts_already(proposal: Proposal) -> Refusal | None:
    """SEC-53: nobody is twice in a chain. A client whose own token this is acts already."""
    return None if _acts_already(proposal) else actor_is_new(proposal)


def _acts_already(proposal: Proposal) -> bool:
    actors = proposal.subject.actors
    return bool(actors) and actors[0].identity == proposal.itself.identity


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE and all(
        api.abroad is not None and api.abroad.grant == "jwt" for api in proposal.targets
    )


def _chain(proposal: Proposal) -> tuple[Actor, ...]:
    """The client that asks is outermost, and whoever acted before it follows (IDC-56).

    Whole, so that the log has it whole; what of it the other server is told is for its connection to say.
    """
    earlier = proposal.subject.actors
    return earlier if _acts_already(proposal) else (proposal.itself.as_actor(), *earlier)


CHAINING: Final = Kind(
    name="chaining",
    spec="draft-ietf-oauth-identity-chaining section 2.3",
    fits=_fits,
    chain=_chain,
    checks=(
        nobody_else_acts,
        subject_is_a_person,
        foreign_token_names_its_client,
        client_is_new_or_acts_already,
        sign_in_is_good_enough,
    ),
    yields=frozenset({JWT}),
    longest_life=LONGEST_GRANT,
)


def _fits_there(proposal: Proposal) -> bool:
    return proposal.grant_type == JWT_BEARER and proposal.subject.token_type == JWT_GRANT


def _chain_there(proposal: Proposal) -> tuple[Actor, ...]:
    """Our client acts now; whoever acted there stays in the chain, vouched for by that server (SEC-49)."""
    return (proposal.itself.as_actor(), *proposal.subject.actors)


CHAINED: Final = Kind(
    name="chained",
    spec="draft-ietf-oauth-identity-chaining section 2.4",
    fits=_fits_there,
    chain=_chain_there,
    checks=(subject_is_a_person, restriction_is_kept, actor_is_new),
    yields=frozenset({ACCESS_TOKEN}),
    longest_life=LONGEST_ACCESS,
    only_held=True,
)


def as_asked_by_grant(keys: Bound, proposal: Proposal, verdicts: tuple[Verdict, ...]) -> Bound:
    """Return what the token is bound to: the key that a grant asks for (``requested_cnf``), where every
    connection that allows it honours that. Anywhere else the claim means nothing (IDC-62).

    That key is proven by nobody in this request: the server that gave the grant says that its client proved
    it.

    Args:
        keys: what was found without it.
    """
    rules = [rule for verdict in verdicts for rule in verdict.allows]
    asked = proposal.subject.claims.get(REQUESTED_KEY)
    if asked is None or not rules or not all(rule.spec.honours_key for rule in rules):
        return keys
    try:
        key = confirmation_of({"cnf": asked})
    except BadToken as bad:
        return _refused(keys, f"its claim {REQUESTED_KEY} says nothing that can be done: {bad.detail}")
    if key is None or not _goes(key, keys):
        return _refused(keys, f"{REQUESTED_KEY} asks for a key to which no such token is bound here")
    if keys.to not in (None, key):
        return _refused(keys, f"the grant asks for one key ({REQUESTED_KEY}), and the request proves another")
    needed = [one for one in keys.refusals if one.reason != "binding_needed"]
    return Bound(keys.wanted, key, tuple(needed))


def _goes(key: Confirmation, keys: Bound) -> bool:
    if keys.wanted == "dpop":
        return key.jkt is not None
    return key.x5t is not None if keys.wanted == "mtls" else keys.wanted == "optional"


def _refused(keys: Bound, detail: str) -> Bound:
    refusal = Refusal(error=InvalidGrant, reason="key_not_proven", detail=detail)
    return Bound(keys.wanted, None, (*keys.refusals, refusal))
