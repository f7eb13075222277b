"""Through whom people may sign in, and what they are sent there with (OpenID Connect Core section 3.1.2.1).

What is asked of an issuer travels sealed in ``state``, so that nothing need be kept, and is good for the
browser that began: whoever has somebody else follow a link of theirs gets nobody signed in (RFC 9700 section
4.7). Each issuer has an address of its own to come back to, so that an answer of one is never taken for
another's (section 4.4.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

import msgspec

from actas.core.client import Client
from actas.core.ports import Json
from actas.core.sign_in import SignIn
from actas.crypto.digests import challenge_of
from actas.signin.beginning import Begun
from actas.signin.request import AuthorizationRequest
from actas.trust.provider import Provider
from actas.trust.registry import SignInThere, TrustedIssuer, TrustRegistry

LIFE: Final = 900
"""Seconds for which somebody may take to sign in there."""

SKEW: Final = 30
"""Seconds by which the clock of an issuer may differ from ours (SEC-19)."""

_ERROR: Final = re.compile(r"[a-z_]{1,64}")

KEYS_OF_OURS: Final = "/sign-in/keys"
"""Where issuers find the keys by which they know us."""

BACK: Final = "/sign-in/from/"
"""Where people come back to, with the issuer's name after it."""


class Away(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What comes back in ``state``.

    Attributes:
        provider: the name of the issuer that was asked.
        browser: what stands for the browser that began.
        nonce: what its ID token must hold; so it names this attempt, too.
        verifier: redeems the code (RFC 7636).
        max_age: seconds since somebody proved who they are, as it was asked.
        at: when it was asked, seconds since the epoch.
    """

    begun: Begun
    provider: str
    browser: str
    nonce: str
    verifier: str
    max_age: int
    at: int


def offered(issuers: Iterable[TrustedIssuer], client: Client | None) -> list[TrustedIssuer]:
    """Return the issuers through which people may sign in to an app, in the order of their buttons.

    Args:
        client: None for somebody who came by themselves.
    """
    found = [one for one in issuers if is_offered(one, client)]
    return sorted(found, key=lambda one: ("" if one.sign_in is None else one.sign_in.display, one.name))


def is_offered(issuer: TrustedIssuer, client: Client | None) -> bool:
    """Return whether people may sign in to an app through an issuer."""
    terms = issuer.sign_in
    if terms is None or issuer.disabled:
        return False
    return terms.clients is None or client is None or client.name in terms.clients


def may_use(signed_in: SignIn, client: Client | None, trust: TrustRegistry, *, ours: str) -> bool:
    """Return whether somebody signed in by a way that is offered for an app.

    Args:
        ours: our own issuer identifier.
    """
    issuer = trust.issuer(signed_in.origin.issuer)
    return signed_in.origin.issuer == ours or (issuer is not None and is_offered(issuer, client))


def back_to(ourselves: str, issuer: TrustedIssuer) -> str:
    """Return the redirect address of an issuer."""
    return f"{ourselves}{BACK}{issuer.name}"


def age_for(terms: SignInThere, request: AuthorizationRequest | None) -> int:
    """Return how long ago somebody may have proved there who they are, in seconds."""
    if request is None or request.max_age is None:
        return terms.max_age
    return min(terms.max_age, request.max_age)


def address_of(terms: SignInThere, provider: Provider, away: Away, *, state: str, back: str) -> str:
    """Return where a browser is sent."""
    request = away.begun.request
    asked = {
        "response_type": "code",
        "client_id": terms.client_id,
        "redirect_uri": back,
        "scope": " ".join(terms.scopes),
        "state": state,
        "nonce": away.nonce,
        "code_challenge": challenge_of(away.verifier),
        "code_challenge_method": "S256",
        "max_age": str(away.max_age),
    }
    prompt = () if request is None else sorted(request.prompt & {"login", "select_account"})
    if prompt:
        asked["prompt"] = " ".join(prompt)
    if request is not None and request.login_hint is not None:
        asked["login_hint"] = request.login_hint
    if terms.acr_values:
        asked["acr_values"] = " ".join(terms.acr_values)
    endpoint = provider.authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def error_word(error: Json) -> str | None:
    """Return what an issuer calls an error, fit for the minutes; None for what is no name of one."""
    return error if isinstance(error, str) and _ERROR.fullmatch(error) else None


def is_fresh(at: int, request: AuthorizationRequest, *, began: int | None = None) -> bool:
    """Return whether somebody proved who they are as lately as an app asks.

    Args:
        at: when they did, by the clock of whoever saw it; seconds since the epoch.
        began: when it was asked, likewise; None for when the app asked.
    """
    began = request.began if began is None else began
    if "login" in request.prompt and at < began - SKEW:
        return False
    return request.max_age is None or at >= began - request.max_age - SKEW
