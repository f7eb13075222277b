"""Private JWKs: how a client's own key is written in a file (RFC 7517).

Beside ``encryption_key`` the only importer of joserfc. Never for keys of the server, which rest sealed
(``seal``) and have no such form.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from joserfc.errors import JoseError
from joserfc.jwk import OctKey, import_key

from actas.core.ports import Json, JsonObject
from actas.core.wire import SigningAlgorithm
from actas.crypto.key import PrivateKey
from actas.crypto.signature import BadKey

_KEY_TYPES: Final[dict[SigningAlgorithm, Literal["EC", "RSA", "OKP"]]] = {
    "ES256": "EC",
    "RS256": "RSA",
    "EdDSA": "OKP",
}


def read_private_jwk(jwk: Mapping[str, Json]) -> PrivateKey:
    """Return the key that a private JWK describes.

    Raises:
        BadKey: it is no private key that signs with ES256, RS256 or EdDSA, or it is too weak.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about weak keys, which PrivateKey refuses in our own words
            found = import_key(cast("dict[str, Any]", dict(jwk)))
        if isinstance(found, OctKey) or "d" not in jwk:
            raise BadKey("it holds no private key")
        return PrivateKey.from_bytes(found.as_der(private=True))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as problem:
        if isinstance(problem, BadKey):
            raise
        raise BadKey("it is not a private JWK that signs with ES256, RS256 or EdDSA") from None


def private_jwk(key: PrivateKey) -> JsonObject:
    """Return a key as a private JWK, with its public members, ``kid``, ``alg`` and ``use``."""
    found = import_key(key.to_bytes(), _KEY_TYPES[key.algorithm])
    return {**cast("JsonObject", found.as_dict(private=True)), **key.public.jwk()}
