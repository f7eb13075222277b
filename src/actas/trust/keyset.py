"""Reading a JWK set (RFC 7517 section 5) into keys that verify, and a list of what is wrong with it.

A key that is unusable is ignored and reported, and the others are used. A set that is no set, or has
more keys than any issuer needs, is refused whole (SEC-38, SEC-39). When to read one is left to ``jwks``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from actas.core.ports import Json, JsonObject
from actas.crypto.key import PublicKey
from actas.crypto.signature import BadKey

MAX_KEYS: Final = 100

_OF_ENCRYPTION: Final = frozenset(
    {"RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"}
)
"""What a key may be for that nobody verifies with (RFC 7518 section 4.1)."""


class NotAKeySet(ValueError):
    """A document is refused whole. The message is for administrators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """The usable keys of one issuer.

    Attributes:
        named: the key for each ``kid`` and algorithm. A key without ``kid`` goes by its thumbprint.
        only: the key for an algorithm that exactly one key fits.
        problems: what was ignored and why, in words for administrators.
    """

    named: Mapping[tuple[str, str], PublicKey] = field(default_factory=dict[tuple[str, str], PublicKey])
    only: Mapping[str, PublicKey] = field(default_factory=dict[str, PublicKey])
    problems: tuple[str, ...] = ()

    def find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """Return the key a token asks for; without a ``kid`` only when there is no choice."""
        return self.only.get(algorithm) if kid is None else self.named.get((kid, algorithm))

    @property
    def kids(self) -> tuple[str, ...]:
        """The names of its keys, sorted."""
        return tuple(sorted({kid for kid, _ in self.named}))


def read_key_set(document: Mapping[str, Json], *, algorithms: Collection[str]) -> KeySet:
    """Return the keys of ``document`` that the issuer may sign with.

    Ignored and reported: symmetric keys, keys that give their private half away (anybody may hold it),
    keys for another use or algorithm, weak and malformed keys, and **every** key of a ``kid`` that
    occurs twice, because which of them is meant would depend on the reader.

    Args:
        algorithms: those the issuer is registered for.

    Raises:
        NotAKeySet: it is no JWK set, or has more than ``MAX_KEYS`` keys.
    """
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise NotAKeySet("the key set has no list of keys")
    if len(entries) > MAX_KEYS:
        raise NotAKeySet(f"the key set has {len(entries)} keys; at most {MAX_KEYS} are read")
    problems: list[str] = []
    usable: list[tuple[PublicKey, ...]] = []
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict) and entry.get("use") == "enc" and entry.get("alg") in _OF_ENCRYPTION:
            continue  # nothing is wrong with it: it is for something else, and says so twice
        if not isinstance(entry, dict):
            problems.append(f"key {number} is not an object")
            continue
        try:
            usable.append(tuple(_readings(entry, algorithms)))
        except BadKey as error:
            problems.append(f"key {number}{_named(entry)} is ignored: {error}")
    times = Counter(readings[0].kid for readings in usable)
    problems += [f"{count} keys are named {kid!r}: none is used" for kid, count in times.items() if count > 1]
    keys = [key for readings in usable if times[readings[0].kid] == 1 for key in readings]
    fitting = Counter(key.algorithm for key in keys)
    return KeySet(
        named={(key.kid, key.algorithm): key for key in keys},
        only={key.algorithm: key for key in keys if fitting[key.algorithm] == 1},
        problems=tuple(problems),
    )


def _readings(jwk: JsonObject, algorithms: Collection[str]) -> Iterator[PublicKey]:
    """Yield the key once for each algorithm it is for: an RSA key that does not say may be for two.

    Raises:
        BadKey: it is for none.
    """
    first = PublicKey.from_jwk(jwk, algorithms=algorithms)
    yield first
    if "alg" not in jwk and jwk.get("kty") == "RSA":
        for algorithm in {"RS256", "PS256"}.intersection(algorithms) - {first.algorithm}:
            yield PublicKey.from_jwk(jwk, algorithms={algorithm})


def _named(jwk: JsonObject) -> str:
    kid = jwk.get("kid")
    return f" ({kid!r:.60})" if isinstance(kid, str) else ""
