"""``actas connections create`` can say whatever a connection can have, in both directions and of both kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_connections import good, program
from tests.fakes.managing import managed
from tests.fakes.program import Program
from tests.fakes.server import RealServer
from tests.unit.settings.test_connection_fields import EVERY, PLAIN_GIVES, whole

from actas.cli.connection_flags import connection_of
from actas.cli.connections_create import command
from actas.core.ports import JsonObject

ISSUE = ("--client", "assistant", "--to", "https://auth.tickets.example", "--as", "acme", "--everybody")
SUB_ID = '{"format":"opaque","who":{"known_as":"hr"}}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    server = managed(tmp_path_factory.mktemp("creating"))
    server.company.tree["users"] = [{"name": "alice", "groups": ["support"]}]
    with server:
        yield server


@pytest.fixture
def actas(server: RealServer, tmp_path: Path) -> Program:
    return program(server, tmp_path / "home", "chief")


def made(*words: str) -> JsonObject:
    """Return the document that the flags make: some of them make one that no server takes."""
    flags = dict(command.make_context("create", ["x", *words]).params)
    return connection_of(flags.pop("name"), **flags)


def places(document: JsonObject, before: str = "") -> Any:
    """Every field of a document with its place, as ``--set`` has it."""
    for name, value in document.items():
        if not before and name in ("resource", "people", "identifiers") and isinstance(value, dict):
            yield from places(value, f"{name}.")
        else:
            yield f"{before}{name}", value


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_every_field_of_a_connection_can_be_said(kind: str) -> None:
    document = json.loads(json.dumps({**whole(kind), "name": "x"}))
    issues = document["direction"] == "issue"
    scopes = document["resource"]["scopes"] if issues else document["scopes"]
    if kind == PLAIN_GIVES:
        scopes = ["tickets:read"]
        document["resource"]["scopes"] = {"orders:read": scopes}
    words = ["--client", document["client"], "--direction", document["direction"]]
    words += [word for one in scopes for word in ("--scope", one)]
    words += ["--held", "orders:read"] if kind == PLAIN_GIVES else []
    words += ["--grant", "jwt"] if document.get("grant") == "jwt" else []
    words += ["--person", document["people"]["names"]]
    document["people"]["names"] = [document["people"]["names"]]
    said = {"name", "direction", "client", "grant", "people.names"}
    if issues:
        words += ["--to", document["resource"]["issuer"], "--as", document["resource"]["client_id"]]
        said |= {"resource.issuer", "resource.client_id", "resource.scopes"}
    else:
        words += ["--from", document["from"], "--api", document["api"]]
        said |= {"from", "api", "scopes"}
    for place, value in places(document):
        if place not in said:
            words += ["--set", f"{place}={json.dumps(value)}"]
    assert made(*words) == document


def test_what_is_asked_for_often_has_a_flag() -> None:
    api = ("--resource", "https://mcp.tickets.example/mcp", "--mcp", "--scope", "tickets:read")
    words = ("--sub-id", SUB_ID, "--tenant", "t", "--proposal", "access_denied", "--proposal", "x")
    document = made(*ISSUE, *api, *words)
    assert document["identifiers"] == {"tenant": "t", "sub_id": json.loads(SUB_ID)}
    assert document["proposals"] == ["access_denied", "x"]
    there = document["resource"]
    assert isinstance(there, dict)
    assert there["kind"] == "mcp"
    taken = ("--direction", "accept", "--client", "c", "--from", "f", "--api", "a", "--scope", "s")
    assert made(*taken, "--everybody", "--match", "sub_id", "--sub-id", SUB_ID) == {
        "name": "x",
        "direction": "accept",
        "client": "c",
        "from": "f",
        "api": "a",
        "scopes": ["s"],
        "people": {"match": "sub_id"},
        "identifiers": {"sub_id": json.loads(SUB_ID)},
    }


def test_a_value_is_json_when_it_can_be_read_so_and_else_text() -> None:
    values = ("a=1", "b=true", 'c=["x"]', "d=x=y", 'e={"n":1,"n":2}', "f=", 'g="true"', 'h=1,"i":2')
    document = made(*ISSUE, "--scope", "s", *(word for one in values for word in ("--set", one)))
    assert {name: document[name] for name in "abcdefgh"} == {
        "a": 1,
        "b": True,
        "c": ["x"],
        "d": "x=y",
        "e": '{"n":1,"n":2}',
        "f": "",
        "g": "true",
        "h": '1,"i":2',
    }
    assert "i" not in document


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "email"), "it is no FIELD=VALUE"),
        (("--set", "=x"), "it is no FIELD=VALUE"),
        (("--set", "a..b=x"), "it is no FIELD=VALUE"),
        (("--set", "client=other"), "that is said already"),
        (("--set", "client.name=other"), "that is said already"),
        (("--set", "act=false", "--set", "act=true"), "that is said already"),
        (("--sub-id", "x"), "--sub-id:"),
        (("--mcp", "--grant", "jwt"), "--mcp has no meaning"),
        (("--sub-id", SUB_ID, "--grant", "jwt"), "--sub-id has no meaning"),
        (("--redeem-by", "secret"), "key, env:NAME or file:PATH"),
        (("--redeem-by", "KEY"), "key, env:NAME or file:PATH"),
        (("--redeem-by", ""), "key, env:NAME or file:PATH"),
        (("--redeem-by", "key:x"), "key, env:NAME or file:PATH"),
        (("--redeem-by", "env:"), "key, env:NAME or file:PATH"),
        (("--redeem-by", "file"), "key, env:NAME or file:PATH"),
    ],
)
def test_what_is_no_field_or_is_said_twice_is_refused(
    actas: Program, words: tuple[str, ...], said: str
) -> None:
    ran = actas("connections", "create", "x", *ISSUE, "--scope", "s", *words)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_the_server_judges_what_was_set_and_shows_all_of_it(actas: Program) -> None:
    words = ("connections", "create", "set", *ISSUE, "--scope", "tickets:read")
    for wrong, said in (
        ("acct=false", "acct"),
        ("resource.audiences=x", "audiences"),
        ("act=perhaps", "act"),
    ):
        ran = actas(*words, "--set", wrong)
        assert (ran.code, said in ran.err) == (3, True), ran.err
    twice = actas(*words, "--set", "acct=false", "--set", "lifetyme=1h").err.splitlines()
    assert [one.partition(": ")[0] for one in twice] == [
        "console",
        "console",
        "error  2 errors. Nothing was changed.",
    ]
    told = actas(*words, "--set", "acct=false", "--json").error["message"]
    assert 'connections[set].acct: there is no field "acct" here; did you mean "act"?' in told
    good(actas(*words, "--sub-id", '{"format":"email"}', "--proposal", "access_denied", "--set", "act=false"))
    shown = good(actas("connections", "show", "set")).out
    for line in ('"sub_id": {"format": "email"}', 'proposals      ["access_denied"]', "act            false"):
        assert line in shown, shown
    good(actas("connections", "delete", "set", "--yes"))


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    ("how", "redeem"),
    [
        ("key", {"private_key_jwt": {"algorithm": "ES256"}}),
        ("env:ACME_AT_TICKETS", {"client_secret": {"env": "ACME_AT_TICKETS"}}),
        ("file:/run/secrets/at:tickets", {"client_secret": {"file": "/run/secrets/at:tickets"}}),
    ],
)
def test_by_what_the_other_server_knows_us_has_a_flag(actas: Program, how: str, redeem: Any) -> None:
    document = made(*ISSUE, "--scope", "s", "--redeem-by", how)
    assert document["redeem"] == redeem
    assert "redeem" not in made(*ISSUE, "--scope", "s")
    api = ("--grant", "jwt", "--scope", "s", "--resource", "https://api.tickets.example")
    assert made(*ISSUE, *api, "--redeem-by", how)["grant"] == "jwt"
    ran = actas("connections", "create", "x", *ISSUE, *api)
    assert (ran.code, "--resource has no meaning with --grant jwt" in ran.err) == (2, True)


def test_what_is_of_the_other_direction_says_nothing_of_who_we_are(actas: Program) -> None:
    taken = ("--direction", "accept", "--client", "c", "--from", "f", "--api", "a", "--scope", "s")
    ran = actas("connections", "create", "x", *taken, "--everybody", "--redeem-by", "key")
    assert (ran.code, "--redeem-by goes with --direction issue" in ran.err) == (2, True)


@pytest.mark.requirement("IDC-60")
def test_one_that_redeems_by_a_key_is_made_and_says_so(actas: Program) -> None:
    words = ("connections", "create", "redeemed", *ISSUE, "--scope", "tickets:read", "--redeem-by")
    wrong = actas(*words, "env:NOT_SET_ANYWHERE")
    assert (wrong.code, "NOT_SET_ANYWHERE" in wrong.err) == (3, True), wrong.err
    assert "redeemed for it" in good(actas(*words, "key")).out
    shown = good(actas("connections", "show", "redeemed")).out
    assert "credential" in shown
    assert "/sign-in/keys" in shown
    good(actas("connections", "delete", "redeemed", "--yes"))


WIKI = ("--client", "assistant", "--to", "https://auth.wiki.example", "--as", "acme", "--everybody")


@pytest.mark.parametrize(
    ("name", "words", "code", "said"),
    [
        ("new", ("--client", "asistant"), 3, 'did you mean "assistant"?'),
        ("new", ("--set", "lifetyme=1h"), 3, 'did you mean "lifetime"?'),
        ("new", ("--to", "https://auth.once.example"), 3, "auth.once.example"),
        ("once", (), 1, "there is one already"),
    ],
)
def test_a_dry_run_refuses_what_the_real_run_does(
    actas: Program, name: str, words: tuple[str, ...], code: int, said: str
) -> None:
    once = ("connections", "create", "once", *WIKI, "--to", "https://auth.once.example", "--scope", "a")
    actas(*once)  # there already, from the second time on
    typed = ("connections", "create", name, *WIKI, "--scope", "a", *words)
    rehearsed, real = actas(*typed, "--dry-run"), actas(*typed)
    assert (rehearsed.code, rehearsed.out, said in rehearsed.err) == (code, "", True), rehearsed.err
    assert (real.code, real.out) == (code, "")
    assert "would make" not in rehearsed.err


def test_a_dry_run_makes_nothing_and_wants_the_role(
    server: RealServer, actas: Program, tmp_path: Path
) -> None:
    typed = ("connections", "create", "not-yet", *WIKI, "--scope", "a", "--dry-run")
    said = good(actas(*typed)).out
    assert said == "would make the connection not-yet: assistant → auth.wiki.example, from actas\n"
    assert actas("connections", "show", "not-yet").code == 1
    eye = program(server, tmp_path / "eye", "eye")
    assert eye(*typed).code == 5
    rehearsed = actas("clients", "create", "desk-2", "--api", "nowhere", "--dry-run")
    assert (rehearsed.code, "nowhere" in rehearsed.err) == (3, True), rehearsed.err
    good(actas("clients", "create", "desk-2", "--dry-run"))
    assert actas("clients", "show", "desk-2").code == 1


def test_people_who_are_not_there_are_warned_of_when_it_is_made_and_shown(actas: Program) -> None:
    shape = ("--client", "assistant", "--to", "https://auth.nobody.example", "--as", "acme", "--scope", "a")
    ran = good(actas("connections", "create", "nobody", *shape, "--group", "suport", "--person", "alyce"))
    lines = ran.err.splitlines()
    assert 'warning  people: no user is in the group "suport"; did you mean "support"?' in lines, ran.err
    assert 'warning  people: there is no user "alyce"; did you mean "actas:alice"?' in lines
    health = good(actas("connections", "show", "nobody", "--json")).document["health"]
    assert [one["state"] for one in health if one["name"] == "people"] == ["warn", "warn"]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("connections", "show", "tickts"), "tickets"),
        (("connections", "pause", "tickts"), "tickets"),
        (("connections", "resume", "tickts"), "tickets"),
        (("connections", "delete", "tickts", "--yes"), "tickets"),
        (("connections", "try", "tickts", "--as", "alice"), "tickets"),
        (("connections", "try", "tickets", "--as", "alyce"), "alice"),
        (("users", "disable", "alyce"), "alice"),
        (("users", "show", "alyce"), "alice"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(
    actas: Program, words: tuple[str, ...], meant: str
) -> None:
    actas("connections", "create", "tickets", *ISSUE, "--scope", "a")  # there already, from the second on
    ran = actas(*words)
    assert (ran.code, f'did you mean "{meant}"?' in ran.out + ran.err) == (1, True), ran.err


def test_a_span_without_a_unit_is_asked_which(actas: Program) -> None:
    ran = actas("connections", "try", "tickets", "--as", "alice", "--signed-in", "9")
    assert (ran.code, "'9' needs a unit: 9s, 9m, 9h or 9d" in ran.err) == (2, True), ran.err
