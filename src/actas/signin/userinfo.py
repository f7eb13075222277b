"""What an app may hear of who signed in to it (OpenID Connect Core section 5.3).

It shows the access token that came of the sign-in, and hears what the scopes in it open. Names, addresses
and groups are those of now, from the directory, and not what a token remembers. Of people whom an issuer
vouches for, what it said when they signed in is all that is known, and the token carries it. A token in which
somebody acts for the person opens nothing here, nor does one that was exchanged: who is told of people is
decided when they sign in, by themselves (SEC-48).
"""

from __future__ import annotations

from collections.abc import Callable

from actas.audit.log import AuditLog
from actas.audit.refusal import refused
from actas.core.errors import InsufficientScope, InvalidToken, OAuthError
from actas.core.party import Caller, Party, is_impersonated
from actas.core.person import People, Person
from actas.core.ports import Json, JsonObject
from actas.core.sign_in import CLAIMS, OPENID, userinfo_audience
from actas.issuers.about import About
from actas.shown import ShownTokens
from actas.subjects.live import LiveClients


class UserInfo:
    """Answers the UserInfo endpoint. An answer is no entry; a refusal is.

    Args:
        issuer: our own issuer identifier.
        shown: proves the tokens that requests show.
        people: the directory.
        about: opens what tokens carry about people of issuers.
        clients: finds whom a token was given to, for the minutes.
        audit: takes the refusals.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        issuer: str,
        shown: ShownTokens,
        people: People,
        about: About,
        clients: LiveClients,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        self._audience = userinfo_audience(issuer)
        self._shown = shown
        self._people = people
        self._about = about
        self._clients = clients
        self._audit = audit
        self._fresh = fresh

    async def __call__(self, caller: Caller, *, method: str, url: str) -> JsonObject:
        """Return the claims about whom the token of a request speaks of.

        Args:
            method: of the request.
            url: its public address.

        Raises:
            OAuthError: the token is not good for this. The refusal stands in the minutes, under ``entry``.
        """
        trail = self._audit.open(caller.address, door="userinfo")
        try:
            self._fresh()
            party = await self._shown.prove(caller, method=method, url=url)
            trail.subject, trail.client = party, self._clients.client(party.client_id or "")
            self._require_own(party)
            return self._told(party)
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc

    async def turn_away(self, caller: Caller, error: Exception) -> OAuthError:
        """Record a request that is not as it should be; return what to tell."""
        return await refused(self._audit, self._audit.open(caller.address, door="userinfo"), error)

    def _require_own(self, party: Party) -> None:
        """Return when a token came of its subject's own sign-in, for this.

        Raises:
            InvalidToken: it did not.
            InsufficientScope: it does not hold ``openid``.
        """
        if self._audience not in party.audience:
            raise _refusal(f"it is for {', '.join(party.audience)}, and not for UserInfo")
        if party.kind != "person":
            raise _refusal(f"it speaks of {party.identity.subject}, who is no person")
        if is_impersonated(party) or not party.is_in_hand or party.may_act is not None:
            raise _refusal("somebody acts for the person in it")
        if "auth_time" not in party.claims:
            raise _refusal("it did not come of a sign-in")
        if OPENID not in party.scope:
            raise InsufficientScope("scope_missing", detail=f"it does not hold the scope {OPENID}")

    def _told(self, party: Party) -> JsonObject:
        subject = party.identity.subject
        person = self._people.person(subject)
        known = _facts(person) if person is not None else self._carried(party)
        opened = {name for scope in party.scope for name in CLAIMS.get(scope, ())}
        return {"sub": subject, **{name: value for name, value in known.items() if name in opened}}

    def _carried(self, party: Party) -> dict[str, Json]:
        facts: dict[str, Json] = {"groups": list[Json](party.groups)}
        return {**self._about.read(party.identity.subject, party.claims), **facts}


def _facts(person: Person) -> dict[str, Json]:
    """Return everything that may be said of a person."""
    facts: dict[str, Json] = {
        "name": person.display,
        "preferred_username": person.name,
        "groups": list[Json](person.groups),
    }
    if person.email is not None:
        # Nobody had them show that it is theirs.
        facts |= {"email": person.email, "email_verified": False}
    return facts


def _refusal(detail: str) -> InvalidToken:
    return InvalidToken("bad_access_token", detail=detail)
