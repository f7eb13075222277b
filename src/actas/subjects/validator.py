"""The protocol of a validator, and the table that the declared type picks one from.

The declared type picks the validator and nothing else does: no other type is guessed from the content
(TX-41, RFC 8725 section 3.11).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from actas.core.errors import BadToken
from actas.core.party import Party, PresentedToken
from actas.core.wire import TokenType


class SubjectTokenValidator(Protocol):
    """Proves tokens of one declared type."""

    @property
    def token_type(self) -> TokenType:
        """The declared type it is for."""
        ...

    async def validate(self, token: PresentedToken) -> Party:
        """Prove authenticity, issuer, type and time. Does not judge the exchange.

        Raises:
            BadToken: it is not proven. A party that is not proven is never returned.
        """
        ...


class Validators:
    """The validators, by declared type.

    Args:
        validators: one for each type.
    """

    def __init__(self, validators: Iterable[SubjectTokenValidator]) -> None:
        self._by_type: dict[TokenType, SubjectTokenValidator] = {}
        for validator in validators:
            if validator.token_type in self._by_type:
                raise ValueError(f"two validators for {validator.token_type}")
            self._by_type[validator.token_type] = validator

    @property
    def token_types(self) -> frozenset[TokenType]:
        """The declared types that can be read."""
        return frozenset(self._by_type)

    async def prove(self, token: PresentedToken) -> Party:
        """Prove a presented token by the validator of its declared type.

        Raises:
            BadToken: it is not proven.
        """
        validator = self._by_type.get(token.type)
        if validator is None:
            raise BadToken(f"tokens of the type {token.type} are not read here")
        return await validator.validate(token)
