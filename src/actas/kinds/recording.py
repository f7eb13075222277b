"""What the minutes have of a decision."""

from __future__ import annotations

from actas.audit.trail import Trail
from actas.kinds.judge import Judgement
from actas.policy.decide import Policy


def record_judgement(judgement: Judgement, policy: Policy, trail: Trail) -> None:
    """Put what was decided, and everything it was decided on, into the trail (SEC-45)."""
    situation = judgement.situation
    proposal = situation.proposal
    trail.subject = proposal.subject
    trail.kind = None if judgement.kind is None else judgement.kind.name
    trail.chain = situation.chain
    actor_claims = policy.needed.actor_claims(proposal.acting)
    if proposal.subject.may_act is not None:
        named = proposal.acting.claims
        actor_claims |= {name: named[name] for name in proposal.subject.may_act.members if name in named}
    trail.claims = {"subject": policy.needed.subject_claims(proposal.subject), "actor": actor_claims}
    trail.policy = policy.version
    if judgement.permit is not None:
        trail.rules = judgement.permit.rules
        trail.issued_actors = judgement.permit.actors
        newcomer = judgement.permit.newcomer
        trail.newcomer = None if newcomer is None else newcomer.subject
    else:
        trail.rules = judgement.refusals[0].rules
