"""A compact JWS that brings its own key and proves that whoever made it holds that key (RFC 9449 section
4.2).

The one place in which a key from a header is looked at. It says nothing about who that is: what is proven is
possession, and whoever asks compares the thumbprint. Everything else is as strict as for tokens
(``compact``).

Left to others: what the claims must be, and that a proof is used once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from actas.core.errors import BadToken
from actas.core.ports import JsonObject
from actas.core.wire import VerifyingAlgorithm
from actas.crypto.compact import Compact, Header, check_header, split
from actas.crypto.json import BadJson, read_object
from actas.crypto.jwk import ALGORITHMS
from actas.crypto.key import PublicKey
from actas.crypto.signature import BadKey, WeakKey

MAX_PROOF_BYTES: Final = 8 * 1024
"""Longest proof that is looked at."""

PROOF_ALGORITHMS: Final[tuple[VerifyingAlgorithm, ...]] = ALGORITHMS
"""What a proof may be signed with: asymmetric algorithms, and no others."""

_KNOWN_CLAIMS: Final = frozenset({"jti", "htm", "htu", "iat", "ath", "nonce"})


class ParsedProof(msgspec.Struct, frozen=True):
    """A proof taken apart. Nothing in it is proven: ``prove`` does."""

    compact: Compact
    unverified_claims: JsonObject
    unverified_key: PublicKey


def parse_proof(text: str, *, typ: str) -> ParsedProof:
    """Take a proof apart, strictly, and prove nothing.

    Args:
        text: as it was sent.
        typ: the one accepted ``typ``, so that no other JWT passes for a proof (RFC 8725 section 3.11).

    Raises:
        BadToken: more than 8 KiB, not a compact JWS of that type with exactly the public half of a strong
            key in ``jwk``, claims that are not one JSON object as we read it.
    """
    if len(text) > MAX_PROOF_BYTES:
        raise BadToken("the proof is longer than 8 KiB")
    compact = split(text, read=_header)
    if compact.header.typ != typ:
        raise BadToken(f"the typ of the proof is not {typ}")
    try:
        claims = read_object(compact.payload, max_bytes=MAX_PROOF_BYTES, known=_KNOWN_CLAIMS)
    except BadJson as refused:
        raise BadToken(f"the claims of the proof are refused: {refused}") from None
    return ParsedProof(compact, claims, _checked(compact.signing_input.partition(b".")[0])[1])


def prove(proof: ParsedProof) -> tuple[JsonObject, PublicKey]:
    """Return the claims of a proof and the key that signed them.

    Raises:
        BadToken: the key in its header did not sign it.
    """
    compact, key = proof.compact, proof.unverified_key
    try:
        genuine = key.verifies(compact.signing_input, compact.signature)
    except WeakKey as refused:
        raise BadToken(f"the key of the proof is refused: {refused}") from None
    if not genuine:
        raise BadToken("the signature of the proof is not made by the key in its header")
    return proof.unverified_claims, key


@lru_cache(maxsize=1024)
def _checked(segment: bytes) -> tuple[Header, PublicKey]:
    """Return header and key of a proof. A client proves with one key again and again: it is judged once."""
    header = check_header(segment, carries_key=True)
    jwk = header.members.get("jwk")
    if not isinstance(jwk, dict):
        raise BadToken("the header of the proof has no public key in jwk")
    try:
        return header, PublicKey.from_jwk(jwk, algorithms=(header.algorithm,))
    except (BadKey, WeakKey) as refused:
        raise BadToken(f"the key of the proof is refused: {refused}") from None


def _header(segment: bytes) -> Header:
    return _checked(segment)[0]
