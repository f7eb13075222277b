"""The management API on a real server: who may do what, and that nothing is lost, given away or hidden."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.fakes.managing import Managing, managed
from tests.fakes.server import RealServer

from actas.admin.objects import KINDS
from actas.admin.roles import ROLES
from actas.web.api.routes import ROUTES, Route

HOLDER = {"owner": "chief", "operator": "hand", "auditor": "eye"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with managed(tmp_path_factory.mktemp("managed")) as server:
        yield server


@pytest.fixture(scope="module")
def owner(server: RealServer) -> Managing:
    return Managing(server, "chief")


@pytest.fixture(scope="module")
def operator(server: RealServer) -> Managing:
    return Managing(server, "hand")


@pytest.fixture(scope="module")
def auditor(server: RealServer) -> Managing:
    return Managing(server, "eye")


def client(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "service",
        "auth": {"method": "client_secret", "secret": {"generated": True}},
        "grants": ["client_credentials"],
        "may_request": {"apis": ["inventory"]},
        **fields,
    }


def last(server: RealServer, event: str) -> dict[str, Any]:
    return max((one for one in server.events() if one["event"] == event), key=lambda one: str(one["id"]))


# Every route by every role.


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
    assert low("GET", "/whoami").json == {"client": "chief", "role": "auditor"}
    assert low.put("/clients/low", client("low")).status == 403


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


# Nobody gives more than they hold.


@pytest.mark.requirement("SEC-81")
def test_an_operator_gives_nobody_a_role_by_any_detour(
    server: RealServer, owner: Managing, operator: Managing
) -> None:
    assert owner.put("/clients/deputy", client("deputy")).status == 201
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
        "document": operator.put("/clients/deputy", client("deputy", owner="x"), made.header("etag") or ""),
        "disable": operator("POST", "/clients/deputy/disable"),
        "delete": operator("DELETE", "/clients/deputy", match=made.header("etag")),
        "defaults": operator.put("/defaults/defaults", {"on_excess_scope": "trim"}),
        "files": operator("POST", "/apply", {"objects": files}),
        "rule": operator.put("/rules/detour", rule),
        "api": operator.put(
            "/apis/other", {"name": "other", "audience": audience, "scopes": {"actas:owner": "All"}}
        ),
        "name": operator.put("/apis/actas", {"name": "actas", "audience": "urn:other"}),
        "may": operator.put("/clients/new", client("new", may_request={"apis": ["actas"]})),
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
    assert owner.put("/clients/pod", client("pod", auth=auth)).status == 201
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


# Objects.


@pytest.mark.requirement("SEC-86", "REL-01")
def test_a_change_is_made_with_its_record(server: RealServer, operator: Managing) -> None:
    made = operator.put("/clients/recorded", client("recorded", description="first"))
    assert (made.status, made.header("etag"), made.json["kept_by"]) == (201, '"1"', "console")
    changed = operator.put("/clients/recorded", client("recorded", description="second"), '"1"')
    assert (changed.status, changed.header("etag")) == (200, '"2"')
    event = last(server, "configuration:changed")
    assert (event["by"]["client"], event["by"]["role"], event["by"]["via"]) == ("hand", "operator", "api")
    (change,) = event["changes"]
    assert change["before"]["document"]["description"] == "first"
    assert change["after"]["document"]["description"] == "second"
    assert last(server, "catalog:loaded")["generation"] == event["generation"]


def test_of_two_changes_of_one_version_the_second_is_refused(operator: Managing) -> None:
    assert operator.put("/clients/contested", client("contested")).status == 201
    assert operator.put("/clients/contested", client("contested")).status == 412
    assert operator.put("/clients/contested", client("contested", description="a"), '"1"').status == 200
    lost = operator.put("/clients/contested", client("contested", description="b"), '"1"')
    assert (lost.status, lost.json["error"]) == (412, "precondition_failed")
    blind = operator("PUT", "/clients/contested", client("contested"))
    assert (blind.status, blind.json["error"]) == (428, "precondition_required")
    assert operator("GET", "/clients/contested").json["document"]["description"] == "a"


def test_what_became_of_a_put_is_told(operator: Managing) -> None:
    assert operator.put("/clients/told", client("told")).status == 201
    assert operator.put("/clients/told", client("told"), '"1"').status == 200
    for match, told in (
        ("*", "there is one already"),
        ('"7"', "another version"),
        ('"1", "7"', "one version"),
    ):
        assert told in operator.put("/clients/told", client("told"), match).json["detail"]
    assert "there is none" in operator.put("/clients/untold", client("untold"), '"1"').json["detail"]
    rule = {
        "name": "again",
        "allow": "own",
        "client": "nightly",
        "target": {"api": "inventory"},
        "scopes": {"any": ["stock:read"]},
    }
    for version in (1, 3):
        made = operator.put("/rules/again", rule)
        assert (made.status, made.header("etag")) == (201, f'"{version}"')
        assert operator("DELETE", "/rules/again", match=made.header("etag")).status == 204


def test_two_versions_are_none(server: RealServer, operator: Managing) -> None:
    assert operator.put("/clients/twice", client("twice")).status == 201
    body = json.dumps(client("twice", description="x")).encode()
    head = [
        f"PUT {server.path}/api/v1/clients/twice HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {operator.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        'If-Match: "9"',
        'If-Match: "1"',
        "Connection: close",
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.sendall("\r\n".join([*head, "", ""]).encode() + body)
        assert wire.makefile("rb").readline().split()[1] == b"400"


def test_a_policy_test_is_called_by_a_sentence_with_whatever_is_in_it(operator: Managing) -> None:
    name = "counting and/or reading? 100%"
    document = {
        "name": name,
        "ask": {"client": "nightly", "api": "inventory", "scope": "stock:read"},
        "expect": {"granted": ["stock:read"]},
    }
    path = f"/tests/{quote(name, safe='')}"
    assert operator.put(path, document).status == 201
    assert operator("GET", path).json["name"] == name
    assert operator("DELETE", path, match='"1"').status == 204


@pytest.mark.requirement("SEC-80")
@pytest.mark.parametrize(
    ("document", "status"),
    [
        (client("strict", surname="x"), 422),
        (client("strict", may_request={"apis": ["nowhere"]}), 422),
        (client("strict", auth={"method": "client_secret", "secret": "typed-in-here-" + "z9y8" * 8}), 422),
        (client("strict", auth={"method": "private_key_jwt", "jwks": [{"file": "/etc/passwd"}]}), 422),
        (client("strict", auth={"method": "private_key_jwt", "jwks": [{"file": "../x.json"}]}), 422),
        (client("strict", description=None), 422),
        (client("strict", description="a\u202eb"), 422),
        (client("other"), 400),
        ([], 400),
        ({}, 400),
    ],
)
def test_what_would_not_hold_is_refused_whole(document: Any, status: int, operator: Managing) -> None:
    refused = operator.put("/clients/strict", document)
    assert refused.status == status
    assert "z9y8" not in refused.body.decode()
    assert operator("GET", "/clients/strict").status == 404


@pytest.mark.requirement("SEC-80")
def test_what_a_file_keeps_is_changed_there_and_can_be_switched_off_here(
    server: RealServer, operator: Managing
) -> None:
    seen = operator("GET", "/clients/nightly")
    assert seen.json["kept_by"] == "file"
    assert seen.json["place"].startswith("actas.yaml:")
    refused = operator.put("/clients/nightly", client("nightly"), seen.header("etag") or "")
    assert (refused.status, refused.json["error"]) == (409, "conflict")
    assert operator("DELETE", "/clients/nightly", match=seen.header("etag")).status == 409
    assert server.post(server.company.own()).status == 200
    assert operator("POST", "/clients/nightly/disable").json["disabled"] is True
    assert server.post(server.company.own()).status == 401
    server.reload(told="configuration reloaded")
    assert server.post(server.company.own()).status == 401
    assert operator("POST", "/clients/nightly/enable").json["disabled"] is False
    assert server.post(server.company.own()).status == 200


@pytest.mark.requirement("SEC-97")
def test_a_name_that_was_deleted_is_never_given_again(server: RealServer, operator: Managing) -> None:
    operator.put("/clients/brief", client("brief"))
    secret = operator("POST", "/clients/brief/secrets", {}).json["secret"]
    rule = {
        "name": "brief-counts",
        "allow": "own",
        "client": "brief",
        "target": {"api": "inventory"},
        "scopes": {"any": ["stock:read"]},
    }
    assert operator.put("/rules/brief-counts", rule).status == 201
    assert server.post(server.company.own("brief", client_secret=secret)).status == 200
    tag = operator("GET", "/clients/brief").header("etag")
    hanging = operator("DELETE", "/clients/brief", match=tag)
    assert (hanging.status, hanging.json["error"]) == (422, "invalid_configuration")
    assert operator("DELETE", "/rules/brief-counts", match='"1"').status == 204
    assert operator("DELETE", "/clients/brief", match=tag).status == 204
    assert server.post(server.company.own("brief", client_secret=secret)).status == 401
    again = operator.put("/clients/brief", client("brief"))
    assert (again.status, again.json["error"]) == (409, "conflict")
    files = [{"kind": "clients", "name": "brief", "document": client("brief")}]
    assert operator("POST", "/apply", {"objects": files}).status == 409
    # A rule is no identity: its name may come back, and its version goes on.
    assert operator.put("/rules/brief-counts", {**rule, "client": "nightly"}).header("etag") == '"3"'


@pytest.mark.requirement("SEC-83")
def test_a_secret_is_shown_once_and_two_are_good_until_the_change_is_finished(
    server: RealServer, operator: Managing, auditor: Managing
) -> None:
    operator.put("/clients/turning", client("turning"))
    rule = {
        "name": "turning-counts",
        "allow": "own",
        "client": "turning",
        "target": {"api": "inventory"},
        "scopes": {"any": ["stock:read"]},
    }
    operator.put("/rules/turning-counts", rule)
    first, second, third = (
        str(operator("POST", "/clients/turning/secrets", {}).json["secret"]) for _ in range(3)
    )

    def good(secret: str) -> bool:
        return server.post(server.company.own("turning", client_secret=secret)).status == 200

    assert [good(one) for one in (first, second, third)] == [False, True, True]
    shown = operator("DELETE", "/clients/turning/secrets/earlier")
    assert [good(one) for one in (first, second, third)] == [False, False, True]
    assert len(shown.json["secrets"]) == 1
    seen = auditor("GET", "/clients/turning").body + auditor("GET", "/export").body
    whole = seen + (server.data / "actas.db").read_bytes() + str(server.events()).encode()
    for secret in (first, second, third):
        assert secret.encode() not in whole
    replaced = str(operator("POST", "/clients/turning/secrets", {"end_earlier": True}).json["secret"])
    assert [good(one) for one in (third, replaced)] == [False, True]
    assert operator("POST", "/clients/nightly/secrets", {}).status == 409


@pytest.mark.requirement("SEC-96")
def test_a_cursor_leads_through_every_object_and_cannot_be_made_up(operator: Managing) -> None:
    found: list[str] = []
    path = "/clients?limit=3"
    for _ in range(50):
        page = operator("GET", path).json
        found += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        path = f"/clients?limit=3&cursor={page['next']}"
    assert found == sorted(set(found))
    assert {"nightly", "chief", "robot"} <= set(found)
    cursor = operator("GET", "/clients?limit=3").json["next"]
    touched = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for bad in (touched, cursor[:-1], cursor + "A", "x", "", cursor.upper()):
        assert operator("GET", f"/clients?limit=3&cursor={bad}").status == 400
    assert operator("GET", f"/apis?limit=3&cursor={cursor}").status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/clients?filter=x",
        "/clients?limit=0",
        "/clients?limit=999",
        "/clients?limit=1&limit=2",
        "/whoami?x=1",
        "/clients?kept_by=nobody",
        "/export?kept_by=nobody",
        "/export?kind=clients,",
    ],
)
def test_a_parameter_that_is_not_understood_is_refused(path: str, auditor: Managing) -> None:
    assert auditor("GET", path).status == 400


def test_a_change_is_json_and_never_a_get(operator: Managing) -> None:
    sent = {"Content-Type": "text/plain"}
    assert operator("PUT", "/clients/plain", client("plain"), headers=sent, match="*").status == 400
    for route in ROUTES:
        if route.method != "GET" and not any(
            one.method == "GET" and one.path == route.path for one in ROUTES
        ):
            assert operator("GET", route.path.replace("{name}", "orders")).status in (404, 405)


@pytest.mark.requirement("SEC-86")
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/clients", "/clients/orders", "/nowhere"])
def test_a_method_that_no_route_has_is_refused_and_written_down(
    method: str, path: str, server: RealServer, auditor: Managing
) -> None:
    refused = auditor(method, path)
    assert refused.status == 404
    assert last(server, "management:refused")["id"] == refused.header("actas-entry")


def test_everybodys_objects_are_listed_when_all_are_asked_for(auditor: Managing) -> None:
    assert auditor("GET", "/apis?kept_by=all").json == auditor("GET", "/apis").json


@pytest.mark.requirement("SEC-89")
def test_the_audit_log_cannot_be_reached_by_whoever_holds_most(server: RealServer, owner: Managing) -> None:
    for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
        for path in ("/audit", "/audit/checkpoint", "/audit/sinks", "/server", "/keys", "/limits"):
            reply = owner(method, path, {} if method in ("PUT", "POST", "PATCH") else None)
            assert reply.status == 404
            event = last(server, "management:refused")
            assert event["id"] == reply.header("actas-entry")
            assert event["client"]["name"] == "chief"
            assert path in event["detail"]
    for kind in ("audit", "server", "keys", "limits"):
        document = {"checkpoint": {"every": "24h"}}
        files = [{"kind": kind, "name": kind, "document": document}]
        assert owner("POST", "/apply", {"objects": files}).status == 400
    assert "audit" not in KINDS
    assert "audit" not in owner("GET", "/export?kept_by=all").json["configuration"]


# Files.


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"objects": {}}, "objects must be a list"),
        ({"adopt": "yes"}, "adopt must be true or false"),
        ({"generation": True}, "generation must be a whole number"),
        ({"objects": [{"kind": "vaults", "name": "x", "document": {}}]}, "one of defaults, issuers,"),
        ({"objects": [{"kind": "tests", "name": "x", "document": {"name": "y"}}]}, "'x' has another name"),
        ({"objects": [{"kind": "tests", "name": "x", "document": {"name": "x"}}] * 2}, "'x' is given twice"),
        (
            {"objects": [{"kind": "tests", "name": "x", "document": {"name": "x"}, "place": "a\u0000b"}]},
            "is no line of text",
        ),
        (
            {"objects": [{"kind": "tests", "name": "x", "document": {"name": "x"}, "place": "a\nb"}]},
            "no line",
        ),
    ],
)
def test_a_call_that_is_not_as_it_must_be_is_told_why(
    body: dict[str, Any], told: str, auditor: Managing
) -> None:
    refused = auditor("POST", "/plan", body)
    assert (refused.status, told in refused.json["detail"]) == (400, True)


def objects_of(*documents: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "name": document["name"], "document": document, "place": "policy.yaml:1"}
        for kind, document in documents
    ]


def test_files_are_planned_applied_and_pruned(server: RealServer, operator: Managing) -> None:
    files = objects_of(("clients", client("applied")), ("clients", client("applied-too")))
    plan = operator("POST", "/plan", {"objects": files}).json
    assert [(one["what"], one["name"]) for one in plan["changes"]] == [
        ("created", "applied"),
        ("created", "applied-too"),
    ]
    assert plan["tests"] == [{"name": "nightly counts", "place": plan["tests"][0]["place"], "problems": []}]
    assert operator("GET", "/clients/applied").status == 404
    applied = operator("POST", "/apply", {"objects": files, "generation": plan["generation"]})
    assert applied.json["generation"] == plan["generation"] + 1
    assert last(server, "configuration:changed")["by"]["via"] == "apply"
    assert operator("POST", "/apply", {"objects": files, "generation": plan["generation"]}).status == 412
    again = operator("POST", "/plan", {"objects": files}).json
    assert (again["changes"], again["conflicts"]) == ([], [])
    less = operator("POST", "/plan", {"objects": files[:1]}).json["changes"]
    assert less == []
    pruned = operator("POST", "/apply", {"objects": files[:1], "prune": True}).json["changes"]
    assert [(one["what"], one["name"]) for one in pruned] == [("pruned", "applied-too")]
    # The server's own files are other files: reading them again takes nothing away.
    server.reload(told="configuration reloaded")
    assert operator("GET", "/clients/applied").json["in_force"] is True


def test_a_file_takes_over_what_the_console_keeps_only_when_told_to(operator: Managing) -> None:
    operator.put("/clients/mine", client("mine", description="console"))
    files = objects_of(("clients", client("mine", description="file")))
    plan = operator("POST", "/plan", {"objects": files}).json
    assert plan["changes"] == []
    assert [one["name"] for one in plan["conflicts"]] == ["mine"]
    assert operator("POST", "/apply", {"objects": files}).status == 409
    assert operator("GET", "/clients/mine").json["document"]["description"] == "console"
    assert operator("POST", "/apply", {"objects": files, "adopt": True}).status == 200
    assert operator("GET", "/clients/mine").json["kept_by"] == "file"


def test_files_that_break_a_policy_test_are_not_applied(operator: Managing) -> None:
    deny = {"name": "no-counts", "deny": "any", "client": "nightly", "reason": "Not tonight."}
    files = objects_of(("rules", deny))
    plan = operator("POST", "/plan", {"objects": files}).json
    assert plan["tests"][0]["problems"]
    refused = operator("POST", "/apply", {"objects": files})
    assert (refused.status, refused.json["error"]) == (422, "invalid_configuration")
    assert "nightly counts" in refused.json["faults"][0]["path"]
    assert operator("GET", "/rules/no-counts").status == 404


def test_an_export_is_what_apply_takes(operator: Managing, auditor: Managing) -> None:
    whole = auditor("GET", "/export?kept_by=all").json["configuration"]
    assert whole["version"] == 1
    assert {one["name"] for one in whole["clients"]} >= {"nightly", "chief"}
    files = objects_of(*[("rules", one) for one in whole["rules"]])
    plan = operator("POST", "/plan", {"objects": files, "adopt": True}).json
    assert [one for one in plan["changes"] if one["what"] != "adopted"] == []


# Questions.


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
