from __future__ import annotations

import io
from pathlib import Path

import pytest
from tests.fakes.clock import NOON
from tests.fakes.forge import SigningKey, forge

from actas.cli.exits import Failure
from actas.cli.run import Run, World
from actas.cli.saved import SavedToken, check_name, load, save
from actas.cli.tokens import LARGEST, TokenArguments
from actas.core.secret import Secret

TOKEN = "an-opaque-token-of-some-length"


def run_in(home: Path, *, stdin: str = "", environ: dict[str, str] | None = None) -> Run:
    return Run(
        World(
            stdin=io.StringIO(stdin),
            stdout=io.StringIO(),
            stderr=io.StringIO(),
            environ={"ACTAS_HOME": str(home), **(environ or {})},
            clock=lambda: NOON,
        )
    )


def told(run: Run) -> str:
    assert isinstance(run.world.stderr, io.StringIO)
    return run.world.stderr.getvalue()


def saved(token: str = TOKEN) -> SavedToken:
    return SavedToken(
        token=Secret(token),
        token_type="urn:ietf:params:oauth:token-type:access_token",
        issuer="https://sts.acme.example",
        jwks={"keys": []},
        saved_at=int(NOON),
    )


def test_a_token_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(f"  {TOKEN}\n")
    run = run_in(tmp_path)
    assert TokenArguments(run).read(f"@{path}", flag="--subject").value == Secret(TOKEN)
    assert told(run) == ""


def test_a_token_is_read_from_stdin_once(tmp_path: Path) -> None:
    tokens = TokenArguments(run_in(tmp_path, stdin=f"{TOKEN}\n"))
    assert tokens.read("-", flag="--subject").value == Secret(TOKEN)
    with pytest.raises(Failure, match="--actor: stdin was read already"):
        tokens.read("-", flag="--actor")


def test_a_token_is_read_from_a_variable(tmp_path: Path) -> None:
    tokens = TokenArguments(run_in(tmp_path, environ={"TOKEN": TOKEN}))
    assert tokens.read("env:TOKEN", flag="--subject").value == Secret(TOKEN)


@pytest.mark.parametrize("name", ["alice-orders", "demo/scene-2", "a.b_c/D-1"])
def test_a_saved_token_is_read_by_its_name(tmp_path: Path, name: str) -> None:
    save(tmp_path, name, saved())
    found = TokenArguments(run_in(tmp_path)).read(f"@{name}", flag="TOKEN")
    assert found.value == Secret(TOKEN)
    assert found.saved == saved()


def test_only_its_owner_can_read_a_saved_token(tmp_path: Path) -> None:
    save(tmp_path, "demo/scene-2", saved())
    assert (tmp_path / "tokens/demo/scene-2.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tokens").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "tokens/demo").iterdir()] == ["scene-2.json"]


def test_saving_again_replaces_the_token(tmp_path: Path) -> None:
    save(tmp_path, "orders", saved())
    save(tmp_path, "orders", saved("another-token-of-some-length"))
    found = load(tmp_path, "orders")
    assert found is not None
    assert found.token == Secret("another-token-of-some-length")


@pytest.mark.parametrize(
    "name",
    ["", "../up", "a/../b", "/abs", "a//b", ".hidden", "a/.b", "a b", "a\n", "é", "x" * 129, "a/", "a."],
)
def test_a_name_that_could_leave_the_folder_is_no_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(Failure) as refused:
        check_name(name)
    assert refused.value.exit == 2
    assert load(tmp_path, name) is None


def test_a_name_may_be_given_with_its_at_sign() -> None:
    assert check_name("@demo/scene-2") == "demo/scene-2"


def test_a_token_that_cannot_be_saved_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(Failure, match="cannot be saved") as failed:
        save(tmp_path / "home", "orders", saved())
    assert failed.value.exit == 4


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"kind":"actas/SavedToken","v":2}', "\x00"])
def test_a_saved_token_that_is_none_is_said_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens/orders.json").write_text(text)
    with pytest.raises(Failure, match="is not a saved token") as failed:
        load(tmp_path, "orders")
    assert failed.value.exit == 4


