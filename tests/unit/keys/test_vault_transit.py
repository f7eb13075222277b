"""Vault's transit engine as a key service: what is asked, and what an answer means at three in the morning."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from tests.fakes.sealer import envelope_key
from tests.fakes.vault import TOKEN, Vault

from actas.core.secret import Secret
from actas.keys.services import KeyServiceFailed, new_wrapped_key, sealer_of, wrapped_again
from actas.keys.vault_transit import VaultTransit
from actas.net.fetch import GuardedFetch

KEY = envelope_key()


@pytest.fixture
def vault() -> Iterator[Vault]:
    with Vault() as running:
        yield running


def service(
    vault: Vault,
    *,
    key: str = "actas",
    mount: str = "transit",
    token: str = TOKEN,
    namespace: str | None = None,
    address: str | None = None,
) -> VaultTransit:
    return VaultTransit(
        GuardedFetch(dev=True),
        address=address or vault.address,
        mount=mount,
        key=key,
        namespace=namespace,
        token=Secret(token),
    )


async def failing(asked: VaultTransit, wrapped: str | None = None) -> KeyServiceFailed:
    with pytest.raises(KeyServiceFailed) as failed:
        await (asked.wrap(KEY) if wrapped is None else asked.unwrap(wrapped))
    assert TOKEN not in failed.value.detail
    assert base64.b64encode(KEY).decode() not in failed.value.detail
    return failed.value


@pytest.mark.requirement("SEC-92")
async def test_what_is_wrapped_comes_back_and_is_not_what_is_kept(vault: Vault) -> None:
    asked = service(vault)
    wrapped = await asked.wrap(KEY)
    assert wrapped.startswith("vault:v1:")
    assert await asked.unwrap(wrapped) == KEY
    path, headers = vault.asked[0]
    assert path == "/v1/transit/encrypt/actas"
    assert headers["x-vault-token"] == TOKEN
    assert headers["x-vault-request"] == "true"
    assert asked.name == "vault-transit:transit/actas"


async def test_a_namespace_and_another_mount_are_named() -> None:
    with Vault(namespace="teams/platform", mount="kms/transit") as vault:
        asked = service(vault, namespace="teams/platform", mount="kms/transit")
        assert await asked.unwrap(await asked.wrap(KEY)) == KEY
        assert asked.name == "vault-transit:teams/platform/kms/transit/actas"
        assert "route entry not found" in (await failing(service(vault, mount="kms/transit"))).detail


@pytest.mark.requirement("REL-08")
async def test_after_a_rotation_it_is_wrapped_under_the_newest_version(vault: Vault) -> None:
    asked = service(vault)
    old = await new_wrapped_key(asked)
    vault.rotate()
    new = await wrapped_again(asked, old)
    assert (old[:9], new[:9]) == ("vault:v1:", "vault:v2:")
    assert (await sealer_of(asked, old)).key_id == (await sealer_of(asked, new)).key_id
    vault.keys["actas"].min_decryption_version = 2
    failed = await failing(asked, old)
    assert "status 400: ciphertext or signature version is disallowed by policy (too old)" in failed.detail
    assert "min_decryption_version" in failed.hint
    assert not failed.away
    assert (await sealer_of(asked, new)).key_id


@pytest.mark.parametrize(
    ("change", "status", "away", "hint"),
    [
        ({"token": "hvs.another"}, 403, False, "the token may have expired"),
        ({"key": "misspelt"}, 403, False, "update on MOUNT/encrypt/KEY"),
        ({"mount": "nowhere"}, 404, False, "keys.envelope.mount"),
        ({"namespace": "others"}, 404, False, "namespace"),
    ],
)
async def test_what_is_configured_wrongly_is_said_with_what_to_look_at(
    change: dict[str, str], status: int, away: bool, hint: str, vault: Vault
) -> None:
    failed = await failing(service(vault, **change))
    assert f"status {status}" in failed.detail
    assert vault.address in failed.detail
    assert failed.away is away
    assert hint in failed.hint
    assert list(vault.keys) == ["actas"]


async def test_a_sealed_vault_is_away(vault: Vault) -> None:
    asked = service(vault)
    wrapped = await asked.wrap(KEY)
    vault.sealed = True
    failed = await failing(asked, wrapped)
    assert failed.away
    assert "status 503: Vault is sealed" in failed.detail
    vault.sealed = False
    assert await asked.unwrap(wrapped) == KEY


async def test_a_vault_that_is_not_there_is_away(vault: Vault) -> None:
    failed = await failing(service(vault, address="http://127.0.0.1:1"))
    assert failed.away
    assert "is Vault up" in failed.hint


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"{}",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {"ciphertext": 1, "plaintext": 1}}',
        b'{"data": {"ciphertext": "aGk=", "plaintext": "not base64"}}',
    ],
)
async def test_an_answer_that_is_none_of_vaults_is_refused(answer: bytes, vault: Vault) -> None:
    vault.answers = (200, answer)
    for wrapped in (None, "vault:v1:x"):
        failed = await failing(service(vault), wrapped)
        assert not failed.away
        assert "is it Vault that answers" in failed.hint


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"errors": "x"}', b'{"errors": [1, {}]}', b"[" * 5000])
async def test_an_error_that_cannot_be_read_is_told_by_its_status(body: bytes, vault: Vault) -> None:
    vault.answers = (502, body)
    failed = await failing(service(vault))
    assert failed.away
    assert failed.detail.endswith("status 502")


async def test_a_long_error_is_cut(vault: Vault) -> None:
    vault.answers = (500, json.dumps({"errors": ["x" * 100_000]}).encode())
    assert len((await failing(service(vault))).detail) < 500


@pytest.mark.requirement("SEC-17", "SEC-92")
async def test_another_secret_that_was_wrapped_is_no_envelope_key(vault: Vault) -> None:
    asked = service(vault)
    for secret in (b"", b"short", b"A" * 32, b"correct horse battery staple 123"):
        wrapped = await asked.wrap(secret)
        with pytest.raises(KeyServiceFailed, match="no envelope key") as failed:
            await sealer_of(asked, wrapped)
        assert secret.decode() == "" or secret.decode() not in failed.value.detail


class Forgetful(VaultTransit):
    """A service that answers with another key than it was given."""

    async def unwrap(self, wrapped: str) -> bytes:
        return envelope_key("another")


async def test_a_key_that_the_service_does_not_give_back_is_not_used(vault: Vault) -> None:
    asked = Forgetful(
        GuardedFetch(dev=True),
        address=vault.address,
        mount="transit",
        key="actas",
        namespace=None,
        token=Secret(TOKEN),
    )
    with pytest.raises(KeyServiceFailed, match="does not unwrap what it wrapped"):
        await new_wrapped_key(asked)
