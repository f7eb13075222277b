"""What the new token is bound to, and whether bound tokens are shown by whoever holds their key. Pure.

A token with ``cnf`` is good only for the holder of a key. Taken from anybody else it would be a bearer token
after all, so it is taken with proof of that key, or from a client that a rule names as relay (TX-154). The
new token is bound to the key that the *requester* proved, never to that of the token it came from (TX-155),
and a bound token never becomes an unbound one in the hands of the same client, unless a rule says so
(TX-156).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from actas.core.confirmation import NO_KEY, Binding, Confirmation
from actas.core.errors import InvalidDpopProof, InvalidRequest
from actas.core.party import Party
from actas.core.permit import Proposal, Refusal
from actas.kinds.proposed import binds_certificates
from actas.policy.decide import Verdict
from actas.policy.narrow import bindings
from actas.policy.rule import PolicyDefaults, RuleSpec

Role = Literal["subject", "actor"]
Inputs = tuple[tuple[Role, Party, Confirmation], ...]
"""The tokens of a request that are bound to a key, each with that key."""

_ORDER: Final[tuple[Binding, ...]] = ("dpop", "mtls", "optional", "none")
"""What asks for more comes first."""


class Bound(NamedTuple):
    """What was found about keys.

    Attributes:
        wanted: what rules, APIs and defaults ask for.
        to: the key that the new token is bound to, or None.
        refusals: why the keys that were proved are not enough.
    """

    wanted: Binding
    to: Confirmation | None
    refusals: tuple[Refusal, ...]

    @property
    def unheld(self) -> list[Refusal]:
        """Those of a token whose key was not proven: nothing that it is good for is told before them."""
        return [one for one in self.refusals if one.reason == "key_not_proven"] if self.refusals else []

    @property
    def unmet(self) -> list[Refusal]:
        """The others: the new token has to be bound to a key, and is not."""
        return [one for one in self.refusals if one.reason != "key_not_proven"] if self.refusals else []


_AT_WILL: Final[set[Binding]] = {"optional"}
_UNBOUND: Final = Bound("optional", None, ())


def bound(proposal: Proposal, verdicts: tuple[Verdict, ...], defaults: PolicyDefaults) -> Bound:
    """Return what the new token is bound to, and every refusal.

    Args:
        verdicts: what the rules said, at every target.
        defaults: what holds for every token.
    """
    words = bindings(verdicts, defaults)
    held = None if proposal.renewal is None else proposal.renewal.family.confirmation
    if words == _AT_WILL and proposal.proven is NO_KEY and _no_key_in(proposal):  # nearly every exchange
        return _UNBOUND
    inputs = _bound_inputs(proposal)
    refusals = [*_unproven(inputs, proposal, verdicts)] if inputs else []
    if "dpop" in words and "mtls" in words:
        detail = "the token would have to be bound to a DPoP key and to a certificate, and names one key only"
        refusals.append(Refusal(error=InvalidRequest, reason="binding_needed", detail=detail))
        return Bound("dpop", None, tuple(refusals))
    wanted = _ORDER[min(map(_ORDER.index, words))]
    known = [key for _, _, key in inputs] + [key for key in (held,) if key is not None]
    to = _key(wanted, known, proposal.proven, certificate=binds_certificates(proposal))
    if to is None and wanted in ("dpop", "mtls"):
        refusals.append(_needed(wanted, proposal))
    elif to is None and held is not None:
        refusals.append(_unheld(held))
    elif to is None and inputs:
        refusals += _loosened(wanted, inputs, proposal, verdicts)
    return Bound(wanted, to, tuple(refusals))


def _no_key_in(proposal: Proposal) -> bool:
    actor = proposal.actor
    return proposal.subject.confirmation is None and (actor is None or actor.confirmation is None)


def _bound_inputs(proposal: Proposal) -> Inputs:
    found: Inputs = ()
    if proposal.subject.confirmation is not None:
        found = (("subject", proposal.subject, proposal.subject.confirmation),)
    if proposal.actor is not None and proposal.actor.confirmation is not None:
        found = (*found, ("actor", proposal.actor, proposal.actor.confirmation))
    return found


def _unheld(held: Confirmation) -> Refusal:
    """A refresh token that is bound brings no token that is not."""
    detail = f"the refresh token is bound to the {held.words}, and the new token would be bound to nothing"
    return Refusal(error=InvalidRequest, reason="binding_needed", detail=detail)


def _key(
    wanted: Binding, held: Sequence[Confirmation], proven: Confirmation, *, certificate: bool
) -> Confirmation | None:
    """Return the key of the requester that the token is bound to.

    Args:
        certificate: whether a certificate that is shown will do, where the token is bound at will.
    """
    if wanted == "none" or proven is NO_KEY:
        return None
    jkt = None if proven.jkt is None else Confirmation(jkt=proven.jkt)
    x5t = None if proven.x5t is None else Confirmation(x5t=proven.x5t)
    if wanted == "optional" and jkt is None and x5t is not None:
        # It showed a token of its certificate, so it can use another one.
        return x5t if certificate or any(x5t.proves(key) for key in held) else None
    return x5t if wanted == "mtls" else jkt


def _needed(wanted: Binding, proposal: Proposal) -> Refusal:
    if wanted == "dpop":
        detail = "a DPoP proof is needed (token.binding: dpop), and none was sent"
        return Refusal(error=InvalidDpopProof, reason="binding_needed", detail=detail)
    shown = "" if proposal.proven.jkt is None else "; a DPoP proof does not take its place"
    detail = f"a client certificate is needed (token.binding: mtls), and none was shown{shown}"
    return Refusal(error=InvalidRequest, reason="binding_needed", detail=detail)


def _unproven(inputs: Inputs, proposal: Proposal, verdicts: tuple[Verdict, ...]) -> Iterator[Refusal]:
    proven = proposal.proven
    for role, _, key in inputs:
        if not proven.proves(key) and not _all_say(verdicts, role, "relay"):
            detail = f"the {role} token is bound to the {key.words}; the request proves {proven.words}"
            yield Refusal(error=InvalidRequest, reason="key_not_proven", detail=detail)


def _loosened(
    wanted: Binding, inputs: Inputs, proposal: Proposal, verdicts: tuple[Verdict, ...]
) -> Iterator[Refusal]:
    """Refuse a bearer token for whoever holds a bound one: it would only take the binding off."""
    for role, party, key in inputs:
        same = party.client_id == proposal.client.name or proposal.proven.proves(key)
        if same and not _all_say(verdicts, role, "unbind"):
            detail = (
                f"the {role} token is bound to the {key.words}, and the new one would be bound to nothing"
            )
            if wanted == "none":
                yield Refusal(error=InvalidRequest, reason="binding_needed", detail=detail)
            else:
                yield Refusal(error=InvalidDpopProof, reason="binding_needed", detail=detail)


def _all_say(verdicts: tuple[Verdict, ...], role: Role, word: Literal["relay", "unbind"]) -> bool:
    """Whether every rule that allows the exchange says ``word``. No rule at all says nothing."""
    rules = [rule for verdict in verdicts for rule in verdict.allows]
    return bool(rules) and all(_says(rule.spec, role, word) for rule in rules)


def _says(spec: RuleSpec, role: Role, word: Literal["relay", "unbind"]) -> bool:
    selector = spec.subject if role == "subject" else spec.actor
    if selector is None:
        return False
    return selector.relay if word == "relay" else selector.unbind