def test_a_file_that_lies_about_does_not_stand_in_for_a_saved_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("orders").write_text("planted-by-somebody-else")
    save(tmp_path, "orders", saved())
    run = run_in(tmp_path)
    assert TokenArguments(run).read("@orders", flag="TOKEN").value == Secret(TOKEN)
    assert "write @./orders for the file" in told(run)
    assert TokenArguments(run).read("@./orders", flag="TOKEN").value == Secret("planted-by-somebody-else")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("@nix", "no saved token and no file named nix"),
        ("@/", "cannot be read as text"),
        ("env:NIX", "the variable NIX is not set"),
        ("env:", "is not the name of a variable"),
        ("env:A B", "is not the name of a variable"),
        ("-", "stdin is empty"),
        ("", "the command line is empty"),
    ],
)
def test_a_token_that_is_not_there_is_a_mistake_of_use(tmp_path: Path, argument: str, message: str) -> None:
    with pytest.raises(Failure, match=message) as failed:
        TokenArguments(run_in(tmp_path)).read(argument, flag="TOKEN")
    assert failed.value.exit == 2


@pytest.mark.parametrize(("name", "secret"), [("./nix", False), ("/nix/nix", False), ("nix", True)])
def test_what_can_only_be_a_file_is_not_looked_for_among_saved_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, secret: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Failure) as failed:
        TokenArguments(run_in(tmp_path)).read(f"@{name}", flag="--secret", secret=secret)
    assert (failed.value.message, failed.value.hint) == (f"--secret: there is no file {name}", None)


def test_a_binary_file_and_an_endless_stdin_are_no_tokens(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(Failure, match="cannot be read as text"):
        TokenArguments(run_in(tmp_path)).read(f"@{tmp_path}/binary", flag="TOKEN")
    with pytest.raises(Failure, match="longer than any token"):
        TokenArguments(run_in(tmp_path, stdin="x" * (LARGEST + 1))).read("-", flag="TOKEN")


def test_a_token_typed_out_draws_one_warning(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    tokens = TokenArguments(run)
    assert tokens.read(TOKEN, flag="--subject").value == Secret(TOKEN)
    tokens.read(TOKEN, flag="--actor")
    assert told(run).count("shell's history") == 1
    assert TOKEN not in told(run)


def test_a_dead_token_typed_out_draws_no_warning(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    dead = forge({"exp": int(NOON) - 1}, key=SigningKey.generate())
    TokenArguments(run).read(dead, flag="TOKEN")
    assert told(run) == ""
    live = forge({"exp": int(NOON) + 1}, key=SigningKey.generate())
    TokenArguments(run).read(live, flag="TOKEN")
    assert "shell's history" in told(run)


def test_any_client_secret_typed_out_draws_a_warning(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    TokenArguments(run).read("short", flag="--secret", secret=True)
    assert "shell's history" in told(run)


def test_a_forgotten_at_sign_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path, "orders", saved())
    Path("token.txt").write_text(TOKEN)
    for slip in ("orders", "token.txt"):
        with pytest.raises(Failure) as failed:
            TokenArguments(run_in(tmp_path)).read(slip, flag="TOKEN")
        assert failed.value.hint == f"did you mean @{slip}?"


def test_saved_tokens_live_where_the_environment_says(tmp_path: Path) -> None:
    def home(**environ: str) -> Path:
        return Run(
            World(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), environ=environ)
        ).home

    assert home(ACTAS_HOME="/a", XDG_STATE_HOME="/b", HOME="/c") == Path("/a")
    assert home(XDG_STATE_HOME="/b", HOME="/c") == Path("/b/actas")
    assert home(XDG_STATE_HOME="relative", HOME="/c") == Path("/c/.local/state/actas")
