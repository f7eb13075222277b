"""People sign in at the real server: an app sends a browser, and gets what the person let it have."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from tests.fakes.browser import Browser
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.crypto import jose

CALLBACK = "https://web.acme.example/callback?tenant=acme"
ELSEWHERE = "https://evil.example/callback"
VERIFIER = "a-verifier-that-is-long-enough-for-the-standard"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PASSWORDS = {"alice": "correct horse battery", "bob": "a password of bob's"}


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("sign-in"))
    tree = server.company.tree
    tree["users"] = [
        {"name": "alice", "display_name": "Alice", "email": "alice@acme.example", "groups": ["support"]},
        {"name": "bob", "groups": ["sales"]},
    ]
    for user in tree["users"]:
        variable = f"{user['name'].upper()}_PASSWORD"
        server.company.environ[variable] = PASSWORDS[user["name"]]
        user["password"] = {"env": variable}
    web = server.company.named("clients", "desk")
    web |= {
        "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"],
        "grants": ["token_exchange", "authorization_code", "refresh_token"],
        "may_request": {"apis": ["orders"]},
        "display_name": "Acme Web",
    }
    with server:
        yield server


@pytest.fixture
def browser(sts: RealServer) -> Browser:
    return Browser(sts.base)


def claims_of(token: str) -> dict[str, Any]:
    return dict(jose.parse(token).unverified_claims)


def asked(**changes: Any) -> dict[str, Any]:
    form = {
        "client_id": "desk",
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid profile orders:read",
        "state": "s-1 &x=",
        "nonce": "n-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def redeem(sts: RealServer, code: str, **changes: str) -> Reply:
    form = {
        "grant_type": "authorization_code",
        "client_id": "desk",
        "client_secret": sts.company.secrets["desk"],
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changes,
    }
    return ask(sts.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))


def signed_in(browser: Browser, name: str = "alice", **changes: Any) -> dict[str, str]:
    """Sign in and let the app have what it asks."""
    browser.get("/authorize", **asked(**changes))
    browser.sign_in(name, PASSWORDS[name])
    if browser.response.status_code == 200:
        browser.send(decision="allow")
    return browser.answer()


@pytest.mark.requirement("OP-1", "OP-2", "OP-6", "OP-7", "OP-10", "OP-41")
def test_an_app_gets_what_a_person_let_it_have(sts: RealServer, browser: Browser) -> None:
    page = browser.get("/authorize", **asked())
    assert page.status_code == 200
    assert "Acme Web" in page.text
    assert browser.send(name="alice", password=PASSWORDS["alice"]).status_code == 303
    consent = browser.follow()
    assert "Alice" in consent.text
    assert "orders" in consent.text
    assert browser.send(decision="allow").status_code == 303
    assert browser.location.startswith(CALLBACK + "&")
    answer = browser.answer()
    assert (answer["state"], answer["iss"]) == ("s-1 &x=", sts.issuer)
    reply = redeem(sts, answer["code"])
    assert reply.status == 200, reply
    claims = claims_of(reply.json["access_token"])
    assert (claims["sub"], claims["aud"]) == (
        "actas:alice",
        [f"{sts.issuer}/userinfo", "https://orders.acme.example"],
    )
    told = claims_of(reply.json["id_token"])
    assert (told["nonce"], told["aud"], told["acr"], told["amr"]) == ("n-1", "desk", "pwd", ["pwd"])
    events = [
        one["event"]
        for one in sts.events()
        if one["event"].startswith(("sign_in", "consent", "authorization"))
    ]
    assert events[-3:] == ["sign_in:granted", "consent:given", "authorization:granted"]


@pytest.mark.requirement("OP-12", "OP-13")
def test_who_is_signed_in_and_has_consented_is_asked_nothing(sts: RealServer, browser: Browser) -> None:
    signed_in(browser)
    browser.get("/authorize", **asked(prompt="none"))
    assert "code" in browser.answer()
    browser.get("/authorize", **asked(prompt="login"))
    assert browser.response.status_code == 200
    browser.get("/authorize", **asked(max_age="0"))
    assert browser.response.status_code == 200
    assert "code" in browser.get("/authorize", **asked(prompt="none", max_age="600")).headers["location"]


@pytest.mark.requirement("OP-12", "OP-6", "OP-7")
def test_where_nobody_may_be_asked_the_app_is_told_so(sts: RealServer, browser: Browser) -> None:
    browser.get("/authorize", **asked(prompt="none"))
    answer = browser.answer()
    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", "s-1 &x=", sts.issuer)
    signed_in(browser, "bob", scope="openid")
    browser.get("/authorize", **asked(prompt="none", scope="openid orders:read"))
    assert browser.answer()["error"] == "consent_required"


@pytest.mark.requirement("OP-3", "OP-4", "OP-5", "OP-93")
@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": ELSEWHERE},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK.replace("https", "http")},
        {"redirect_uri": "https://web.acme.example@evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:99/other"},
        {"redirect_uri": "http://127.0.0.1:80@evil.example/callback"},
        {"redirect_uri": None},
        {"client_id": "nobody"},
        {"client_id": "orders"},
        {"client_id": None},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    browser: Browser, changes: dict[str, Any]
) -> None:
    page = browser.get("/authorize", **asked(**changes))
    assert page.status_code == 400
    assert "location" not in page.headers
    assert "evil.example" not in page.text


@pytest.mark.requirement("OP-90")
def test_on_the_apps_own_computer_any_port_will_do(browser: Browser) -> None:
    here = "http://127.0.0.1:49152/callback"
    assert "code" in signed_in(browser, redirect_uri=here)
    assert browser.location.startswith(here + "?")


@pytest.mark.requirement("OP-2", "OP-15", "OP-20", "OP-21", "OP-22", "OP-7")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"request": "e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "sometimes"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"scope": "burn:everything"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"resource": "https://orders.acme.example#top"}, "invalid_target"),
    ],
)
def test_the_app_is_told_what_is_wrong(browser: Browser, changes: dict[str, Any], error: str) -> None:
    browser.get("/authorize", **asked(**changes))
    answer = browser.answer()
    assert (answer["error"], answer["state"]) == (error, "s-1 &x=")
    assert "code" not in answer
    assert urlsplit(browser.location).hostname == "web.acme.example"


def test_a_parameter_that_comes_twice_is_refused(browser: Browser) -> None:
    page = browser.get("/authorize?" + urlencode(asked()) + "&client_id=orders")
    assert page.status_code == 400


@pytest.mark.requirement("SEC-13", "SEC-76")
@pytest.mark.parametrize("name", ["alice", "nobody", "ALICE", "", "a" * 300, "alice\x00"])
def test_a_wrong_password_looks_alike_for_everybody(browser: Browser, name: str) -> None:
    browser.get("/authorize", **asked())
    action, fields = browser.form()
    page = browser.send(name=name or " ", password="wrong")
    assert page.status_code in (403, 400)
    if page.status_code == 403:
        assert "do not belong together" in page.text
    assert "actas-session" not in "".join(browser.session.cookies.keys())
    assert (action, set(fields)) == ("/sign-in", {"csrf", "flow", "name", "password"})


@pytest.mark.requirement("SEC-78")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_changes_nothing(browser: Browser, headers: dict[str, str]) -> None:
    browser.get("/authorize", **asked())
    page = browser.send(headers=headers, name="alice", password=PASSWORDS["alice"])
    assert page.status_code == 400
    assert "actas-session" not in browser.session.cookies


@pytest.mark.requirement("SEC-78", "SEC-77")
def test_a_form_that_another_browser_was_given_changes_nothing(sts: RealServer, browser: Browser) -> None:
    browser.get("/authorize", **asked())
    other = Browser(sts.base)
    other.get("/authorize", **asked())
    other.response = browser.response  # the attacker's page, sent by the victim's browser
    assert other.send(name="alice", password=PASSWORDS["alice"]).status_code == 400
    assert "actas-session" not in other.session.cookies


@pytest.mark.requirement("SEC-78")
@pytest.mark.parametrize("path", ["/consent", "/sign-in/code", "/sign-in/passkey", "/sign-in/code/passkey"])
def test_nothing_changes_by_get(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 405


def test_a_browser_that_begins_again_still_knows_what_the_app_asked(browser: Browser) -> None:
    browser.get("/authorize", **asked())
    _, fields = browser.form()
    page = browser.get("/sign-in", flow=fields["flow"])
    assert "Acme Web" in page.text
    assert browser.get("/sign-in", flow=fields["flow"][:-4]).status_code == 400
    assert "Acme Web" not in browser.get("/sign-in").text


def test_a_code_is_handed_out_only_to_who_receives_it(sts: RealServer, browser: Browser) -> None:
    signed_in(browser)
    before = len(sts.events())
    parameters = urlencode(asked(prompt="none"))
    assert browser.session.head(f"{sts.base}/authorize?{parameters}", timeout=30).status_code == 405
    assert len(sts.events()) == before


def test_a_browser_that_loads_pages_ahead_is_handed_no_code(sts: RealServer, browser: Browser) -> None:
    signed_in(browser)
    before = len(sts.events())
    ahead = {"Sec-Purpose": "prefetch;prerender"}
    address = f"{sts.base}/authorize?{urlencode(asked(prompt='none'))}"
    answer = browser.session.get(address, headers=ahead, allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    assert len(sts.events()) == before


def pushed(sts: RealServer, **changes: Any) -> Reply:
    form = {**asked(**changes), "client_secret": sts.company.secrets["desk"]}
    return ask(sts.port, "POST", "/par", headers={"Content-Type": FORM}, body=encoded(form))


@pytest.mark.requirement("OP-30", "OP-32")
def test_a_page_of_a_pushed_request_may_be_loaded_again(sts: RealServer, browser: Browser) -> None:
    reply = pushed(sts, prompt="consent", login_hint="alice")
    assert reply.status == 201, reply
    browser.get("/authorize", client_id="desk", request_uri=reply.json["request_uri"])
    here = browser.location
    assert here.startswith("/sign-in?flow=")
    for _ in range(2):
        assert "Acme Web" in browser.get(here).text
        assert browser.form()[1]["name"] == "alice"
    browser.sign_in("alice", PASSWORDS["alice"])
    consent = browser.response.request.path_url or ""
    assert browser.send(decision="allow").status_code == 303
    assert redeem(sts, browser.answer()["code"]).status == 200
    browser.get(consent)  # the back button
    assert browser.send(decision="allow").status_code == 400
    assert sts.events()[-1]["reason"] == "request_gone"
    assert "location" not in browser.response.headers


@pytest.mark.requirement("OP-33")
def test_the_address_for_pushing_says_what_it_does_not_take(sts: RealServer) -> None:
    get = ask(sts.port, "GET", "/par")
    assert (get.status, get.header("allow")) == (405, "POST")
    for size in (20_000, 600 * 1024, 3 * 1024 * 1024):
        reply = pushed(sts, id_token_hint="x" * size)
        assert (reply.status, reply.json["error"]) == (413, "invalid_request"), size


@pytest.mark.requirement("OP-13", "OP-42")
def test_a_person_may_say_no(sts: RealServer, browser: Browser) -> None:
    browser.get("/authorize", **asked(prompt="consent"))
    browser.sign_in("alice", PASSWORDS["alice"])
    browser.send(decision="deny")
    assert browser.answer()["error"] == "access_denied"
    assert sts.events()[-1]["reason"] == "denied_by_person"


@pytest.mark.requirement("OP-2")
def test_an_answer_may_be_posted_to_the_app(browser: Browser) -> None:
    browser.get("/authorize", **asked(response_mode="form_post"))
    page = browser.sign_in("alice", PASSWORDS["alice"])
    if "Acme Web" in page.text and "/consent" in browser.form()[0]:
        page = browser.send(decision="allow")
    action, fields = browser.form()
    assert action == CALLBACK
    assert set(fields) == {"code", "state", "iss"}
    assert "web.acme.example" in page.headers["content-security-policy"]


@pytest.mark.requirement("OP-1", "OP-12")
def test_an_app_may_ask_by_a_form(sts: RealServer, browser: Browser) -> None:
    def posted(form: dict[str, Any], *, query: str = "", kind: str = FORM) -> Reply:
        target = f"/authorize?{query}" if query else "/authorize"
        return ask(sts.port, "POST", target, headers={"Content-Type": kind}, body=encoded(form))

    page = posted(asked())
    assert page.status == 200
    assert b"Acme Web" in page.body
    quiet = posted(asked(prompt="none"))
    assert quiet.status == 303
    assert "error=login_required" in (quiet.header("location") or "")
    assert posted(asked(), query="prompt=none").status == 400  # one reading, of one place
    assert posted(asked(), kind="text/plain").status == 400
    assert browser.session.put(f"{sts.base}/authorize", timeout=30).status_code == 405


@pytest.mark.requirement("OP-11")
def test_no_page_may_be_framed_or_says_where_somebody_came_from(browser: Browser) -> None:
    pages = [
        browser.get("/authorize", **asked(prompt="login consent")),
        browser.sign_in("alice", PASSWORDS["alice"]),
        browser.send(headers={}, decision="allow"),
        browser.get("/authorize", **asked(redirect_uri=ELSEWHERE)),
    ]
    assert [one.status_code for one in pages] == [200, 200, 400, 400]
    for headers in (one.headers for one in pages):
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


@pytest.mark.requirement("SEC-84")
def test_no_address_is_made_from_the_host_header(sts: RealServer) -> None:
    reply = ask(sts.port, "GET", f"/authorize?{urlencode(asked())}", headers={"Host": "evil.example"})
    assert b"evil.example" not in reply.body


@pytest.mark.requirement("SEC-77")
def test_a_session_is_new_each_time_somebody_signs_in(browser: Browser) -> None:
    signed_in(browser)
    before = browser.session.cookies["actas-session"]
    browser.get("/authorize", **asked(prompt="login"))
    browser.sign_in("alice", PASSWORDS["alice"])
    after = browser.session.cookies["actas-session"]
    assert before != after
    browser.session.cookies.set(
        "actas-session", before, domain=urlsplit(browser.url).hostname or "", path="/"
    )
    browser.get("/authorize", **asked(prompt="none"))
    assert browser.answer()["error"] == "login_required"
