"""What a token is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from actas.core.abroad import Abroad
from actas.core.confirmation import Binding
from actas.core.uri import with_lower_host
from actas.core.wire import SigningAlgorithm, TokenFormat

MAX_TARGETS: Final = 8
"""Most targets of one request, and of a grant (RFC 8693 section 2.2.2: invalid_target when too many)."""


ApiKind = Literal["api", "mcp"]
"""What an API is: an ordinary one, or an MCP server, for which more must hold (``kinds.mcp``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A protected API of ours.

    Attributes:
        name: what rules, clients and people call it; accepted as ``audience``.
        audience: the ``aud`` of its tokens; accepted as ``audience`` and as ``resource``.
        scopes: each scope with its plain meaning.
        kind: what it is.
        listed: whether the metadata of this server names it (RFC 9728 section 4).
        lifetime: longest life of its tokens in seconds, or None for the default.
        algorithm: what its tokens are signed with, or None for the default.
        max_depth: most actors its tokens may name, or None for the default.
        binding: what its tokens are bound to at least, or None for the default.
        format: what its tokens look like, or None for the default.
        disabled: a disabled API never appears in a token.
        abroad: for what a connection leads to: the domain that it is in, whose own server gives out the
            tokens for it; ``audience`` is that server. None for an API of ours.
    """

    name: str
    audience: str
    scopes: Mapping[str, str]
    kind: ApiKind = "api"
    listed: bool = False
    lifetime: int | None = None
    algorithm: SigningAlgorithm | None = None
    max_depth: int | None = None
    binding: Binding | None = None
    format: TokenFormat | None = None
    disabled: bool = False
    abroad: Abroad | None = None


class ApiStore(Protocol):
    """Finds APIs. Answers from memory."""

    def api(self, name: str) -> Api | None:
        """Return the API called ``name``, or None."""
        ...

    def api_for(self, audience: str) -> Api | None:
        """Return the API whose audience is exactly ``audience``, or None."""
        ...


def api_at(apis: ApiStore, uri: str) -> Api | None:
    """Return the API that a ``resource`` names: its audience, scheme and host in any letters; or None."""
    return apis.api_for(uri) or apis.api_for(with_lower_host(uri))
