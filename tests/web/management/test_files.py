"""Files by the management API: planned, applied, pruned, exported."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.managing import Managing, last, offered_client
from tests.fakes.server import RealServer


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
    files = objects_of(("clients", offered_client("applied")), ("clients", offered_client("applied-too")))
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
    operator.put("/clients/mine", offered_client("mine", description="console"))
    files = objects_of(("clients", offered_client("mine", description="file")))
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
