"""A browser and a server of pages, one of each for all tests of this folder, in the loop of the session."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright
from tests.fakes.chromium import program
from tests.fakes.page_server import PageServer, page_server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pages() -> AsyncIterator[PageServer]:
    """The server."""
    async with page_server() as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser."""
    path = program()
    async with async_playwright() as playwright:
        # Chromium does not begin as root, as whom containers run, unless it may do without its sandbox.
        alone = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = await playwright.chromium.launch(executable_path=path, args=alone)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """A page of a browser as it comes, for tests that go to an address and only look: a new one costs time."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()
