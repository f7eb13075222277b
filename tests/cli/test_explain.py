"""``actas explain`` for a request that is made up: over a real data folder, in process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.certificates import self_signed
from tests.fakes.forge import SigningKey
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Program
from tests.fakes.prover import Prover, x5t


@pytest.mark.parametrize(
    ("words", "why", "hint"),
    [
        (("web", "--audience", "ordres"), "there is no API 'ordres'", 'did you mean "orders"?'),
        (
            ("web", "--resource", "https://order.acme.example"),
            "there is no API with the audience 'https://order.acme.example'",
            'did you mean "https://orders.acme.example"?',
        ),
        (("webb", "--audience", "orders"), "the client 'webb' is unknown", 'did you mean "web"?'),
        (
            ("web", "--audience", "orders", "--scope", "orders:raed"),
            "not available on this path: orders:raed",
            'orders has no scope orders:raed; did you mean "orders:read"?',
        ),
        (
            ("web", "--scope", "orders:raed"),
            "no audience was sent, and no API of this client has these scopes",
            'no API of web has the scope orders:raed; did you mean "orders:read"?',
        ),
    ],
)
def test_what_was_probably_meant_is_said(
    actas: Program, kept: KeptLog, words: tuple[str, ...], why: str, hint: str
) -> None:
    actas.environ |= {"ACTAS_CONFIG": str(kept.file), "ACTAS_DEV": "1"}
    ran = actas("explain", "--own", "--client", *words)
    assert ran.code == 1
    assert f"\nWhy:               {why}\n                   {hint}\n" in ran.out
    found = actas("explain", "--own", "--client", *words, "--json").document
    assert (found["detail"], found["hints"]) == (why, [hint])


def test_a_request_without_a_slip_gets_no_hint(actas: Program, kept: KeptLog) -> None:
    actas.environ |= {"ACTAS_CONFIG": str(kept.file), "ACTAS_DEV": "1"}
    granted = actas("explain", "--own", "--client", "web", "--audience", "orders", "--json")
    assert (granted.code, granted.document["hints"]) == (0, [])
    refused = actas("explain", "--own", "--client", "web", "--audience", "inventory", "--json")
    assert (refused.code, refused.document["hints"]) == (1, [])


def test_an_entry_that_is_no_attempt_is_shown_by_another_command(actas: Program, kept: KeptLog) -> None:
    actas.environ |= {"ACTAS_CONFIG": str(kept.file), "ACTAS_DEV": "1"}
    (found,) = actas("audit", "search", "event:log:closed", "--json").document["items"]
    ran = actas("explain", "--entry", found["id"])
    assert ran.code == 1
    assert f"{found['id']} is log:closed, which is not an attempt" in ran.err
    assert f"actas audit show {found['id']}" in ran.err


@pytest.fixture
def binding(actas: Program, damaged: KeptLog) -> Program:
    """Over a configuration whose tokens must be bound to a DPoP key."""
    text = damaged.file.read_text(encoding="utf-8")
    damaged.file.write_text(text + "defaults: { token: { binding: dpop } }\n", encoding="utf-8")
    actas.environ |= {"ACTAS_CONFIG": str(damaged.file), "ACTAS_DEV": "1"}
    return actas


OWN = ("explain", "--own", "--client", "web", "--audience", "orders")


def test_a_key_that_would_be_proven_is_taken_into_account(binding: Program, tmp_path: Path) -> None:
    without = binding(*OWN, "--json")
    assert (without.code, without.document["reason"]) == (1, "binding_needed")
    with_key = binding(*OWN, "--dpop")
    assert with_key.code == 0
    assert "bound to the DPoP key" in with_key.out
    assert not (binding.home / "dpop.jwk").exists()  # it only looks

    mine = SigningKey.generate()
    (tmp_path / "mine.jwk").write_text(json.dumps(mine.private_jwk()))
    named = binding(*OWN, "--dpop", str(tmp_path / "mine.jwk"))
    assert f"bound to the DPoP key {Prover(mine).jkt[:8]}..." in named.out


def test_a_certificate_that_would_be_shown_is_taken_into_account(binding: Program, tmp_path: Path) -> None:
    owned, _ = self_signed(tmp_path, "web")
    ran = binding(*OWN, "--certificate", str(owned.file), "--json")
    assert (ran.code, ran.document["reason"]) == (1, "binding_needed")  # a DPoP key is asked for
    text = Path(binding.environ["ACTAS_CONFIG"]).read_text(encoding="utf-8")
    proxied = text.replace("data: ./data", "data: ./data, trusted_proxies: [10.0.0.0/8]")
    Path(binding.environ["ACTAS_CONFIG"]).write_text(proxied.replace("binding: dpop", "binding: mtls"))
    assert binding(*OWN).code == 1
    shown = binding(*OWN, "--certificate", str(owned.file))
    assert shown.code == 0
    assert f"bound to the certificate {x5t(owned.der)[:8]}..." in shown.out


@pytest.mark.parametrize("content", [None, "nonsense", "-----BEGIN CERTIFICATE-----\nx"])
def test_a_file_without_a_certificate_is_said(binding: Program, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "it.pem"
    if content is not None:
        path.write_text(content)
    ran = binding(*OWN, "--certificate", str(path))
    assert (ran.code, "holds no certificate in PEM" in ran.err) == (2, True)
