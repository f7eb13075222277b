"""How every page looks to people, with what is usual on it and with what somebody hostile would have it show."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any, Final, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from tests.fakes.browsing import NARROW, WIDE, opened, resized, too_wide
from tests.fakes.page_samples import USUAL, samples
from tests.fakes.page_server import PageServer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

NAMES: Final = tuple(samples(USUAL))
AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
Rules = dict[str, str | list[str]]
EVERY: Final[Rules] = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
AGAIN: Final[Rules] = {"type": "rule", "values": ["color-contrast", "link-in-text-block", "target-size"]}
"""The rules of axe for a page; and those for the same page in another theme or at another width."""

LOOKS: Final[dict[str, tuple[tuple[int, Literal["light", "dark"], Rules], ...]]] = {
    "usual": (
        (NARROW, "light", EVERY),
        (NARROW, "dark", AGAIN),
        (WIDE, "dark", AGAIN),
        (WIDE, "light", AGAIN),
    ),
    "hostile": ((NARROW, "light", EVERY), (WIDE, "dark", AGAIN)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def examined(browser: Browser) -> AsyncIterator[Page]:
    """A page of a browser that brings axe to every address."""
    context = await browser.new_context()
    await context.add_init_script(AXE)
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("page", [*(f"{kind}/{name}" for kind in LOOKS for name in NAMES), "usual/reasons"])
async def test_axe_finds_nothing(examined: Page, pages: PageServer, page: str) -> None:
    await examined.goto(f"{pages.origin}/{page}")
    for width, theme, rules in LOOKS[page.partition("/")[0]]:
        await resized(examined, width=width, theme=theme)
        said = await examined.evaluate(
            "rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules
        )
        assert _told(said) == [], f"{theme}, {width} px"


def _told(said: dict[str, Any]) -> list[str]:
    return [
        f"{one['id']}: {node['failureSummary']} {node['html'][:200]}"
        for one in said["violations"]
        for node in one["nodes"]
    ]


async def test_axe_finds_what_is_there_to_find(browser: Browser, pages: PageServer) -> None:
    async with opened(browser, f"{pages.origin}/usual/sign_in") as (page, _):
        await page.evaluate(AXE)
        await page.evaluate("document.querySelector('label').remove()")
        await page.evaluate("document.querySelector('main h1').style.color = '#b0b0b0'")
        for rules, found in ((EVERY, {"color-contrast", "label"}), (AGAIN, {"color-contrast"})):
            said = await page.evaluate("rules => axe.run({runOnly: rules})", rules)
            assert found <= {one["id"] for one in said["violations"]}


async def test_nothing_is_wider_than_a_small_screen(tab: Page, pages: PageServer) -> None:
    await resized(tab, width=NARROW, theme="light")
    for name in (*NAMES, "reasons"):
        await tab.goto(f"{pages.origin}/usual/{name}")
        assert await too_wide(tab) == [], name


async def test_both_fonts_are_ours_and_used(browser: Browser, pages: PageServer) -> None:
    async with opened(browser, f"{pages.origin}/usual/consent") as (page, asked):
        used = await page.evaluate(
            """async () => [...await document.fonts.ready]
                .filter(one => one.status === "loaded").map(one => one.family)"""
        )
    assert sorted(used) == ["Atkinson Hyperlegible Mono", "Atkinson Hyperlegible Next"]
    assert sum(url.endswith(".woff2") for url in asked) == 2


async def test_a_first_load_is_small(browser: Browser, pages: PageServer) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    sizes: list[int] = []

    async def add(response: Any) -> None:
        sizes.append(len(await response.body()))

    page.on("response", add)
    await page.goto(f"{pages.origin}/usual/consent", wait_until="networkidle")
    await context.close()
    assert len(sizes) >= 4
    assert sum(sizes) < 150_000


async def test_shapes_stay_where_colours_are_the_readers(browser: Browser, pages: PageServer) -> None:
    async with opened(browser, f"{pages.origin}/usual/consent") as (page, _):
        await page.emulate_media(forced_colors="active")
        strokes = await page.evaluate(
            "() => [...document.querySelectorAll('.line .mark')].map(one => getComputedStyle(one).stroke)"
        )
        line = await page.evaluate(
            "() => getComputedStyle(document.querySelector('.line li'), '::before').borderTopStyle"
        )
    assert len(strokes) == 3
    assert "none" not in strokes
    assert line == "solid"


async def test_paper_has_the_words_and_no_buttons(browser: Browser, pages: PageServer) -> None:
    async with opened(browser, f"{pages.origin}/usual/my_access") as (page, _):
        await page.emulate_media(media="print")
        assert await page.locator("h1").is_visible()
        assert await page.locator("button:visible").count() == 0
