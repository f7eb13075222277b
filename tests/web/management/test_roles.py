"""Who may do what by the management API, and that nobody gives more than they hold."""

from __future__ import annotations

import copy

import pytest
from tests.fakes.managing import Managing, last, offered_client
from tests.fakes.server import RealServer

from actas.core.administrators import ROLES
from actas.web.api.routes import ROUTES, Route

HOLDER = {"owner": "chief", "operator": "hand", "auditor": "eye"}


@pytest.mark.requirement("SEC-80")
@pytest.mark.parametrize("route", ROUTES, ids=lambda one: f"{one.method} {one.path}")
def test_every_route_asks_for_its_role(route: Route, server: RealServer) -> None:
    path = route.path.replace("{name}", "no-such-thing")
    for who in (None, "auditor", "operator", "owner"):
        call = _callers(server)[who]
        status = call(route.method, path).status
        if who is None:
            assert status == 401
        elif ROLES.index(who) < ROLES.index(route.role):
            assert status == 403
        else:
            assert status not in (401, 403, 405, 500)


_CALLERS: dict[int, dict[str | None, Managing]] = {}


def _callers(server: RealServer) -> dict[str | None, Managing]:
    if server.port not in _CALLERS:
        _CALLERS[server.port] = {
            None: Managing(server, None),
            **{role: Managing(server, name) for role, name in HOLDER.items()},
        }
    return _CALLERS[server.port]


@pytest.mark.requirement("SEC-80")
def test_whoever_holds_no_role_gets_no_token_and_is_not_let_in(server: RealServer) -> None:
    audience = f"{server.issuer}/api"
    assert server.post(server.company.own("stranger", audience=audience)).status == 400
    other = server.token(server.company.own("eye"))
    call = Managing(server, None)
    refused = call("GET", "/clients", headers={"Authorization": f"Bearer {other}"})
    assert (refused.status, refused.json["error"]) == (401, "invalid_token")
    assert 'Bearer realm="' in (refused.header("www-authenticate") or "")
    event = last(server, "management:refused")
    assert (event["reason"], event["id"]) == ("bad_token", refused.header("actas-entry"))


def test_a_token_of_a_lower_role_is_no_more_than_that(server: RealServer) -> None:
    low = Managing(server, "chief", scope="actas:auditor")
    assert low("GET", "/whoami").json == {"client": "chief", "person": None, "role": "auditor"}
    assert low.put("/clients/low", offered_client("low")).status == 403


@pytest.mark.requirement("SEC-80", "REL-21")
def test_a_role_that_is_taken_away_is_away_at_once(server: RealServer) -> None:
    call = Managing(server, "eye")
    assert call("GET", "/whoami").json["role"] == "auditor"
    before = copy.deepcopy(server.company.tree)
    server.company.tree["admins"] = [one for one in before["admins"] if one["client"] != "eye"]
    server.company.write()
    server.reload(told="configuration reloaded")
    assert call("GET", "/whoami").status == 401
    server.company.tree = before
    server.company.write()
    server.reload(told="configuration reloaded")
    assert call("GET", "/whoami").status == 200


@pytest.mark.requirement("SEC-81")
def test_an_operator_gives_nobody_a_role_by_any_detour(
    server: RealServer, owner: Managing, operator: Managing
) -> None:
    assert owner.put("/clients/deputy", offered_client("deputy")).status == 201
    assert owner.put("/admins/client:deputy", {"client": "deputy", "role": "owner"}).status == 201
    made = operator("GET", "/clients/deputy")
    audience = f"{server.issuer}/api"
    rule = {
        "name": "detour",
        "allow": "own",
        "client": "stranger",
        "target": {"api": "actas"},
        "scopes": {"any": ["actas:owner"]},
    }
    files = [{"kind": "admins", "name": "client:hand", "document": {"client": "hand", "role": "owner"}}]
    detours = {
        "own role": operator.put("/admins/client:hand", {"client": "hand", "role": "owner"}, '"1"'),
        "a role": operator.put("/admins/client:stranger", {"client": "stranger", "role": "auditor"}),
        "secret": operator("POST", "/clients/deputy/secrets", {}),
        "document": operator.put(
            "/clients/deputy", offered_client("deputy", owner="x"), made.header("etag") or ""
        ),
        "disable": operator("POST", "/clients/deputy/disable"),
        "delete": operator("DELETE", "/clients/deputy", match=made.header("etag")),
        "defaults": operator.put("/defaults/defaults", {"on_excess_scope": "trim"}),
        "files": operator("POST", "/apply", {"objects": files}),
        "rule": operator.put("/rules/detour", rule),
        "api": operator.put(
            "/apis/other", {"name": "other", "audience": audience, "scopes": {"actas:owner": "All"}}
        ),
        "name": operator.put("/apis/actas", {"name": "actas", "audience": "urn:other"}),
        "may": operator.put("/clients/new", offered_client("new", may_request={"apis": ["actas"]})),
    }
    assert {name: reply.status for name, reply in detours.items()} == {
        **dict.fromkeys(("own role", "a role", "secret", "document", "disable", "delete"), 403),
        **dict.fromkeys(("defaults", "files"), 403),
        **dict.fromkeys(("rule", "api", "name", "may"), 422),
    }
    assert server.post(server.company.own("stranger", audience=audience)).status == 400


@pytest.mark.requirement("SEC-81")
def test_whose_tokens_an_owner_signs_in_with_only_an_owner_changes(
    owner: Managing, operator: Managing
) -> None:
    cluster = {
        "name": "cluster",
        "type": "jwks",
        "issuer": "https://cluster.acme.example",
        "jwks_uri": "https://cluster.acme.example/keys",
        "workloads": True,
    }
    auth = {"method": "workload", "issuer": "cluster", "subject": "system:serviceaccount:ops:chief"}
    assert operator.put("/issuers/cluster", cluster).status == 201
    assert owner.put("/clients/pod", offered_client("pod", auth=auth)).status == 201
    assert owner.put("/admins/client:pod", {"client": "pod", "role": "owner"}).status == 201
    mine = {**cluster, "jwks_uri": "https://mallory.example/keys"}
    files = [{"kind": "issuers", "name": "cluster", "document": mine}]
    assert operator.put("/issuers/cluster", mine, '"1"').status == 403
    assert operator("POST", "/apply", {"objects": files, "adopt": True}).status == 403
    # It is switched off by whoever sees that it leaks, and on again by whoever it could make an owner.
    assert operator("POST", "/issuers/cluster/disable").status == 200
    assert operator("POST", "/issuers/cluster/enable").status == 403
    assert owner("POST", "/issuers/cluster/enable").status == 200
    assert owner.put("/issuers/cluster", mine, '"3"').status == 200
