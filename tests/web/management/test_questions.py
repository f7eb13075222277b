"""What the management API tells: the policy backwards, the state, its own description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.managing import Managing
from tests.fakes.server import RealServer, until
from tests.fakes.wire import Line, request

from actas.web.api.routes import ROUTES


def test_the_policy_is_read_backwards(auditor: Managing) -> None:
    told = auditor("GET", "/who-can?api=inventory&scope=stock:write").json
    ways = {one["client"]: one for one in told["ways"]}
    assert set(ways) == {"orders"}
    assert ways["orders"]["held"] == {"orders:write": ["stock:write"]}
    (cut,) = ways["orders"]["cuts"]
    assert (cut["rule"], cut["always"]) == ("no-agent-writes-stock", False)
    assert auditor("GET", "/who-can?api=nowhere").status == 404
    assert auditor("GET", "/who-can?api=inventory&scope=no").status == 404
    assert auditor("GET", "/who-can").status == 400


def test_the_state_is_told(auditor: Managing) -> None:
    told = auditor("GET", "/configuration").json
    assert told["in_force"] == told["generation"]
    assert told["behind"] is None


def test_the_description_is_public_whole_and_names_every_route(server: RealServer) -> None:
    told = Managing(server, None)("GET", "/openapi.json")
    assert told.status == 200
    document = told.json
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(one.method, one.path) for one in ROUTES}
    operations = [one["operationId"] for of_path in document["paths"].values() for one in of_path.values()]
    assert len(set(operations)) == len(operations)
    schemas = document["components"]["schemas"]
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref":
                yield one
            else:
                yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


@pytest.mark.requirement("SEC-04", "SEC-86")
def test_a_caller_who_goes_away_in_the_middle_is_no_defect_of_ours(
    server: RealServer, operator: Managing
) -> None:
    headers = {"Authorization": f"Bearer {operator.token}", "Content-Type": "application/json"}
    whole = request("PUT", f"{server.path}/api/v1/apis/gone", headers=headers, body=b'{"name": "gone"}')
    with Line(server.port) as line:
        line.send(whole[:-5])
        line.send(whole[-5:-3])

    def told() -> list[dict[str, Any]]:
        return [one for one in server.events() if "/apis/gone" in str(one.get("detail"))]

    until(lambda: len(told()) == 1, because="the refusal is written down")
    assert (told()[0]["reason"], told()[0]["detail"].endswith("the caller went away")) == (
        "malformed_request",
        True,
    )
