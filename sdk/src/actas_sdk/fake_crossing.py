"""Two servers in memory, of which one gives grants and the other redeems each once: ID-JAGs, or plain ones.

What is asked is granted, as everywhere in memory. What a grant is for, and whose it is, holds as elsewhere.

Left to others: how a request arrives and is answered (`fake_server`), what grants and tokens say
(`fake_grants`), and how a test uses it (`testing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from actas_sdk.details import DETAILS, Details, details_in
from actas_sdk.fake_books import FakeBooks, lineage
from actas_sdk.fake_grants import LIFE, Agreement, grant_of, token_of
from actas_sdk.fake_refusals import Of
from actas_sdk.fake_requests import Asked
from actas_sdk.granting import REQUESTED, GrantKind
from actas_sdk.requests import ACCESS_TOKEN, TOKEN_TYPE
from actas_sdk.strict_json import Json, JsonObject, NotStrict
from actas_sdk.token import Token

__all__ = ["Agreement", "Outcome", "granted", "kind_asked", "redeemed"]

Form = Mapping[str, str]

_ID_TOKEN: Final = TOKEN_TYPE + "id_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a request.

    Attributes:
        asked: the request, for a test to look at.
        refusal: why not, or None.
        of: what that is refused.
        body: the answer, when there is no refusal.
    """

    asked: Asked
    refusal: str | None = None
    of: Of = "exchange"
    body: JsonObject = field(default_factory=dict[str, Json])


def kind_asked(form: Form, agreements: Iterable[Agreement]) -> GrantKind | None:
    """Return which kind of grant is asked for, or None when it is none.

    Who leaves the type out gets what the target takes (identity chaining section 2.3.4).
    """
    requested = form.get("requested_token_type")
    for kind, name in REQUESTED.items():
        if requested == name:
            return kind
    plain = {one.there.issuer for one in agreements if one.kind == "jwt"}
    named = form.get("audience") or form.get("resource")
    return "jwt" if requested is None and "subject_token" in form and named in plain else None


def granted(
    home: FakeBooks,
    form: Form,
    *,
    kind: GrantKind,
    client_id: str,
    jkt: str | None,
    agreements: Iterable[Agreement],
) -> Outcome:
    """Ask for a grant (ID-JAG section 4.3, identity chaining section 2.3).

    Args:
        home: the server that is asked.
        form: what is asked.
        kind: which kind of grant.
        client_id: who asks.
        jkt: the key that the request proves, or None.
        agreements: with whom.
    """
    subject = home.known(form.get("subject_token", ""))
    to = _server(form, kind)
    agreed = next((one for one in agreements if (one.there.issuer, one.kind) == (to, kind)), None)
    asked, malformed = _asked(form, subject, client_id=client_id)
    refusal = home.refusal or malformed or _unfit_for_grant(home, form, subject, asked=asked, kind=kind)
    if refusal is None:
        refusal = _no_way(form, to, agreed)
    if refusal is not None or agreed is None:
        return Outcome(asked=asked, refusal=refusal, of="grant" if kind == "id_jag" else "exchange")
    scopes = asked.scopes or (frozenset() if asked.authorization_details else agreed.scopes)
    asked = replace(asked, granted=True)
    grant = grant_of(agreed, replace(asked, scopes=scopes), subject, jkt=jkt)
    body: JsonObject = {
        "access_token": grant,
        "issued_token_type": REQUESTED[kind],
        "token_type": "N_A",
        "expires_in": LIFE,
        **_told(agreed.given[grant]),
    }
    return Outcome(asked=asked, body=body)


