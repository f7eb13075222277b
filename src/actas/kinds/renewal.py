"""Doing an exchange again by a refresh token (RFC 6749 section 6), and who may be given one. Pure.

The exchange that began a family is decided anew, on the same proven subject and under the rules of today:
what a rule no longer allows, an API no longer offers or a client may no longer ask for is refused, or left
out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from actas.core.errors import InvalidGrant, InvalidRequest, InvalidTarget, UnauthorizedClient
from actas.core.family import Family, Renewal
from actas.core.permit import ExchangeRequest, Proposal, Refusal
from actas.core.sign_in import Authorization
from actas.core.wire import AUTHORIZATION_CODE, REFRESH, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.kinds.kind import Kind
from actas.kinds.limits import Limits, lifetime_of
from actas.policy.decide import Verdict
from actas.policy.narrow import longest_life
from actas.policy.rule import PolicyDefaults, Refreshing


def again(
    request: ExchangeRequest, renewal: Renewal | None, authorization: Authorization | None
) -> ExchangeRequest:
    """Return a request that names its targets: when it named none, all that it may be for.

    Those are, in a refresh, what the family is for, and of a code what the person was asked about.
    """
    if request.audience or request.resource:
        return request
    if renewal is not None:
        return msgspec.structs.replace(request, audience=renewal.family.apis)
    return request if authorization is None else msgspec.structs.replace(request, audience=authorization.apis)


def renewed(proposal: Proposal, renewal: Renewal | None) -> Proposal:
    """Return what is to be decided: in a refresh, the exchange that the refresh token stands for.

    Args:
        proposal: as it was asked for; the subject of a refresh is looked at no further.
    """
    if renewal is None:
        return proposal
    family = renewal.family
    subject = msgspec.structs.replace(
        family.subject,
        lineage=family.lineage,
        expires_at=family.ends_at,
        txn=family.txn,
        token_id=family.id,
        digest=renewal.digest,
    )
    return msgspec.structs.replace(
        proposal,
        grant_type=TOKEN_EXCHANGE if family.authorization is None else AUTHORIZATION_CODE,
        subject=subject,
        renewal=renewal,
        authorization=family.authorization,
    )


def refresh_token_is_the_requesters(proposal: Proposal) -> Refusal | None:
    """RFC 6749 sections 6 and 10.4: bound to its client, to its key, and to the APIs it was given for."""
    renewal = proposal.renewal
    if renewal is None:
        return None
    family, client = renewal.family, proposal.client
    if family.client != client.name:
        detail = f"the refresh token was given to {family.client}, not to {client.name}"
        return Refusal(error=InvalidGrant, reason="wrong_audience", detail=detail)
    key = family.confirmation
    if key is not None and not proposal.proven.proves(key):
        detail = f"the refresh token is bound to the {key.words}; the request proves {proposal.proven.words}"
        return Refusal(error=InvalidGrant, reason="key_not_proven", detail=detail)
    for api in proposal.targets:
        if api.name not in family.apis:
            detail = f"the refresh token is not for {api.name}"
            return Refusal(error=InvalidTarget, reason="unknown_target", detail=detail)
    return None


def refresh_token_may_be_given(proposal: Proposal) -> Refusal | None:
    """A refresh token comes from a sign-in elsewhere, to a client that may use it (RFC 8693 section 2.2.1).

    Never from a token of ours, which may be impersonated (SEC-48) and is short-lived by design; nor with an
    actor token, which proves that somebody was there once.
    """
    if proposal.requested != REFRESH_TOKEN:
        return None
    client = proposal.client
    if REFRESH not in client.grants:
        detail = f"{client.name} could not use a refresh token: its grants do not list refresh_token"
        return Refusal(error=UnauthorizedClient, reason="client_may_not_exchange", detail=detail)
    if proposal.subject.is_ours:
        detail = "a refresh token comes from another issuer's token only, never from one of ours"
        return Refusal(error=InvalidRequest, reason="bad_subject", detail=detail)
    if proposal.actor is not None:
        detail = "a refresh token is given to the client that acts itself: send no actor token"
        return Refusal(error=InvalidRequest, reason="actor_not_allowed", detail=detail)
    return None


OF_REFRESH: Final = (refresh_token_is_the_requesters, refresh_token_may_be_given)
"""The musts of refresh tokens, before those of every kind."""


def refreshing(verdicts: Iterable[Verdict]) -> Refreshing | None:
    """Return for how long it may be done again: the least that any rule says; None when one says no."""
    found: list[Refreshing] = []
    for verdict in verdicts:
        for rule in verdict.allows:
            if rule.spec.refresh is None:
                return None
            found.append(rule.spec.refresh)
    if not found:
        return None
    sessions = [one.session for one in found if one.session is not None]
    return Refreshing(
        lifetime=min(one.lifetime for one in found),
        idle=min(one.idle for one in found),
        session=min(sessions, default=None),
    )


def refused_refresh(proposal: Proposal, verdicts: tuple[Verdict, ...]) -> Iterator[Refusal]:
    """Refuse what needs the word of every rule that allows the exchange, when one does not give it."""
    if proposal.renewal is None and proposal.requested != REFRESH_TOKEN:
        return
    rules = sorted({rule.spec.name for verdict in verdicts for rule in verdict.allows})
    if not rules:
        return
    allowed = refreshing(verdicts)
    if allowed is None:
        detail = f"of {', '.join(rules)} not every rule allows refresh tokens (token.refresh)"
        yield Refusal(error=InvalidTarget, reason="no_rule", detail=detail, rules=tuple(rules))
    elif proposal.renewal is not None:
        over = _over(proposal.renewal, allowed, at=proposal.at)
        if over is not None:
            yield Refusal(error=InvalidGrant, reason="expired", detail=over, rules=tuple(rules))


def _over(renewal: Renewal, allowed: Refreshing, *, at: float) -> str | None:
    """Return why it may not be done again any more under the rules of today, or None."""
    family = renewal.family
    if family.began + allowed.lifetime <= at:
        return f"the exchange may be done again for {allowed.lifetime} s by now, and began earlier"
    if renewal.renewed_at + allowed.idle <= at:
        return f"it was not done again for {allowed.idle} s"
    authorization = family.authorization
    if authorization is None or authorization.offline or allowed.session is None:
        return None
    if authorization.sign_in.at + allowed.session <= at:
        return f"a session lasts {allowed.session} s by now, and this one began earlier"
    return None


def life_of(
    proposal: Proposal, kind: Kind | None, verdicts: tuple[Verdict, ...], defaults: PolicyDefaults
) -> int:
    """Return the life of what is asked for, in seconds. A refresh token may outlive what it came from."""
    allowed = refreshing(verdicts) if proposal.requested == REFRESH_TOKEN else None
    if allowed is not None:
        return allowed.lifetime
    return lifetime_of(proposal, kind, longest_life(verdicts, defaults))


def family_of(
    proposal: Proposal, verdicts: tuple[Verdict, ...], *, kind: str, limits: Limits
) -> Family | None:
    """Return what a refresh token is to stand for, but for its name; None when none is to be made.

    Args:
        kind: the kind of exchange that was decided.
        limits: what was found to be granted.
    """
    allowed = refreshing(verdicts)
    if allowed is None or not (proposal.requested == REFRESH_TOKEN or _comes_with(proposal)):
        return None
    began = int(proposal.at)
    authorization = proposal.authorization
    ends_at = began + allowed.lifetime
    if authorization is not None:
        authorization = msgspec.structs.replace(authorization, nonce=None)  # OpenID Connect Core section 12.2
        ends_at = min(ends_at, proposal.subject.expires_at)
    return Family(
        id="",
        client=proposal.client.name,
        kind=kind,
        subject=proposal.subject,
        actors=limits.actors,
        apis=tuple(api.name for api in proposal.targets),
        audience=tuple(api.audience for api in proposal.targets),
        scope=limits.scope,
        confirmation=limits.confirmation,
        lineage=limits.lineage,
        txn=proposal.subject.txn or "",
        began=began,
        ends_at=ends_at,
        idle=allowed.idle,
        authorization=authorization,
    )


def _comes_with(proposal: Proposal) -> bool:
    """Whether a refresh token comes with the access token: at a sign-in, to a client that may use it."""
    return (
        proposal.authorization is not None and proposal.renewal is None and REFRESH in proposal.client.grants
    )
