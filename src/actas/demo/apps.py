"""The apps of the company that people sign in to: what each does around the sign-in itself.

What any OpenID Connect client does: PKCE, ``state`` and ``nonce`` of its own (OpenID Connect Core 1.0
section 3.1, RFC 7636), and a look at ``iss`` in the answer (RFC 9207).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx2

from actas.core.ports import JsonObject
from actas.demo.browser import Browser, asks

PORTAL: Final = "portal"
HELPDESK: Final = "helpdesk"
CLI: Final = "cli"
CALLBACK: Final = "http://127.0.0.1/signed-in"
"""Where they all wait for the answer. Nobody listens there: the tour looks at where the browser is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app that people sign in to.

    Attributes:
        name: its client id.
        secret: its client secret; None for one that has none.
    """

    name: str
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What an app has when somebody signed in.

    Attributes:
        asked: whether the person was asked whether the app may act for them.
    """

    access_token: str
    id_token: str
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a person types."""

    name: str
    password: str


def sign_in(
    app: App,
    who: Credentials,
    browser: Browser,
    *,
    server: str,
    http: httpx2.Client,
    scope: str,
    resource: str | None = None,
) -> SignedIn:
    """Sign a person in to an app: the browser comes back with a code, which is exchanged.

    Args:
        http: what the app itself sends with.
        resource: the only API the access token is for (RFC 8707); None for all that are asked for.

    Raises:
        LookupError: the server showed another page than it must, or sent no code, or told of another sign-in.
        httpx2.HTTPError: it does not answer, or answers with an error.
    """
    about = http.get(f"{server}/.well-known/openid-configuration").raise_for_status().json()
    verifier, state, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    page = browser.get(
        about["authorization_endpoint"],
        **({} if resource is None else {"resource": resource}),
        client_id=app.name,
        response_type="code",
        redirect_uri=CALLBACK,
        scope=scope,
        state=state,
        nonce=nonce,
        code_challenge=_challenge(verifier),
        code_challenge_method="S256",
    )
    if asks(page, "/sign-in"):  # whoever is signed in already is not asked again
        page = browser.send(page, "/sign-in", name=who.name, password=who.password)
    asked = asks(page, "/consent")
    if asked:
        page = browser.send(page, "/consent", decision="allow")
    form = {
        "grant_type": "authorization_code",
        "code": _code(page, state=state, server=server),
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
        "client_id": app.name,
        **({} if app.secret is None else {"client_secret": app.secret}),
    }
    given = http.post(about["token_endpoint"], data=form).raise_for_status().json()
    _require_of(given["id_token"], nonce)
    return SignedIn(access_token=given["access_token"], id_token=given["id_token"], asked=asked)


def _code(answer: httpx2.Response, *, state: str, server: str) -> str:
    """Return the code with which the browser was sent back, by this server and to this request."""
    said = dict(parse_qsl(urlsplit(answer.headers.get("location", "")).query))
    if (said.get("state"), said.get("iss")) != (state, server) or "code" not in said:
        raise LookupError(f"the app was sent no code: {said.get('error_description', 'no answer')}")
    return said["code"]


def _require_of(id_token: str, nonce: str) -> None:
    """Return when an ID token tells of the sign-in that sent a nonce.

    It comes from the server itself, over a connection to it, so its signature may be left alone (OpenID
    Connect Core 1.0 section 3.1.3.7).
    """
    middle = id_token.split(".")[1]
    claims: JsonObject = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    if claims.get("nonce") != nonce:
        raise LookupError("the ID token is of another sign-in: it does not hold the nonce of this one")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
