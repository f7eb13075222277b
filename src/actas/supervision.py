"""What people do about impersonations: see them, approve one or refuse to, and end one.

Whoever asks shows a token of their own, as an administrator does who wants to begin one, and it is theirs in
person; a client that acts by itself shows none. A second person approves, never whoever asks nor whom it is
about (four eyes), signed in as freshly as administrators must be. The person, the administrator and those who
may approve can end one at any time, with every token that came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actas.audit.log import AuditLog
from actas.audit.trail import Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.core.client import Client
from actas.core.errors import AccessDenied, InvalidRequest
from actas.core.impersonation import Impersonation, ImpersonationStore, name_of
from actas.core.params import Params
from actas.core.party import Caller, Identity, Party, PresentedToken, is_impersonated
from actas.core.ports import Clock, Json, JsonObject
from actas.core.reason import Reason
from actas.core.wire import TokenType
from actas.desk import Desk
from actas.grants.named import why_of
from actas.kinds.acting_as import stale_sign_in
from actas.kinds.checks import not_the_requesters
from actas.kinds.impersonation_pages import Paging
from actas.kinds.impersonations import Impersonations
from actas.policy.decide import Policy
from actas.shown import Presence

ACTIONS: Final = ("list", "approve", "refuse", "end")

MOST_LISTED: Final = 200
"""Impersonations in one answer, the newest first; ``next`` is the cursor of those behind them."""


class Supervision(Desk[JsonObject]):
    """Answers the endpoint of impersonations. What changes has an entry of its own; an answer is none.

    Args:
        issuer: our own issuer identifier.
        clients: as for ``Desk``; ``audit`` and ``fresh`` likewise.
        presence: proves the tokens that people show.
        kept: the impersonations.
        impersonations: changes them.
        paging: cuts lists into pages.
        policy: says how fresh a sign-in has to be.
    """

    door = "impersonation"

    def __init__(
        self,
        *,
        issuer: str,
        clients: ClientAuthenticator,
        presence: Presence,
        kept: ImpersonationStore,
        impersonations: Impersonations,
        paging: Paging,
        policy: Policy,
        clock: Clock,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        super().__init__(clients=clients, audit=audit, fresh=fresh)
        self._issuer = issuer
        self._presence = presence
        self._kept = kept
        self._impersonations = impersonations
        self._paging = paging
        self._policy = policy
        self._clock = clock

    async def _answer(self, client: Client, form: Params, trail: Trail) -> JsonObject:
        action = form.require("action")
        if action not in ACTIONS:
            raise InvalidRequest("malformed_request", detail=f"action is one of {', '.join(ACTIONS)}")
        who = await self._who(client, form, trail)
        mine = Identity(self._issuer, client.name) if who is None else who.identity
        if action == "list":
            return await self._listed(mine, who, form)
        one = await self._kept.find(form.require("impersonation"))
        if one is None or not _may_see(one, mine, who):
            raise AccessDenied("not_yours", detail="there is none of that name that this one may see")
        trail.impersonation = one
        if action == "end":
            changed = await self._impersonations.end(one.id, by=name_of(mine), why=why_of(form).reason)
        else:
            self._require_second(one, who)
            changed = await self._impersonations.decide(
                one.id, approved=action == "approve", by=name_of(mine), why=why_of(form).reason
            )
        if changed is None:
            raise _too_late(await self._kept.find(one.id) or one, at=self._clock.now())
        return shown(changed)

    async def _listed(self, mine: Identity, who: Party | None, form: Params) -> JsonObject:
        """Return a page of those that somebody may see; those that others approve leave it shorter."""
        of, groups = f"impersonations of {name_of(mine)}", () if who is None else who.groups
        after = self._paging.start(form.get("cursor"), of=of)
        found = await self._kept.concerning(mine, groups, most=MOST_LISTED + 1, after=after)
        page, following = self._paging.cut(found, most=MOST_LISTED, of=of)
        listed: list[Json] = [shown(one) for one in page if _may_see(one, mine, who)]
        return {"impersonations": listed, "next": following}

    async def _who(self, client: Client, form: Params, trail: Trail) -> Party | None:
        """Return the person whose token was shown; None when none was, and the client speaks for itself."""
        token, declared = form.secret("subject_token"), form.get("subject_token_type")
        if token is None and declared is None:
            return None
        if token is None or declared is None:
            raise InvalidRequest(
                "malformed_request", detail="subject_token and its type are sent together, or neither"
            )
        caller = trail.caller or Caller(address=trail.source)
        shown_token = PresentedToken(TokenType(declared), token, "actor")
        party = trail.subject = await self._presence.prove(shown_token, caller, client=client.name)
        if is_impersonated(party):
            raise InvalidRequest("impersonated", detail=f"somebody acts as {party.identity.subject} with it")
        refusal = not_the_requesters(party, client, Identity(self._issuer, client.name))
        if refusal is not None:
            raise refusal.as_error()
        if party.kind != "person" or party.actors or party.may_act is not None:
            raise InvalidRequest("bad_subject", detail="it is not a person's own, who is there himself")
        return party

    def _require_second(self, one: Impersonation, who: Party | None) -> None:
        """Return when somebody may decide on an impersonation: a second person, freshly signed in.

        Raises:
            OAuthError: they may not.
        """
        if who is None or not one.approval or not _approves(one, who):
            raise AccessDenied("not_yours", detail=f"only members of {', '.join(one.approval)} decide on it")
        if {who.identity, who.origin} & {one.administrator.identity, one.subject}:
            raise AccessDenied("not_yours", detail="nobody decides on his own, nor on who acts as him")
        terms = self._policy.impersonating.terms
        refusal = stale_sign_in(terms, who, at=self._clock.now())
        if refusal is not None:
            raise refusal.as_error()


def _too_late(one: Impersonation, *, at: float) -> InvalidRequest:
    """Return the refusal to change one that is not as it was: it has ended, or was decided on.

    Args:
        one: as it is now.
    """
    reason: Reason = "already_decided" if one.state == "refused" or one.is_live(at) else "impersonation_ended"
    refusal = InvalidRequest(reason, detail=f"{one.id} is {one.state} until {one.until}")
    refusal.members = {"state": one.state}
    return refusal


def shown(one: Impersonation) -> JsonObject:
    """Return an impersonation as whoever may see it sees it."""
    return {
        "id": one.id,
        "state": one.state,
        "administrator": _named(one.administrator.identity),
        "subject": _named(one.subject),
        "client": one.client,
        "form": one.form,
        "reason": one.why.reason,
        "ticket": one.why.ticket,
        "apis": list(one.apis),
        "scope": " ".join(one.scope),
        "names_actor": one.names_actor,
        "approval": list(one.approval),
        "requested_at": one.requested_at,
        "began_at": one.began_at or None,
        "until": one.until,
        "decided_by": one.decided_by or None,
        "ended_by": one.ended_by or None,
        "ended_why": one.ended_why or None,
    }


def _named(identity: Identity) -> JsonObject:
    return {"iss": identity.issuer, "sub": identity.subject}


def _may_see(one: Impersonation, mine: Identity, who: Party | None) -> bool:
    """Whether somebody may see an impersonation, and end it: their own, on them, or theirs to approve."""
    return mine in (one.administrator.identity, one.subject) or (who is not None and _approves(one, who))


def _approves(one: Impersonation, who: Party) -> bool:
    """Whether somebody is in every group that has to approve it, to the administrator's issuer or to us.

    A group of that name at another issuer is another group (SEC-24).
    """
    known_by = (one.vouched_by, one.subject.issuer)
    return bool(one.approval) and who.origin.issuer in known_by and set(one.approval) <= set(who.groups)
