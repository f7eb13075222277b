"""Every page used as people use it: by keyboard, with script and without; and what it may lead to."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, Route, expect
from tests.fakes.browsing import NARROW, focused, opened, resized, too_wide
from tests.fakes.page_samples import CSRF, RETURN, USUAL, samples
from tests.fakes.page_server import PageServer, Posted

from actas.web.pages.rendering import Pages

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

NAMES: Final = tuple(samples(USUAL))
WITHOUT_SCRIPT: Final = (
    "sign_in_again",
    "sign_in_passkey",
    "consent",
    "posting",
    "enrol_codes",
)
WORDS: Final = "something long enough"
BUTTONS: Final = "main form:not([data-passkey]) button"
REACHED: Final = "a[href], button, summary, input:not([type=hidden]):not([tabindex='-1'])"


@pytest.mark.parametrize("name", NAMES)
async def test_everything_is_reached_by_keyboard_and_seen_to_be(
    tab: Page, pages: PageServer, name: str
) -> None:
    await resized(tab, width=NARROW, theme="light")
    await tab.goto(f"{pages.origin}/usual/{name}")
    await tab.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    there = await tab.evaluate(
        "which => [...document.querySelectorAll('*')].flatMap((one, at) => one.matches(which) ? [at] : [])",
        REACHED,
    )
    reached: dict[int, dict[str, Any]] = {}
    for _ in range(2 * len(there) + 3):  # what has the focus at the beginning comes round at the end
        if set(there) <= set(reached):
            break
        await tab.keyboard.press("Tab")
        one = await focused(tab)
        reached[one["at"]] = one
    missed = [at for at in there if at not in reached]
    unseen = [reached[at] for at in there if at not in missed and not _is_seen(reached[at])]
    assert (missed, unseen) == ([], [])


def _is_seen(one: dict[str, Any]) -> bool:
    return bool(one["ring"] >= 2 and one["seen"])


async def _press(page: Page, number: int) -> None:
    """Fill in what the form of a button needs, and press the button, by keyboard alone."""
    at = await page.evaluate(
        """([buttons, number]) => {
            const one = document.querySelectorAll(buttons)[number];
            one.closest("details")?.setAttribute("open", "");
            return [...document.querySelectorAll('*')].indexOf(one);
        }""",
        [BUTTONS, number],
    )
    first = page.locator("[autofocus]")
    if await first.count():  # it gets the focus a moment after the page is there
        await expect(first).to_be_focused()
    for _ in range(60):
        one = await focused(page)
        if one["at"] == at:
            await page.keyboard.press("Enter")
            return
        if one["type"] in {"text", "password"}:
            await page.keyboard.insert_text(WORDS)
        await page.keyboard.press("Tab")
    raise AssertionError("the button is not reached")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_every_button_works_by_keyboard_alone(
    browser: Browser, pages: PageServer, *, script: bool
) -> None:
    async def taken(route: Route) -> None:
        elsewhere.append(route.request.post_data or "")
        await route.fulfill(status=200, body="taken")

    elsewhere: list[str] = []
    pressed = 0
    async with opened(browser, f"{pages.origin}/usual/{NAMES[0]}", script=script) as (page, _):
        await page.route(RETURN, taken)
        for name in NAMES if script else WITHOUT_SCRIPT:
            for number in range(_buttons(name)):
                await page.goto(f"{pages.origin}/usual/{name}")
                before = len(pages.posted) + len(elsewhere)
                async with page.expect_navigation():
                    await _press(page, number)
                assert len(pages.posted) + len(elsewhere) == before + 1, (name, number)
                pressed += 1
    assert pressed >= (30 if script else 6)
    assert len(elsewhere) == 1
    assert "code=c-1" in elsewhere[0]
    assert all(_proves_its_page(one, pages.origin) for one in pages.posted)


def _buttons(name: str) -> int:
    """Return how many buttons a page has that lead on by themselves: a passkey needs a device, too."""
    body = Pages(prefix="", installation="acme").render(samples(USUAL)[name]).body
    return re.sub(rb"<form[^>]*data-passkey.*?</form>", b"", body, flags=re.DOTALL).count(b"<button")


def _proves_its_page(one: Posted, origin: str) -> bool:
    return one.form["csrf"] == CSRF and one.headers["origin"] == origin


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
async def test_a_form_leads_only_where_its_page_says(
    browser: Browser, pages: PageServer, *, named: bool
) -> None:
    where = "named" if named else "unnamed"
    async with opened(browser, f"{pages.origin}/leaving/{where}") as (page, _):
        told: list[str] = []
        page.on("console", lambda said: told.append(said.text))
        await page.locator("main button").click()
        if named:
            await page.wait_for_url(pages.elsewhere)
        else:
            await page.wait_for_function("() => true")
            await page.wait_for_timeout(300)
            assert page.url == f"{pages.origin}/leaving/unnamed"
            assert any("form-action" in one for one in told)


@pytest.mark.requirement("SEC-79")
@pytest.mark.parametrize("unguarded", [False, True], ids=["guarded", "unguarded"])
async def test_what_comes_from_elsewhere_runs_nothing_fetches_nothing_and_widens_nothing(
    browser: Browser, pages: PageServer, *, unguarded: bool
) -> None:
    async with opened(browser, f"{pages.origin}/hostile/{NAMES[0]}", width=NARROW, unguarded=unguarded) as (
        page,
        asked,
    ):
        talk: list[str] = []
        page.on("dialog", lambda dialog: talk.append(dialog.message))
        page.on("console", lambda said: talk.append(said.text))
        page.on("pageerror", lambda error: talk.append(str(error)))
        for name in NAMES:
            await page.goto(f"{pages.origin}/hostile/{name}")
            assert await page.evaluate("window.marked") is None, name
            made = await page.evaluate(
                """() => [...document.querySelectorAll(
                    "script:not([src^='/static/passkey.']:empty), iframe, img, base, body style, body link, [onerror], [onload], [onfocus]"
                )].map(one => one.outerHTML)"""
            )
            assert made == [], name
            assert await too_wide(page) == [], name
        assert talk == []
        assert [url for url in asked if not url.startswith(f"{pages.origin}/")] == []
