"""Places in the log, as commands take and tell them: ``s1:120,s2:7``, the last number of each stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import click

_PLACE: Final = re.compile(r"(s[1-9][0-9]{0,3}):(0|[1-9][0-9]{0,17})")


class Cursor(click.ParamType[dict[str, int]]):
    """How far each stream was read. A stream that is not in it is read from its beginning."""

    name = "place"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, int]:
        found = [_PLACE.fullmatch(one) for one in str(value).split(",")]
        places = {one[1]: int(one[2]) for one in found if one is not None}
        if len(places) != len(found):
            self.fail(f"{value!r} is no place that an export told, such as s1:120,s2:7", param, ctx)
        return places


def cursor_text(places: Mapping[str, int]) -> str:
    """Return a place as it is written."""
    return ",".join(f"{name}:{seq}" for name, seq in sorted(places.items(), key=lambda one: int(one[0][1:])))
