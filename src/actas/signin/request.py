"""What an app asks of a person who signs in to it (RFC 6749 section 4.1.1, OpenID Connect Core 3.1.2.1).

Whether the app and the address are right is looked at first. As long as they are not, nobody is sent
anywhere: the refusal is shown to the person. From then on a refusal goes back to the app (``SendBack``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, Protocol

import msgspec

from actas.core.client import Client, SignInTerms
from actas.core.errors import InvalidRequest, OAuthError, UnauthorizedClient
from actas.core.errors_of_signing_in import (
    RequestNotSupported,
    RequestUriNotSupported,
    UnsupportedResponseType,
)
from actas.core.params import Params
from actas.core.redaction import without_secrets
from actas.core.wire import AUTHORIZATION_CODE
from actas.signin.hints import Hints
from actas.signin.redirects import may_go_to
from actas.signin.wanted import Offers, asked_for

ResponseMode = Literal["query", "form_post"]
Prompt = Literal["none", "login", "consent", "select_account"]

_MODES: Final[Mapping[str, ResponseMode]] = {"query": "query", "form_post": "form_post"}
PROMPTS: Final[Mapping[str, Prompt]] = {
    "none": "none",
    "login": "login",
    "consent": "consent",
    "select_account": "select_account",
}
"""The values of ``prompt``."""

_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_LONGEST: Final = {"state": 2048, "nonce": 512, "login_hint": 255, "acr_values": 1024}
_LONGEST_AGE: Final = 10 * 366 * 24 * 3600


class Registered(Offers, Protocol):
    """Finds clients and APIs. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked, all of it looked at.

    Attributes:
        client: who asks.
        redirect_uri: where the answer goes.
        state: what goes back with it, unchanged.
        mode: how it goes there.
        challenge: SHA-256 of the verifier that will redeem the code.
        scope: what may be granted at most.
        apis: the names of the APIs that it is for.
        dropped: the scopes that were asked for and that no API has there.
        prompt: what the app wants people to be asked, or not to be.
        max_age: seconds since somebody proved who they are, at most.
        began: when it was asked, seconds since the epoch.
        jkt: the thumbprint of the DPoP key that will redeem the code.
        pushed: names the pushed request that this was; None when it came with the browser.
        hinted: the subject of whom the app means (``id_token_hint``); None when that is open.
    """

    client: str
    redirect_uri: str
    challenge: str
    scope: frozenset[str]
    apis: tuple[str, ...]
    began: int
    state: str | None = None
    mode: ResponseMode = "query"
    nonce: str | None = None
    prompt: frozenset[Prompt] = frozenset()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str | None = None
    jkt: str | None = None
    dropped: tuple[str, ...] = ()
    pushed: str | None = None
    hinted: str | None = None

    @property
    def where(self) -> Where:
        """Where the answer goes."""
        return Where(client=self.client, redirect_uri=self.redirect_uri, state=self.state, mode=self.mode)


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Where the answer to an authorization request goes.

    Attributes:
        state: what goes back with it, unchanged; None when none was sent.
    """

    client: str
    redirect_uri: str
    state: str | None
    mode: ResponseMode


class SendBack(Exception):
    """A refusal that the app is told (RFC 6749 section 4.1.2.1).

    Args:
        error: what it is told.
        where: where.
    """

    def __init__(self, error: OAuthError, where: Where) -> None:
        super().__init__(str(error))
        self.error = error
        self.where = where


