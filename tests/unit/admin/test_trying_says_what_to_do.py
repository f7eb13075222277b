"""What people are told of a connection that was tried, beyond who would refuse: what to say or do next."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.company import connection
from tests.fakes.crossing import crossing
from tests.fakes.trying import legs
from tests.unit.admin.test_refusals_across_domains_are_explained import text_of
from tests.unit.admin.test_trying import KNOWN, OF_CORP, WELL

from actas.cli.tried import lines_of_trial

HINT = """→ say it for their issuer: --claims '{"groups": …}'"""


async def told(**asked: Any) -> str:
    there = connection(people=OF_CORP)
    found = await legs(
        crossing(issuers=(KNOWN,), connections=[there]), WELL, there, "dana@acme.example", **asked
    )
    documents = [one.document() for one in found]
    lines = lines_of_trial({"connection": there.name, "grant": None}, documents, decided_there=False)
    return "\n".join(map(text_of, lines))


async def test_what_the_mapping_of_their_issuer_needs_and_nobody_said_is_named() -> None:
    said = await told()
    assert "claims.groups: there is no groups" in said
    assert HINT in said


@pytest.mark.parametrize("groups", [["support"], ["sales"]])
async def test_nothing_is_to_be_said_where_it_was(groups: list[str]) -> None:
    assert "--claims" not in await told(claims={"groups": groups})
