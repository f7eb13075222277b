"""``actas login --device`` at a real server: a code is shown, somebody answers at a browser, tokens are kept."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.browser import Browser
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer
from tests.fakes.token_server import TokenServer

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("device-login"))
    server.company.environ["ALICE_PASSWORD"] = PASSWORD
    server.company.tree["users"] = [{"name": "alice", "password": {"env": "ALICE_PASSWORD"}}]
    for name, auth in (("cli", {"method": "none"}),):
        may = {"apis": ["orders"]}
        grants = ["device_code", "refresh_token"]
        server.company.tree["clients"].append(
            {"name": name, "kind": "app", "auth": auth, "grants": grants, "may_request": may}
        )
    server.company.named("clients", "desk")["grants"] = ["device_code"]
    server.company.named("clients", "desk")["may_request"] = {"apis": ["orders"]}
    with server:
        yield server


class Meanwhile:
    """Runs the program, with somebody at a browser who does what they are told to while it waits."""

    def __init__(self, sts: RealServer, home: Path) -> None:
        self.sts = sts
        self.browser = Browser(sts.base)
        environ = {"ACTAS_SERVER": sts.base, "ACTAS_TIMEOUT": "20"}
        self.actas = Program(home, environ=environ, now=time.time())

    def __call__(self, *words: str, does: tuple[Callable[[], object], ...], client: str = "cli") -> Ran:
        self.actas.meanwhile = list(does)
        self.actas.waited = []
        return self.actas("login", "--device", "--client", client, *words)

    def answers(self, decision: str) -> None:
        """Alice types the code that the last entry of the table of codes stands for, and decides."""
        found = re.search(r"type the code ([A-Z]{4}-[A-Z]{4})", self.actas.err.getvalue())
        assert found is not None
        self.browser.get("/device")
        self.browser.send(user_code=found[1])
        if "/sign-in" in self.browser.response.text or "password" in self.browser.response.text:
            self.browser.sign_in("alice", PASSWORD)
        assert found[1] in self.browser.response.text
        self.browser.send(decision=decision)


@pytest.fixture
def here(sts: RealServer, tmp_path: Path) -> Meanwhile:
    return Meanwhile(sts, tmp_path / "home")


def nothing() -> None:
    """Nobody does anything."""


@pytest.mark.requirement("DG-1", "DG-3", "DG-4")
def test_a_person_signs_in_and_their_tokens_are_kept(here: Meanwhile) -> None:
    ran = here("--scope", "openid orders:read", does=(nothing, lambda: here.answers("allow")))
    assert ran.code == 0, ran.err
    assert "kept as @me" in ran.out
    assert f"{here.sts.base}/device?user_code=" in ran.err
    assert here.actas.waited == [5, 5]
    kept = {name: here.actas.home / "tokens" / f"{name}.json" for name in ("me", "me/id", "me/refresh")}
    texts = {name: json.loads(path.read_text())["token"] for name, path in kept.items()}
    for text in texts.values():
        assert text not in ran.out + ran.err
    shown = here.actas("inspect", "@me", "--json").document
    assert "actas:alice" in json.dumps(shown)
    assert kept["me"].stat().st_mode & 0o077 == 0


def test_what_was_kept_is_exchanged_onward_with_the_key_that_stayed_here(here: Meanwhile) -> None:
    ran = here("--scope", "orders:read", does=(lambda: here.answers("allow"),))
    assert ran.code == 0, ran.err
    here.actas.environ["ACTAS_CLIENT_SECRET"] = here.sts.company.secrets["orders"]
    wanted = ("--subject", "@me", "--audience", "inventory", "--scope", "stock:read", "--json")
    ran = here.actas("exchange", "--client", "orders", *wanted)
    assert (ran.code, ran.error["reason"]) == (6, "key_not_proven")
    ran = here.actas("exchange", "--client", "orders", *wanted, "--dpop")
    assert ran.code == 0, ran.err
    assert [one["id"] for one in ran.document["chain"]] == ["actas:alice", "orders"]


@pytest.mark.requirement("DG-6")
def test_a_no_is_exit_one(here: Meanwhile) -> None:
    ran = here("--save", "other", "--json", does=(lambda: here.answers("deny"),))
    assert (ran.code, ran.error["code"]) == (1, "access_denied")
    assert ran.error["message"] == "nobody is signed in through cli: whoever was asked said no"
    assert not (here.actas.home / "tokens").exists()


@pytest.mark.requirement("DG-5")
def test_it_waits_longer_when_it_is_told_to(here: Meanwhile) -> None:
    # No time passes while this program waits, so that every question but the first comes too soon.
    ran = here("--scope", "openid", does=(nothing, nothing, nothing, lambda: here.answers("allow")))
    assert ran.code == 0, ran.err
    assert here.actas.waited == [5, 5, 10, 15]


def test_nobody_answers_in_time(here: Meanwhile) -> None:
    def later() -> None:
        here.actas.now += 601

    ran = here("--scope", "openid", "--json", does=(nothing, later))
    assert (ran.code, ran.error["code"]) == (1, "expired_token")
    assert len(here.actas.waited) == 2


def test_a_client_that_proves_who_it_is(here: Meanwhile) -> None:
    here.actas.environ["ACTAS_CLIENT_SECRET"] = here.sts.company.secrets["desk"]
    ran = here(
        "--resource",
        "https://orders.acme.example",
        "--scope",
        "orders:read",
        does=(lambda: here.answers("allow"),),
        client="desk",
    )
    assert ran.code == 0, ran.err
    here.actas.environ["ACTAS_CLIENT_SECRET"] = "wrong"
    ran = here("--json", does=(), client="desk")
    assert (ran.code, ran.error["code"]) == (6, "invalid_client")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--device", "--as", "owner", "--save", "x"), "--as is for managing"),
        (("--scope", "openid"), "go with --device"),
        (("--save", "x"), "go with --device"),
        (("--resource", "https://x.example"), "go with --device"),
        (("--device", "--save", "../x"), "cannot be saved"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anybody_is_asked(
    here: Meanwhile, words: tuple[str, ...], said: str
) -> None:
    ran = here.actas("login", "--client", "cli", *words)
    assert ran.code == 2
    assert said in ran.err


def test_a_client_without_the_grant_is_told_so(here: Meanwhile) -> None:
    ran = here("--json", does=(), client="phone")
    assert (ran.code, ran.error["code"]) == (6, "unauthorized_client")
    assert "device_code" in ran.error["hint"]


def test_where_nobody_signs_in_on_devices_it_says_so(actas: Program, server: TokenServer) -> None:
    ran = actas("login", "--device", "--client", "cli", "--server", server.issuer, "--json")
    assert (ran.code, ran.error["code"]) == (6, "not_offered")
