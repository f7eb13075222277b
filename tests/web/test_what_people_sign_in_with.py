"""People change what they sign in with, at the real server, by forms as a browser sends them."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.browser import Browser
from tests.fakes.codes import code_of
from tests.fakes.server import RealServer
from tests.fakes.visits import VERIFIER, challenge_of
from tests.fakes.wire import FORM, Reply, ask, encoded

CALLBACK = "http://127.0.0.1/callback"
OLD, NEW = "correct horse battery", "seven green parrots wait"
PEOPLE = ("alice", "bob", "carol", "dora")
PAGES = ("/account/password", "/account/codes", "/account/recovery-codes")


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("own"))
    server.company.environ["PASSWORD"] = OLD
    server.company.tree["users"] = [{"name": name, "password": {"env": "PASSWORD"}} for name in PEOPLE]
    server.company.named("clients", "desk").update(
        redirect_uris=[CALLBACK],
        grants=["token_exchange", "authorization_code", "refresh_token"],
        may_request={"apis": ["orders"]},
        sign_in={"consent": "never"},
    )
    with server:
        yield server


def at(sts: RealServer, name: str, password: str = OLD) -> Browser:
    """A browser at which somebody is signed in."""
    browser = Browser(sts.base)
    browser.get("/sign-in")
    assert browser.sign_in(name, password).status_code == 200
    assert "My access" in browser.response.text
    return browser


def token(sts: RealServer, **form: str) -> Reply:
    whole = {"client_id": "desk", "client_secret": sts.company.secrets["desk"], **form}
    return ask(sts.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(whole))


def held(sts: RealServer, browser: Browser, scope: str = "openid") -> dict[str, str]:
    """What an app holds that somebody let in at a browser."""
    asked: dict[str, Any] = {
        "client_id": "desk", "response_type": "code", "redirect_uri": CALLBACK, "scope": scope,
        "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256",
    }  # fmt: skip
    browser.get("/authorize", **asked)
    code = browser.answer()["code"]
    reply = token(
        sts, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=VERIFIER
    )
    assert reply.status == 200, reply
    return dict(reply.json)


def told(sts: RealServer, name: str, *events: str) -> list[dict[str, Any]]:
    return [
        one
        for one in sts.events()
        if one["event"] in events and one.get("subject", {}).get("sub") == f"actas:{name}"
    ]


@pytest.mark.requirement("OP-77")
def test_a_new_password_ends_other_sessions_and_what_apps_hold_by_them(sts: RealServer) -> None:
    there, here = at(sts, "alice"), at(sts, "alice")
    given = [held(sts, there), held(sts, there, "openid offline_access")]
    given += [held(sts, here, "openid offline_access"), held(sts, here)]
    assert "Change password" in here.get("/account").text
    here.get("/account/password")
    assert here.send(current=OLD, new=NEW, again=NEW).status_code == 303
    assert "signed out everywhere else" in here.follow().text
    assert there.get("/account").status_code == 303
    answers = [token(sts, grant_type="refresh_token", refresh_token=one["refresh_token"]) for one in given]
    assert [one.status for one in answers] == [400, 400, 400, 200]
    at(sts, "alice", NEW)
    ended, changed = told(sts, "alice", "session:others_ended", "credentials:changed")
    assert (ended["by"], changed["what"], changed["change"]) == ("a new password", "password", "set")
    assert OLD not in str(sts.events())
    assert NEW not in str(sts.events())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"current": "wrong", "new": NEW, "again": NEW}, "not your current password"),
        ({"current": OLD, "new": NEW, "again": OLD}, "not the same"),
        ({"current": OLD, "new": "bob-bob-bob-1", "again": "bob-bob-bob-1"}, "your own name"),
        ({"current": OLD, "new": OLD, "again": OLD}, "the password that you have"),
    ],
)
def test_the_page_says_why_a_password_was_not_changed(
    sts: RealServer, typed: dict[str, str], said: str
) -> None:
    browser = at(sts, "bob")
    browser.get("/account/password")
    page = browser.send(headers=None, **typed)
    assert page.status_code == 403
    assert said in page.text
    assert not told(sts, "bob", "credentials:changed")


def test_codes_are_turned_on_used_and_turned_off(sts: RealServer) -> None:
    browser = at(sts, "carol")
    browser.get("/account/codes")
    page = browser.send(deed="begin")
    secret = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page.text))
    assert len(secret) == 32
    assert '<svg class="qr"' in page.text
    assert page.headers["cache-control"] == "no-store"
    page = browser.send(code="000000")
    assert page.status_code == 403
    assert secret[:4] in page.text
    page = browser.send(code=code_of(secret, time.time()))
    recovery = [html.unescape(one) for one in re.findall(r"<li><code>([a-z2-7-]+)</code>", page.text)]
    assert len(recovery) == 10
    assert "10 left" in browser.get("/account").text
    assert not any(one in browser.response.text for one in recovery)
    other = Browser(sts.base)
    other.get("/sign-in")
    assert "code that your app shows" in other.sign_in("carol", OLD).text
    other.send(code=recovery[0])
    assert "9 left" in other.follow().text
    other.get("/account/codes")
    other.send(deed="drop")
    assert "Codes are off" in other.follow().text
    at(sts, "carol")
    changes = [(one["what"], one["change"]) for one in told(sts, "carol", "credentials:changed")]
    assert changes == [("code", "added"), ("recovery", "made"), ("code", "removed")]
    log = str(sts.events())
    assert not any(one in log for one in (secret, *recovery))


@pytest.mark.parametrize("path", PAGES)
def test_whoever_is_not_signed_in_signs_in_first_and_then_gets_there(sts: RealServer, path: str) -> None:
    browser = Browser(sts.base)
    assert "once more that it is you" in browser.get(path).text
    browser.send(name="dora", password=OLD)
    assert browser.location == path


@pytest.mark.requirement("SEC-78")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_of_another_site_changes_nothing(sts: RealServer, path: str, headers: dict[str, str]) -> None:
    browser = at(sts, "dora")
    browser.get(path)
    if browser.response.status_code != 200:
        browser.get("/account/password")
    page = browser.send(headers=headers, current=OLD, new=NEW, again=NEW, deed="begin")
    assert page.status_code == 400
    entry = sts.events()[-1]
    assert (entry["event"], entry["reason"]) == ("account:refused", "forged_form")
    assert not told(sts, "dora", "credentials:changed")


@pytest.mark.requirement("SEC-78")
def test_a_form_of_another_page_or_browser_changes_nothing(sts: RealServer) -> None:
    browser, other = at(sts, "dora"), at(sts, "dora")
    browser.get("/account/codes")
    action, fields = browser.form()
    for path, sender in (("/account/password", browser), (action, other)):
        page = sender.session.post(
            f"{sts.base}{path}",
            data={**fields, "deed": "begin", "new": NEW, "again": NEW, "current": OLD},
            headers={"Origin": sts.base},
            timeout=30,
        )
        assert page.status_code == 400
    assert browser.session.put(f"{sts.base}/account/codes", timeout=30).status_code == 405


@pytest.mark.requirement("SEC-48")
def test_no_token_opens_what_a_person_signs_in_with(sts: RealServer) -> None:
    """What acts for somebody, or as somebody, is a token: only a browser's session is anybody here."""
    tokens = held(sts, at(sts, "dora"))
    for kind in ("access_token", "id_token", "refresh_token"):
        value = tokens[kind]
        for path in PAGES:
            thief = Browser(sts.base)
            thief.session.headers["Authorization"] = f"Bearer {value}"
            thief.session.cookies.set("actas-session", value)
            page = thief.get(path)
            assert "once more that it is you" in page.text
            assert "dora" not in page.text
