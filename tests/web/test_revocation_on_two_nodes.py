"""A token that is revoked on one node is dead on the other within the bound, and so is all that was made from it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE


def signed_in(server: RealServer) -> str:
    return server.token(server.company.for_alice())


def onward(server: RealServer, token: str) -> dict[str, Any]:
    return {
        "grant_type": TOKEN_EXCHANGE,
        "client_id": "orders",
        "client_secret": server.company.secrets["orders"],
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "audience": "inventory",
    }


def post(server: RealServer, path: str, who: str, **form: str) -> Reply:
    fields = {"client_id": who, "client_secret": server.company.secrets[who], **form}
    return ask(server.port, "POST", path, headers={"Content-Type": FORM}, body=encoded(fields))


def active(server: RealServer, token: str, who: str = "orders") -> bool:
    reply = post(server, "/introspect", who, token=token)
    assert reply.status == 200, reply
    return bool(reply.json["active"])


@pytest.mark.requirement("REL-21", "SEC-23", "TX-136")
def test_no_race_between_two_nodes_leaves_a_live_child(nodes: tuple[RealServer, RealServer]) -> None:
    first, second = nodes
    parent = signed_in(first)
    children: list[str] = []
    refused = threading.Event()

    def exchange() -> None:
        while not refused.is_set():
            reply = second.post(onward(second, parent))
            if reply.status == 200:
                children.append(str(reply.json["access_token"]))
            else:
                assert reply.json["error"] == "invalid_request"
                refused.set()

    threads = [threading.Thread(target=exchange) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(children) > 20)
    before = len(children)
    assert post(first, "/revoke", "assistant", token=parent).status == 200
    assert refused.wait(SPREAD)
    for thread in threads:
        thread.join()
    assert len(children) > before  # the other node had not heard at once: that is the race
    assert not active(first, parent, "assistant")
    for node in nodes:
        assert [one for one in children if active(node, one)] == []
    assert {event["reason"] for event in second.events() if event.get("outcome") == "refused"} == {"revoked"}


@pytest.mark.requirement("REL-21")
def test_it_stays_revoked_when_a_node_starts_again(nodes: tuple[RealServer, RealServer]) -> None:
    first, second = nodes
    parent = signed_in(first)
    child = second.token(onward(second, parent))
    assert active(second, child)
    assert post(first, "/revoke", "assistant", token=parent).status == 200
    second.restart()
    assert not active(second, child)
    assert second.post(onward(second, parent)).status == 400


@pytest.mark.requirement("REL-21")
def test_the_feed_of_either_node_goes_on_where_the_other_left_off(
    nodes: tuple[RealServer, RealServer], tmp_path: Path
) -> None:
    first, second = nodes
    last = post(first, "/revocations", "orders").json["last"]
    token = signed_in(first)
    assert post(first, "/revoke", "assistant", token=token).status == 200

    def told() -> list[dict[str, Any]]:
        answer = post(second, "/revocations", "orders", after=str(last)).json
        rows: list[dict[str, Any]] = answer["revoked"]
        return rows

    until(lambda: len(told()) == 1)
    assert told() == post(first, "/revocations", "orders", after=str(last)).json["revoked"]
