"""``actas init`` writes what ``actas check`` accepts; ``check`` says what is wrong, where, and with which exit."""

from __future__ import annotations

import base64
import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.ports import reserve


def actas(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the real program."""
    return subprocess.run(
        [sys.executable, "-m", "actas", *words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    assert actas("init", "shop", cwd=tmp_path).returncode == 0
    return tmp_path / "shop"


def test_what_init_writes_is_valid_and_its_policy_test_passes(shop: Path) -> None:
    found = actas("check", "--dev", cwd=shop)
    assert (found.returncode, found.stderr.count("\n")) == (0, 1)
    assert "what the console keeps was not looked at: there is no database in" in found.stderr
    assert "2 policy tests pass" in found.stdout
    assert json.loads((shop / "actas.schema.json").read_text())["title"] == "Actas configuration"


def test_keys_and_secrets_are_their_owners_alone_and_never_overwritten(shop: Path) -> None:
    for name in ("envelope.key", "orders.secret"):
        assert stat.S_IMODE((shop / name).stat().st_mode) == 0o600
    before = (shop / "orders.secret").read_text()
    assert actas("init", ".", cwd=shop).returncode == 2
    assert actas("init", ".", "--force", cwd=shop).returncode == 0
    assert (shop / "orders.secret").read_text() == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    assert actas("init", "shop", "--dry-run", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "shop").exists()


@pytest.mark.requirement("REL-30")
def test_a_fault_is_told_with_its_line_and_exit_3(shop: Path) -> None:
    text = (shop / "actas.yaml").read_text()
    (shop / "actas.yaml").write_text(text.replace("client: orders\n    target", "client: oders\n    target"))
    found = actas("check", "--dev", cwd=shop)
    assert found.returncode == 3
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "client: orders" in one)
    assert (
        f'actas.yaml:{line}: rules[0].client: there is no client "oders"; did you mean "orders"?'
        in found.stderr
    )
    assert found.stderr.rstrip().endswith("Nothing was changed.")


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    ("flags", "was", "becomes", "said"),
    [
        (["--dev"], "client: orders\n    target", "client: oders\n    target", 'there is no client "oders"'),
        ([], "version: 1", "version: 1", "server.issuer: must be https outside --dev"),
    ],
)
def test_a_server_names_a_fault_between_sections_and_exits_3(
    shop: Path, flags: list[str], was: str, becomes: str, said: str
) -> None:
    """Such a fault is found beside what the store of record keeps, and later than one of the form."""
    file = shop / "actas.yaml"
    file.write_text(file.read_text().replace(was, becomes))
    port, management = reserve(), reserve()
    places = [f"127.0.0.1:{one.number}" for one in (port, management)]
    found = actas("serve", *flags, "--listen", places[0], "--management", places[1], cwd=shop)
    port.release()
    management.release()
    assert (found.returncode, found.stdout) == (3, "")
    assert said in found.stderr
    assert "1 error. Nothing was changed." in found.stderr


def test_a_check_reads_the_address_of_the_database(shop: Path) -> None:
    file = shop / "actas.yaml"
    file.write_text(
        file.read_text().replace("\n  data:", "\n  database: { env: ACTAS_DATABASE_URL }\n  data:")
    )
    good = actas("check", "--dev", cwd=shop, ACTAS_DATABASE_URL="postgresql://actas@db.acme.example/actas")
    assert good.returncode == 0
    for url in ("db.acme.example:5432", "mysql://actas:hunter2@db/actas", "postgresql://a:hun#ter2@db/actas"):
        bad = actas("check", "--dev", cwd=shop, ACTAS_DATABASE_URL=url)
        assert (bad.returncode, bad.stdout) == (3, "")
        assert "postgresql://user:password@host" in bad.stderr
        assert "ter2" not in bad.stderr


def test_a_check_looks_at_the_envelope_key_and_does_not_miss_one(shop: Path) -> None:
    (shop / "envelope.key").write_text("short\n")
    found = actas("check", "--dev", cwd=shop)
    assert (found.returncode, found.stdout) == (3, "")
    assert "the envelope key is neither" in found.stderr
    (shop / "envelope.key").unlink()
    assert actas("check", "--dev", cwd=shop).returncode == 0


def test_what_a_server_would_log_is_not_in_the_answer_of_a_command(shop: Path) -> None:
    """A log line before a JSON document is no JSON document."""
    file = shop / "actas.yaml"
    issuer = (
        "issuers: [{ name: idp, type: oidc, issuer: 'http://127.0.0.1:1', audiences: [web], accepts: [jwt] }]"
    )
    file.write_text(f"{file.read_text()}\n{issuer}\n")
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "actas",
            "serve",
            "--dev",
            "--listen",
            "127.0.0.1:0",
            "--management",
            "127.0.0.1:0",
        ],
        cwd=shop,
        env={"PATH": "/usr/bin:/bin", "HOME": str(shop)},
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stderr is not None
        assert "actas serves" in serving.stderr.readline()
        serving.terminate()
        serving.communicate(timeout=100)
    token = ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (b'{"alg":"ES256","kid":"k"}', b'{"iss":"http://127.0.0.1:1"}', bytes(64))
    )
    asked = ("explain", "--dev", "--client", "orders", "--subject", token, "--subject-type", "jwt")
    found = actas(*asked, "--audience", "inventory", "--json", cwd=shop)
    assert json.loads(found.stdout)["reason"] == "upstream_down"
    verbose = actas(*asked, "--audience", "inventory", "--json", "-v", cwd=shop)
    assert json.loads(verbose.stdout)["reason"] == "upstream_down"
    assert "cannot be refreshed" in verbose.stderr


def test_an_address_that_is_taken_is_told_with_what_to_do(shop: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        found = actas("serve", "--dev", "--listen", place, cwd=shop)
    assert found.returncode == 4
    assert f"cannot listen on {place}" in found.stderr
    assert "hint   ss -ltnp" in found.stderr


def test_a_worker_logs_each_fault_of_the_configuration_without_a_traceback(shop: Path) -> None:
    file = shop / "actas.yaml"
    file.write_text(file.read_text().replace("client: orders\n    target", "client: oders\n    target"))
    work = (
        "from actas.cli.serving import Job, work\n"
        "job = Job(paths=('actas.yaml',), dev=True, migrate=False, environ={}, public=None, management=None)\n"
        "work(job, 0, print)"
    )
    found = subprocess.run(
        [sys.executable, "-c", work], cwd=shop, capture_output=True, text=True, check=False, timeout=60
    )
    assert found.returncode == 3
    assert 'there is no client \\"oders\\"' in found.stderr
    assert "Traceback" not in found.stderr


def test_a_policy_test_that_fails_is_exit_1(shop: Path) -> None:
    text = (shop / "actas.yaml").read_text()
    (shop / "actas.yaml").write_text(
        text.replace("lifetime: 2m }\n", "lifetime: 3m }\n").replace(
            "{ lifetime: 3m }", "{ lifetime: 2m }", 1
        )
    )
    found = actas("check", "--dev", "--json", cwd=shop)
    assert found.returncode == 1
    count, _ = json.loads(found.stdout)["tests"]
    assert count["problems"] == ["expected a life of 180 s, got 120 s"]


def test_a_missing_secret_is_a_warning_here_and_an_error_with_strict(shop: Path) -> None:
    (shop / "orders.secret").unlink()
    assert actas("check", "--dev", cwd=shop).returncode == 0
    assert actas("check", "--dev", "--strict", cwd=shop).returncode == 3


def test_a_server_starts_with_what_init_wrote_and_grants_a_first_token(tmp_path: Path) -> None:
    """Everything typed here is what ``init`` itself says to type."""
    port, management = reserve(), reserve()
    try:
        issuer = f"http://127.0.0.1:{port.number}"
        wrote = actas("init", "shop", "--issuer", issuer, cwd=tmp_path)
        assert wrote.returncode == 0
        (then,) = [line for line in wrote.stdout.splitlines() if line.startswith("then: actas ")]
        shop = tmp_path / "shop"
        assert actas("check", "--dev", cwd=shop).returncode == 0
        listen = f"127.0.0.1:{management.number}"
        with subprocess.Popen(
            [sys.executable, "-m", "actas", "serve", "--dev", "--management", listen],
            cwd=shop,
            env={"PATH": "/usr/bin:/bin", "HOME": str(shop)},
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                assert server.stderr is not None
                assert f"actas serves {issuer}" in server.stderr.readline()
                granted = actas(*then.removeprefix("then: actas ").split(), "--json", cwd=shop)
                assert (granted.returncode, granted.stderr) == (0, "")
                entry = json.loads(granted.stdout)["entry"]
                shown = actas("audit", "show", entry, "--dev", cwd=shop)
                assert (shown.returncode, entry in shown.stdout) == (0, True)
            finally:
                server.terminate()
                server.communicate(timeout=100)
        assert server.returncode == 0
        assert actas("audit", "verify", "--dev", cwd=shop).returncode == 0
    finally:
        port.release()
        management.release()
