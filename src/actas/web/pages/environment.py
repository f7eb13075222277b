"""The template engine: everything is escaped, and what is not there is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from actas.web.pages import qr, words

_FOLDER: Final = Path(__file__).parent / "templates"


def environment() -> Environment:
    """Return an engine. A template is read when it is first used, and never again."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = made.filters
    filters.update(shown=words.shown, exact=words.exact, ago=words.ago, qr=qr.drawing)
    names: dict[str, Any] = made.globals
    names["counted"] = words.counted
    return made
