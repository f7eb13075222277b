"""Secrets and keys by reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import (
    ACME_ENVIRONMENT,
    PEPPER,
    acme,
    complaints,
    loaded,
    named,
    sentences,
    write,
)

from actas.core.secret import Secret
from actas.crypto.passwords import secret_matches
from actas.settings.faults import ConfigurationFaults
from actas.settings.forms import ClientReference
from actas.settings.load import read

SECRET = "6f1e0c9a7d3b52848b6f1e0c9a7d3b52"


def with_secret(secret: object) -> dict[str, Any]:
    tree = acme()
    named(tree, "clients", "desk-app")["auth"]["secret"] = secret
    return tree


def private_file(folder: Path, text: str | bytes, *, mode: int = 0o600) -> Path:
    path = folder / "desk.secret"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


@pytest.mark.requirement("SEC-13")
def test_a_secret_leaves_as_a_keyed_digest_and_in_no_other_form(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, acme()).definitions
    auth = definitions.clients["desk-app"].auth
    digests = auth.live_digests(0)
    assert (len(digests), len(auth.live_digests(5e9))) == (2, 1)
    for name in ("DESK_APP_SECRET", "DESK_APP_NEXT_SECRET"):
        assert secret_matches(ACME_ENVIRONMENT[name], digests, PEPPER)
    assert not any(value in repr(definitions) for value in ACME_ENVIRONMENT.values())


@pytest.mark.requirement("SEC-02")
def test_without_a_pepper_no_secret_opens_anything(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, acme(), pepper=None).definitions
    assert definitions.clients["desk-app"].auth.secret_digests == ()


def test_a_file_beside_the_configuration_holds_a_secret(tmp_path: Path) -> None:
    private_file(tmp_path, SECRET + "\n")
    definitions = loaded(tmp_path, with_secret({"file": "desk.secret"})).definitions
    assert secret_matches(SECRET, definitions.clients["desk-app"].auth.secret_digests, PEPPER)


def test_a_systemd_credential_holds_a_secret(tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    private_file(folder, SECRET, mode=0o400)
    environ = {**ACME_ENVIRONMENT, "CREDENTIALS_DIRECTORY": str(folder)}
    definitions = loaded(tmp_path, with_secret({"file": "desk.secret"}), environ=environ).definitions
    assert secret_matches(SECRET, definitions.clients["desk-app"].auth.secret_digests, PEPPER)
    (outside,) = sentences(folder, with_secret({"file": "../desk.secret"}), environ=environ)
    assert "there is no such file" in outside


@pytest.mark.requirement("REL-30", "SEC-13")
def test_a_secret_written_in_the_file_is_an_error_and_with_dev_a_warning(tmp_path: Path) -> None:
    message = "a secret is written in the file; use { env: … } or { file: … }"
    assert sentences(tmp_path, with_secret(SECRET)) == [f"clients[4].auth.secret: {message}"]
    assert sentences(tmp_path, with_secret([{"env": "DESK_APP_SECRET"}, SECRET])) == [
        f"clients[4].auth.secret[1]: {message}"
    ]
    result = loaded(tmp_path, with_secret(SECRET), dev=True)
    assert [fault.message for fault in result.warnings] == [message]
    assert secret_matches(SECRET, result.definitions.clients["desk-app"].auth.secret_digests, PEPPER)


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o602])
def test_a_secret_file_that_others_may_use_is_an_error_and_with_dev_a_warning(
    tmp_path: Path, mode: int
) -> None:
    path = private_file(tmp_path, SECRET, mode=mode)
    tree = with_secret({"file": "desk.secret"})
    complaint = (
        f"clients[4].auth.secret.file: others than its owner may use {path}; make it private: chmod 600"
    )
    assert sentences(tmp_path, tree) == [complaint.replace(f"{tmp_path}/", "")]
    assert [fault.severity for fault in loaded(tmp_path, tree, dev=True).warnings] == ["warning"]


@pytest.mark.requirement("SEC-17", "REL-30")
@pytest.mark.parametrize("dev", [False, True])
@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        ("hunter2", "the secret is shorter than 32 characters"),
        ("x" * 31, "the secret is shorter than 32 characters"),
        ("x" * 64, "the secret is too regular or not one line"),
        ("abcabcabcabcabcabcabcabcabcabcabcabc", "the secret is too regular or not one line"),
        (SECRET + "\n" + SECRET, "the secret is too regular or not one line"),
        ("change-me-before-you-go-to-production", "the secret is still the placeholder of an example"),
        ("CHANGEME 0123456789 0123456789 01234", "the secret is still the placeholder of an example"),
        ("your_secret_of_at_least_32_characters", "the secret is still the placeholder of an example"),
    ],
)
def test_a_weak_or_default_secret_is_refused_everywhere(
    tmp_path: Path, *, dev: bool, secret: str, complaint: str
) -> None:
    environ = {**ACME_ENVIRONMENT, "DESK_APP_SECRET": secret}
    (found,) = sentences(tmp_path, acme(), environ=environ, dev=dev)
    assert found.startswith(f"clients[4].auth.secret[0]: {complaint}")
    assert secret not in found


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        ({"env": "NOWHERE"}, "clients[4].auth.secret.env: the environment variable NOWHERE is not set"),
        ({"env": "EMPTY"}, "clients[4].auth.secret.env: the environment variable EMPTY is empty"),
        (
            {"env": "A-B"},
            "clients[4].auth.secret.env: is not the name of an environment variable, such as ORDERS_SECRET",
        ),
        ({"file": "absent"}, "clients[4].auth.secret.file: absent: there is no such file"),
        ({"file": "acme"}, "clients[4].auth.secret.file: acme: is not a regular file"),
        ({"file": "desk.secret"}, "clients[4].auth.secret.file: desk.secret: is not text"),
        (
            {"file": "x", "env": "Y"},
            f"clients[4].auth.secret: say where it is kept, in one way: {ClientReference.ways}",
        ),
        ({}, "clients[4].auth.secret: is empty; give it a field, or leave it out"),
        ([], "clients[4].auth.secret: is empty; name at least one, or leave the field out"),
        ([{"env": "DESK_APP_SECRET"}] * 3, "clients[4].auth.secret: must have at most 2 entries"),
        (7, "clients[4].auth.secret: must be a mapping"),
        (
            {"vault": "x"},
            'clients[4].auth.secret.vault: there is no field "vault" here (there is env, file, generated, until)',
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(tmp_path: Path, secret: object, complaint: str) -> None:
    private_file(tmp_path, b"\xff\xfe" * 20)
    environ = {**ACME_ENVIRONMENT, "EMPTY": ""}
    assert sentences(tmp_path, with_secret(secret), environ=environ) == [complaint]


def jwks(folder: Path, content: object) -> list[str]:
    tree = acme()
    named(tree, "clients", "assistant")["auth"]["jwks"] = [{"file": "key.json"}]
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "key.json").write_text(text, encoding="utf-8")
    return sentences(folder, tree)


def public(name: str = "assistant") -> dict[str, Any]:
    path = Path(__file__).parents[2] / "vectors" / "acme" / f"{name}.pub.json"
    key: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return key


@pytest.mark.requirement("SEC-17")
def test_a_key_that_does_not_verify_is_refused(tmp_path: Path) -> None:
    where = "clients[0].auth.jwks[0].file: key.json: "
    assert jwks(tmp_path, {**public(), "d": "AA"}) == [
        where + "the key has private members; only its public half belongs here"
    ]
    assert jwks(tmp_path, {"kty": "oct", "k": "AAAA"}) == [where + "a symmetric key is no public key"]
    assert len(jwks(tmp_path, {**public(), "x": public()["y"]})) == 1
    assert jwks(tmp_path, {**public(), "crv": "P-192"}) == [
        where + "the curve is not P-256, P-384 or Ed25519"
    ]
    weak = {"kty": "RSA", "e": "AQAB", "n": public("helpdesk")["n"][:170]}
    assert len(jwks(tmp_path, weak)) == 1
    for nothing in (
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": ["x"]}',
        '{"keys": {}}',
        '{"kty": "EC", "kty": "EC"}',
    ):
        assert len(jwks(tmp_path, nothing)) == 1, nothing
    assert jwks(tmp_path, {"keys": [public(), public()]}) == [
        where + "there is another key with the same kid"
    ]


def test_a_key_must_be_for_an_algorithm_that_is_registered(tmp_path: Path) -> None:
    tree = acme()
    named(tree, "clients", "assistant")["auth"]["algorithms"] = ["RS256"]
    (complaint,) = sentences(tmp_path, tree)
    assert complaint == (
        "clients[0].auth.jwks[0].file: acme/assistant.pub.json: the key is for an algorithm that is not allowed here"
    )


def test_an_envelope_key_that_is_not_there_yet_is_left_to_its_reader(tmp_path: Path) -> None:
    assert loaded(tmp_path, acme()).definitions.keys.envelope.path == tmp_path / "envelope.key"
    tree = acme()
    del tree["keys"]
    assert loaded(tmp_path, tree).definitions.keys.envelope.path == Path("/var/lib/actas/envelope.key")
    (tmp_path / "envelope.key").write_bytes(b"x" * 32)
    (tmp_path / "envelope.key").chmod(0o640)
    (complaint,) = sentences(tmp_path, acme())
    assert "others than its owner may use" in complaint
    (tmp_path / "envelope.key").unlink()
    (tmp_path / "envelope.key").mkdir()
    assert sentences(tmp_path, acme()) == ["keys.envelope.file: envelope.key: is not a regular file"]


@pytest.mark.requirement("SEC-17")
def test_an_envelope_key_in_the_environment_must_be_there_and_strong(tmp_path: Path) -> None:
    tree = acme()
    tree["keys"]["envelope"] = {"env": "ENVELOPE"}
    assert sentences(tmp_path, tree) == ["keys.envelope.env: the environment variable ENVELOPE is not set"]
    (weak,) = sentences(tmp_path, tree, environ={**ACME_ENVIRONMENT, "ENVELOPE": "x"})
    assert weak.startswith("keys.envelope: the secret is shorter than 32 characters")


def test_no_message_repeats_a_secret_in_the_wrong_place(tmp_path: Path) -> None:
    tree = acme()
    secret = "s3cr3t-in-the-wrong-place-9f8e7d6c5b4a"
    for client in tree["clients"]:
        client["grants"] = [secret]
        client["kind"] = secret
        client["auth"] = {"method": secret, "secret": secret}
    tree["keys"]["signing"]["algorithm"] = secret
    tree["server"]["listen"] = secret
    tree["server"]["workers"] = secret
    tree["server"]["issuer"] = secret
    with pytest.raises(ConfigurationFaults) as caught:
        loaded(tmp_path, tree)
    assert len(caught.value.errors) > 20
    assert secret not in str(caught.value)
    assert not complaints(tmp_path, acme())


def test_the_envelope_key_is_read_even_where_client_secrets_are_not_needed(tmp_path: Path) -> None:
    """Commands over the data folder open it with this key, and authenticate nobody."""
    tree = acme()
    tree["keys"]["envelope"] = {"env": "ENVELOPE"}
    path = write(tmp_path, tree)
    key = "7a9b1c3d5e7f9a0b7a9b1c3d5e7f9a0b7a9b1c3d5e7f9a0b"
    draft = read([path], dev=False, environ={"ENVELOPE": key}, secrets="ignored")
    assert draft.keys.envelope.text == Secret(key)
