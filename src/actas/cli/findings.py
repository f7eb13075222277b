"""What is found when a token is checked: signature, times, audience, chain, binding. Each is one line.

A token is good here when a server of ours would believe it, given the keys: the judgement is that of
``crypto.jose``, strict in every way; the look at it, which is lenient, only finds words for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from actas.cli.chains import texts
from actas.cli.keysets import Keys
from actas.cli.look import Look
from actas.cli.wording import duration, listed, short_target
from actas.core.claims import instant
from actas.core.errors import BadToken
from actas.core.ports import Json
from actas.crypto import jose
from actas.subjects.chain import actors_of

Check = Literal["form", "signature", "times", "audience", "chain", "binding"]
Result = Literal["good", "bad", "unknown", "skipped"]
"""``skipped``: nobody asked; ``unknown``: it was asked, and there is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: a word for programs.
        label: what was found, for people.
        detail: more about it, for people.
    """

    check: Check
    result: Result
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How a token is to be checked.

    Attributes:
        keys: to verify with, or None when there are none.
        verify: False only looks.
        audience: what it must be meant for, or None for anything.
        at: the instant to judge its times by, seconds since the epoch.
        whose: the issuer that it was kept as a token of, or None.
    """

    keys: Keys | None
    verify: bool
    audience: str | None
    at: float
    whose: str | None = None


def findings(text: str, seen: Look, question: Question) -> tuple[Finding, ...]:
    """Return everything found about ``text``, in the order in which it is shown."""
    if seen.form != "jwt":
        return (_without_signature(question, _UNREADABLE[seen.form]),)
    try:
        jws = jose.parse(text)
    except BadToken as bad:
        result: Result = "bad" if question.verify else "skipped"
        form = Finding(check="form", result=result, label="not acceptable", detail=bad.detail)
        rest = _without_signature(question, "it is not a token that Actas would take apart")
        return (form, rest, *_times(seen.claims, question.at), *_rest(seen, question))
    signature, key = _signature(jws, question)
    refusal = None if key is None else _refusal(jws, key, question.at)
    refused = (
        (Finding(check="form", result="bad", label="not acceptable", detail=refusal),) if refusal else ()
    )
    return (*refused, signature, *_times(seen.claims, question.at), *_rest(seen, question))


_UNREADABLE: Final = {
    "jwe": "it is encrypted: only whom it is for can look inside",
    "xml": "this release reads no XML; a SAML assertion is checked by the server it is sent to",
    "opaque": "nothing can be read from it: only its issuer can say what it means (RFC 7662);"
    " actas introspect asks",
}


def _without_signature(question: Question, why: str) -> Finding:
    result: Result = "unknown" if question.verify else "skipped"
    return Finding(check="signature", result=result, label="signature not checked", detail=why)


def _signature(jws: jose.ParsedJws, question: Question) -> tuple[Finding, jose.PublicKey | None]:
    """Return what is found about the signature, and the key when it is good."""
    if not question.verify:
        return _without_signature(question, "because of --no-verify"), None
    keys = question.keys
    if keys is None:
        lacking = "no keys" if question.whose is None else f"it is a token of {question.whose}"
        why = f"{lacking}: add --jwks FILE or URL, or --no-verify to only look"
        return _without_signature(question, why), None
    issuer = jws.unverified_claims.get("iss")
    if keys.issuer is not None and keys.issuer != issuer:
        return _of_another(jws, keys, question), None
    kid, algorithm = jws.unverified_kid, jws.unverified_algorithm
    key = keys.found.find(kid, algorithm)
    if key is None:
        known = listed(keys.found.kids) or "none that is usable"
        asked = f"named {kid}" if kid is not None else "that it could mean"
        why = f"no {algorithm} key {asked} in {keys.source}, which has: {known}"
        return _without_signature(question, why), None
    if not key.verifies(jws.compact.signing_input, jws.compact.signature):
        return _bad_signature(f"not made by the key {key.kid} of {keys.source}: forged or edited"), None
    detail = f"issuer {issuer}, keys {_from(keys)}"
    return Finding(check="signature", result="good", label="signature good", detail=detail), key


