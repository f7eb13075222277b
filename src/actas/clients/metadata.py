"""What a client says of itself (RFC 7591 section 2), read strictly.

The same members come from a document that it publishes (``document``) and from a client that registers.
What there is no use for here is ignored; what could be understood in two ways is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from actas.core.ports import Json, JsonObject
from actas.core.redirect_uri import is_loopback, require_redirect_uri
from actas.core.url import read_url
from actas.core.wire import (
    AUTHORIZATION_CODE,
    ID_JAG_PROFILE,
    JWT_BEARER,
    TOKEN_EXCHANGE,
    VerifyingAlgorithm,
)
from actas.crypto.key import PublicKey
from actas.crypto.signature import BadKey

Method = Literal["none", "private_key_jwt", "client_secret_basic", "client_secret_post"]
ApplicationType = Literal["web", "native"]

MOST_REDIRECTS: Final = 50
MOST_KEYS: Final = 20
LONGEST_NAME: Final = 100
_METHODS: Final[Mapping[str, Method]] = {
    "none": "none",
    "private_key_jwt": "private_key_jwt",
    "client_secret_basic": "client_secret_basic",
    "client_secret_post": "client_secret_post",
}
_ALGORITHMS: Final[Mapping[str, VerifyingAlgorithm]] = {
    "ES256": "ES256",
    "RS256": "RS256",
    "PS256": "PS256",
    "EdDSA": "EdDSA",
}
ALGORITHMS: Final = tuple(_ALGORITHMS.values())
"""What assertions of such clients may be signed with."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class BadMetadata(ValueError):
    """What a client says of itself cannot be used. The message says why, for its developers.

    Attributes:
        redirect: whether it is for a redirect address (RFC 7591 section 3.2.2).
    """

    def __init__(self, detail: str, *, redirect: bool = False) -> None:
        super().__init__(detail)
        self.redirect = redirect


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMetadata:
    """What a client says of itself.

    Attributes:
        name: what it wants to be called; None when it does not say.
        redirect_uris: where it wants to be called back, each of a form that is allowed.
        grants: the grant types that it lists, known here or not.
        method: how it proves who it is; None when it does not say.
        keys: its public JWKs; ``keys_uri`` is where they are instead.
        algorithms: what its assertions may be signed with.
        application_type: whether it runs at a server or on people's computers; None when it does not say.
        id_token_algorithm: what it wants ID tokens signed with; None when it does not say.
        pushed: whether what it asks is taken only when it was pushed (RFC 9126 section 6).
    """

    name: str | None
    redirect_uris: tuple[str, ...]
    grants: frozenset[str]
    method: Method | None
    keys: tuple[JsonObject, ...]
    keys_uri: str | None
    algorithms: tuple[VerifyingAlgorithm, ...]
    application_type: ApplicationType | None
    id_token_algorithm: str | None
    pushed: bool


def read_metadata(said: Mapping[str, Json]) -> ClientMetadata:
    """Return what a client says of itself.

    Raises:
        BadMetadata: a member is not what it should be.
    """
    grants = _texts(said, "grant_types") if "grant_types" in said else [str(AUTHORIZATION_CODE)]
    types = _texts(said, "response_types") if "response_types" in said else ["code"]
    if str(AUTHORIZATION_CODE) in grants and "code" not in types:
        raise BadMetadata("response_types lacks code, which goes with the grant authorization_code")
    if ID_JAG_PROFILE in _profiles(said) and not {str(TOKEN_EXCHANGE), str(JWT_BEARER)} <= {*grants}:
        # ID-JAG section 8 (JAG-113): it cannot have a grant without the one, or use it without the other.
        raise BadMetadata("grant_types lacks one of the two grants that id-jag takes")
    application_type = _application_type(said)
    keys, keys_uri = _keys(said)
    method = _method(said)
    if method == "private_key_jwt" and not keys and keys_uri is None:
        raise BadMetadata("private_key_jwt wants jwks or jwks_uri")
    return ClientMetadata(
        name=_name(said),
        redirect_uris=_redirects(said, application_type),
        grants=frozenset(grants),
        method=method,
        keys=keys,
        keys_uri=keys_uri,
        algorithms=_algorithms(said),
        application_type=application_type,
        id_token_algorithm=_text(said, "id_token_signed_response_alg"),
        pushed=said.get("require_pushed_authorization_requests") is True,
    )


