"""The style sheet and the fonts, and the names under which they are served."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from actas.web.pages import assets

FIRST_LOAD = 150_000
"""Bytes that everything for a first page may have."""


async def ask(path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    await assets.endpoints("")[path]({"type": "http", "method": method, "path": path}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.mark.parametrize("path", sorted(assets.endpoints("")))
async def test_a_name_holds_a_digest_and_may_be_kept_for_ever(path: str) -> None:
    status, headers, body = await ask(path)
    assert status == 200
    assert path.split(".")[-2] == hashlib.sha256(body).hexdigest()[:16]
    assert headers[b"cache-control"] == b"public, max-age=31536000, immutable"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert (await ask(path, "HEAD"))[2] == b""


async def test_nothing_is_posted_to_a_file() -> None:
    status, headers, _ = await ask(assets.address("actas.css", prefix=""), "POST")
    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")


def test_the_style_sheet_names_fonts_that_are_there_and_nothing_elsewhere() -> None:
    style = assets.assets()["actas.css"].content.decode()
    named = re.findall(r"url\(\"([^\"]*)\"\)", style)
    assert len(named) == 2
    assert {f"/static/{name}" for name in named} <= set(assets.endpoints(""))
    assert "http" not in style
    assert "@import" not in style


def test_a_first_page_is_small() -> None:
    assert sum(len(one.content) for one in assets.assets().values()) < FIRST_LOAD


def test_each_font_comes_with_its_licence() -> None:
    folder = Path(assets.__file__).parent / "static"
    for font in folder.glob("*.woff2"):
        assert "SIL OPEN FONT LICENSE" in font.with_suffix(".LICENSE.txt").read_text(encoding="utf-8")
