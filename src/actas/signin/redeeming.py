"""Redeeming codes at issuers, as a client of theirs (OpenID Connect Core section 3.1.3).

Who we are is shown by the secret that the issuer gave out, by a key of ours, or not at all. What is signed
with the key names one issuer, lives for a minute and is made for one request (RFC 7523 section 3, OpenID
Connect Core section 9): an issuer that it was sent to cannot be somebody with it elsewhere.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote_plus, urlencode

from actas.core.errors import BadToken
from actas.core.places import waiting_for_others
from actas.core.ports import Answer, Chance, Clock, FetchFailed, Json, Post
from actas.core.secret import Secret
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION, SigningAlgorithm
from actas.crypto.json import BadJson, read_object
from actas.keys.ring import Purpose
from actas.signin.facts import MOST
from actas.signin.providers import Away, error_word
from actas.trust.provider import Provider
from actas.trust.registry import OwnKey, SignInThere, TrustedIssuer

LIFE: Final = 60
"""Seconds for which what shows who we are is good."""


class Signs(Protocol):
    """Signs with keys of ours (``keys.ring``)."""

    async def sign(
        self,
        claims: Mapping[str, Json],
        *,
        typ: str,
        purpose: Purpose,
        algorithm: SigningAlgorithm | None = None,
    ) -> Secret:
        """Return a compact JWS.

        Raises:
            StoreUnavailable: no key is ready.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeeming:
    """Redeems codes.

    Attributes:
        post: the way out.
        ring: signs with keys of ours.
        chance: makes ``jti``.
    """

    post: Post
    ring: Signs
    chance: Chance
    clock: Clock

    async def tokens(
        self,
        issuer: TrustedIssuer,
        terms: SignInThere,
        provider: Provider,
        away: Away,
        *,
        code: Secret,
        back: str,
    ) -> Mapping[str, Json]:
        """Return what an issuer gives for a code.

        Args:
            back: the address that the code came back to.

        Raises:
            BadToken: nothing; ``upstream_down``: it does not answer.
            StoreUnavailable: no key of ours is ready.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": back,
            "code_verifier": away.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if terms.own_key is not None:
            shown = await self._assertion(issuer, terms, terms.own_key, provider)
            form["client_id"] = terms.client_id
            form["client_assertion_type"] = JWT_BEARER_CLIENT_ASSERTION
            form["client_assertion"] = shown.reveal()
        elif terms.client_secret is None:
            form["client_id"] = terms.client_id
        elif provider.by_form:
            form["client_id"] = terms.client_id
            form["client_secret"] = terms.client_secret.reveal()
        else:  # each half is form-encoded first (RFC 6749 section 2.3.1)
            pair = f"{quote_plus(terms.client_id)}:{quote_plus(terms.client_secret.reveal())}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode('ascii')}"
        try:
            with waiting_for_others():
                answer = await self.post.post(
                    provider.token_endpoint, urlencode(form).encode("ascii"), headers=headers
                )
        except FetchFailed as failed:
            raise BadToken(f"{issuer.name} does not answer: {failed.detail}", why="upstream_down") from None
        return _read(issuer, answer)

    async def _assertion(
        self, issuer: TrustedIssuer, terms: SignInThere, own_key: OwnKey, provider: Provider
    ) -> Secret:
        now = int(self.clock.now())
        claims: dict[str, Json] = {
            "iss": terms.client_id,
            "sub": terms.client_id,
            "aud": issuer.issuer if own_key.named == "issuer" else provider.token_endpoint,
            "jti": self.chance.token(16),
            "iat": now,
            "exp": now + LIFE,
        }
        return await self.ring.sign(claims, typ="JWT", purpose="client", algorithm=own_key.algorithm)


def _read(issuer: TrustedIssuer, answer: Answer) -> Mapping[str, Json]:
    """Return what a token endpoint answered, as long as it is tokens."""
    try:
        document = read_object(answer.body, max_bytes=MOST)
    except BadJson:
        document = {}
    if answer.status >= 500:
        raise BadToken(f"{issuer.name} answers with status {answer.status}", why="upstream_down")
    if answer.status != 200:
        word = error_word(document.get("error")) or "no error that it names"
        raise BadToken(f"{issuer.name} does not redeem the code: {word} ({answer.status})")
    kind = document.get("token_type")
    if not isinstance(kind, str) or kind.casefold() != "bearer":
        raise BadToken(f"{issuer.name} answered with tokens of another type than Bearer")
    return document
