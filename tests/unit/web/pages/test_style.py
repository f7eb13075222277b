"""The style sheet: its colours can be read, and it has nothing that no page uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from actas.web.pages import assets

FOLDER: Final = Path(assets.__file__).parent
STYLE: Final = (FOLDER / "static" / "actas.css").read_text(encoding="utf-8")
SURFACES: Final = ("canvas", "surface", "sunken")
TEXTS: Final = ("ink", "ink-2", "ink-3", "petrol", "indigo", "violet", "olive", "go", "stop", "care")
WASHES: Final = ("petrol-wash", "go-wash", "stop-wash", "care-wash")


def colours(theme: str) -> dict[str, str]:
    """The tokens of a theme."""
    block = STYLE.split(":root {")[{"light": 1, "dark": 2}[theme]].split("}")[0]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read_on_every_surface(theme: str) -> None:
    tokens = colours(theme)
    pairs = [(text, surface) for text in TEXTS for surface in SURFACES]
    pairs += [("ink", wash) for wash in WASHES] + [("on-petrol", "petrol"), ("stop", "stop-wash")]
    dim = {pair: contrast(*(tokens[one] for one in pair)) for pair in pairs}
    assert {pair: found for pair, found in dim.items() if found < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edge_of_a_control_can_be_seen_on_every_surface(theme: str) -> None:
    tokens = colours(theme)
    assert min(contrast(tokens["edge"], tokens[one]) for one in SURFACES) >= 3


def test_both_themes_have_the_same_tokens() -> None:
    assert set(colours("light")) == set(colours("dark"))


def test_no_class_is_without_a_style_and_no_style_without_a_use() -> None:
    plain = re.sub(r"/\*.*?\*/|@font-face \{[^}]*\}", "", STYLE, flags=re.DOTALL)
    styled = set(re.findall(r"\.([a-z][a-z0-9-]*)", re.sub(r"\{[^{}]*\}", "{}", plain)))
    pages = "".join(path.read_text(encoding="utf-8") for path in (FOLDER / "templates").iterdir())
    literal = " ".join(re.findall(r'class="([^"]*)"', re.sub(r"\{%.*?%\}", " ", pages)))
    used = {one for one in re.sub(r"\{\{.*?\}\}", "", literal).split() if not one.endswith("-")}
    computed = {
        *("person", "agent", "app", "provider", "api", "key"),  # of a mark
        *("to-thick", "to-thin", "to-dashed", "to-pending"),  # of a segment
        *("demo", "development"),  # of the strip
        "qr",  # drawn by code
    }
    assert used - styled == set()
    assert styled - used - computed == set()


def test_nothing_is_smaller_than_what_can_be_read() -> None:
    sizes = [float(one) for one in re.findall(r"font-size: ([0-9.]+)rem", STYLE)]
    sizes += [float(one) for one in re.findall(r"font: 400 ([0-9.]+)rem", STYLE)]
    assert min(sizes) * 16 >= 12.5
