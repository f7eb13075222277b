"""The envelope key from a key service: a server's life with it, without it, and on the way to it."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.fakes.program import Program
from tests.fakes.server import RealServer
from tests.fakes.vault import TOKEN, Vault

from actas.core.ports import SystemClock
from actas.store.database import open_database
from actas.store.envelope_keys import SqlEnvelopeKeys


@pytest.fixture
def vault() -> Iterator[Vault]:
    with Vault() as running:
        yield running


def configure(server: RealServer, **keys: Any) -> None:
    server.company.tree["keys"] = keys
    server.company.environ["VAULT_TOKEN"] = TOKEN
    server.company.write()


@pytest.fixture
def server(tmp_path: Path, vault: Vault) -> Iterator[RealServer]:
    server = RealServer(tmp_path)
    configure(server, envelope=vault.form())
    try:
        yield server
    finally:
        server.close()


def wrapped(server: RealServer) -> dict[str, str]:
    async def read() -> dict[str, str]:
        database = await open_database(server.data, clock=SystemClock())
        try:
            return await SqlEnvelopeKeys(database).wrapped()
        finally:
            await database.close()

    return asyncio.run(read())


@pytest.mark.requirement("SEC-92")
def test_the_first_start_makes_a_key_that_only_the_service_knows(server: RealServer, vault: Vault) -> None:
    server.start()
    token = server.token(server.company.for_alice())
    server.restart()
    form = server.company.exchange("orders", token, audience="inventory", scope="stock:read")
    assert server.post(form).status == 200
    assert not list(server.data.rglob("envelope*"))
    assert list(wrapped(server)) == ["vault-transit:transit/actas"]
    # Asked to wrap once, when it was made, and to unwrap when a process starts.
    assert [path for path, _ in vault.asked].count("/v1/transit/encrypt/actas") == 1
    assert TOKEN not in server.said
    assert server.verdict().whole


def test_a_service_that_goes_away_stops_nobody_who_runs(server: RealServer, vault: Vault) -> None:
    server.start()
    before = len(vault.asked)
    vault.sealed = True
    for _ in range(20):
        assert server.post(server.company.own()).status == 200
    assert server.manage("/readyz").status == 200
    assert len(vault.asked) == before
    assert server.stop() == 0
    code, said = server.refuse()
    assert code == 4
    assert f"Vault at {vault.address} does not decrypt with vault-transit:transit/actas, status 503" in said
    assert "Vault is sealed" in said
    assert "unseal it and start again" in said
    vault.sealed = False
    server.start()
    assert server.post(server.company.own()).status == 200


@pytest.mark.requirement("REL-30")
def test_what_is_configured_wrongly_starts_nothing_and_makes_nothing(
    server: RealServer, vault: Vault
) -> None:
    vault.tokens = {"hvs.another"}
    code, said = server.refuse()
    assert (code, "status 403: permission denied" in said) == (3, True)
    assert "the token may have expired" in said
    assert wrapped(server) == {}
    vault.tokens = {TOKEN}
    server.start()
    assert server.stop() == 0
    kept = wrapped(server)
    configure(server, envelope=vault.form(key="other"))
    vault.keys["other"] = vault.keys["actas"]
    code, said = server.refuse()
    assert code == 3
    assert "there is no envelope key that vault-transit:transit/other wrapped" in said
    assert "there is one of vault-transit:transit/actas" in said
    assert wrapped(server) == kept


@pytest.mark.requirement("REL-08")
def test_a_server_changes_from_a_file_to_a_service_and_to_a_new_version_of_its_key(
    server: RealServer, vault: Vault, actas: Program
) -> None:
    file = server.folder / "old.key"
    file.write_text(secrets.token_hex(32))
    file.chmod(0o600)
    actas.environ["VAULT_TOKEN"] = TOKEN
    rewrap = ("keys", "rewrap", "-c", str(server.company.file), "--dev", "--yes", "--json")
    configure(server, envelope={"file": str(file)})
    server.start()
    configure(server, envelope=vault.form(), previous_envelope={"file": str(file)})
    server.restart()
    for name, value in server.company.environ.items():
        actas.environ[name] = value
    done = actas(*rewrap)
    assert done.code == 0, done.err
    assert done.document["rows"] > 3
    assert done.document["left"] == 0
    file.unlink()
    configure(server, envelope=vault.form())
    server.restart()

    vault.rotate()
    done = actas(*rewrap)
    assert done.document["rows"] == 0
    assert done.document["service"] == "vault-transit:transit/actas"
    assert wrapped(server)["vault-transit:transit/actas"].startswith("vault:v2:")
    vault.keys["actas"].min_decryption_version = 2
    server.restart()
    assert server.post(server.company.own()).status == 200
    events = [one["event"] for one in server.events() if one["event"].startswith("keys:")]
    assert events.count("keys:rewrapped") == 1
    assert events.count("keys:wrapped") == 2


@pytest.mark.requirement("SEC-92")
def test_nodes_on_one_database_share_the_key_that_one_of_them_made(
    tmp_path: Path, vault: Vault, postgres: str
) -> None:
    one, two = (RealServer(tmp_path / name, database=postgres) for name in ("one", "two"))
    two.issuer = one.issuer
    try:
        for server in (one, two):
            server.company.tree["server"]["issuer"] = one.issuer
            configure(server, envelope=vault.form())
            server.launch()
        for server in (one, two):
            server.wait_until_ready()
        assert one.get("/jwks").json == two.get("/jwks").json
        assert (one.stop(), two.stop()) == (0, 0)
    finally:
        one.close()
        two.close()


@pytest.mark.requirement("SEC-92")
def test_aws_kms_keeps_the_key_of_a_whole_server(
    tmp_path: Path, actas: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTING")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of nobody")
    server = RealServer(tmp_path)
    try:
        with mock_aws():
            kms = boto3.client("kms", region_name="eu-central-1")
            arn = kms.create_key()["KeyMetadata"]["Arn"]
            configure(server, envelope={"provider": "aws-kms", "key": arn})
            for name, value in server.company.environ.items():
                actas.environ[name] = value

            async def first() -> None:
                from actas.app.foundation import foundation
                from actas.settings.load import read

                draft = read([server.company.file], dev=True, environ=server.company.environ)
                async with foundation(draft, dev=True, create=True) as base:
                    assert base.ring.created

            asyncio.run(first())
            assert list(wrapped(server)) == [f"aws-kms:{arn}"]
            listed = actas("keys", "list", "-c", str(server.company.file), "--dev", "--json")
            assert (listed.code, len(listed.document["items"])) == (0, 2)
        with mock_aws():  # another account, as it were
            refused = actas("keys", "list", "-c", str(server.company.file), "--dev", "--json")
            assert (refused.code, refused.error["code"]) == (3, "key_service")
            assert "AWS KMS does not decrypt" in refused.error["message"]
    finally:
        server.close()


@pytest.mark.requirement("REL-28", "SEC-92")
def test_a_backup_brings_the_wrapped_key_that_opens_it_and_is_of_no_use_without_the_service(
    server: RealServer, vault: Vault, actas: Program, tmp_path: Path
) -> None:
    config = ("-c", str(server.company.file), "--dev")
    backup = tmp_path / "backup"
    server.start()
    ran = actas("db", "backup", str(backup), *config, environ=server.environ)
    assert ran.code == 0, ran.err
    before = wrapped(server)
    assert server.stop() == 0
    shutil.rmtree(server.data)
    vault.sealed = True
    refused = actas("db", "restore", str(backup), *config, environ=server.environ)
    assert refused.code == 4
    assert "Vault is sealed" in refused.err
    assert not server.data.exists()
    vault.sealed = False
    ran = actas("db", "restore", str(backup), *config, environ=server.environ)
    assert ran.code == 0, ran.err
    assert wrapped(server) == before
    server.start()
    assert server.post(server.company.own()).status == 200
    assert server.verdict().whole
