"""Identity chaining, as the server that redeems: a plain JWT grant of another domain's server, for a token of
ours.

What an ID-JAG is redeemed by (``kinds.redemption``) redeems none: this is a kind of its own (SEC-61). Our
client is the newest actor then, and whoever acted there stays in the chain, vouched for by that server.
"""

from __future__ import annotations

from typing import Final

from actas.core.abroad import LONGEST_ACCESS, REQUESTED_KEY
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken, InvalidDpopProof, InvalidGrant
from actas.core.permit import Proposal, Refusal
from actas.core.wire import ACCESS_TOKEN, JWT_BEARER, JWT_GRANT
from actas.kinds.acting import chain_of_acting
from actas.kinds.binding import Bound
from actas.kinds.checks import actor_is_new, restriction_is_kept, subject_is_a_person
from actas.kinds.kind import Kind
from actas.kinds.mcp import mcp_server_alone
from actas.policy.decide import Verdict
from actas.subjects.confirmation import confirmation_of


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == JWT_BEARER and proposal.subject.token_type == JWT_GRANT


CHAINED: Final = Kind(
    name="chained",
    spec="draft-ietf-oauth-identity-chaining section 2.4",
    fits=_fits,
    chain=chain_of_acting,
    checks=(subject_is_a_person, restriction_is_kept, actor_is_new, mcp_server_alone),
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
    claims = proposal.subject.claims
    if REQUESTED_KEY not in claims or proposal.grant_type != JWT_BEARER:
        return keys
    rules = [rule for verdict in verdicts for rule in verdict.allows]
    if not rules or not all(rule.spec.honours_key for rule in rules):
        return keys
    try:
        key = confirmation_of({"cnf": claims[REQUESTED_KEY]})  # null is there, and names no key
    except BadToken as bad:
        return _refused(keys, f"its claim {REQUESTED_KEY} says nothing that can be done: {bad.detail}")
    if key is None or not _goes(key, keys):
        return _refused(keys, f"{REQUESTED_KEY} asks for a key to which no such token is bound here")
    if keys.to not in (None, key):
        return _refused(keys, f"the grant asks for one key ({REQUESTED_KEY}), and the request proves another")
    return Bound(keys.wanted, key, tuple([one for one in keys.refusals if not _is_met(one, keys)]))


def _is_met(refusal: Refusal, keys: Bound) -> bool:
    """Whether a key that the grant asks for takes the place of the proof that is missing.

    It never does where two keys are wanted at once, of which a token names one only.
    """
    if refusal.reason != "binding_needed":
        return False
    return keys.wanted != "dpop" or refusal.error is InvalidDpopProof


def _goes(key: Confirmation, keys: Bound) -> bool:
    if keys.wanted == "dpop":
        return key.jkt is not None
    return key.x5t is not None if keys.wanted == "mtls" else keys.wanted == "optional"


def _refused(keys: Bound, detail: str) -> Bound:
    refusal = Refusal(error=InvalidGrant, reason="key_not_proven", detail=detail)
    return Bound(keys.wanted, None, (*keys.refusals, refusal))
