"""From an app's link to its callback and on to "my access", at the real server, with a keyboard and no script."""

from __future__ import annotations

import hashlib
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Browser, Page, expect
from tests.fakes.browsing import NARROW, WIDE, focused, too_wide
from tests.fakes.server import RealServer
from tests.pages.test_looks import AXE, EVERY

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

PASSWORD: Final = "correct horse battery"
VERIFIER: Final = "v" * 64


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("walk"))
    server.company.environ["ALICE_PASSWORD"] = PASSWORD
    server.company.tree["users"] = [{"name": "alice", "password": {"env": "ALICE_PASSWORD"}}]
    server.company.named("clients", "desk").update(
        redirect_uris=["http://127.0.0.1/callback"],
        grants=["authorization_code"],
        may_request={"apis": ["orders"]},
        sign_in={"consent": "once"},
    )
    with server:
        yield server


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    """The address of an app on this computer, which says that somebody is signed in."""

    class Said(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"signed in")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Said) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def link(sts: RealServer, app: str) -> str:
    """Where the app sends the browser."""
    challenge = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": "desk",
        "response_type": "code",
        "redirect_uri": f"{app}/callback",
        "scope": "openid orders:read",
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{sts.base}/authorize?{urlencode(asked)}"


async def press(page: Page, words: str) -> None:
    """Reach a button or a link by the keyboard alone, and press it."""
    wanted = page.get_by_role("button", name=words, exact=True)
    for _ in range(60):
        if await wanted.evaluate("one => one === document.activeElement"):
            seen = await focused(page)
            assert seen["ring"] >= 2, words
            assert seen["seen"], words
            async with page.expect_navigation():
                await page.keyboard.press("Enter")
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{words} is not reached")


async def sound(page: Page) -> None:
    """A page has nothing that axe minds, and nothing that stands out of it."""
    await page.evaluate(AXE)
    said: dict[str, Any] = await page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']})", EVERY
    )
    assert [one["id"] for one in said["violations"]] == [], page.url
    assert await too_wide(page) == [], page.url


@pytest.mark.requirement("OP-1", "OP-6", "OP-7", "OP-11")
@pytest.mark.parametrize(("width", "theme"), [(NARROW, "dark"), (WIDE, "light")])
async def test_somebody_signs_in_lets_the_app_in_and_stops_it_with_the_keyboard_alone(
    browser: Browser, sts: RealServer, app: str, width: int, theme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, bypass_csp=True
    )
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(link(sts, app))
    await sound(page)
    await expect(page.locator("[autofocus]")).to_be_focused()
    await page.keyboard.type("alice")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("desk")
    await sound(page)
    await press(page, "Allow")
    await expect(page.locator("body")).to_have_text("signed in")
    answer = parse_qs(urlsplit(page.url).query)
    assert answer["state"] == ["s-1"]
    assert answer["iss"] == [sts.issuer]
    assert len(answer["code"]) == 1
    await page.goto(f"{sts.base}/account")
    await expect(page.locator("h1")).to_contain_text("1 app may act for you")
    await sound(page)
    await press(page, "Stop desk")
    await expect(page.locator("h1")).to_contain_text("No app may act for you")
    await press(page, "Sign out of this browser")
    await press(page, "Sign out")
    await page.goto(f"{sts.base}/account")
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()
    ours = (f"{sts.base}/", f"{app}/callback")
    assert [one for one in asked if not one.startswith(ours)] == []
    await context.close()
