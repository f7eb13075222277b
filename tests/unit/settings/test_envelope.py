"""Where the envelope key is: one place, said whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, loaded, sentences

VAULT = {
    "provider": "vault-transit",
    "address": "https://vault.acme.example:8200",
    "key": "actas",
    "token": {"env": "VAULT_TOKEN"},
}
ENVIRONMENT = {**ACME_ENVIRONMENT, "VAULT_TOKEN": "hvs.short"}


def with_envelope(form: Any) -> dict[str, Any]:
    tree = acme()
    tree["keys"]["envelope"] = form
    return tree


def test_vault_is_named_with_what_it_needs(tmp_path: Path) -> None:
    source = loaded(tmp_path, with_envelope(VAULT), environ=ENVIRONMENT).definitions.keys.envelope
    assert (source.path, source.text) == (None, None)
    service = source.service
    assert service is not None
    assert (service.provider, service.key, service.mount) == ("vault-transit", "actas", "transit")
    assert service.address == "https://vault.acme.example:8200"
    # However short: others made it.
    assert service.token is not None
    assert service.token.reveal() == "hvs.short"
    assert "hvs.short" not in repr(source)


def test_aws_kms_is_named_by_its_key_alone(tmp_path: Path) -> None:
    form = {"provider": "aws-kms", "key": "alias/actas"}
    tree = with_envelope(form)
    tree["keys"]["previous_envelope"] = {"file": "envelope.key"}
    keys = loaded(tmp_path, tree).definitions.keys
    assert keys.envelope.service is not None
    assert (keys.envelope.service.region, keys.envelope.service.address) == (None, None)
    assert keys.previous_envelope is not None
    assert keys.previous_envelope.path == tmp_path / "envelope.key"


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (
            {"file": "a", "provider": "aws-kms", "key": "k"},
            "keys.envelope: say where it is kept, in one way: { file: PATH }, { env: NAME } or { provider: …,",
        ),
        ({"key": "k"}, "keys.envelope: say where it is kept, in one way"),
        ({"file": "a", "key": "k"}, "keys.envelope: key belongs to a key service: say which provider"),
        ({"provider": "aws-kms"}, "keys.envelope: aws-kms needs key"),
        ({"provider": "aws-kms", "key": "k", "mount": "m"}, "keys.envelope: mount is no field of aws-kms"),
        ({"provider": "vault-transit", "key": "k"}, "keys.envelope: vault-transit needs address and token"),
        ({**VAULT, "region": "r"}, "keys.envelope: region is no field of vault-transit"),
        ({**VAULT, "key": "a/b"}, "keys.envelope: key is the name of a key of the transit engine"),
        ({**VAULT, "mount": "../sys"}, "keys.envelope.mount: must be a path"),
        ({**VAULT, "mount": "transit/"}, "keys.envelope.mount: must be a path"),
        ({**VAULT, "namespace": "a?b"}, "keys.envelope.namespace: must be a path"),
        ({**VAULT, "address": "https://vault.acme.example/"}, "keys.envelope.address: must not end with a"),
        ({**VAULT, "address": "http://127.0.0.1:8200"}, "keys.envelope.address: must be https outside --dev"),
        ({**VAULT, "token": {"env": "NOWHERE"}}, "keys.envelope.token.env: the environment variable NOWHERE"),
        ({"provider": "gcp-kms", "key": "k"}, "keys.envelope.provider: gcp-kms is not part of this release"),
        ({"provider": "aws-kmz", "key": "k"}, "keys.envelope.provider: must be aws-kms or vault-transit"),
    ],
)
def test_what_is_not_clear_is_refused(form: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    (said,) = sentences(tmp_path, with_envelope(form), environ=ENVIRONMENT)
    assert said.startswith(sentence)


def test_a_token_that_is_written_into_the_file_is_an_error_and_never_in_the_digest(tmp_path: Path) -> None:
    token = "hvs.CAESIJ-written-into-the-file"
    tree = with_envelope({**VAULT, "token": token})
    (said,) = sentences(tmp_path, tree)
    assert said.startswith("keys.envelope.token: a secret is written in the file")
    assert token not in said
    one = loaded(tmp_path, tree, dev=True).definitions.digest
    other = with_envelope({**VAULT, "token": "hvs.another"})
    assert loaded(tmp_path, other, dev=True).definitions.digest == one
    assert (
        loaded(tmp_path, with_envelope({**VAULT, "key": "b", "token": token}), dev=True).definitions.digest
        != one
    )


def test_the_environment_steps_into_it(tmp_path: Path) -> None:
    environ = {**ENVIRONMENT, "ACTAS_KEYS__ENVELOPE__KEY": "other"}
    source = loaded(tmp_path, with_envelope(VAULT), environ=environ).definitions.keys.envelope
    assert source.service is not None
    assert source.service.key == "other"
