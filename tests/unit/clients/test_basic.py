"""HTTP Basic: one reading of the pair, and a refusal for everything else."""

from __future__ import annotations

import base64
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actas.clients.basic import read_basic
from actas.core.errors import InvalidClient
from actas.core.secret import Secret

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def header(pair: bytes, scheme: str = "Basic") -> Secret:
    return Secret(f"{scheme} {base64.b64encode(pair).decode()}")


@pytest.mark.requirement("TX-101")
@given(texts.filter(bool), texts)
def test_every_pair_that_is_encoded_comes_back(name: str, secret: str) -> None:
    found, hidden = read_basic(header(f"{quote_plus(name)}:{quote_plus(secret)}".encode()))
    assert (found, hidden.reveal()) == (name, secret)


@pytest.mark.requirement("TX-101")
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_has_no_case(scheme: str) -> None:
    assert read_basic(header(b"a:b", scheme))[0] == "a"


@pytest.mark.requirement("TX-101", "SEC-04")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic",
        "Basic ====",
        "Basic YQ",
        "Basic YTpi!",
        "Basic " + "A" * 9000,
        "Basic\tYTpi",
        "Token YTpi",
        "YTpi",
    ],
)
def test_anything_else_is_an_invalid_client_with_a_challenge(value: str) -> None:
    with pytest.raises(InvalidClient) as refused:
        read_basic(Secret(value))
    assert refused.value.challenge
    encoded = value.partition(" ")[2]
    assert not encoded or encoded not in str(refused.value)


@pytest.mark.requirement("TX-101")
@pytest.mark.parametrize("pair", [b"", b"a", b":b", b"\xff:b", "ä:b".encode(), b"%ff:b", b"a:%ff"])
def test_a_pair_that_is_none_is_refused(pair: bytes) -> None:
    with pytest.raises(InvalidClient):
        read_basic(header(pair))
