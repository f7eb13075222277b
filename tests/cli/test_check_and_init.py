"""``actas init`` writes what ``actas check`` accepts; ``check`` says what is wrong, where, and with which exit."""

from __future__ import annotations

import json
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
    assert (found.returncode, found.stderr) == (0, "")
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
                server.communicate(timeout=45)
        assert server.returncode == 0
        assert actas("audit", "verify", "--dev", cwd=shop).returncode == 0
    finally:
        port.release()
        management.release()