def read_request(
    form: Params, registered: Registered, *, hints: Hints, now: float, pushed: str | None = None
) -> tuple[AuthorizationRequest, Client]:
    """Return what is asked, and who asks.

    Args:
        form: the parameters, as received.
        hints: reads ID tokens of ours.
        now: seconds since the epoch.
        pushed: names the pushed request that they are of; None when they came with the browser.

    Raises:
        OAuthError: nobody can be told but the person.
        SendBack: the app is told.
    """
    client, terms = _app(form, registered)
    redirect_uri = form.get("redirect_uri")
    if redirect_uri is None or not may_go_to(redirect_uri, terms.redirect_uris):
        sent = (redirect_uri or "none")[:300]
        detail = f"redirect_uri is none of those that {client.name} registered: {sent}"
        raise InvalidRequest("unknown_redirect", detail=detail)
    mode = _MODES.get(form.get("response_mode") or "query")
    state = form.get("state")
    where = Where(client=client.name, redirect_uri=redirect_uri, state=state, mode=mode or "query")
    try:
        if mode is None:
            raise _malformed("response_mode is neither query nor form_post")
        request = _read(form, client, registered, where, now=int(now))
        if terms.pushed and pushed is None:
            detail = f"{client.name} must push what it asks: sign_in.pushed is required"
            raise InvalidRequest("push_required", detail=detail)
        return msgspec.structs.replace(request, pushed=pushed, hinted=_hinted(form, hints)), client
    except OAuthError as refused:
        if state is not None and len(state) > _LONGEST["state"]:
            raise
        raise SendBack(refused, where) from refused


def _app(form: Params, registered: Registered) -> tuple[Client, SignInTerms]:
    name = form.get("client_id")
    client = None if name is None else registered.client(name)
    if client is None or client.disabled or client.sign_in is None:
        detail = "client_id is missing"
        if name is not None:
            detail = f"nobody signs in to a client called {without_secrets(name[:100])!r}"
        raise InvalidRequest("unknown_app", detail=detail)
    return client, client.sign_in


def _read(
    form: Params, client: Client, registered: Registered, where: Where, *, now: int
) -> AuthorizationRequest:
    for name, most in _LONGEST.items():
        if len(form.get(name) or "") > most:
            raise _malformed(f"{name} has more than {most} characters")
    if "request" in form:
        raise RequestNotSupported("malformed_request", detail="request objects are not read")
    if "request_uri" in form:
        raise RequestUriNotSupported("malformed_request", detail="request objects are not fetched")
    if form.get("response_type") is None:
        raise _malformed("the parameter response_type is missing")
    if form.get("response_type") != "code":
        raise UnsupportedResponseType("malformed_request", detail="response_type is not code")
    if AUTHORIZATION_CODE not in client.grants:
        detail = f"{client.name} may not use authorization_code"
        raise UnauthorizedClient("client_may_not_exchange", detail=detail)
    challenge = form.get("code_challenge")
    if form.get("code_challenge_method") != "S256" or challenge is None or not _DIGEST.fullmatch(challenge):
        detail = f"{client.name} sent no code_challenge with the method S256 (RFC 7636)"
        raise InvalidRequest("pkce_missing", detail=detail)
    prompt = _prompt(form.get("prompt"))
    wanted = asked_for(form, client, registered)
    jkt = form.get("dpop_jkt")
    if jkt is not None and not _DIGEST.fullmatch(jkt):
        raise _malformed("dpop_jkt is no thumbprint")
    return AuthorizationRequest(
        client=client.name,
        redirect_uri=where.redirect_uri,
        challenge=challenge,
        scope=wanted.scope,
        apis=wanted.apis,
        began=now,
        state=where.state,
        mode=where.mode,
        nonce=form.get("nonce"),
        prompt=prompt,
        max_age=_age(form.get("max_age")),
        acr_values=tuple((form.get("acr_values") or "").split()),
        login_hint=form.get("login_hint"),
        jkt=jkt,
        dropped=wanted.dropped,
    )


def _hinted(form: Params, hints: Hints) -> str | None:
    """Return whom an app means. For which app the token was made makes no difference to that."""
    hint = form.get("id_token_hint")
    if hint is None:
        return None
    told = hints.read(hint)
    if told is None:
        raise _malformed("id_token_hint is no ID token of this server")
    return told.subject


def _prompt(text: str | None) -> frozenset[Prompt]:
    found: set[Prompt] = set()
    for word in (text or "").split():
        prompt = PROMPTS.get(word)
        if prompt is None:
            raise _malformed("prompt is none of none, login, consent and select_account")
        found.add(prompt)
    if "none" in found and len(found) > 1:
        raise _malformed("prompt=none goes with nothing else")
    return frozenset(found)


def _age(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise _malformed("max_age is not a number of seconds")
    return min(int(text), _LONGEST_AGE)


def _malformed(detail: str) -> InvalidRequest:
    return InvalidRequest("malformed_request", detail=detail)
