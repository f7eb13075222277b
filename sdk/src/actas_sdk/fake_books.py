"""What the server in memory knows: its key, the tokens it made, and what of them was revoked.

Left to others: what it answers (`fake_server`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from joserfc.jwk import ECKey

from actas_sdk.dpop import digest
from actas_sdk.fake_refusals import CODES
from actas_sdk.fake_requests import Asked
from actas_sdk.flow import World
from actas_sdk.jws import encode
from actas_sdk.strict_json import Json, JsonObject

__all__ = ["FakeBooks", "lineage"]

_KID: Final = "made-for-the-test"


class FakeBooks:
    """What one server in memory knows.

    Attributes:
        issuer: the issuer it is.
        world: time and chance.
        asked: every request for a token, oldest first.
        refusal: the reason it refuses every request with, or None.
        down_for: seconds it asks everybody to wait, or None while it is up.
        revoked: what was revoked, oldest first, as the feed tells it.
    """

    def __init__(self, issuer: str, *, world: World) -> None:
        self.issuer = issuer
        self.asked: list[Asked] = []
        self.refusal: str | None = None
        self.down_for: int | None = None
        self.world = world
        self._key = ECKey.generate_key("P-256")
        self._signed: dict[str, JsonObject] = {}
        self.revoked: list[dict[str, str | int]] = []

    @property
    def jwk(self) -> JsonObject:
        """The public key."""
        return cast("JsonObject", self._key.as_dict(private=False, kid=_KID, alg="ES256", use="sig"))

    def sealed(self, claims: Mapping[str, Json], *, typ: str) -> str:
        """Return a JWT with these claims, which is none of the tokens that are remembered."""
        return encode(claims, header={"alg": "ES256", "typ": typ, "kid": _KID}, key=self._key)

    def sign(self, claims: Mapping[str, Json], *, typ: str = "at+jwt") -> str:
        """Return a token with these claims, remembered as one of ours: by default an access token."""
        token = self.sealed(claims, typ=typ)
        self._signed[token] = dict(claims)
        return token

    def refer_to(self, claims: Mapping[str, Json]) -> str:
        """Return a reference token for these claims: a text that means nothing."""
        token = f"actas_ref_{self.world.new_id()}"
        self._signed[token] = dict(claims)
        return token

    def known(self, token: str) -> JsonObject:
        """Return the claims of a token of ours, none of another."""
        return self._signed.get(token, {})

    def jti_of(self, token: str) -> str:
        """Return the name of a token of ours."""
        return str(self._signed[token]["jti"])

    def refuse(self, reason: str | None) -> None:
        """Refuse every request from now on with ``reason``, or none any more.

        Raises:
            ValueError: there is no such reason.
        """
        if reason is not None and reason not in CODES:
            raise ValueError(f"the reasons are {', '.join(CODES)}")
        self.refusal = reason

    def revoke(self, kind: str, name: str, *, up_to: int) -> None:
        """Revoke a token, by its ``jti``, or a party, by its name, as far as issued until ``up_to``."""
        until = max([_instant(claims, "exp") for claims in self._signed.values()], default=up_to)
        self.revoked.append({"mark": mark(kind, name), "up_to": up_to, "until": until})

    def unfit(self, subject: Mapping[str, Json] | None) -> str | None:
        """Return why the subject token is not acceptable, if it is not."""
        if subject is None:
            return None
        expires_at = subject.get("exp")
        if not isinstance(expires_at, int):
            return "bad_subject"
        if expires_at <= self.world.now():
            return "expired"
        return self.ended(subject)

    def ended(self, subject: Mapping[str, Json] | None) -> str | None:
        """Return that the subject token was revoked, if it was."""
        since, *marks = str((subject or {}).get("lineage", "0")).split(" ")
        dead = any(one["mark"] in marks and int(since) <= int(one["up_to"]) for one in self.revoked)
        return "revoked" if dead else None


def mark(kind: str, name: str) -> str:
    """Return the mark of a token or a party."""
    return digest(f"{kind} {name}".encode())[:12]


def lineage(before: str, *things: tuple[str, str], since: int) -> str:
    """Return the claim of a token.

    Args:
        before: that of the token it is made from, or nothing.
        things: what it is besides, and who has a part in it: kind and name.
        since: when it is made; counts when nothing is older.
    """
    begun, *marks = before.split(" ") if before else (str(since),)
    found = dict.fromkeys([*marks, *(mark(kind, name) for kind, name in things)])
    return f"{begun} {' '.join(found)}"


def _instant(claims: Mapping[str, Json], name: str) -> int:
    value = claims.get(name)
    return value if isinstance(value, int) else 0
