"""The company in its folder: what is written there, who may read it, and what is made of it when it is broken."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest
from tests.fakes.demo import elsewhere

from actas.demo.company import Company, FolderInUse, Ports, folder_for, found, template
from actas.demo.minutes import entry_of, explain, prove
from actas.demo.shown import NoMinutes
from actas.settings.load import read

PORTS = Ports(
    server=8693,
    management=8694,
    corp_idp=8695,
    orders=8696,
    inventory=8697,
    auth_tickets=8698,
    tickets=8699,
)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    folder = tmp_path / "it's here"
    folder.mkdir()
    return found(folder, PORTS, configuration=template())


def test_its_configuration_holds_without_a_warning(company: Company) -> None:
    draft = read([company.configuration], dev=True, environ={})
    assert [str(warning) for warning in draft.warnings] == []
    assert draft.server.issuer == "http://127.0.0.1:8693"


def test_secrets_are_new_each_time_and_private(company: Company) -> None:
    before = company.orders_secret.read_text(encoding="utf-8")
    found(company.folder, PORTS, configuration=template())
    assert company.orders_secret.read_text(encoding="utf-8") != before
    for secret in (company.orders_secret, company.passwords_file, company.agent_key):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    public = json.loads(company.agent_key.with_suffix(".pub.jwk").read_text(encoding="utf-8"))
    assert "d" not in public
    assert company.orders_secret.read_text(encoding="utf-8") not in company.environment.read_text("utf-8")


def test_the_environment_can_be_sourced_from_a_folder_with_any_name(company: Company) -> None:
    script = 'printf "%s\\n" "$ACTAS_CONFIG" "$ACTAS_CLIENT_SECRET" && command -v actas'
    seen = subprocess.run(
        ["/bin/sh", "-c", f'. "$0" && {script}', str(company.environment)],
        capture_output=True,
        text=True,
        check=True,
        env=elsewhere() | {"ACTAS_SERVER": "https://elsewhere.example"},
    )
    configuration, secret, program = seen.stdout.splitlines()
    assert configuration == str(company.configuration)
    assert secret == company.orders_secret.read_text(encoding="utf-8")
    assert program.endswith("/actas")


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with folder_for(tmp_path / "kept") as folder:
        found(folder, PORTS, configuration=template())
        with pytest.raises(FolderInUse, match="another demo runs in") as refused, folder_for(folder):
            pass
    assert refused.value.remedy.startswith("stop that one with Ctrl-C, or name a folder")


def test_a_configuration_that_somebody_broke_is_told_and_no_defect(company: Company) -> None:
    company.configuration.write_text("version: 1\nserver: nowhere\n", encoding="utf-8")
    with pytest.raises(NoMinutes, match="server"):
        entry_of(company, "a-token")


def test_a_log_that_was_never_begun_is_told_and_no_defect(company: Company) -> None:
    with pytest.raises(NoMinutes, match="has not been started"):
        explain(company, "x_01M89TKPPPVNV9BCW6NFK5QZD8")
    with pytest.raises(NoMinutes, match="has not been started"):
        prove(company)
