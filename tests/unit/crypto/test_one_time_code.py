"""One-time codes of an app."""

from __future__ import annotations

import pytest

from actas.crypto.one_time_code import STEP, address_of, step_at, step_of, written

SECRET = b"12345678901234567890"
"""That of RFC 6238 appendix B, for SHA-1; its codes of eight digits end with ours of six."""

VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]


@pytest.mark.parametrize(("now", "code"), VECTORS)
def test_the_codes_of_the_rfc_are_known(now: int, code: str) -> None:
    assert step_of(code, secret=SECRET, now=now) == step_at(now)


@pytest.mark.parametrize(("now", "code"), VECTORS[1:])
def test_a_code_is_good_one_step_before_and_after_and_no_longer(now: int, code: str) -> None:
    for early in (-1, 0, 1):
        assert step_of(code, secret=SECRET, now=now + early * STEP) == step_at(now)
    for early in (-2, 2):
        assert step_of(code, secret=SECRET, now=now + early * STEP) is None


@pytest.mark.requirement("SEC-13", "SEC-04")
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "28708",
        "2870820",
        "287083",
        "28708x",
        "٢٨٧٠٨٢",
        "\uff12\uff18\uff17\uff10\uff18\uff12",
        "\ud800" * 6,
        "-87082",
        "x" * 10_000,
    ],
)
def test_what_is_no_code_is_a_wrong_code(typed: str) -> None:
    assert step_of(typed, secret=SECRET, now=59) is None


def test_spaces_are_no_part_of_a_code() -> None:
    assert step_of(" 287 082\n", secret=SECRET, now=59) == 1


def test_an_app_is_told_everything_it_needs() -> None:
    address = address_of(SECRET, account="alice@acme.example", issuer="Actas at Acme")
    assert address.startswith("otpauth://totp/Actas%20at%20Acme:alice%40acme.example?")
    assert f"secret={written(SECRET)}" in address
    assert "digits=6" in address
    assert "period=30" in address
    assert written(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
