"""Passkeys at the real server, in Chromium with a device of its own: made, used, named, removed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, expect
from tests.fakes.browsing import NARROW, too_wide
from tests.fakes.codes import code_of
from tests.fakes.server import RealServer
from tests.pages.test_looks import AXE, EVERY

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]

PASSWORD: Final = "correct horse battery"
USE: Final = "Sign in with a passkey"


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server with a name: browsers make passkeys for no number."""
    server = RealServer(tmp_path_factory.mktemp("passkeys"))
    server.issuer = server.base = f"http://localhost:{server.port}"
    server.company.tree["server"]["issuer"] = server.issuer
    server.company.environ["PASSWORD"] = PASSWORD
    server.company.tree["users"] = [
        {"name": name, "password": {"env": "PASSWORD"}} for name in ("alice", "bob", "carol", "dora")
    ]
    server.company.named("clients", "desk").update(
        redirect_uris=["http://127.0.0.1/callback"], grants=["authorization_code"]
    )
    with server:
        yield server


@asynccontextmanager
async def visiting(browser: Browser, *, script: bool = True) -> AsyncIterator[tuple[Page, CDPSession]]:
    """A page of a browser that knows nothing, with a device that knows its person."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": NARROW, "height": 800}, java_script_enabled=script
    )
    page = await context.new_page()
    devices = await context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    yield page, devices
    await context.close()


async def device(devices: CDPSession, *, verifies: bool = True) -> str:
    """Have a browser have a device."""
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    made = await devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return str(made["authenticatorId"])


async def signed_in(page: Page, sts: RealServer, name: str) -> None:
    await page.goto(f"{sts.base}/sign-in")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.locator("h1")).to_contain_text("you are signed in")


async def added(page: Page, name: str) -> None:
    """Add a passkey by the pages, from my access on."""
    await page.get_by_role("link", name="Manage passkeys").click()
    await page.get_by_role("button", name="Add a passkey").click()
    await page.get_by_label("Name, to know it by").fill(name)
    await page.get_by_role("button", name="Make the passkey").click()


async def sound(page: Page) -> None:
    said: dict[str, Any] = await page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']})", EVERY
    )
    assert [one["id"] for one in said["violations"]] == [], page.url
    assert await too_wide(page) == [], page.url


@pytest.mark.requirement("OP-55")
async def test_a_passkey_is_made_signs_in_and_is_removed(browser: Browser, sts: RealServer) -> None:
    async with visiting(browser) as (page, devices):
        talk: list[str] = []
        page.on("console", lambda one: talk.append(one.text))
        page.on("pageerror", lambda error: talk.append(str(error)))
        await device(devices)
        await signed_in(page, sts, "alice")
        await added(page, "my laptop")
        await expect(page.get_by_role("heading", name="my laptop")).to_be_visible()
        await page.reload()  # which sends nothing again
        await expect(page.get_by_role("status")).to_contain_text("signs you in from now on")
        await page.context.clear_cookies()
        await page.goto(f"{sts.base}/sign-in")
        await page.get_by_role("button", name=USE).click()
        await expect(page.locator("h1")).to_contain_text("you are signed in")
        granted = [one for one in sts.events() if one["event"] == "sign_in:granted"][-1]
        assert (granted["subject"]["sub"], granted["acr"]) == ("actas:alice", "mfa")
        assert granted["amr"] in (["hwk", "user", "mfa"], ["swk", "user", "mfa"])
        await page.get_by_role("link", name="Manage passkeys").click()
        await page.get_by_text("Change its name").click()
        await page.get_by_label("Name").fill("old laptop")
        await page.get_by_role("button", name="Keep this name").click()
        await expect(page.get_by_role("heading", name="old laptop")).to_be_visible()
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("You have none.")).to_be_visible()
        await page.context.clear_cookies()
        await page.goto(f"{sts.base}/sign-in")
        await page.get_by_role("button", name=USE).click()
        await expect(page.get_by_role("alert")).to_contain_text("does not sign you in here")
        assert [one for one in talk if "403" not in one] == []
    changes = [(one["what"], one["change"]) for one in sts.events() if one["event"] == "credentials:changed"]
    assert changes == [("passkey", "added"), ("passkey", "renamed"), ("passkey", "removed")]


async def test_a_passkey_will_do_after_the_password_in_the_place_of_a_code(
    browser: Browser, sts: RealServer
) -> None:
    async with visiting(browser) as (page, devices):
        await device(devices)
        await signed_in(page, sts, "dora")
        await added(page, "key ring")
        await page.get_by_role("link", name="Back to my access").click()
        await page.get_by_role("link", name="Turn on codes").click()
        await page.get_by_role("button", name="Show the secret for my app").click()
        secret = "".join(await page.locator(".secret span").all_inner_texts())
        await page.get_by_label("Code that the app shows now").fill(code_of(secret, time.time()))
        await page.get_by_role("button", name="Turn on codes").click()
        assert await page.locator(".recovery li").count() == 10
        await page.context.clear_cookies()
        await page.goto(f"{sts.base}/sign-in")
        await page.get_by_label("Name").fill("dora")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.locator("h1")).to_contain_text("code that your app shows")
        await page.get_by_role("button", name=USE).click()
        await expect(page.locator("h1")).to_contain_text("you are signed in")
    granted = [one for one in sts.events() if one["event"] == "sign_in:granted"][-1]
    assert (granted["subject"]["sub"], granted["amr"][0]) == ("actas:dora", "pwd")
    assert granted["amr"][-2:] == ["user", "mfa"]


async def test_whoever_does_not_prove_themselves_to_the_device_gets_nowhere(
    browser: Browser, sts: RealServer
) -> None:
    async with visiting(browser) as (page, devices):
        made = await device(devices)
        await signed_in(page, sts, "bob")
        await added(page, "phone")
        await expect(page.get_by_role("heading", name="phone")).to_be_visible()
        await page.context.clear_cookies()
        await devices.send("WebAuthn.setUserVerified", {"authenticatorId": made, "isUserVerified": False})
        await page.goto(f"{sts.base}/sign-in")
        await page.get_by_role("button", name=USE).click()
        await expect(page.get_by_text("No passkey was used.")).to_be_visible()
        assert page.url == f"{sts.base}/sign-in"
        await devices.send("WebAuthn.setUserVerified", {"authenticatorId": made, "isUserVerified": True})
        await page.get_by_role("button", name=USE).click()
        await expect(page.locator("h1")).to_contain_text("you are signed in")


@pytest.mark.requirement("SEC-79")
async def test_pages_with_the_script_run_that_file_and_nothing_else(
    browser: Browser, sts: RealServer
) -> None:
    async with visiting(browser) as (page, _):
        answer = await page.goto(f"{sts.base}/sign-in")
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        told: list[str] = []
        page.on("console", lambda one: told.append(one.text))
        await page.evaluate(
            """() => {
                const one = document.createElement("script");
                one.textContent = "window.marked = 1";
                document.body.append(one);
                const other = document.createElement("script");
                other.src = "https://evil.example/x.js";
                document.body.append(other);
            }"""
        )
        await page.wait_for_timeout(200)
        assert await page.evaluate("window.marked") is None
        assert sum("script-src" in one for one in told) >= 2
        await signed_in(page, sts, "carol")
        answer = await page.goto(f"{sts.base}/account")
        assert answer is not None
        assert "script-src" not in answer.headers["content-security-policy"]


async def test_without_script_people_sign_in_and_see_no_button_that_does_nothing(
    browser: Browser, sts: RealServer
) -> None:
    async with visiting(browser, script=False) as (page, _):
        await page.goto(f"{sts.base}/sign-in")
        assert await page.locator("button:visible").all_inner_texts() == ["Sign in"]
        await signed_in(page, sts, "carol")
        await page.get_by_role("link", name="Manage passkeys").click()
        await page.get_by_role("button", name="Add a passkey").click()
        await expect(page.get_by_text("This browser makes no passkeys here.")).to_be_visible()
        assert await page.locator("button:visible").count() == 0


async def test_the_pages_are_sound_with_what_the_script_shows(browser: Browser, sts: RealServer) -> None:
    context = await browser.new_context(viewport={"width": NARROW, "height": 800}, bypass_csp=True)
    await context.add_init_script(AXE)
    page = await context.new_page()
    devices = await context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    await device(devices)
    await page.goto(f"{sts.base}/sign-in")
    await expect(page.get_by_role("button", name=USE)).to_be_visible()
    await sound(page)
    await signed_in(page, sts, "carol")
    await page.get_by_role("link", name="Manage passkeys").click()
    await sound(page)
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_role("button", name="Make the passkey")).to_be_visible()
    await sound(page)
    await context.close()