def _of_another(jws: jose.ParsedJws, keys: Keys, question: Question) -> Finding:
    """Judge a token that says another issuer than the one it was granted by. That is as it should be when
    the server redeemed a grant for its client: only what its own keys have to do with is wrong.
    """
    issuer, kid = jws.unverified_claims.get("iss"), jws.unverified_kid
    if kid is not None and keys.found.find(kid, jws.unverified_algorithm) is not None:
        return _bad_signature(
            f"it says issuer {issuer}, but was granted by {keys.issuer} and names a key of that"
        )
    why = (
        f"it says issuer {issuer}, and was granted by {keys.issuer}, which may have redeemed a grant there: "
        "add --jwks FILE or URL with the keys of that issuer"
    )
    return _without_signature(question, why)


def _from(keys: Keys) -> str:
    return keys.source if keys.source.startswith("saved") else f"from {keys.source}"


def _bad_signature(detail: str) -> Finding:
    return Finding(check="signature", result="bad", label="signature bad", detail=detail)


def _refusal(jws: jose.ParsedJws, key: jose.PublicKey, at: float) -> str | None:
    """Return why a token with a good signature is refused all the same, times excepted, or None."""
    issuer = jws.unverified_claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        return "the claim iss is missing or is not a name"
    types = frozenset({jws.compact.header.typ})  # whatever it is: who receives it judges that
    try:
        jose.verify(jws, key=key, types=types, issuer=issuer, now=at, leeway=0)
    except BadToken as bad:
        return None if bad.why == "expired" else bad.detail
    return None


def _times(claims: Mapping[str, Json], at: float) -> tuple[Finding, ...]:
    """Judge ``exp``, ``nbf`` and ``iat`` without leeway: people look at a clock, not at a margin."""
    try:
        expires_at = instant(claims, "exp")
        issued_at = instant(claims, "iat") if "iat" in claims else None
        starts_at = max(instant(claims, "nbf") if "nbf" in claims else 0, issued_at or 0)
    except BadToken as bad:
        return (Finding(check="times", result="bad", label="not live", detail=bad.detail),)
    whole = "" if issued_at is None or issued_at >= expires_at else f" of {duration(expires_at - issued_at)}"
    if at >= expires_at:
        lived = whole and f", lived {whole.removeprefix(' of ')}"
        return (_dead("expired", f"{duration(at - expires_at)} ago{lived}"),)
    if at < starts_at:
        return (_dead("not valid yet", f"for {duration(starts_at - at + 0.999)} more"),)
    left = duration(expires_at - at)
    return (Finding(check="times", result="good", label="live", detail=f"{left}{whole} left"),)


def _dead(label: str, detail: str) -> Finding:
    return Finding(check="times", result="bad", label=label, detail=detail)


def _rest(seen: Look, question: Question) -> tuple[Finding, ...]:
    found = (
        _audience(seen.claims, question.audience),
        _chain(seen.claims),
        _binding(seen.claims.get("cnf")),
    )
    return tuple(one for one in found if one is not None)


def _audience(claims: Mapping[str, Json], wanted: str | None) -> Finding | None:
    """Compare the whole audience: a short name that looks right is not the same API."""
    if wanted is None:
        return None
    audience = texts(claims.get("aud"))
    if wanted in audience:
        return Finding(check="audience", result="good", label="meant for", detail=wanted)
    meant = next((one for one in audience if short_target(one) == wanted), None)
    detail = f"it is for {listed(audience) or 'nobody'}"
    if meant is not None:
        detail += f"; did you mean --audience {meant}?"
    return Finding(check="audience", result="bad", label="meant for others", detail=detail)


def _chain(claims: Mapping[str, Json]) -> Finding | None:
    """Say so when the chain is not one that is read: what is drawn of it means nothing then."""
    issuer = claims.get("iss")
    try:
        actors_of(claims, issuer=issuer if isinstance(issuer, str) else "?", foreign_to=None)
    except BadToken as bad:
        return Finding(check="chain", result="bad", label="chain broken", detail=bad.detail)
    return None


def _binding(confirmation: Json) -> Finding | None:
    """Name the key a token is bound to (RFC 9449 section 6, RFC 8705 section 3)."""
    if not isinstance(confirmation, dict):
        return None
    for member, what in (("jkt", "DPoP key"), ("x5t#S256", "certificate")):
        thumbprint = confirmation.get(member)
        if isinstance(thumbprint, str):
            shown = thumbprint if len(thumbprint) < 12 else f"{thumbprint[:4]}…{thumbprint[-2:]}"
            detail = f"{what} {shown}: useless without it"
            return Finding(check="binding", result="good", label="bound", detail=detail)
    return None
