"""What a token is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actas.core.confirmation import Binding
from actas.core.wire import SigningAlgorithm, TokenFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A protected API of ours.

    Attributes:
        name: what rules, clients and people call it; accepted as ``audience``.
        audience: the ``aud`` of its tokens; accepted as ``audience`` and as ``resource``.
        scopes: each scope with its plain meaning.
        lifetime: longest life of its tokens in seconds, or None for the default.
        algorithm: what its tokens are signed with, or None for the default.
        max_depth: most actors its tokens may name, or None for the default.
        binding: what its tokens are bound to at least, or None for the default.
        format: what its tokens look like, or None for the default.
        disabled: a disabled API never appears in a token.
    """

    name: str
    audience: str
    scopes: Mapping[str, str]
    lifetime: int | None = None
    algorithm: SigningAlgorithm | None = None
    max_depth: int | None = None
    binding: Binding | None = None
    format: TokenFormat | None = None
    disabled: bool = False
