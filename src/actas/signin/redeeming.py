"""Redeeming codes at issuers, as a client of theirs (OpenID Connect Core section 3.1.3).

What shows the issuer who we are is made by ``issuers.client_assertion``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from actas.core.errors import BadToken
from actas.core.places import waiting_for_others
from actas.core.ports import Answer, Chance, Clock, FetchFailed, Json, Post
from actas.core.secret import Secret
from actas.crypto.json import BadJson, read_object
from actas.issuers.client_assertion import ShowsWhoWeAre, There
from actas.keys.ring import KeyRing
from actas.signin.facts import MOST
from actas.signin.providers import Away, error_word
from actas.trust.provider import Provider
from actas.trust.registry import SignInThere, TrustedIssuer


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeeming:
    """Redeems codes.

    Attributes:
        post: the way out.
        ring: signs with keys of ours.
        chance: makes ``jti``.
    """

    post: Post
    ring: KeyRing
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
        showing = ShowsWhoWeAre(ring=self.ring, chance=self.chance, clock=self.clock)
        there = There(issuer=issuer.issuer, token_endpoint=provider.token_endpoint, by_form=provider.by_form)
        shown = await showing.to(there, terms.ourselves)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            with waiting_for_others():
                answer = await self.post.post(
                    provider.token_endpoint,
                    urlencode({**form, **shown.form}).encode("ascii"),
                    headers={**headers, **shown.headers},
                )
        except FetchFailed as failed:
            raise BadToken(f"{issuer.name} does not answer: {failed.detail}", why="upstream_down") from None
        return _read(issuer, answer)


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