def redeemed(agreed: Agreement, form: Form, *, client_id: str, jkt: str | None) -> Outcome:
    """Ask for the token that a grant is good for (ID-JAG section 4.4, identity chaining section 2.4).

    Args:
        agreed: what the server that is asked has agreed.
        form: what is asked.
        client_id: who asks.
        jkt: the key that the request proves, or None.
    """
    there, grant = agreed.there, form.get("assertion", "")
    claims = agreed.given.get(grant, {})
    may = frozenset(str(claims.get("scope", "")).split())
    scopes = frozenset(form.get("scope", "").split()) or may
    refusal = there.refusal or ("malformed_request" if DETAILS in form else None)
    refusal = refusal or _unfit_to_redeem(agreed, grant, client_id=client_id, jkt=jkt)
    if refusal is None and not scopes <= may:
        refusal = "excess"
    if refusal is None and form.get("resource", agreed.audience) != agreed.audience and agreed.kind == "jwt":
        refusal = "unknown_target"  # an ID-JAG says itself what it is for, and the parameter is passed over
    asked = Asked(
        client_id=client_id,
        subject=str(claims.get("sub", "")),
        subject_token=Token(grant, audience=""),
        to=agreed.audience,
        scopes=scopes,
        granted=refusal is None,
        authorization_details=_details_of(claims),
    )
    if refusal is not None:
        return Outcome(asked=asked, refusal=refusal, of="redeeming")
    agreed.spent.add(grant)
    token = token_of(agreed, asked, claims, jkt=jkt)
    body: JsonObject = {
        "access_token": there.sign(token),
        "token_type": "Bearer" if jkt is None else "DPoP",
        "expires_in": LIFE,
        **_told(token),
    }
    return Outcome(asked=asked, body=body)


def _server(form: Form, kind: GrantKind) -> str | None:
    """Return which server a grant shall be for. A plain one may name it as ``resource`` (IDC 2.3.1)."""
    return form.get("audience") or (form.get("resource") if kind == "jwt" else None)


def _asked(form: Form, subject: JsonObject, *, client_id: str) -> tuple[Asked, str | None]:
    """Return what is asked, as not granted yet, and what of it cannot be read."""
    malformed = None
    details: Details = ()
    if form.get("requested_token_type") != REQUESTED["id_jag"] and DETAILS in form:
        malformed = "malformed_request"
    elif DETAILS in form:
        try:
            details = details_in(form[DETAILS])
        except NotStrict:
            malformed = "bad_details"
    asked = Asked(
        client_id=client_id,
        subject=str(subject.get("sub", "")),
        subject_token=Token(form.get("subject_token", ""), audience=""),
        to=form.get("resource") or form.get("audience", ""),
        scopes=frozenset(form.get("scope", "").split()),
        granted=False,
        authorization_details=details,
    )
    return asked, malformed


def _no_way(form: Form, to: str | None, agreed: Agreement | None) -> str | None:
    """Return why there is no grant for that server and that API, if there is none."""
    if to is None:
        return "malformed_request"
    if agreed is None:
        return "no_connection"
    meant = agreed.audience if agreed.kind == "id_jag" else to  # a plain grant is for no API there
    return None if form.get("resource", meant) == meant else "no_connection"


def _unfit_for_grant(
    home: FakeBooks, form: Form, subject: JsonObject, *, asked: Asked, kind: GrantKind
) -> str | None:
    """Return why the subject token buys no grant, if it does not.

    It must be an ID token of this client, or for a plain grant an access token, and about a person.
    """
    unfit = home.unfit(subject)
    if unfit is not None:
        return unfit
    declared, signed_in = form.get("subject_token_type"), "auth_time" in subject
    if declared == _ID_TOKEN and signed_in and subject.get("aud") == asked.client_id:
        return None
    held = kind == "jwt" and declared == ACCESS_TOKEN and not signed_in
    return None if held and subject.get("sub_profile") == "user" else "bad_subject"


def _unfit_to_redeem(agreed: Agreement, grant: str, *, client_id: str, jkt: str | None) -> str | None:
    """Return why a grant is not redeemed, if it is not."""
    claims = agreed.given.get(grant)
    if claims is None:
        return "bad_subject"
    who = lineage("", ("party", str(claims["sub"])), since=agreed.issued_at(grant))
    unfit = agreed.there.unfit({**claims, "lineage": who})
    if unfit is not None:
        return unfit
    if claims["client_id"] != client_id:
        return "no_connection"
    cnf = claims.get("cnf")
    if cnf is not None and cnf != {"jkt": jkt}:
        return "key_not_proven"
    return "grant_reused" if grant in agreed.spent else None


def _told(claims: JsonObject) -> JsonObject:
    """Return what an answer says of what it gives."""
    return {name: claims[name] for name in ("scope", DETAILS) if name in claims}


def _details_of(claims: JsonObject) -> Details:
    said = claims.get(DETAILS)
    return tuple(one for one in said if isinstance(one, dict)) if isinstance(said, list) else ()
