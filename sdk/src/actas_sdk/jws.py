"""Compact JWS (RFC 7515), read strictly and written plainly.

The signatures are joserfc's; the reading is ours, because a reader that accepts padding, stray bits
or repeated members lets two parties read two different tokens under one signature. Nothing a token
says about its own key is ever used (RFC 8725 section 3.10).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from actas_sdk.errors import InvalidToken
from actas_sdk.strict_json import Json, JsonObject, NotStrict, parse_object, text, text_or_none

__all__ = ["ASYMMETRIC", "UnverifiedJws", "decode_base64url", "encode", "parse", "said_by", "signature_holds"]

ASYMMETRIC: Final = frozenset(
    {"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"}
)
"""The only algorithms there are, for us: never ``none``, never one where a public key is the secret."""

LONGEST_TOKEN: Final = 16 * 1024
"""Characters of the longest token that is looked at."""

REFERENCE: Final = "actas_ref_"
"""How a reference token begins."""

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_KEY_IN_HEADER: Final = ("jwk", "jku", "x5u", "x5c")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedJws:
    """A token taken apart. Nothing in it is believed yet."""

    unverified_header: JsonObject = field(repr=False)
    unverified_payload: bytes = field(repr=False)
    algorithm: str
    kid: str | None
    typ: str | None
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def parse(token: str, *, brings_key: bool = False) -> UnverifiedJws:
    """Take a compact JWS apart.

    Args:
        token: the text.
        brings_key: whether it is a proof of possession, which has its key in ``jwk`` and proves no more than
            that whoever made it holds that key.

    Raises:
        InvalidToken: it is too long, not three canonical segments, its header is not one strict
            JSON object, its algorithm is not one of `ASYMMETRIC`, or it brings its own key.
    """
    if len(token) > LONGEST_TOKEN:
        raise InvalidToken("the token is too long")
    segments = token.split(".") if token.isascii() else []
    if len(segments) != 3:
        asked = "; a reference token is taken with introspection=True" if token.startswith(REFERENCE) else ""
        raise InvalidToken(f"the token is not a compact JWS{asked}")
    try:
        header = parse_object(decode_base64url(segments[0]))
        algorithm = text(header, "alg", longest=16)
        kid = text_or_none(header, "kid", longest=512)
        typ = text_or_none(header, "typ", longest=128)
        payload = decode_base64url(segments[1])
        signature = decode_base64url(segments[2])
    except NotStrict as fault:
        raise InvalidToken(f"the token cannot be read: {fault}") from None
    if algorithm not in ASYMMETRIC:
        raise InvalidToken("the token's algorithm is not one that is accepted")
    # RFC 7515 section 4.1.11: an extension that is not understood makes the token invalid. We
    # understand none, and one of them (b64) would change what was signed.
    if "crit" in header:
        raise InvalidToken("the token has critical extensions")
    if any(name in header for name in _KEY_IN_HEADER if not (brings_key and name == "jwk")):
        raise InvalidToken("the token brings its own key")
    return UnverifiedJws(
        unverified_header=header,
        unverified_payload=payload,
        algorithm=algorithm,
        kid=kid,
        typ=typ,
        signing_input=f"{segments[0]}.{segments[1]}".encode("ascii"),
        signature=signature,
    )


def signature_holds(jws: UnverifiedJws, key: Key) -> bool:
    """Say whether ``key`` made the signature, by the algorithm named in the header.

    The caller has checked that the algorithm is one this key is for.
    """
    model = JWSRegistry.algorithms[jws.algorithm]
    try:
        model.check_key(key)
        return model.verify(jws.signing_input, jws.signature, key)
    except (JoseError, ValueError, TypeError):
        return False


def encode(claims: Mapping[str, Json], *, header: Mapping[str, Json], key: Key) -> str:
    """Return ``claims`` signed by ``key`` as ``header`` says.

    Args:
        claims: the payload.
        header: with ``alg``, which must fit the key.
        key: a private key, or a secret for HMAC.
    """
    model = JWSRegistry.algorithms[str(header["alg"])]
    model.check_key(key)
    signing_input = f"{_segment(header)}.{_segment(claims)}"
    signature = model.sign(signing_input.encode("ascii"), key)
    return f"{signing_input}.{_base64url(signature)}"


def said_by(jwt: str) -> JsonObject:
    """Return what a JWT claims, whoever made it: for one that is sent on, not for one that is believed.

    Raises:
        NotStrict: it is not three segments, or the second is not one strict JSON object.
    """
    segments = jwt.split(".")
    if len(segments) != 3:
        raise NotStrict("not a compact JWS")
    return parse_object(decode_base64url(segments[1]))


def decode_base64url(segment: str) -> bytes:
    """Return the bytes of one segment.

    Raises:
        NotStrict: it is not the one canonical spelling. Python's decoder lets non-zero trailing
            bits through, so the decoded bytes are encoded again and compared.
    """
    if not _BASE64URL.fullmatch(segment) or len(segment) % 4 == 1:
        raise NotStrict("a segment is not base64url")
    decoded = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if _base64url(decoded) != segment:
        raise NotStrict("a segment is not canonical base64url")
    return decoded


def _segment(value: Mapping[str, Json]) -> str:
    return _base64url(json.dumps(dict(value), separators=(",", ":"), allow_nan=False).encode("utf-8"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
