"""The compact serialisation of a JWE, taken apart strictly (RFC 7516 sections 3.1, 4 and 7.1).

Owns: five parts, canonical base64url, the sizes, and the header. Leaves to ``encryption_key``: keys and what
they do.

The header is hostile, and most of what it can say is an attack: another algorithm than that of the key, a key
of its own (``jwk``, ``x5c``), an address to fetch one from, a password to be guessed at (``p2c``), content
that grows when it is unpacked (``zip``). Nothing of that list is ever done: it is refused before any key is
looked at, and which algorithms are used is said by the key that ``kid`` names (SEC-16).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

from actas.core.claims import is_name
from actas.core.errors import BadToken
from actas.core.ports import Json
from actas.crypto import base64url
from actas.crypto.compact import MAX_TOKEN_BYTES, normal_type
from actas.crypto.json import BadJson, read_object

MAX_ENCRYPTED_CHARACTERS: Final = 24 * 1024
"""Of a token of the longest kind that is read, encrypted once: 16 KiB, a third more, and what goes around
it."""

_MAX_HEADER_BYTES: Final = 2 * 1024
_MAX_KEY_BYTES: Final = 1024  # of the longest RSA key that is used, 8192 bits
_MAX_PARTY_CHARACTERS: Final = 512
_IV_BYTES: Final = 12
_TAG_BYTES: Final = 16

CONTENT: Final[dict[str, int]] = {"A256GCM": 32, "A128GCM": 16}
"""What content for us is encrypted with, each with the bytes of its key (RFC 7518 section 5.3)."""

_REFUSED: Final = frozenset({"crit", "zip", "b64", "jwk", "jku", "x5u", "x5c", "p2s", "p2c", "iv", "tag"})
_KNOWN: Final = _REFUSED | {"alg", "enc", "kid", "typ", "cty", "epk", "apu", "apv", "x5t", "x5t#S256"}


class EncryptedHeader(msgspec.Struct, frozen=True):
    """A header that has passed every check that needs no key. Nothing in it is proven, and nothing ever will
    be: whoever encrypted proves nothing by it.

    Attributes:
        members: all of it.
        algorithm: by what the key of the content is reached; ``content`` what that is encrypted with.
        kid: the key that it says it is for.
    """

    members: MappingProxyType[str, Json]
    algorithm: str
    content: str
    kid: str


class Encrypted(msgspec.Struct, frozen=True):
    """A compact JWE taken apart."""

    header: EncryptedHeader
    protected: bytes
    wrapped: bytes
    iv: bytes
    ciphertext: bytes
    tag: bytes
    text: str

    def __repr__(self) -> str:
        return "Encrypted(…)"


def is_encrypted(token: str) -> bool:
    """Return whether a token has the five parts of a compact JWE, whatever is in them."""
    return token.count(".") == 4


def read_encrypted(token: str, *, typ: str) -> Encrypted:
    """Take a compact JWE apart that is to hold a JWT (RFC 7519 section 5.2).

    Args:
        typ: what it says that it is, where it says anything.

    Raises:
        BadToken: it is not one, is too long, or its header asks for what we refuse.
    """
    if len(token) > MAX_ENCRYPTED_CHARACTERS:
        raise BadToken("the encrypted token is longer than 24 KiB")
    try:
        parts = token.encode("ascii").split(b".", 5)
    except UnicodeEncodeError:
        raise BadToken("the encrypted token has characters outside ASCII") from None
    if len(parts) != 5:
        raise BadToken("the encrypted token does not have exactly five parts")
    header = _header(parts[0], typ=typ)
    try:
        wrapped, iv, ciphertext, tag = [base64url.decode(one) for one in parts[1:]]
    except ValueError:
        raise BadToken("a part of the encrypted token is not canonical base64url") from None
    if not 0 < len(wrapped) <= _MAX_KEY_BYTES or not 0 < len(ciphertext) <= MAX_TOKEN_BYTES:
        raise BadToken("a part of the encrypted token is empty or too long")
    if len(iv) != _IV_BYTES or len(tag) != _TAG_BYTES:
        raise BadToken("the initialization vector or the tag of the encrypted token is cut off")
    return Encrypted(header, parts[0], wrapped, iv, ciphertext, tag, token)


def _header(segment: bytes, *, typ: str) -> EncryptedHeader:
    if len(segment) > (_MAX_HEADER_BYTES * 4 + 2) // 3:
        raise BadToken("the header of the encrypted token is longer than 2 KiB")
    try:
        members = read_object(base64url.decode(segment), max_bytes=_MAX_HEADER_BYTES, known=_KNOWN)
    except BadJson as refused:
        raise BadToken(f"the header of the encrypted token is refused: {refused}") from None
    except ValueError:
        raise BadToken("the header of the encrypted token is not canonical base64url") from None
    unwanted = ", ".join(sorted(_REFUSED.intersection(members)))
    if unwanted:
        raise BadToken(f"the header of the encrypted token has {unwanted}, which is refused")
    algorithm, content, kid = members.get("alg"), members.get("enc"), members.get("kid")
    if not isinstance(algorithm, str) or not isinstance(content, str) or content not in CONTENT:
        raise BadToken("the alg or enc of the encrypted token is none that we accept")
    if not isinstance(kid, str) or not is_name(kid):
        raise BadToken("the kid of the encrypted token is missing, or no name of at most 255 bytes")
    _require_nested(members, typ)
    for name in ("apu", "apv"):
        said = members.get(name, "")
        if not isinstance(said, str) or len(said) > _MAX_PARTY_CHARACTERS or not _is_base64url(said):
            raise BadToken(f"the {name} in the header of the encrypted token is not short base64url")
    return EncryptedHeader(MappingProxyType(members), algorithm, content, kid)


def _require_nested(members: dict[str, Json], typ: str) -> None:
    """Refuse what does not say that it holds a JWT, or says that it is something else than was expected."""
    cty = members.get("cty")
    if not isinstance(cty, str) or normal_type(cty) != "jwt":
        raise BadToken("the cty of the encrypted token is not JWT: what is in it must be signed")
    said = members.get("typ", typ)
    if not isinstance(said, str) or normal_type(said) != typ:
        raise BadToken("the typ of the encrypted token is not that of such tokens")


def _is_base64url(text: str) -> bool:
    try:
        base64url.decode(text.encode("ascii"))
    except ValueError:  # UnicodeEncodeError is one
        return False
    return True
