"""Objects by the management API: nothing is lost, given away or hidden."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import quote

import pytest
from tests.fakes.managing import Managing, last, offered_client
from tests.fakes.server import RealServer

from actas.admin.objects import KINDS
from actas.web.api.routes import ROUTES


@pytest.mark.requirement("SEC-86", "REL-01")
def test_a_change_is_made_with_its_record(server: RealServer, operator: Managing) -> None:
    made = operator.put("/clients/recorded", offered_client("recorded", description="first"))
    assert (made.status, made.header("etag"), made.json["kept_by"]) == (201, '"1"', "console")
    changed = operator.put("/clients/recorded", offered_client("recorded", description="second"), '"1"')
    assert (changed.status, changed.header("etag")) == (200, '"2"')
    event = last(server, "configuration:changed")
    assert (event["by"]["client"], event["by"]["role"], event["by"]["via"]) == ("hand", "operator", "api")
    (change,) = event["changes"]
    assert change["before"]["document"]["description"] == "first"
    assert change["after"]["document"]["description"] == "second"
    assert last(server, "catalog:loaded")["generation"] == event["generation"]


def test_of_two_changes_of_one_version_the_second_is_refused(operator: Managing) -> None:
    assert operator.put("/clients/contested", offered_client("contested")).status == 201
    assert operator.put("/clients/contested", offered_client("contested")).status == 412
    assert (
        operator.put("/clients/contested", offered_client("contested", description="a"), '"1"').status == 200
    )
    lost = operator.put("/clients/contested", offered_client("contested", description="b"), '"1"')
    assert (lost.status, lost.json["error"]) == (412, "precondition_failed")
    blind = operator("PUT", "/clients/contested", offered_client("contested"))
    assert (blind.status, blind.json["error"]) == (428, "precondition_required")
    assert operator("GET", "/clients/contested").json["document"]["description"] == "a"


def test_what_became_of_a_put_is_told(operator: Managing) -> None:
    assert operator.put("/clients/told", offered_client("told")).status == 201
    assert operator.put("/clients/told", offered_client("told"), '"1"').status == 200
    for match, told in (
        ("*", "there is one already"),
        ('"7"', "another version"),
        ('"1", "7"', "one version"),
    ):
        assert told in operator.put("/clients/told", offered_client("told"), match).json["detail"]
    assert "there is none" in operator.put("/clients/untold", offered_client("untold"), '"1"').json["detail"]
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


def test_a_put_is_rehearsed_when_asked_for(operator: Managing) -> None:
    before = operator("GET", "/configuration").json
    would = operator.put("/clients/would?dry_run=true", offered_client("would"))
    assert (would.status, would.json["name"], would.header("etag")) == (200, "would", None)
    strange = operator.put("/clients/would?dry_run=1", offered_client("would"))
    assert (strange.status, "dry_run is true or false" in strange.json["detail"]) == (400, True)
    refused = operator.put("/clients/nightly?dry_run=true", offered_client("nightly"))
    assert "there is one already" in refused.json["detail"]
    assert operator("GET", "/clients/would").status == 404
    assert operator("GET", "/configuration").json == before


def test_two_versions_are_none(server: RealServer, operator: Managing) -> None:
    assert operator.put("/clients/twice", offered_client("twice")).status == 201
    body = json.dumps(offered_client("twice", description="x")).encode()
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
        (offered_client("strict", surname="x"), 422),
        (offered_client("strict", may_request={"apis": ["nowhere"]}), 422),
        (
            offered_client(
                "strict", auth={"method": "client_secret", "secret": "typed-in-here-" + "z9y8" * 8}
            ),
            422,
        ),
        (
            offered_client("strict", auth={"method": "private_key_jwt", "jwks": [{"file": "/etc/passwd"}]}),
            422,
        ),
        (offered_client("strict", auth={"method": "private_key_jwt", "jwks": [{"file": "../x.json"}]}), 422),
        (offered_client("strict", description=None), 422),
        (offered_client("strict", description="a\u202eb"), 422),
        (offered_client("other"), 400),
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
    refused = operator.put("/clients/nightly", offered_client("nightly"), seen.header("etag") or "")
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
    operator.put("/clients/brief", offered_client("brief"))
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
    again = operator.put("/clients/brief", offered_client("brief"))
    assert (again.status, again.json["error"]) == (409, "conflict")
    files = [{"kind": "clients", "name": "brief", "document": offered_client("brief")}]
    assert operator("POST", "/apply", {"objects": files}).status == 409
    # A rule is no identity: its name may come back, and its version goes on.
    assert operator.put("/rules/brief-counts", {**rule, "client": "nightly"}).header("etag") == '"3"'


@pytest.mark.requirement("SEC-83")
def test_a_secret_is_shown_once_and_two_are_good_until_the_change_is_finished(
    server: RealServer, operator: Managing, auditor: Managing
) -> None:
    operator.put("/clients/turning", offered_client("turning"))
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
    assert operator("PUT", "/clients/plain", offered_client("plain"), headers=sent, match="*").status == 400
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
