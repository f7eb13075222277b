"""What the keeper of an API of ours should publish about it (RFC 9728), and what of it is published wrongly.

This server is the authorization server and not the API, so it can only say what has to stand there. Fetching
what does is left to whoever has a way out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from actas.core.confirmation import Binding
from actas.core.ports import Json, JsonObject
from actas.core.target import Api
from actas.core.url import read_url

_WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the keeper of an API publishes.

    Attributes:
        address: where the document is served (RFC 9728 section 3.1).
        document: the protected resource metadata (section 2).
        challenge: the value of ``WWW-Authenticate`` with which the API answers whoever brings no token
            (section 5.1).
    """

    address: str
    document: JsonObject
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What an API publishes that is not as it should be.

    Attributes:
        says: in half a sentence.
        breaks: whether clients then find no token, or none that is taken.
    """

    says: str
    breaks: bool


def well_known(resource: str) -> str | None:
    """Return where an API publishes what it is, or None: its audience is no address (section 3.1)."""
    try:
        url = read_url(resource)
    except ValueError:
        return None
    target = url.target.removeprefix("/") if url.target[1:2] in ("", "?") else url.target
    return f"{url.scheme}://{url.authority}{_WELL_KNOWN}{target}"


def advice(api: Api, *, issuer: str, binding: Binding, proof_algorithms: Collection[str]) -> Advice | None:
    """Return what the keeper of an API publishes; None when its audience is no address.

    Args:
        issuer: our own issuer identifier.
        binding: what tokens are bound to where an API says nothing.
        proof_algorithms: what DPoP proofs may be signed with here.
    """
    address = well_known(api.audience)
    if address is None:
        return None
    bound = api.binding or binding
    document: JsonObject = {
        "resource": api.audience,
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
    }
    if api.scopes:
        document["scopes_supported"] = [*sorted(api.scopes)]
    if bound in ("optional", "dpop"):
        document["dpop_signing_alg_values_supported"] = [*sorted(proof_algorithms)]
        document["dpop_bound_access_tokens_required"] = bound == "dpop"
    if bound == "mtls":
        document["tls_client_certificate_bound_access_tokens"] = True
    scheme = "DPoP" if bound == "dpop" else "Bearer"
    return Advice(address=address, document=document, challenge=f'{scheme} resource_metadata="{address}"')


def differences(published: Mapping[str, Json], advised: Mapping[str, Json]) -> Iterator[Difference]:
    """Yield what an API publishes that is not as advised.

    It may say more than is advised, and fewer scopes: what stands there is for its keeper to say.

    Args:
        published: what it publishes.
        advised: the document of ``advice``.
    """
    resource, said = advised["resource"], published.get("resource")
    if said != resource:
        # RFC 9728 section 3.3: clients use nothing of a document about another resource.
        yield Difference(says=f"resource is {_short(said)}, not {resource}", breaks=True)
    for name in ("authorization_servers", "bearer_methods_supported"):
        wanted, listed = _texts(advised.get(name)), _texts(published.get(name))
        if not wanted <= listed and (name in published or name == "authorization_servers"):
            yield Difference(says=f"{name} lacks {', '.join(sorted(wanted - listed))}", breaks=True)
    if "query" in _texts(published.get("bearer_methods_supported")):
        yield Difference(says="it takes tokens in addresses (bearer_methods_supported: query)", breaks=False)
    unknown = _texts(published.get("scopes_supported")) - _texts(advised.get("scopes_supported"))
    if unknown:
        said = _short(", ".join(sorted(unknown)))
        yield Difference(says=f"scopes_supported has what is no scope of it here: {said}", breaks=False)
    for name in ("dpop_bound_access_tokens_required", "tls_client_certificate_bound_access_tokens"):
        wants = advised.get(name) is True
        if (published.get(name) is True) != wants:
            yield Difference(says=f"{name} is not {str(wants).lower()}", breaks=wants)


def _texts(value: Json) -> set[str]:
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else "missing" if value is None else "no text"
    return text if len(text) <= 100 else f"{text[:99]}…"
