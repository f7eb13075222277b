"""Devices at two real nodes: a client that we did not write waits, and a person decides at a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests_oauth2client import (
    AccessDenied,
    AuthorizationPending,
    BearerToken,
    ClientSecretBasic,
    DeviceAuthorizationResponse,
    InvalidGrant,
    OAuth2Client,
    OAuth2Error,
    PublicApp,
    SlowDown,
)
from tests.fakes import postgres
from tests.fakes.browser import Browser
from tests.fakes.server import RealServer
from tests.fakes.wire import ask

PATH = "/tenants/acme"
PASSWORD = "correct horse battery"
SCOPE = "openid profile orders:read offline_access"

Nodes = tuple[RealServer, RealServer]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    url = asyncio.run(postgres.create_database())
    first = RealServer(tmp_path_factory.mktemp("devices"), path=PATH, database=url)
    first.company.environ["ALICE_PASSWORD"] = PASSWORD
    first.company.tree["users"] = [
        {"name": "alice", "display_name": "Alice", "password": {"env": "ALICE_PASSWORD"}}
    ]
    first.company.named("clients", "desk").update(
        grants=["device_code", "refresh_token"],
        may_request={"apis": ["orders"]},
        display_name="Television",
        sign_in={"consent": "once"},
    )
    phone = {"name": "tv", "kind": "app", "auth": {"method": "none"}, "grants": ["device_code"]}
    first.company.tree["clients"].append({**phone, "may_request": {"apis": ["orders"]}})
    with first, first.twin() as second:
        yield first, second
    asyncio.run(postgres.drop_database(url))


def device_at(node: RealServer, auth: Any = None) -> OAuth2Client:
    """A client that found everything by discovery. What it is told to ask is asked at this node."""
    about = requests.get(f"{node.base}{PATH}/.well-known/openid-configuration", timeout=30).json()
    here = {
        name: value.replace(about["issuer"], f"{node.base}{PATH}")
        for name, value in about.items()
        if isinstance(value, str)
    }
    return OAuth2Client(
        token_endpoint=here["token_endpoint"],
        device_authorization_endpoint=here["device_authorization_endpoint"],
        userinfo_endpoint=here["userinfo_endpoint"],
        testing=True,
        auth=auth or ClientSecretBasic("desk", node.company.secrets["desk"]),
    )


@pytest.fixture
def alice(nodes: Nodes) -> Browser:
    return Browser(nodes[0].base)


def typed(browser: Browser, told: DeviceAuthorizationResponse) -> requests.Response:
    """Alice goes where the device sends her, and sees the question."""
    page = browser.get(f"{PATH}/device", user_code=told.user_code)
    assert f'value="{told.user_code}"' in page.text
    page = browser.send()
    if 'name="password"' in page.text:
        page = browser.sign_in("alice", PASSWORD)
    return page


@pytest.mark.requirement("DG-10")
def test_both_well_known_addresses_say_where_devices_ask(nodes: Nodes) -> None:
    first = nodes[0]
    appended = first.get(f"{PATH}/.well-known/openid-configuration").json
    inserted = first.get(f"/.well-known/oauth-authorization-server{PATH}").json
    assert appended == inserted
    assert appended["device_authorization_endpoint"] == f"{first.issuer}/device_authorization"
    assert "urn:ietf:params:oauth:grant-type:device_code" in appended["grant_types_supported"]
    # Nobody here is called back: what is not there is not said.
    assert "authorization_endpoint" not in appended
    assert "authorization_code" not in appended["grant_types_supported"]


@pytest.mark.requirement("DG-1", "DG-3", "DG-4", "DG-5", "DG-8")
def test_a_device_waits_at_both_nodes_and_gets_its_tokens_at_either(nodes: Nodes, alice: Browser) -> None:
    first, second = nodes
    here, there = device_at(first), device_at(second)
    told = here.authorize_device(scope=SCOPE)
    assert told.verification_uri == f"{first.issuer}/device"
    with pytest.raises(AuthorizationPending):
        there.device_code(told)
    with pytest.raises(SlowDown) as caught:
        here.device_code(told)
    assert caught.value.response.json()["interval"] == 10
    page = typed(alice, told)
    assert page.status_code == 200
    for shown in ("Television", told.user_code, "127.0.0.1", "Alice", "Read orders", "while you are away"):
        assert shown in page.text
    with pytest.raises(SlowDown):  # she has only looked
        there.device_code(told)
    done = alice.send(decision="allow")
    assert "Your device is connected" in done.text
    token = there.device_code(told)
    assert isinstance(token, BearerToken)
    assert there.userinfo(token)["name"] == "Alice"
    renewed = here.refresh_token(token)
    with pytest.raises(InvalidGrant):
        here.device_code(told)  # used again, at the other node: there are two copies of it
    for node in (here, there):
        with pytest.raises(InvalidGrant):
            node.refresh_token(renewed)
    event = next(one for one in reversed(first.events()) if one["event"] == "authorization:granted")
    assert (event["client"], event["asked_from"]) == ("desk", "127.0.0.1")


@pytest.mark.requirement("DG-8")
def test_of_many_questions_at_two_nodes_no_more_than_one_gets_tokens(nodes: Nodes, alice: Browser) -> None:
    clients = [device_at(node) for node in nodes]
    told = clients[0].authorize_device(scope="orders:read")
    typed(alice, told)
    alice.send(decision="allow")

    def asks(number: int) -> bool:
        try:
            return isinstance(clients[number % 2].device_code(told), BearerToken)
        except OAuth2Error:  # used before; or used again, by another, before the tokens were made
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(asks, range(6))) <= 1


@pytest.mark.requirement("DG-6", "DG-2")
def test_a_no_at_one_node_is_a_no_at_the_other(nodes: Nodes, alice: Browser) -> None:
    here, there = (device_at(node, PublicApp("tv")) for node in nodes)
    told = here.authorize_device(scope="openid")
    page = typed(alice, told)
    assert "tv asks who you are" in page.text.replace("<bdi>", "").replace("</bdi>", "")
    assert "was not connected" in alice.send(decision="deny").text
    with pytest.raises(AccessDenied):
        there.device_code(told)


@pytest.mark.requirement("DG-3", "SEC-78")
@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_of_another_site_connects_nothing(
    nodes: Nodes, alice: Browser, headers: dict[str, str]
) -> None:
    client = device_at(nodes[1])
    told = client.authorize_device(scope="orders:read")
    page = typed(alice, told)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    alice.response = page
    assert alice.send(headers=headers, decision="allow").status_code == 400
    with pytest.raises(AuthorizationPending):
        client.device_code(told)


@pytest.mark.requirement("DG-3", "SEC-78")
def test_nothing_is_connected_by_an_address(nodes: Nodes, alice: Browser) -> None:
    client = device_at(nodes[0])
    told = client.authorize_device(scope="orders:read")
    typed(alice, told)
    _, fields = alice.form()
    assert alice.get(f"{PATH}/device/consent", **fields, decision="allow").status_code == 405
    assert alice.get(f"{PATH}/device/continue", flow=fields["flow"]).status_code == 400
    for _ in range(2):
        assert (
            alice.get(
                str(told.verification_uri_complete).replace(nodes[0].issuer, nodes[0].base + PATH)
            ).status_code
            == 200
        )
    with pytest.raises(AuthorizationPending):
        client.device_code(told)


def test_a_wrong_code_is_asked_for_again(nodes: Nodes, alice: Browser) -> None:
    alice.get(f"{PATH}/device")
    page = alice.send(user_code="1234")
    assert page.status_code == 403
    assert "No device waits for this code" in page.text
    alice.send(user_code="BBBB-BBBB")
    page = alice.sign_in("alice", PASSWORD)
    assert (page.status_code, "No device waits for this code" in page.text) == (403, True)
    client = device_at(nodes[0])
    told = client.authorize_device(scope="orders:read")
    assert "Television" in alice.send(user_code=told.user_code.lower().replace("-", " ")).text


def test_it_takes_a_form(nodes: Nodes) -> None:
    for method in ("GET", "PUT"):
        reply = ask(nodes[0].port, method, f"{PATH}/device_authorization")
        assert (reply.status, reply.json["error"]) == (400, "invalid_request")
    assert ask(nodes[0].port, "PUT", f"{PATH}/device").status == 405


@pytest.mark.requirement("DG-10")
def test_where_no_client_is_on_devices_there_is_no_such_address(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    server = RealServer(tmp_path_factory.mktemp("no-devices"))
    server.company.tree["users"] = [{"name": "alice"}]
    server.company.named("clients", "desk").update(
        grants=["authorization_code"],
        redirect_uris=["https://web.acme.example/callback"],
        may_request={"apis": ["orders"]},
    )
    with server:
        about = server.get("/.well-known/openid-configuration").json
        assert "device_authorization_endpoint" not in about
        assert "authorization_endpoint" in about
        assert "urn:ietf:params:oauth:grant-type:device_code" not in about["grant_types_supported"]
        for path in ("/device", "/device_authorization", "/device/consent"):
            assert server.get(path).status == 404
