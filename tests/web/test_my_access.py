"""People see at my access who acts as them, and end it: over sockets, on two nodes."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.browser import Browser
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.core.wire import ID_TOKEN

Nodes = tuple[RealServer, RealServer]
PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script> the order"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    first = RealServer(tmp_path_factory.mktemp("my-access"))
    tree = first.company.tree
    first.company.environ["PEOPLES_PASSWORD"] = PASSWORD
    tree["users"] = [
        {"name": name, "groups": ["customers"], "password": {"env": "PEOPLES_PASSWORD"}}
        for name in ("alice", "bob", "carol")
    ]
    first.company.signed_in_to()
    first.company.looked_into()
    tree["impersonation"] = {"per_hour": 100}
    with first, first.twin() as second:
        yield first, second


def look_in(server: RealServer, who: str, whom: str, **more: Any) -> Reply:
    asked = {
        "subject_token_type": str(ID_TOKEN),
        "requested_subject": f"actas:{whom}",
        "reason": "the order does not load",
        "ticket": "HELP-1",
        "audience": "orders",
        "scope": None,
        **more,
    }
    form = server.company.exchange("assistant", server.company.id_token(who), **asked)
    reply = server.post({name: value for name, value in form.items() if value is not None})
    assert reply.status == 200, reply
    return reply


def active(server: RealServer, token: Any) -> bool:
    form = {"client_id": "orders", "client_secret": server.company.secrets["orders"], "token": str(token)}
    reply = ask(server.port, "POST", "/introspect", headers={"Content-Type": FORM}, body=encoded(form))
    return bool(reply.json["active"])


def at_home(nodes: Nodes, name: str) -> Browser:
    """Somebody who signed in at the first node, and looks at my access on the second."""
    first, second = nodes
    at_first = Browser(first.base)
    at_first.get("/account")
    at_first.follow()
    at_first.sign_in(name, PASSWORD)
    browser = Browser(second.base, session=at_first.session)
    browser.get("/account")
    assert browser.response.status_code == 200
    return browser


def end(browser: Browser, name: str, *, origin: str, csrf: str | None = None) -> None:
    found = browser.form()[1]["csrf"] if csrf is None else csrf
    browser.response = browser.session.post(
        f"{browser.url}/account/end-impersonation",
        data={"csrf": found, "impersonation": name},
        headers={"Origin": origin},
        allow_redirects=False,
        timeout=30,
    )


@pytest.mark.requirement("SEC-48")
def test_a_person_sees_who_acts_as_them_and_ends_it_on_every_node(nodes: Nodes) -> None:
    first, second = nodes
    begun = look_in(first, "dana", "alice", reason=HOSTILE).json
    token, name = begun["access_token"], str(begun["impersonation"])
    onward = look_in(second, "dana", "alice").json["access_token"]
    alice = at_home(nodes, "alice")
    page = alice.response.text
    assert "1 person acts as you now" in page
    for said in ("dana@acme.example", html.escape(HOSTILE), "HELP-1", "orders:read", "assistant"):
        assert said in page
    assert HOSTILE not in page
    assert first.company.tree["issuers"][0]["issuer"] in page
    assert active(first, token)
    end(alice, name, origin=first.base)
    assert alice.location == "/account?done=impersonation"
    alice.follow()
    assert "Nobody acts as you." in alice.response.text
    assert "It has ended" in alice.response.text
    assert "by you" in alice.response.text
    for node in nodes:
        for one in (token, onward):
            until(lambda node=node, one=one: not active(node, one), limit=SPREAD)  # type: ignore[misc]
    (told,) = [one for one in second.events() if one["event"] == "impersonation:ended"]
    assert told["impersonation"] == name
    assert told["ended_by"] == f"{first.issuer} actas:alice"
    end(alice, name, origin=first.base)
    assert alice.location == "/account"


@pytest.mark.requirement("SEC-48", "SEC-78")
def test_nobody_else_ends_it_there_nor_a_form_of_another_site(nodes: Nodes) -> None:
    first, _ = nodes
    begun = look_in(first, "omar", "carol").json
    token, name = begun["access_token"], str(begun["impersonation"])
    bob = at_home(nodes, "bob")
    assert "Nobody acted as you." in bob.response.text
    carol = at_home(nodes, "carol")
    end(bob, name, origin=first.base)
    assert bob.location == "/account"
    for origin, csrf in ((first.base, "0" * 43), ("https://evil.example", None)):
        end(carol, name, origin=origin, csrf=csrf)
        assert carol.response.status_code == 400
        assert "forged_form" in carol.response.text
        carol.get("/account")
    assert active(first, token)
    assert "1 person acts as you now" in carol.response.text


@pytest.mark.requirement("SEC-48")
def test_a_token_of_the_impersonation_neither_sees_it_nor_ends_it(nodes: Nodes) -> None:
    first, _ = nodes
    begun = look_in(first, "eve", "bob").json
    token, name = str(begun["access_token"]), str(begun["impersonation"])
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Cookie": f"actas-session={token}"},
        {"Authorization": f"DPoP {token}", "Cookie": f"actas-session={name}"},
    ):
        assert ask(first.port, "GET", "/account", headers=headers).status == 303
        form = {"Content-Type": FORM, "Origin": first.base, **headers}
        body = encoded({"impersonation": name, "csrf": "x"})
        reply = ask(first.port, "POST", "/account/end-impersonation", headers=form, body=body)
        assert (reply.status, b"forged_form" in reply.body) == (400, True)
    assert active(first, token)


@pytest.mark.requirement("SEC-48")
def test_a_notice_stays_however_many_come_after_it(nodes: Nodes) -> None:
    """Whoever acted could begin and end many more, so that the one that matters stands on no page."""
    first, _ = nodes
    look_in(first, "gina", "bob", reason="the one that matters")
    for place in range(21):
        name = str(look_in(first, f"helper{place}", "bob", reason=f"noise {place}").json["impersonation"])
        form = {
            "client_id": "assistant",
            "client_secret": first.company.secrets["assistant"],
            "action": "end",
            "subject_token": first.company.id_token(f"helper{place}"),
            "subject_token_type": str(ID_TOKEN),
            "impersonation": name,
        }
        reply = ask(first.port, "POST", "/impersonations", headers={"Content-Type": FORM}, body=encoded(form))
        assert reply.status == 200, reply
    bob = at_home(nodes, "bob")
    assert "the one that matters" in bob.response.text
    seen = bob.response.text
    before = seen.split("Who acted as you before that")[0].rpartition('href="')[2].partition('"')[0]
    older = bob.get(html.unescape(before)).text
    for place in range(21):
        assert f"noise {place}<" in seen + older
    assert bob.get(html.unescape(before)[:-3]).status_code == 400
    carol = at_home(nodes, "carol")
    assert carol.get(html.unescape(before)).status_code == 400
