"""Cross-app access on two nodes that share a file, and on two that share a PostgreSQL.

What is switched off on one node ends on the other within the bound, in both directions, and a grant is
redeemed once on both together.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from tests.fakes import postgres
from tests.fakes.between_domains import (
    FROM_CORP,
    TO_TICKETS,
    a_grant,
    both_sides,
    granted,
    redeemed,
    signed_in,
    signing_in,
)
from tests.fakes.managing import Managing
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import Reply

from actas.admin.revoking import APART

Nodes = tuple[RealServer, RealServer]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    url = asyncio.run(postgres.create_database()) if request.param == "postgresql" else None
    first = both_sides(tmp_path_factory.mktemp("crossing"), database=url, connected=False)
    with first, first.twin() as second:
        chief = Managing(first, "chief")
        for document in (TO_TICKETS, FROM_CORP):
            assert chief.put(f"/connections/{document['name']}", document).status == 201
        until(lambda: both_work(second), limit=SPREAD)
        yield first, second
    if url is not None:
        asyncio.run(postgres.drop_database(url))


def both_work(server: RealServer) -> bool:
    """Whether either direction works, for somebody who signs in now and with a grant that is given now."""
    return issues(server) and redeems(server)


def issues(server: RealServer) -> bool:
    reply = signing_in(server)
    return reply.status == 200 and granted(server, str(reply.json["id_token"])).status == 200


def redeems(server: RealServer) -> bool:
    return redeemed(server, a_grant(server)).status == 200


SWITCHED_OFF: Final = {
    "the connection that leads there": ("/connections/desk-to-tickets", "issues"),
    "the connection by which it redeems": ("/connections/desk-from-corp", "redeems"),
    "the issuer of the grants": ("/issuers/corp-idp", "redeems"),
    "the client": ("/clients/desk", "both"),
    "the person": ("/users/alice", "both"),
}


@pytest.mark.requirement("SEC-55", "SEC-58", "REL-21")
@pytest.mark.parametrize("what", SWITCHED_OFF)
def test_what_is_switched_off_on_one_node_ends_on_the_other(what: str, nodes: Nodes) -> None:
    first, second = nodes
    path, ends = SWITCHED_OFF[what]
    chief = Managing(first, "chief")
    token, earlier = signed_in(second), [a_grant(second) for _ in range(400)]
    assert granted(second, token).status == 200
    assert redeemed(second, earlier.pop()).status == 200
    assert chief("POST", f"{path}/disable").status == 200
    try:
        for node in nodes:
            if ends != "redeems":
                until(lambda node=node: granted(node, token).status != 200, limit=SPREAD)  # type: ignore[misc]
                assert granted(node, token).status in (400, 401)
            if ends != "issues":  # also of grants that were given before, and not redeemed yet
                until(lambda node=node: redeemed(node, earlier.pop()).status != 200, limit=SPREAD)  # type: ignore[misc]
                assert redeemed(node, earlier.pop()).status in (400, 401)
        # What has nothing to do with it goes on.
        if ends == "redeems":
            assert granted(second, token).status == 200
        if ends == "issues":
            assert redeemed(second, earlier.pop()).status == 200
    finally:
        assert chief("POST", f"{path}/enable").status == 200
        at = int(time.time())
    until(lambda: time.time() > at + APART + 1)  # what is made until then is ended too: clocks differ
    for node in nodes:
        until(lambda node=node: both_work(node), limit=SPREAD)  # type: ignore[misc]


ASKING: Final[dict[str, Callable[[RealServer], Reply]]] = {
    "desk-to-tickets": lambda server: granted(server, signed_in(server)),
    "desk-from-corp": lambda server: redeemed(server, a_grant(server)),
}


@pytest.mark.requirement("SEC-55", "SEC-58", "REL-21")
@pytest.mark.parametrize("document", [TO_TICKETS, FROM_CORP], ids=ASKING)
def test_a_connection_that_is_deleted_on_one_node_is_gone_on_the_other(
    document: dict[str, Any], nodes: Nodes
) -> None:
    first, second = nodes
    asks, path = ASKING[document["name"]], f"/connections/{document['name']}"
    chief = Managing(second, "chief")
    assert asks(first).status == 200
    assert chief("DELETE", path, match=chief("GET", path).header("etag")).status == 204
    try:
        until(lambda: asks(first).status == 400, limit=SPREAD)
        assert asks(first).reason == "no_connection"
    finally:
        assert chief.put(path, document).status == 201
    for node in nodes:
        until(lambda node=node: asks(node).status == 200, limit=SPREAD)  # type: ignore[misc]


@pytest.mark.requirement("SEC-60", "REL-19")
def test_a_grant_that_is_redeemed_on_both_nodes_at_once_gives_one_token(nodes: Nodes) -> None:
    with ThreadPoolExecutor(16) as threads:
        for _ in range(6):
            grant = a_grant(nodes[0])
            replies = list(threads.map(lambda n, it=grant: redeemed(nodes[n % 2], it), range(16)))
            assert Counter(reply.status for reply in replies) == {200: 1, 400: 15}
            refused = [reply for reply in replies if reply.status == 400]
            assert {(reply.json["error"], reply.reason) for reply in refused} == {
                ("invalid_grant", "grant_reused")
            }


@pytest.mark.requirement("SEC-60")
def test_a_grant_is_remembered_when_the_node_that_redeemed_it_is_killed(nodes: Nodes) -> None:
    first, second = nodes
    grant = a_grant(first)
    assert redeemed(first, grant).status == 200
    first.kill9()
    assert redeemed(second, grant).status == 400
    first.start()
    assert redeemed(first, grant).status == 400
