"""The compact serialisation of a JWS, taken apart strictly (RFC 7515 sections 3.1, 4 and 7.1).

Owns: three parts, canonical base64url, the sizes, and the header. Leaves to ``jose``: claims, signature.

The header is hostile until the signature is checked, and most of what it can say is an attack: a key of
its own (``jwk``, ``x5c``), an address to fetch one from (``jku``, ``x5u``), another meaning of the payload
(``b64``, ``crit``, ``zip``), no algorithm at all. All of that is refused here, before any key is looked at. A
proof of possession alone brings a key (``proof``), and nothing else of that list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, get_args

import msgspec

from actas.core.claims import is_name
from actas.core.errors import BadToken
from actas.core.ports import Json
from actas.core.wire import HmacAlgorithm, VerifyingAlgorithm
from actas.crypto import base64url
from actas.crypto.json import BadJson, read_object
from actas.crypto.jwk import ALGORITHMS

MAX_TOKEN_BYTES: Final = 16 * 1024
MAX_HEADER_BYTES: Final = 2 * 1024
_MAX_HEADER_CHARACTERS: Final = (MAX_HEADER_BYTES * 4 + 2) // 3

_ALGORITHMS: Final[dict[Json, VerifyingAlgorithm]] = {name: name for name in ALGORITHMS}
_HMACS: Final[dict[Json, HmacAlgorithm]] = {name: name for name in get_args(HmacAlgorithm)}
_REFUSED: Final = frozenset({"crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc"})
_REFUSED_IN_PROOFS: Final = _REFUSED - {"jwk"}
_KNOWN: Final = _REFUSED | {"alg", "kid", "typ", "cty", "x5t", "x5t#S256"}


class OtherAlgorithm(BadToken):
    """A token names an algorithm that is none of those it may be signed with."""


class Header(msgspec.Struct, frozen=True):
    """A header that has passed every check that needs no key. Still nothing in it is proven.

    Attributes:
        members: all of it.
        typ: in lower case without ``application/`` (RFC 7515 section 4.1.9), or None when absent.
    """

    members: MappingProxyType[str, Json]
    algorithm: VerifyingAlgorithm | HmacAlgorithm
    kid: str | None
    typ: str | None


class Compact(msgspec.Struct, frozen=True):
    """A compact JWS taken apart. Nothing in it is proven."""

    header: Header
    payload: bytes
    signing_input: bytes
    signature: bytes

    @property
    def unverified_typ(self) -> str | None:
        """The ``typ`` of the header, in lower case and without ``application/``, or None when absent."""
        return self.header.typ

    def __repr__(self) -> str:
        return "Compact(…)"


def check_header(segment: bytes, *, carries_key: bool = False, shared: bool = False) -> Header:
    """Return the header that ``segment`` encodes, once it has passed.

    Args:
        carries_key: whether it is the header of a proof, which has a public key in ``jwk``.
        shared: whether it is to be authenticated by a shared secret, and by nothing else.

    Raises:
        OtherAlgorithm: its algorithm is none of those.
        BadToken: it is too long, no header, or asks for what we refuse.
    """
    if len(segment) > _MAX_HEADER_CHARACTERS:
        raise BadToken("the header of the token is longer than 2 KiB")
    try:
        members = read_object(base64url.decode(segment), max_bytes=MAX_HEADER_BYTES, known=_KNOWN)
    except BadJson as refused:
        raise BadToken(f"the header of the token is refused: {refused}") from None
    except ValueError:
        raise BadToken("the header of the token is not canonical base64url") from None
    refused_members = (_REFUSED_IN_PROOFS if carries_key else _REFUSED).intersection(members)
    if refused_members:
        raise BadToken(f"the header of the token has {', '.join(sorted(refused_members))}, which is refused")
    algorithm = members.get("alg")
    known: Mapping[Json, VerifyingAlgorithm | HmacAlgorithm] = _HMACS if shared else _ALGORITHMS
    if not isinstance(algorithm, str) or algorithm not in known:
        raise OtherAlgorithm("the algorithm in the header of the token is none that we accept")
    kid, typ = members.get("kid"), members.get("typ")
    if "kid" in members and not is_name(kid):
        raise BadToken("the kid in the header of the token is not a name of at most 255 bytes")
    if "typ" in members and not (is_name(typ) and str(typ).isascii()):
        raise BadToken("the typ in the header of the token is not a media type")
    return Header(
        members=MappingProxyType(members),
        algorithm=known[algorithm],
        kid=kid if isinstance(kid, str) else None,
        typ=normal_type(typ) if isinstance(typ, str) else None,
    )


@lru_cache(maxsize=1024)
def read_header(segment: bytes) -> Header:
    """Return the header of a token, as ``check_header`` does.

    Issuers sign with few headers, so those that passed are remembered; those that did not are not.

    Raises:
        BadToken: it is too long, no header, or asks for what we refuse.
    """
    return check_header(segment)


def read_shared_header(segment: bytes) -> Header:
    """Return the header of a token that is authenticated by a shared secret, as ``check_header`` does."""
    return check_header(segment, shared=True)


def split(token: str, *, read: Callable[[bytes], Header] = read_header) -> Compact:
    """Take a compact JWS apart.

    Args:
        read: reads its header.

    Raises:
        BadToken: it is not one, is too long, or its header asks for what we refuse.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise BadToken("the token is longer than 16 KiB")
    try:
        parts = token.encode("ascii").split(b".", 3)
    except UnicodeEncodeError:
        raise BadToken("the token has characters outside ASCII") from None
    if len(parts) != 3:
        raise BadToken("the token does not have exactly three parts")
    header, payload, signature = parts
    checked = read(header)
    try:
        return Compact(
            checked, base64url.decode(payload), header + b"." + payload, base64url.decode(signature)
        )
    except ValueError:
        raise BadToken("a part of the token is not canonical base64url") from None


def normal_type(typ: str) -> str:
    """Return ``typ`` as it is compared: lower case, no leading ``application/`` (RFC 7515 section 4.1.9)."""
    return typ.lower().removeprefix("application/")
