"""Cross-app access between two servers in memory: one gives grants (ID-JAG), the other redeems each once.

What is asked is granted, as everywhere in memory. What a grant is for, and whose it is, holds as elsewhere.

Left to others: how a request arrives and is answered (`fake_server`), and how a test uses it (`testing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from actas_sdk.fake_books import FakeBooks, lineage
from actas_sdk.fake_requests import Asked
from actas_sdk.granting import ID_JAG
from actas_sdk.requests import TOKEN_TYPE
from actas_sdk.strict_json import Json, JsonObject
from actas_sdk.token import Token

__all__ = ["Agreement", "granted", "redeemed"]

Form = Mapping[str, str]

_ID_TOKEN: Final = TOKEN_TYPE + "id_token"
_LIFE: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What two servers have agreed: one gives grants for an API of the other.

    Attributes:
        home: the one that gives them.
        there: the one that redeems them.
        audience: the API.
        client_id: who the service is there.
        scopes: what a grant is good for when nobody says.
        given: the claims of every grant.
        spent: those that were redeemed.
    """

    home: FakeBooks
    there: FakeBooks
    audience: str
    client_id: str
    scopes: frozenset[str]
    given: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    spent: set[str] = field(default_factory=set[str])

    def issued_at(self, grant: str) -> int:
        """Return when a grant was made, in seconds since the epoch."""
        return cast("int", self.given[grant]["iat"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a request.

    Attributes:
        asked: the request, for a test to look at.
        refusal: why not, or None.
        body: the answer, when there is no refusal.
    """

    asked: Asked
    refusal: str | None = None
    body: JsonObject = field(default_factory=dict[str, Json])


def granted(
    home: FakeBooks, form: Form, *, client_id: str, jkt: str | None, agreements: Iterable[Agreement]
) -> Outcome:
    """Ask for a grant (ID-JAG section 4.3).

    Args:
        home: the server that is asked.
        form: what is asked.
        client_id: who asks.
        jkt: the key that the request proves, or None.
        agreements: with whom.
    """
    subject = home.known(form.get("subject_token", ""))
    agreed = next((one for one in agreements if one.there.issuer == form.get("audience")), None)
    scopes = frozenset(form.get("scope", "").split())
    refusal = home.refusal or _unfit_for_grant(home, form, subject, client_id=client_id)
    if refusal is None and (agreed is None or form.get("resource", agreed.audience) != agreed.audience):
        refusal = "malformed_request" if "audience" not in form else "no_connection"
    asked = Asked(
        client_id=client_id,
        subject=str(subject.get("sub", "")),
        subject_token=Token(form.get("subject_token", ""), audience=""),
        to=form.get("resource") or form.get("audience", ""),
        scopes=scopes,
        granted=refusal is None,
    )
    if refusal is not None or agreed is None:
        return Outcome(asked=asked, refusal=refusal)
    grant = _made(home, subject, agreed=agreed, scopes=scopes or agreed.scopes, jkt=jkt)
    body: JsonObject = {
        "access_token": grant,
        "issued_token_type": ID_JAG,
        "token_type": "N_A",
        "expires_in": _LIFE,
        "scope": agreed.given[grant]["scope"],
    }
    return Outcome(asked=asked, body=body)


def redeemed(agreed: Agreement, form: Form, *, client_id: str, jkt: str | None) -> Outcome:
    """Ask for the token that a grant is good for (ID-JAG section 4.4).

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
    refusal = there.refusal or _unfit_to_redeem(agreed, grant, client_id=client_id, jkt=jkt)
    if refusal is None and not scopes <= may:
        refusal = "excess"
    asked = Asked(
        client_id=client_id,
        subject=str(claims.get("sub", "")),
        subject_token=Token(grant, audience=""),
        to=str(claims.get("resource", agreed.audience)),
        scopes=scopes,
        granted=refusal is None,
    )
    if refusal is not None:
        return Outcome(asked=asked, refusal=refusal)
    agreed.spent.add(grant)
    body: JsonObject = {
        "access_token": there.sign(_token(there, asked, claims, jkt=jkt)),
        "token_type": "Bearer" if jkt is None else "DPoP",
        "expires_in": _LIFE,
        "scope": " ".join(sorted(scopes)),
    }
    return Outcome(asked=asked, body=body)


def _unfit_for_grant(home: FakeBooks, form: Form, subject: JsonObject, *, client_id: str) -> str | None:
    """Return why the subject token buys no grant, if it does not: it must be an ID token of this client."""
    unfit = home.unfit(subject)
    if unfit is not None:
        return unfit
    of_client = subject.get("aud") == client_id and "auth_time" in subject
    return None if of_client and form.get("subject_token_type") == _ID_TOKEN else "bad_subject"


def _made(
    home: FakeBooks, subject: JsonObject, *, agreed: Agreement, scopes: frozenset[str], jkt: str | None
) -> str:
    """Return a new grant (ID-JAG section 3.1), which the other server knows from now on."""
    now = int(home.world.now())
    claims: JsonObject = {
        "iss": home.issuer,
        "aud": agreed.there.issuer,
        "client_id": agreed.client_id,
        "jti": home.world.new_id(),
        "iat": now,
        "exp": now + _LIFE,
        "scope": " ".join(sorted(scopes)),
        "resource": agreed.audience,
        **{name: subject[name] for name in ("sub", "sub_profile", "auth_time") if name in subject},
        **({} if jkt is None else {"cnf": {"jkt": jkt}}),
    }
    grant = home.sealed(claims, typ="oauth-id-jag+jwt")
    agreed.given[grant] = claims
    return grant


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


def _token(there: FakeBooks, asked: Asked, grant: JsonObject, *, jkt: str | None) -> JsonObject:
    """Return the claims of the token that comes of a grant: a token of the person, given to this client."""
    now, name, who = int(there.world.now()), there.world.new_id(), str(grant["sub"])
    return {
        "iss": there.issuer,
        "aud": asked.to,
        "client_id": asked.client_id,
        "scope": " ".join(sorted(asked.scopes)),
        "iat": now,
        "exp": now + _LIFE,
        "jti": name,
        "lineage": lineage("", ("token", name), ("party", who), ("party", asked.client_id), since=now),
        **{claim: grant[claim] for claim in ("sub", "sub_profile") if claim in grant},
        **({} if jkt is None else {"cnf": {"jkt": jkt}}),
    }
