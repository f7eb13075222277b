"""A value with other members, whether it is a dataclass or a struct."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def changed(value: T, **members: Any) -> T:
    """Return ``value`` with other members."""
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **members)
    return dataclasses.replace(value, **members)  # type: ignore[type-var]
