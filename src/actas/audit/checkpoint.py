"""Checkpoints: signed statements of where every stream ended (SEC-88).

A chain alone can be rewritten from any entry on, and does not notice a missing tail. A checkpoint is what
nobody can rewrite who has only the database: a compact JWS over the heads of all streams, by a key that
signs nothing else (SEC-91). Each names the digest of the one before it, so that a lost one is noticed;
copies kept elsewhere are the outside witness.

This module makes, signs and reads one checkpoint. A series of them is ``audit.series``'s; when they are
made and where they are kept, the store's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final

import msgspec

from actas.audit.chain import GENESIS, Head
from actas.core.errors import BadToken
from actas.core.ports import Json, JsonObject
from actas.crypto.jose import BadKey, ParsedJws, PublicKey, parse
from actas.keys.ring import KeyRing

KIND: Final = "actas/Checkpoint"
TYPE: Final = "actas-checkpoint+jwt"
"""The ``typ`` header: what keeps every other signature from passing for a checkpoint (RFC 8725 3.11)."""

_LINE_STARTS: Final = b'{"kind":"actas/Checkpoint",'


class BadCheckpoint(ValueError):
    """A text is not a checkpoint signed by a key we were given. The message is for administrators."""


_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    seq: Annotated[int, msgspec.Meta(ge=1)]
    hash: _Hash


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    v: int
    at: str
    number: Annotated[int, msgspec.Meta(ge=1)]
    heads: dict[str, _Head]
    prev: _Hash


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    v: int
    jws: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where every stream ended.

    Attributes:
        number: from 1, without gaps.
        at: when, as entries write instants.
        heads: the end of each stream.
        prev: digest of the checkpoint before, 64 zeros for the first.
    """

    number: int
    at: str
    heads: Mapping[str, Head]
    prev: str = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint whose signature was made or verified here.

    Attributes:
        jws: the compact JWS.
        kid: the key that signed it.
    """

    checkpoint: Checkpoint
    jws: str
    kid: str

    @property
    def digest(self) -> str:
        """SHA-256 of the compact JWS, hexadecimal: how the next checkpoint names this one."""
        return sha256(self.jws.encode("ascii")).hexdigest()


def document(checkpoint: Checkpoint) -> JsonObject:
    """Return the claims that are signed."""
    heads: JsonObject = {
        stream: {"seq": head.seq, "hash": head.hash} for stream, head in sorted(checkpoint.heads.items())
    }
    return {
        "kind": KIND,
        "v": 1,
        "at": checkpoint.at,
        "number": checkpoint.number,
        "heads": heads,
        "prev": checkpoint.prev,
    }


async def sign(checkpoint: Checkpoint, ring: KeyRing) -> SignedCheckpoint:
    """Sign a checkpoint with the audit key.

    Raises:
        LookupError: there is no audit key.
        ValueError: there are more streams than one checkpoint can hold.
    """
    jws = (await ring.sign(document(checkpoint), typ=TYPE, purpose="audit")).reveal()
    return SignedCheckpoint(checkpoint=checkpoint, jws=jws, kid=parse(jws).unverified_kid or "")


def read(jws: str, keys: Mapping[str, PublicKey]) -> SignedCheckpoint:
    """Return the checkpoint that ``jws`` is, once its signature verifies under one of ``keys``.

    Args:
        keys: the audit keys by ``kid``. Keys of another purpose do not belong here (SEC-91).

    Raises:
        BadCheckpoint: anything else.
    """
    try:
        parsed = parse(jws)
    except BadToken as refused:
        raise BadCheckpoint(f"not a signed document: {refused.detail}") from None
    kid = parsed.unverified_kid or ""
    _check_signature(parsed, kid=kid, key=keys.get(kid))
    return SignedCheckpoint(checkpoint=_read_document(parsed.unverified_claims), jws=jws, kid=kid)


def _check_signature(parsed: ParsedJws, *, kid: str, key: PublicKey | None) -> None:
    if parsed.compact.header.typ != TYPE:
        raise BadCheckpoint(f"signed as {parsed.compact.header.typ!r}, which is not a checkpoint")
    if key is None:
        raise BadCheckpoint(f"signed by key {kid!r}, which is not among the keys given")
    if parsed.unverified_algorithm != key.algorithm:
        raise BadCheckpoint(
            f"signed with {parsed.unverified_algorithm}, but key {kid!r} is for {key.algorithm}"
        )
    if not key.verifies(parsed.compact.signing_input, parsed.compact.signature):
        raise BadCheckpoint(f"the signature does not verify under key {kid!r}")


def _read_document(claims: Mapping[str, Json]) -> Checkpoint:
    try:
        found = msgspec.convert(dict(claims), _Document)
    except msgspec.ValidationError as problem:
        raise BadCheckpoint(f"not a checkpoint: {problem}") from None
    if found.kind != KIND or found.v != 1:
        raise BadCheckpoint(
            f"a document of kind {found.kind!r}, version {found.v}, is not a checkpoint we read"
        )
    return Checkpoint(
        number=found.number,
        at=found.at,
        heads={stream: Head(head.seq, head.hash) for stream, head in found.heads.items()},
        prev=found.prev,
    )


def to_line(signed: SignedCheckpoint) -> bytes:
    """Return the line, with its end, by which files keep a checkpoint."""
    return msgspec.json.encode({"kind": KIND, "v": 1, "jws": signed.jws}) + b"\n"


def is_line(line: bytes) -> bool:
    """Return whether a line of an export is a checkpoint rather than an entry."""
    return line.startswith(_LINE_STARTS)


def jws_of(line: bytes) -> str:
    """Return the compact JWS of a line.

    Raises:
        BadCheckpoint: the line does not hold one.
    """
    try:
        found = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadCheckpoint(f"not a checkpoint line: {problem}") from None
    if found.kind != KIND or found.v != 1:
        raise BadCheckpoint(f"a line of kind {found.kind!r}, version {found.v}, is not one we read")
    return found.jws


def read_keys(jwks: Mapping[str, Json]) -> dict[str, PublicKey]:
    """Return the keys of a JWK set by ``kid``, for a verifier who holds only that.

    Raises:
        ValueError: it is not a JWK set, has no usable key, or names two keys alike.
    """
    members = jwks.get("keys")
    if not isinstance(members, list) or not members:
        raise ValueError("a JWK set has a list of keys")
    keys: dict[str, PublicKey] = {}
    for jwk in members:
        try:
            key = PublicKey.from_jwk(jwk if isinstance(jwk, dict) else {}, algorithms=None)
        except BadKey as refused:
            raise ValueError(f"a key of the set cannot be used: {refused}") from None
        if key.kid in keys:
            raise ValueError(f"two keys of the set are called {key.kid!r}")
        keys[key.kid] = key
    return keys


def ring_keys(ring: KeyRing) -> dict[str, PublicKey]:
    """Return the audit keys of our own ring by ``kid``, retired ones included."""
    infos = ring.keys()
    found = {
        info.kid: ring.public_key(info.kid, purpose="audit") for info in infos if info.purpose == "audit"
    }
    return {kid: key for kid, key in found.items() if key is not None}