def public_keys(entries: Json, algorithms: Sequence[VerifyingAlgorithm]) -> tuple[JsonObject, ...]:
    """Return the keys of a JWK set that assertions can be checked by, as they were published.

    Args:
        entries: its member ``keys``.

    Raises:
        BadMetadata: it is no list of keys, one of them is not public, or none of them can be used.
    """
    if not isinstance(entries, list) or len(entries) > MOST_KEYS:
        raise BadMetadata(f"the key set is no list of at most {MOST_KEYS} keys")
    found: list[JsonObject] = []
    kids: set[str] = set()
    for entry in entries:
        if not isinstance(entry, dict):
            raise BadMetadata("a key of the key set is no object")
        if entry.get("kty") == "oct" or not _PRIVATE.isdisjoint(entry):
            raise BadMetadata("the key set holds a key that is not public")
        try:
            key = PublicKey.from_jwk(entry, algorithms=algorithms)
        except BadKey:
            continue
        if key.kid in kids:
            raise BadMetadata("two keys of the key set have one kid")
        kids.add(key.kid)
        found.append(key.jwk())
    if not found:
        raise BadMetadata("the key set has no key that could be used")
    return tuple(found)


def require_of_type(uris: Sequence[str], application_type: ApplicationType) -> None:
    """Return when an app of that type may be called back at these (OpenID Connect Registration section 2).

    Raises:
        BadMetadata: it may not: a web app is not called back on somebody's own computer.
    """
    if application_type == "web" and not all(_is_of_the_web(one) for one in uris):
        raise BadMetadata("a web app is called back by https, and not on this computer", redirect=True)


def _is_of_the_web(uri: str) -> bool:
    return uri.startswith("https://") and not is_loopback(read_url(uri))


def _redirects(said: Mapping[str, Json], application_type: ApplicationType | None) -> tuple[str, ...]:
    if "redirect_uris" not in said:
        return ()
    uris = said["redirect_uris"]
    if not isinstance(uris, list) or not uris or len(uris) > MOST_REDIRECTS:
        raise BadMetadata(f"redirect_uris is no list of 1 to {MOST_REDIRECTS} addresses", redirect=True)
    found: list[str] = []
    for uri in uris:
        if not isinstance(uri, str):
            raise BadMetadata("redirect_uris holds something that is no text", redirect=True)
        try:
            require_redirect_uri(uri)
        except ValueError as wrong:
            raise BadMetadata(f"a redirect address {wrong}", redirect=True) from None
        found.append(uri)
    if application_type is not None:
        require_of_type(found, application_type)
    return tuple(dict.fromkeys(found))


def _keys(said: Mapping[str, Json]) -> tuple[tuple[JsonObject, ...], str | None]:
    uri = _text(said, "jwks_uri")
    if "jwks" not in said:
        return (), uri
    if uri is not None:
        raise BadMetadata("jwks and jwks_uri do not go together (RFC 7591 section 2)")
    keys = said["jwks"]
    if not isinstance(keys, dict):
        raise BadMetadata("jwks is no key set")
    return public_keys(keys.get("keys"), _algorithms(said)), None


def _method(said: Mapping[str, Json]) -> Method | None:
    text = _text(said, "token_endpoint_auth_method")
    if text is None:
        return None
    method = _METHODS.get(text)
    if method is None:
        raise BadMetadata("token_endpoint_auth_method is none that such clients have here")
    return method


def _algorithms(said: Mapping[str, Json]) -> tuple[VerifyingAlgorithm, ...]:
    text = _text(said, "token_endpoint_auth_signing_alg")
    if text is None:
        return ALGORITHMS
    algorithm = _ALGORITHMS.get(text)
    if algorithm is None:
        raise BadMetadata("token_endpoint_auth_signing_alg is none of ours")
    return (algorithm,)


def _application_type(said: Mapping[str, Json]) -> ApplicationType | None:
    text = _text(said, "application_type")
    if text is None or text in ("web", "native"):
        return "web" if text == "web" else None if text is None else "native"
    raise BadMetadata("application_type is neither web nor native")


def _name(said: Mapping[str, Json]) -> str | None:
    """Return what it calls itself, which people read beside its address."""
    name = _text(said, "client_name")
    if name is None:
        return None
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadMetadata(f"client_name is no name of at most {LONGEST_NAME} characters that can be read")
    return name


def _profiles(said: Mapping[str, Json]) -> list[str]:
    name = "authorization_grant_profiles_supported"
    return _texts(said, name) if name in said else []


def _text(said: Mapping[str, Json], name: str) -> str | None:
    value = said.get(name)
    if name in said and not isinstance(value, str):
        raise BadMetadata(f"{name} is no text")
    return value if isinstance(value, str) else None


def _texts(said: Mapping[str, Json], name: str) -> list[str]:
    value = said[name]
    texts = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(texts) != len(value):
        raise BadMetadata(f"{name} is no list of texts")
    return texts
