"""A page in a browser, as tests look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from playwright.async_api import Browser, Page

NARROW: Final = 320
WIDE: Final = 1280
HEIGHT: Final = 800


@asynccontextmanager
async def opened(
    browser: Browser, url: str, *, width: int = WIDE, unguarded: bool = False, script: bool = True
) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page in a browser that knows nothing, and every address that it asks for.

    Args:
        unguarded: without the policy that forbids what the page should not try in the first place.
        script: whether the browser would run any.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": HEIGHT}, bypass_csp=unguarded, java_script_enabled=script
    )
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(url)
    yield page, asked
    await context.close()


async def resized(page: Page, *, width: int, theme: Literal["light", "dark"]) -> None:
    """Show a page at another width, in another theme."""
    await page.set_viewport_size({"width": width, "height": HEIGHT})
    await page.emulate_media(color_scheme=theme)


async def focused(page: Page) -> dict[str, Any]:
    """Return what has the focus: which element it is, and how that can be seen."""
    found: dict[str, Any] = await page.evaluate(
        """() => {
            const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
            return {
                at: [...document.querySelectorAll("*")].indexOf(one),
                type: one.type || one.localName,
                ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
                seen: box.top < innerHeight && box.bottom > 0 && box.width > 8 && box.height > 8,
            };
        }"""
    )
    return found


async def too_wide(page: Page) -> list[str]:
    """Return what stands out of the window to the right, with everything unfolded."""
    found: list[str] = await page.evaluate(
        """() => {
            document.querySelectorAll("details").forEach(one => { one.open = true });
            const out = [...document.querySelectorAll("*")]
                .filter(one => !one.closest(".unseen"))
                .filter(one => one.getBoundingClientRect().right > innerWidth + 0.5)
                .map(one => one.outerHTML.slice(0, 200));
            return document.documentElement.scrollWidth > innerWidth ? ["it scrolls", ...out] : out;
        }"""
    )
    return found
