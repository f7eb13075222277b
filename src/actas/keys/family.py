"""A family of refresh tokens as it is written down and sealed, with the place of one token in it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actas.core.client import PartyKind
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken
from actas.core.family import Family
from actas.core.lineage import Lineage
from actas.core.party import Actor, Identity, MayAct, Party
from actas.core.sign_in import Authorization
from actas.core.wire import TokenType


class _Subject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A party as it is sealed: a foreign one, so nothing that only tokens of ours have."""

    identity: Identity
    origin: Identity
    kind: PartyKind
    issuer_name: str
    origin_name: str
    token_type: TokenType
    audience: tuple[str, ...]
    expires_at: int
    issued_at: int
    claims: dict[str, Any]
    lineage: Lineage
    scope: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()
    actors: tuple[Actor, ...] = ()
    may_act: MayAct | None = None
    token_id: str | None = None
    digest: str | None = None
    confirmation: Confirmation | None = None


class _Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a refresh token stands for, as it is sealed. Its place in the family is sealed with it."""

    id: str
    client: str
    kind: str
    subject: _Subject
    actors: tuple[Actor, ...]
    apis: tuple[str, ...]
    audience: tuple[str, ...]
    scope: frozenset[str]
    confirmation: Confirmation | None
    lineage: Lineage
    txn: str
    began: int
    ends_at: int
    idle: int
    generation: int
    until: int
    authorization: Authorization | None = None


_decoder: Final = msgspec.json.Decoder(_Content)
_OF_SUBJECT: Final = _Subject.__struct_fields__
_OF_FAMILY: Final = tuple(name for name in Family.__struct_fields__ if name != "subject")


def write_family(family: Family, *, generation: int, until: int) -> bytes:
    """Return a family and the place of one token in it, to be sealed.

    Args:
        generation: how many tokens came before.
        until: the token's end when it is not used, seconds since the epoch.
    """
    subject = _Subject(**{name: getattr(family.subject, name) for name in _OF_SUBJECT})
    rest = {name: getattr(family, name) for name in _OF_FAMILY}
    return msgspec.json.encode(_Content(subject=subject, generation=generation, until=until, **rest))


def read_family(content: bytes) -> tuple[Family, int, int]:
    """Return what ``write_family`` was given.

    Raises:
        BadToken: it was written by another release.
    """
    try:
        read = _decoder.decode(content)
    except msgspec.DecodeError as refused:
        raise BadToken(f"what it stands for was written by another release: {refused}") from None
    subject = Party(**{name: getattr(read.subject, name) for name in _OF_SUBJECT})
    family = Family(subject=subject, **{name: getattr(read, name) for name in _OF_FAMILY})
    return family, read.generation, read.until
