"""A connection whose grants are to be encrypted, and whose other side has no key: the refusal is ours."""

from __future__ import annotations

import pytest
from tests.fakes.company import TICKETS
from tests.fakes.crossing import refused
from tests.fakes.house import House
from tests.fakes.trying import trial_of
from tests.unit.admin.test_refusals_across_domains_are_explained import text_of
from tests.unit.admin.test_refusals_that_no_rule_decided import keyless
from tests.unit.admin.test_trying import WELL

from actas.admin.imagining import Asked
from actas.admin.trying import Tried
from actas.cli.tried import blamed, lines_of_trial


async def tried(it: House, who: str = "alice") -> Tried:
    (there,) = it.connections
    return await trial_of(it, WELL).of(there, Asked(who=who))


@pytest.mark.requirement("JAG-153", "SEC-45")
async def test_a_connection_that_is_tried_refuses_on_our_side_where_there_is_no_key() -> None:
    it = keyless()
    told = await tried(it)
    ours, theirs = told.legs
    real = await refused(it)
    assert ours.decision is not None
    assert (ours.says, theirs.says, told.grant) == ("no", "yes", None)
    assert (ours.decision.error, ours.decision.reason, ours.decision.detail) == (
        real.code,
        real.reason,
        real.detail,
    )
    documents = [one.document() for one in told.legs]
    assert [one["ours"] for one in blamed(documents)] == [True]
    text = "\n".join(
        map(text_of, lines_of_trial({"connection": "it", "grant": told.grant}, documents, decided_there=True))
    )
    assert "invalid_target, no_encryption_key" in text
    assert text.index("no grant is given until it has one") < text.index(f"  2 ? {TICKETS[8:]}")
    assert "not asked what it would say: there would be no grant" in text


@pytest.mark.requirement("JAG-153", "SEC-45")
async def test_what_the_rules_refuse_comes_before_a_key_that_is_missing() -> None:
    ours, theirs = (await tried(keyless(), "olga")).legs
    assert ours.decision is not None
    assert (ours.says, ours.decision.reason, theirs.says) == ("no", "no_rule", "yes")


@pytest.mark.requirement("JAG-153")
async def test_a_server_that_does_not_answer_is_no_refusal_of_ours() -> None:
    ours, theirs = (await tried(keyless(away=True))).legs
    assert (ours.says, theirs.says) == ("yes", "unreachable")
