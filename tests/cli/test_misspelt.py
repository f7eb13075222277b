"""Hints at what was meant in a rehearsed request: only where there is nothing of that name."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.configuration import acme, loaded

from actas.app.compiled import catalog_of
from actas.cli.misspelt import misspelt
from actas.core.permit import ExchangeRequest
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE


@pytest.mark.parametrize(
    ("resource", "scope", "hints"),
    [
        ("HTTPS://Orders.Acme.Example", "orders:read", []),
        ("HTTPS://Orders.Acme.Example", "orders:raed", ['orders has no scope orders:raed; did you mean "orders:read"?']),
        ("https://orders.acme.exampel", "orders:read", ['did you mean "https://orders.acme.example"?']),
    ],
)  # fmt: skip
def test_an_api_is_found_by_its_address_in_any_letters_as_at_the_token_endpoint(
    tmp_path: Path, resource: str, scope: str, hints: list[str]
) -> None:
    catalog = catalog_of(loaded(tmp_path, acme()).definitions)
    request = ExchangeRequest(
        grant_type=TOKEN_EXCHANGE,
        subject=None,
        requested=ACCESS_TOKEN,
        resource=(resource,),
        scope=frozenset({scope}),
    )
    assert list(misspelt("orders", request, catalog)) == hints
