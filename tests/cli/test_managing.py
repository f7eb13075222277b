"""The commands that manage a server, against a real one."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.managing import managed
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer

from actas.settings.load import read


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with managed(tmp_path_factory.mktemp("managed")) as server:
        yield server


def program(server: RealServer, home: Path, who: str | None = "chief") -> Program:
    """Return the program, signed in as one of the holders of a role."""
    actas = Program(home, environ={"ACTAS_SERVER": server.base, "ACTAS_TIMEOUT": "20"}, now=time.time())
    if who is not None:
        ran = actas("login", "--client", who, environ={"ACTAS_CLIENT_SECRET": server.company.secrets[who]})
        assert ran.code == 0, ran.err
    return actas


@pytest.fixture
def actas(server: RealServer, tmp_path: Path) -> Program:
    return program(server, tmp_path / "home")


def written(folder: Path, tree: dict[str, Any], name: str = "policy.yaml") -> str:
    path = folder / name
    path.write_text(json.dumps({"version": 1, **tree}, indent=1), encoding="utf-8")
    return str(path)


def client(name: str, **fields: Any) -> dict[str, Any]:
    auth = {"method": "client_secret", "secret": {"generated": True}}
    return {"name": name, "kind": "service", "auth": auth, **fields}


def good(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran


def test_a_login_is_kept_privately_and_forgotten(server: RealServer, tmp_path: Path) -> None:
    actas = program(server, tmp_path / "home", "eye")
    assert good(actas("whoami")).out.startswith(f"eye, auditor at {server.base}, for ")
    files = [one for one in (tmp_path / "home").rglob("*") if one.is_file()]
    assert [stat.S_IMODE(one.stat().st_mode) for one in files] == [0o600] * 2  # the login, and its key
    assert all(server.company.secrets["eye"] not in one.read_text() for one in files)
    good(actas("logout"))
    ran = actas("whoami", "--json")
    assert (ran.code, ran.error["code"]) == (5, "not_signed_in")


def test_a_login_that_has_ended_is_none(server: RealServer, actas: Program) -> None:
    actas.now += 3601
    assert actas("clients", "list").code == 5


@pytest.mark.parametrize(
    ("who", "more", "code"),
    [("stranger", (), 5), ("eye", ("--as", "owner"), 5), ("nobody", (), 6)],
)
def test_a_client_without_the_role_cannot_sign_in(
    who: str, more: tuple[str, ...], code: int, server: RealServer, tmp_path: Path
) -> None:
    actas = program(server, tmp_path / "home", None)
    secret = server.company.secrets.get(who, "x" * 40)
    ran = actas("login", "--client", who, *more, environ={"ACTAS_CLIENT_SECRET": secret})
    assert (ran.code, ran.out) == (code, "")
    assert "cannot sign in" in ran.err


def test_servers_are_known_by_name(server: RealServer, tmp_path: Path) -> None:
    actas = Program(tmp_path / "home", now=time.time())
    good(actas("context", "add", "acme", server.base))
    good(actas("context", "add", "other", "https://other.example"))
    ran = good(actas("context", "list", "--json"))
    assert {one["name"]: one["current"] for one in ran.document["items"]} == {"acme": True, "other": False}
    secret = {"ACTAS_CLIENT_SECRET": server.company.secrets["eye"]}
    good(actas("login", "--client", "eye", environ=secret))
    assert good(actas("whoami")).out.startswith("eye")
    good(actas("context", "use", "other"))
    assert actas("whoami", "--json").error["message"] == "not signed in at https://other.example"
    assert good(actas("whoami", "-s", "acme")).out.startswith("eye")
    nowhere = actas("whoami", "-s", "nowhere", "--json")
    assert (nowhere.code, "no server is known by that name" in nowhere.error["message"]) == (2, True)
    good(actas("context", "remove", "other"))
    assert actas("context", "use", "other").code == 2
    assert actas("context", "add", "plain", "http://plain.example").code == 2


@pytest.mark.parametrize(
    "kept", ['{"v": 1, "servers": {"acme"', "[]", '{"v": 1, "servers": {"acme": 5}, "current": null}']
)
def test_a_choice_of_server_that_cannot_be_read_is_no_other_server(kept: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "contexts.json").write_text(kept, encoding="utf-8")
    actas = Program(home, now=time.time())
    for words in (["whoami"], ["context", "list"], ["context", "add", "b", "https://b.example"]):
        ran = actas(*words, "--json")
        assert (ran.code, ran.error["code"]) == (4, "unreadable")
    assert (home / "contexts.json").read_text(encoding="utf-8") == kept
    assert actas("whoami", "-s", "https://b.example").code == 5


def test_a_login_shows_the_certificate_that_it_is_given(server: RealServer, actas: Program) -> None:
    ran = actas("login", "--client", "chief", "--client-auth", "mtls", "--certificate", "nix.pem")
    assert (ran.code, "nix.pem cannot be used" in ran.err) == (2, True)


def test_who_does_not_prove_who_it_is_is_not_sent_to_look_for_its_role(
    server: RealServer, tmp_path: Path
) -> None:
    actas = program(server, tmp_path / "home", None)
    secret = {"ACTAS_CLIENT_SECRET": server.company.secrets["hand"]}
    ran = actas("login", "--client", "eye", "--json", environ=secret)
    assert (ran.code, ran.error["hint"]) == (6, None)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "a\x00b"])
def test_what_can_be_no_name_is_not_asked_for(name: str, actas: Program) -> None:
    for words in (["show"], ["disable"], ["delete", "--yes"], ["rotate-secret"], ["create"]):
        ran = actas("clients", words[0], name, *words[1:])
        assert (ran.code, ran.err) == (2, f"error  nothing is called {name!r}\n")


def test_a_name_that_is_taken_is_said_to_be(actas: Program) -> None:
    ran = actas("clients", "create", "nightly")
    assert (ran.code, "there is one already" in ran.err) == (1, True)


def test_files_that_cannot_be_meant_are_refused_before_anybody_is_asked(
    actas: Program, tmp_path: Path
) -> None:
    for words in (["plan", "-f", ""], ["apply", "--prune", "-f", ""], ["check", "-c", ""]):
        ran = actas(*words)
        assert (ran.code, ran.err.endswith(" is empty\n")) == (2, True)
    twice = actas("plan", "-f", written(tmp_path, {"clients": [client("a"), client("a")]}))
    assert (twice.code, 'the client "a" is already defined at' in twice.err) == (3, True)
    many = [client(f"c{number}", description="x" * 900) for number in range(1100)]
    large = actas("plan", "-f", written(tmp_path, {"clients": many}))
    assert (large.code, "takes 1 MB at once" in large.err) == (4, True)


def test_files_are_planned_and_applied(server: RealServer, actas: Program, tmp_path: Path) -> None:
    file = written(tmp_path, {"clients": [client("from-git", description="one")]})
    planned = actas("plan", "-f", file)
    assert planned.code == 1
    assert planned.out == "+ client from-git\n1 object to change · 1 policy test passes\n"
    rehearsed = good(actas("apply", "-f", file, "--dry-run"))
    assert rehearsed.out == planned.out
    assert actas("clients", "show", "from-git").code == 1
    applied = good(actas("apply", "-f", file))
    assert "✓ 1 object changed · generation " in applied.out
    assert good(actas("plan", "-f", file)).out == "nothing to change · 1 policy test passes\n"
    written(tmp_path, {"clients": [client("from-git", description="two")]})
    assert "~ client from-git  description: one → two\n" in actas("plan", "-f", file).out
    shown = good(actas("clients", "show", "from-git", "--json")).document
    assert shown["kept_by"] == "file"
    assert shown["place"].startswith(file)


@pytest.mark.parametrize(
    ("tree", "code", "said"),
    [
        ({"clients": [client("bad", surname="x")]}, 3, 'there is no field "surname" here'),
        ({"clients": [client("Bad Name")]}, 3, "a name is made of"),
        ({"clients": [client("twice"), client("twice")]}, 3, "is already defined at"),
        ({"surver": {}}, 3, 'there is no section "surver"'),
        ({"rules": [{"name": "r", "deny": "any", "client": "nightly", "reason": "No."}]}, 3, "policy test"),
    ],
)
def test_files_that_would_not_hold_change_nothing(
    tree: dict[str, Any], code: int, said: str, actas: Program, tmp_path: Path
) -> None:
    before = good(actas("export", "--managed", "all")).out
    ran = actas("apply", "-f", written(tmp_path, tree))
    assert ran.code == code
    assert said in ran.err
    assert good(actas("export", "--managed", "all")).out == before


def test_a_warning_beside_a_fault_is_marked_as_one(actas: Program, tmp_path: Path) -> None:
    tree = {
        "apis": [
            {"name": "shipping", "audience": "https://shipping.example", "scopes": {"ship:read": "See"}}
        ],
        "clients": [
            {**client("shipper"), "may_request": {"apis": ["shipping"]}, "grants": ["token_exchange"]}
        ],
        "rules": [
            {
                "name": "ship",
                "allow": "own",
                "client": "shipper",
                "target": {"api": "shipping"},
                "scopes": {"any": ["ship:raed"]},
            }
        ],
    }
    ran = actas("plan", "-f", written(tmp_path, tree))
    assert ran.code == 3
    told = {line.startswith("warning: "): line for line in ran.err.splitlines() if "rules[ship]" in line}
    assert "so this rule never helps it" in told[True]


def test_sections_that_are_the_servers_own_are_left_out_and_said(actas: Program, tmp_path: Path) -> None:
    file = written(tmp_path, {"server": {"issuer": "https://other.example"}, "clients": [client("beside")]})
    ran = good(actas("apply", "-f", file))
    assert "server: the server's own, which only its own files say; left out" in ran.err


def test_an_export_is_a_file_that_the_server_reads(
    server: RealServer, actas: Program, tmp_path: Path
) -> None:
    good(actas("clients", "create", "exported", "--api", "inventory", "--own"))
    text = good(actas("export", "--managed", "console", "--kind", "clients")).out
    assert "exported" in text
    assert "nightly" not in text
    none = good(actas("export", "--managed", "console", "--kind", "issuers"))
    assert "nothing is kept by the console; --managed all" in none.err
    whole = good(actas("export", "--managed", "all")).out
    file = tmp_path / "whole.yaml"
    server_section = f"server: {{issuer: '{server.issuer}'}}\n"
    file.write_text(whole + server_section, encoding="utf-8")
    for name in ("idp.jwks.json", "robot.jwks.json"):
        (tmp_path / name).write_bytes((server.folder / name).read_bytes())
    assert read([file], dev=True, environ=server.company.environ).warnings == ()


def test_a_client_is_made_rotated_disabled_and_deleted(server: RealServer, actas: Program) -> None:
    made = good(actas("clients", "create", "short-lived", "--api", "inventory", "--own", "--json")).document
    secret = made["secret"]
    form = server.company.own("short-lived", client_secret=secret)
    assert server.post(form).reason == "no_rule"
    rotated = good(actas("clients", "rotate-secret", "short-lived"))
    fresh = rotated.out.splitlines()[-1]
    assert server.post({**form, "client_secret": fresh}).reason == "no_rule"
    assert server.post(form).reason == "no_rule"
    assert actas("clients", "rotate-secret", "short-lived", "--finish").code == 2
    good(actas("clients", "rotate-secret", "short-lived", "--finish", "--yes"))
    assert server.post(form).status == 401
    assert "would be disabled" in good(actas("clients", "disable", "short-lived", "--dry-run")).err
    assert "disabled" in good(actas("clients", "disable", "short-lived")).out
    assert server.post({**form, "client_secret": fresh}).status == 401
    good(actas("clients", "enable", "short-lived"))
    asked = actas("clients", "delete", "short-lived")
    assert (asked.code, "never given again" in asked.err) == (2, True)
    declined = actas("clients", "delete", "short-lived", terminal=True, stdin="no\n")
    assert declined.code == 2
    good(actas("clients", "delete", "short-lived", terminal=True, stdin="yes\n"))
    assert actas("clients", "show", "short-lived").code == 1
    assert actas("clients", "create", "short-lived").code == 1


@pytest.mark.parametrize("kind", ["clients", "apis", "issuers", "rules"])
def test_every_kind_is_listed_and_shown(kind: str, actas: Program) -> None:
    names = good(actas(kind, "list", "-o", "name")).out.split()
    assert names == sorted(names)
    table = good(actas(kind, "list")).out
    assert "KEPT BY" in table
    for name in names[:3]:
        assert good(actas(kind, "show", name)).out.startswith(f"{name}  ")
        assert good(actas(kind, "show", name, "-o", "yaml")).out.startswith("---\nkind: actas/")
    assert actas(kind, "show", "no-such").code == 1


def test_an_auditor_may_look_and_not_touch(server: RealServer, tmp_path: Path) -> None:
    actas = program(server, tmp_path / "home", "eye")
    good(actas("rules", "list"))
    ran = actas("clients", "disable", "nightly", "--json")
    assert (ran.code, ran.error["code"]) == (5, "insufficient_scope")
    assert actas("clients", "create", "mine").code == 5


def test_the_policy_is_read_backwards(actas: Program) -> None:
    ran = good(actas("rules", "who-can", "inventory:stock:write"))
    assert "● orders (service), by delegation: stock:write\n" in ran.out
    assert "    a token with orders:write buys stock:write\n" in ran.out
    assert "✕ no-agent-writes-stock denies, chain.kinds: contains agent  actas.yaml:" in ran.out
    assert good(actas("rules", "who-can", "inventory:stock:write", "-o", "name")).out == "orders\n"
    assert good(actas("rules", "who-can", "cellar")).out == "nobody can get cellar\n"
    assert actas("rules", "who-can", "nowhere").code == 1


def test_the_policy_tests_that_are_kept_are_run(actas: Program) -> None:
    assert good(actas("rules", "test")).out == "1 policy test passes\n"
    good(actas("rules", "disable", "own-counts"))
    ran = actas("rules", "test")
    assert ran.code == 1
    assert "nightly counts" in ran.out
    good(actas("rules", "enable", "own-counts"))


def test_what_a_file_keeps_would_not_be_deleted_either(actas: Program) -> None:
    for flag in ("--dry-run", "--yes"):
        ran = actas("clients", "delete", "desk", flag)
        assert (ran.code, "take it out there first" in ran.err, ran.out) == (1, True, ""), flag
        assert "would be deleted" not in ran.err
