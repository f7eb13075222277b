"""An app written with openid-client, from the npm index, signs people in, unmodified (``openid_client/``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.fakes import node
from tests.fakes.browser import Browser
from tests.fakes.server import RealServer

CALLBACK: Final = "https://app.acme.example/callback"
GOODBYE: Final = "https://app.acme.example/goodbye"
PASSWORD: Final = "correct horse battery"

Person = Callable[[Browser, str], str]
"""What the person does at an address, and where the browser ends."""


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("openid-client"))
    server.company.environ["ALICE_PASSWORD"] = PASSWORD
    server.company.tree["users"] = [{"name": "alice", "password": {"env": "ALICE_PASSWORD"}}]
    server.company.named("clients", "desk").update(
        redirect_uris=[CALLBACK],
        post_logout_redirect_uris=[GOODBYE],
        grants=["authorization_code", "refresh_token", "device_code"],
        may_request={"apis": ["orders"]},
    )
    with server:
        yield server


def told(sts: RealServer, story: str, person: Person) -> dict[str, Any]:
    """Let the app play a story, with a person at one browser, and return what it tells."""
    asked = {
        "issuer": sts.issuer,
        "client": "desk",
        "secret": sts.company.secrets["desk"],
        "callback": CALLBACK,
        "goodbye": GOODBYE,
        "scope": "openid profile orders:read",
        "story": story,
    }
    browser = Browser(sts.base)
    folder = Path(__file__).with_name("openid_client")
    return node.told(folder, asked, lambda address: person(browser, address))


def signs_in(browser: Browser, address: str) -> str:
    browser.get(address)
    browser.follow()
    browser.sign_in("alice", PASSWORD)
    if browser.response.status_code == 200:
        browser.send(decision="allow")
    return browser.location


def signs_in_and_leaves(browser: Browser, address: str) -> str:
    if "/logout" not in address:
        return signs_in(browser, address)
    browser.get(address)
    browser.send()  # the page asks first
    return browser.location


def connects(browser: Browser, address: str) -> str:
    browser.get(address)
    browser.send()
    browser.sign_in("alice", PASSWORD)
    browser.send(decision="allow")
    assert "Your device is connected" in browser.response.text
    return address


@pytest.mark.requirement("OP-7", "OP-9", "OP-24", "OP-40", "OP-50", "OP-53", "OP-54", "OP-60", "OP-101")
def test_it_signs_somebody_in_and_is_told_who_that_is(sts: RealServer) -> None:
    seen = told(sts, "code", signs_in)
    assert seen["claims"]["sub"] == "actas:alice"
    assert seen["claims"]["aud"] == "desk"
    assert seen["again"] == "invalid_grant"
    assert seen["person"]["sub"] == "actas:alice"


@pytest.mark.requirement("OP-30", "OP-32")
def test_it_pushes_what_it_asks_and_the_browser_carries_a_reference(sts: RealServer) -> None:
    seen = told(sts, "pushed", signs_in)
    assert seen["claims"]["sub"] == "actas:alice"
    assert set(parse_qs(urlsplit(seen["target"]).query)) == {"client_id", "request_uri"}


@pytest.mark.requirement("OP-71", "OP-76")
def test_a_refresh_token_that_is_used_twice_ends_its_family(sts: RealServer) -> None:
    seen = told(sts, "refresh", signs_in)
    assert seen["sub"] == "actas:alice"
    assert seen["reused"] == "invalid_grant"
    assert seen["after"] == "invalid_grant"


@pytest.mark.requirement("OP-77", "OP-80", "OP-82")
def test_who_leaves_is_sent_back_and_what_was_given_ends(sts: RealServer) -> None:
    seen = told(sts, "logout", signs_in_and_leaves)
    assert seen["left"] == f"{GOODBYE}?state=bye"
    assert seen["after"] == "invalid_grant"


@pytest.mark.requirement("DG-1", "DG-3", "DG-8", "DG-10")
def test_it_waits_on_a_device_until_somebody_has_said_yes(sts: RealServer) -> None:
    seen = told(sts, "device", connects)
    assert seen["shown"] == f"{sts.issuer}/device"
    assert (seen["claims"]["sub"], seen["claims"]["aud"]) == ("actas:alice", "desk")
