"""Hints at what was meant in a rehearsed request: only where there is nothing of that name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.company import TICKETS, TICKETS_API, connection
from tests.fakes.configuration import acme, loaded
from tests.fakes.crossing import crossing, grant_form
from tests.fakes.house import ORDERS
from tests.fakes.redeeming import standing_in

from actas.app.compiled import catalog_of
from actas.cli.misspelt import misspelt, ways_abroad, ways_of_entry, ways_there
from actas.core.permit import ExchangeRequest
from actas.core.wire import ACCESS_TOKEN, ID_JAG, JWT, TOKEN_EXCHANGE


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


TO: Final = f"web-to-tickets leads to {TICKETS} with {TICKETS_API}"
BY_ID_JAG: Final = connection()
BY_JWT: Final = connection(grant="jwt")
BY_US: Final = standing_in()


@pytest.mark.parametrize(
    ("there", "requested", "how"),
    [
        (BY_ID_JAG, ID_JAG, ""),
        (BY_ID_JAG, JWT, ", for ID-JAGs (--for id-jag)"),
        (BY_ID_JAG, ACCESS_TOKEN, ", for ID-JAGs (--for id-jag)"),
        (BY_JWT, JWT, ""),
        (BY_JWT, ID_JAG, ", for plain grants (--for jwt)"),
        (BY_US, ID_JAG, ", which this server redeems: ask without --for"),
        (BY_US, JWT, ", which this server redeems: ask without --for"),
        (BY_US, ACCESS_TOKEN, ""),
    ],
)
def test_where_a_connection_leads_is_said_with_how_it_is_asked_for(
    there: Any, requested: str, how: str
) -> None:
    catalog = crossing(connections=[there]).catalog
    assert [*ways_abroad("web", [TICKETS], catalog, requested=requested)] == [f"{TO}{how}"]


@pytest.mark.parametrize(
    ("there", "named", "hints"),
    [
        (BY_ID_JAG, TICKETS, [f"{TO}, for ID-JAGs (--for id-jag)"]),
        (BY_ID_JAG, TICKETS_API, [f"{TO}, for ID-JAGs (--for id-jag)"]),
        (BY_JWT, TICKETS, [f"{TO}, for plain grants (--for jwt)"]),
        (BY_US, f"{TICKETS_API}s", [f'did you mean "{TICKETS_API}"?', TO]),
        (BY_US, ORDERS, []),
        (BY_US, "https://wholly.different.example", []),
        (connection("it", client="assistant"), TICKETS, []),
    ],
)
def test_what_no_api_here_is_and_a_connection_leads_to_is_said(
    there: Any, named: str, hints: list[str]
) -> None:
    assert [*ways_there("web", [named], crossing(connections=[there]).catalog)] == hints


@pytest.mark.parametrize(("there", "named"), [(BY_ID_JAG, TICKETS), (BY_US, f"{TICKETS_API}s")])
async def test_an_entry_of_it_is_told_the_same(there: Any, named: str) -> None:
    it = crossing(connections=[there])
    form = grant_form(it, requested_token_type=str(ACCESS_TOKEN), audience=[], resource=named)
    refused = await it.turned_away(form)
    assert refused.reason == "unknown_target"
    event = it.writer.events[-1]
    assert [*ways_of_entry(event, it.catalog)] == [*ways_there("web", [named], it.catalog)] != []
