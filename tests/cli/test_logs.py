"""Nothing shaped like a secret passes into the logs."""

from __future__ import annotations

import json
import secrets

import pytest
import structlog

from actas.cli.logs import configure, without_secrets
from actas.crypto import jose


@pytest.mark.parametrize(
    "secret",
    [
        jose.sign({"iss": "a"}, key=jose.PrivateKey.generate("ES256"), typ="JWT"),
        secrets.token_urlsafe(32),
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----",
    ],
)
def test_a_secret_is_replaced_by_a_digest(secret: str) -> None:
    shown = without_secrets(f"before {secret} after")
    assert secret not in shown
    assert shown.startswith("before [removed ")
    assert shown.endswith("] after")
    assert without_secrets(secret) == without_secrets(secret)


@pytest.mark.parametrize("text", ["a" * 30, "0" * 64, "/var/lib/actas/data/audit/streams/one/two/three.db"])
def test_ordinary_text_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_a_server_writes_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    secret = secrets.token_urlsafe(32)
    configure()
    try:
        structlog.get_logger("actas").error("it failed", detail=f"with {secret}\nand a second line")
        (line,) = capsys.readouterr().err.splitlines()
        found = json.loads(line)
        assert found["event"] == "it failed"
        assert found["level"] == "error"
        assert secret not in line
    finally:
        structlog.reset_defaults()
