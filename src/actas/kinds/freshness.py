"""Whether a token shows a sign-in that is fresh and strong enough (RFC 9470). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from actas.core.errors import SignInAgain
from actas.core.party import Party
from actas.core.permit import Refusal
from actas.core.spans import span
from actas.crypto.jose import MAX_LEEWAY


def stale(party: Party, *, max_age: int | None, acr: Iterable[Collection[str]], at: float) -> Refusal | None:
    """Return the refusal of a sign-in that is too old or too weak, or None. One that says nothing is.

    The refusal says what would do, as RFC 9470 section 3 has it, where one set of ways is wanted.

    Args:
        max_age: seconds since the sign-in, at most; None for any.
        acr: sets of ways to sign in, of each of which it has to be one.
        at: now, seconds since the epoch.
    """
    wanted = [sorted(one) for one in acr]
    detail = _too_old(party, max_age, at=at) or _too_weak(party, wanted)
    if detail is None:
        return None
    members: dict[str, str | int] = {} if max_age is None else {"max_age": max_age}
    if len(wanted) == 1:
        members["acr_values"] = " ".join(wanted[0])
    return Refusal(error=SignInAgain, reason="sign_in_again", detail=detail, members=members)


def _too_old(party: Party, max_age: int | None, *, at: float) -> str | None:
    if max_age is None:
        return None
    who, signed_in = party.identity.subject, party.claims.get("auth_time")
    if isinstance(signed_in, bool) or not isinstance(signed_in, int | float):
        return f"the token does not say when {who} signed in (auth_time)"
    if signed_in + max_age < at:
        return f"{who} signed in {span(int(at - signed_in))} ago, longer than {span(max_age)}"
    if signed_in - MAX_LEEWAY > at:
        return f"{who} signed in when it has not been yet (auth_time)"
    return None


def _too_weak(party: Party, wanted: Iterable[Collection[str]]) -> str | None:
    acr = party.claims.get("acr")
    for one in wanted:
        if not isinstance(acr, str) or acr not in one:
            said = f"the token of {party.identity.subject} says acr {acr!r}"
            return f"{said}, and one of {', '.join(one)} is wanted"
    return None
