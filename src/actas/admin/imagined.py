"""Tokens that nobody issued, so that a dry run goes through the validators that real ones go through.

Each is signed by a key that was made for it, is known to the validators of that one dry run and to nobody
else, and is dropped with it: no server anywhere takes such a token for anything. So there is no second way
past a signature, and what is refused of a real token is refused here for the same reason (SEC-45).

Nothing here is reachable from the pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from actas.core.errors import BadToken
from actas.core.party import PresentedToken
from actas.core.ports import Json
from actas.core.secret import Secret
from actas.core.wire import GRANT_JWT, ID_JAG, ID_JAG_JWT, ID_TOKEN, JWT_GRANT, TokenType
from actas.crypto import base64url, jose
from actas.crypto.encryption_key import DecryptingKey
from actas.crypto.jwe import Encrypted
from actas.crypto.key import PrivateKey, PublicKey
from actas.keys.ring import Purpose
from actas.subjects.validator import Validators
from actas.trust.registry import TrustedIssuer, TrustRegistry

UNTYPED: Final = "none"
"""Stands for no ``typ`` at all, as in the registration of an issuer (``jwt_grants.types``)."""

_TYP: Final = {ID_TOKEN: "JWT", ID_JAG: ID_JAG_JWT, JWT_GRANT: GRANT_JWT}


class ThrowawayKey:
    """A key of one dry run: it stands in for every issuer's, and for ours."""

    def __init__(self) -> None:
        self._key = PrivateKey.generate("ES256")
        self._decrypting: DecryptingKey | None = None

    def sign(self, claims: Mapping[str, Json], kind: TokenType, *, typ: str | None = None) -> PresentedToken:
        """Return an imagined token of a kind, as it would be presented.

        Args:
            typ: what it says that it is, word for word, or ``UNTYPED``; None for what such tokens say.

        Raises:
            ValueError: such claims cannot be written.
        """
        text = jose.sign(claims, key=self._key, typ=_TYP[kind] if typ is None else typ)
        return PresentedToken(kind, Secret(self._untyped(text) if typ == UNTYPED else text), "subject")

    def _untyped(self, text: str) -> str:
        """Return a token of this key without its type, which nothing that is issued is ever without."""
        header = msgspec.json.encode({"alg": self._key.algorithm, "kid": self._key.kid})
        signed = base64url.encode(header) + b"." + text.encode("ascii").split(b".")[1]
        return (signed + b"." + base64url.encode(self._key.sign(signed))).decode("ascii")

    async def key(self, issuer: TrustedIssuer, *, kid: str | None, algorithm: str) -> PublicKey:
        """Implements ``subjects.jwt.KeySource``."""
        found = self._found(kid, algorithm)
        if found is None:
            raise BadToken(f"the issuer {issuer.name} has no such key in a dry run")
        return found

    def public_key(self, kid: str, *, purpose: Purpose) -> PublicKey | None:
        """Implements ``subjects.own_id_token.OwnKeys``: of ours it stands in for those of ID tokens alone."""
        return self._found(kid, self._key.algorithm) if purpose == "id_token" else None

    def seal(self, token: PresentedToken) -> PresentedToken:
        """Return an imagined grant as it would come encrypted to us."""
        self._decrypting = key = DecryptingKey.generate("ECDH-ES+A256KW")
        text = key.public.encrypt(
            token.value.reveal(), typ=ID_JAG_JWT, algorithm=key.algorithm, content="A256GCM"
        )
        return PresentedToken(token.type, Secret(text), token.role)

    async def decrypt(self, token: Encrypted) -> str:
        """Implements ``subjects.id_jag.Decrypts``."""
        key = self._decrypting
        if key is None or key.kid != token.header.kid:
            raise BadToken("it is encrypted to no key of this dry run")
        return key.decrypt(token)

    def digest(self, token: str) -> str:
        """Return what a token is named by, in no log."""
        return f"imagined:{len(token)}"

    def _found(self, kid: str | None, algorithm: str) -> PublicKey | None:
        return self._key.public if (kid, algorithm) == (self._key.kid, self._key.algorithm) else None


class AnyAlgorithm:
    """The trusted issuers, each as if it signed as a ``ThrowawayKey`` does, and as anything else they are.

    Args:
        trust: the real ones.
    """

    def __init__(self, trust: TrustRegistry) -> None:
        self._trust = trust

    def issuer(self, iss: str) -> TrustedIssuer | None:
        """Return the issuer registered under exactly ``iss``, or None."""
        found = self._trust.issuer(iss)
        return None if found is None else replace(found, algorithms=frozenset({"ES256"}))


Imagination = Callable[[ThrowawayKey], Validators]
"""Returns the validators of one dry run, over the key that signs its tokens."""
