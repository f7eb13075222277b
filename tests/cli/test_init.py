"""``actas init``: what it writes, keeps and refuses, in process."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.fakes.program import Program

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.app.parts import exchange
from actas.cli.starter import Starter
from actas.core.party import Caller
from actas.settings.load import read

TEXT = "actas.yaml"
LOCAL = "http://127.0.0.1:9000"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_says_what_it_wrote_and_what_comes_next(actas: Program) -> None:
    ran = actas("init", "shop")
    assert (ran.code, ran.err) == (0, "")
    length = Path("shop/actas.yaml").read_text().count("\n")
    wrote, after, then = ran.out.splitlines()
    assert wrote == (
        f"wrote shop/actas.yaml ({length} lines, commented), actas.schema.json, envelope.key (yours alone), "
        "orders.secret (yours alone), .gitignore"
    )
    assert after == (
        "next: cd shop   1 set server.issuer   2 trust an issuer   3 actas check --dev   4 actas serve --dev"
    )
    assert then == "then: actas exchange --own --client orders --secret @./orders.secret --audience inventory"
    assert sorted(path.name for path in Path("shop").iterdir()) == [
        ".gitignore",
        "actas.schema.json",
        "actas.yaml",
        "envelope.key",
        "orders.secret",
    ]


def test_no_secret_is_printed(actas: Program) -> None:
    ran = actas("init", "--json")
    for name in ("envelope.key", "orders.secret"):
        assert Path(name).read_text().strip() not in ran.out + ran.err
    assert ran.document["next"] == [
        "set server.issuer",
        "trust an issuer",
        "actas check --dev",
        "actas serve --dev",
    ]


@pytest.mark.parametrize("words", [(), ("--for", "container"), ("--for", "kubernetes")])
def test_whatever_it_writes_passes_the_check(actas: Program, words: tuple[str, ...]) -> None:
    assert actas("init", *words).code == 0
    ran = actas("check", *(() if words else ("--dev",)))
    assert ran.code == 0
    assert "2 policy tests pass" in ran.out
    secrets = ran.err.count(" is not set\n")
    assert secrets == (2 if "kubernetes" in words else 0)


def test_with_an_https_issuer_nothing_is_for_development(actas: Program) -> None:
    ran = actas("init", "--issuer", "https://sts.acme.example")
    assert ran.out.splitlines()[1:] == ["next: 1 trust an issuer   2 actas check   3 actas serve"]
    assert actas("check", "--strict").code == 0
    assert "`actas check`" in Path(TEXT).read_text()


@pytest.mark.parametrize(
    ("issuer", "listen", "management"),
    [
        (LOCAL, "127.0.0.1:9000", "127.0.0.1:9001"),
        ("http://[::1]:9000", '"[::1]:9000"', '"[::1]:9001"'),
        ("http://localhost:65535", "localhost:65535", "localhost:65534"),
    ],
)
def test_an_issuer_on_this_computer_is_where_the_server_listens(
    actas: Program, issuer: str, listen: str, management: str
) -> None:
    assert actas("init", "--issuer", issuer).code == 0
    text = Path(TEXT).read_text()
    assert f"  listen: {listen}  #" in text
    assert f"  management: {management}  #" in text
    assert actas("check", "--dev").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--issuer", "http://sts.acme.example"), "--issuer must be https"),
        (("--issuer", "https://sts.acme.example/"), "--issuer must not end with a slash"),
        (("--issuer", "sts"), "--issuer "),
        (("--issuer", LOCAL, "--for", "container"), "must be https for a container"),
    ],
)
def test_an_issuer_that_no_server_could_have_is_refused(
    actas: Program, words: tuple[str, ...], said: str
) -> None:
    ran = actas("init", "shop", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert not Path("shop").exists()


def test_what_is_there_is_not_overwritten(actas: Program) -> None:
    Path(TEXT).write_text("mine")
    ran = actas("init")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error  actas.yaml is there already; nothing was changed\n"
        "hint   --force overwrites, except keys and secrets\n"
    )
    assert [path.name for path in Path().iterdir()] == [TEXT]


def test_force_replaces_the_configuration_and_never_a_key(actas: Program) -> None:
    assert actas("init").code == 0
    kept = {name: Path(name).read_bytes() for name in ("envelope.key", "orders.secret")}
    Path(TEXT).write_text("mine")
    ran = actas("init", "--force")
    assert ran.code == 0
    assert "\nkept envelope.key, orders.secret, .gitignore\n" in ran.out
    assert {name: Path(name).read_bytes() for name in kept} == kept
    assert Path(TEXT).read_text() != "mine"
    for name in kept:
        assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600


@pytest.mark.parametrize("before", ["node_modules", "node_modules\n", "*.key\n"])
def test_a_list_of_ignored_files_keeps_what_it_says(actas: Program, before: str) -> None:
    Path(".gitignore").write_text(before)
    assert actas("init").code == 0
    after = Path(".gitignore").read_text()
    assert after.startswith(before)
    assert sorted(after.split()) == sorted({*before.split(), "actas-data/", "*.key", "*.secret"})


def test_a_rehearsal_writes_nothing(actas: Program) -> None:
    ran = actas("init", "shop", "--dry-run", "--json")
    assert (ran.code, ran.document["written"]) == (0, False)
    assert actas("init", "shop", "--dry-run").out.startswith("would write shop/actas.yaml (")
    assert list(Path().iterdir()) == []


def test_a_place_that_cannot_be_written_is_exit_4(actas: Program) -> None:
    Path("file").write_text("")
    ran = actas("init", "file/shop")
    assert ran.code == 4
    assert "Not a directory" in ran.err


def test_what_is_commented_out_is_valid_too(actas: Program) -> None:
    """Nothing of it is true of anybody's identity provider, but its form is."""
    assert actas("init").code == 0
    commented = Path(TEXT).read_text().splitlines()
    lines = [
        line.replace("# ", "", 1) if line.lstrip("# ")[:1] and _is_offered(line) else line
        for line in commented
    ]
    assert lines != commented
    Path(TEXT).write_text("\n".join(lines) + "\n")
    ran = actas("check", "--dev")
    assert (ran.code, ran.out) == (0, "✓ 1 client, 1 API, 1 issuer, 2 rules · 2 policy tests pass\n")


def _is_offered(line: str) -> bool:
    """Whether a line is configuration in a comment, rather than a sentence."""
    text = line.strip()
    return text == "# issuers:" or text.startswith(("#   ", "# - name:"))


def test_a_first_token_can_be_had_with_the_secret(actas: Program) -> None:
    assert actas("init", "--issuer", LOCAL).code == 0

    async def first() -> str:
        draft = read([TEXT], dev=True, environ={})
        async with foundation(draft, dev=True, create=True) as base, assembly(base) as house:
            pipeline = exchange(base, house.shared)
            form = {
                "grant_type": "client_credentials",
                "client_id": "orders",
                "client_secret": Path("orders.secret").read_text(),
                "audience": "inventory",
            }
            return str((await pipeline(urlencode(form).encode(), Caller(address="127.0.0.1"))).body["scope"])

    assert asyncio.run(first()) == "stock:read"


def test_elsewhere_than_on_a_laptop_a_first_token_cannot_be_typed() -> None:
    assert Starter(place="container", chosen=None).then() is None
    then = Starter(place="kubernetes", chosen=None).then()
    assert then is not None
    assert "--from-file=ORDERS_SECRET=orders.secret" in then
