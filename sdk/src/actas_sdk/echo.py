"""What a server says back of what it was sent: no token and no secret of ours gets into an error that way.

Servers quote the assertion that they refuse, and a hostile one may quote whatever it likes. So an answer
knows what was secret in its question, and a text that repeats any of it is not shown.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from actas_sdk.flow import Answer, Ask, Failure

__all__ = ["answering", "holds_piece", "repeats"]

_SECRET: Final = frozenset(
    {
        *("assertion", "subject_token", "actor_token", "refresh_token", "token"),
        *("client_assertion", "client_secret"),
    }
)
_PIECE: Final = 12
"""Characters of a secret in a row that are too many to show."""

_SHORTEST: Final = 8
"""Characters of a secret that is looked for in sentences: what is shorter may be in any of them."""

_BEFORE: Final = 4
"""Characters before a client's secret in its header, by which a short one is told from words."""


def answering(request: Ask, reply: Answer | Failure) -> Answer | Failure:
    """Return what came back of a request, with what of that must not be shown."""
    return replace(reply, secrets=tuple(_secrets(request))) if isinstance(reply, Answer) else reply


def repeats(said: str, answer: Answer) -> bool:
    """Say whether a sentence repeats a secret of the question that it answers, or a piece of one."""
    if any(len(secret) >= _SHORTEST and secret in said for secret in answer.secrets):
        return True
    return holds_piece(said, answer)


def holds_piece(said: str, answer: Answer) -> bool:
    """Say whether a word, such as a scope, has more of a secret in it than could be chance."""
    pieces = {*_pieces(said)}  # so that a long answer costs no more than reading it and the secrets once
    return bool(pieces) and any(one in pieces for secret in answer.secrets for one in _pieces(secret))


def _pieces(text: str) -> Iterator[str]:
    return (text[at : at + _PIECE] for at in range(len(text) - _PIECE + 1))


def _secrets(request: Ask) -> Iterator[str]:
    for name, value in parse_qsl((request.body or b"").decode("ascii", "replace")):
        if name in _SECRET:
            yield value
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    if said:
        yield said
    if scheme == "Basic":
        try:
            pair = base64.b64decode(said, validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            return
        # A client's name is no secret: servers tell of it, and call scopes by it.
        secret = pair.partition(":")[2]
        yield pair[-len(secret) - _BEFORE :]
        yield unquote_plus(secret)
