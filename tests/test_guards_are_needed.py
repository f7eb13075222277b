"""Every must of the specifications is needed: with it gone, a cell of the guard matrix is granted.

A check that could be deleted without a test turning red is a check that will be deleted one day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from actas.core.errors import OAuthError
from actas.core.lineage import Lineage
from actas.core.party import Identity
from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS
from actas.kinds import judge as judging
from actas.kinds.checks import EVERY_KIND, client_speaks_for_itself
from actas.kinds.kind import Check, Kind
from actas.policy.decide import Policy
from actas.subjects.itself import party_of
from tests.fakes.attempts import Attempt
from tests.fakes.changed import changed
from tests.fakes.guards import GUARDS
from tests.fakes.house import APIS, CLIENTS, ISSUER, KINDS, NOW, allow
from tests.fakes.paths import PATHS


def without(check: Check, kinds: Sequence[Kind] = KINDS) -> tuple[Kind, ...]:
    """The kinds with one check replaced by one that says nothing."""
    return tuple(
        replace(kind, checks=tuple(_nothing if one is check else one for one in kind.checks))
        for kind in kinds
    )


def _nothing(_proposal: Proposal) -> None:
    return None


async def passes(attempt: Attempt, kinds: Sequence[Kind]) -> bool:
    try:
        await attempt.send(attempt.house(kinds))
    except OAuthError:
        return False
    return True


async def granted_cells(check: Check, kinds: Sequence[Kind]) -> list[str]:
    """The cells of a check's guards that are granted."""
    found = []
    for guard in GUARDS:
        if guard.check is not check:
            continue
        for path in PATHS:
            tripped = guard.trip(path)
            if isinstance(tripped, Attempt) and await passes(tripped, kinds):
                found.append(f"{path.path}: {guard.name}")
    return found


@pytest.mark.requirement("SEC-01")
@pytest.mark.parametrize("check", EVERY_KIND, ids=lambda check: check.__name__)
async def test_a_must_of_every_kind_is_needed(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await granted_cells(check, KINDS) == []
    monkeypatch.setattr(judging, "EVERY_KIND", tuple(one for one in EVERY_KIND if one is not check))
    assert await granted_cells(check, KINDS)


@pytest.mark.requirement("SEC-01")
@pytest.mark.parametrize(
    "check",
    dict.fromkeys(one for kind in KINDS for one in kind.checks if one is not client_speaks_for_itself),
)
async def test_a_must_of_one_kind_is_needed(check: Check) -> None:
    assert await granted_cells(check, KINDS) == []
    assert await granted_cells(check, without(check))


@pytest.mark.requirement("SEC-01")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_every_kind_needs_its_own_checks(kind: Kind) -> None:
    """A check that two kinds share is needed by each of them."""
    if client_speaks_for_itself in kind.checks:
        return
    for check in kind.checks:
        bare = tuple(without(check, [one])[0] if one is kind else one for one in KINDS)
        paths = {path.path for path in PATHS if path.kind == kind.name}
        assert any(cell.partition(":")[0] in paths for cell in await granted_cells(check, bare))


@pytest.mark.requirement("SEC-01")
def test_a_client_credentials_request_about_somebody_else_needs_its_check() -> None:
    """The grant's parser stands in front of it, so it is tripped by a proposal that no request can make."""
    client = next(one for one in CLIENTS if one.name == "orders")
    itself = party_of(client, issuer=ISSUER, api=APIS[0], lineage=Lineage())
    alice = changed(
        itself, identity=Identity(ISSUER, "alice@acme.example"), kind="person", expires_at=NOW + 60
    )
    proposal = Proposal(
        at=NOW,
        grant_type=CLIENT_CREDENTIALS,
        client=client,
        subject=alice,
        actor=None,
        itself=itself,
        requested=ACCESS_TOKEN,
        targets=(APIS[1],),
        scope=None,
    )
    policy = Policy([allow("own", "own", "orders", "inventory")], apis=APIS)
    refused = judging.judge(proposal, kinds=KINDS, policy=policy)
    assert [one.reason for one in refused.refusals] == ["malformed_request"]
    assert judging.judge(proposal, kinds=without(client_speaks_for_itself), policy=policy).permit is not None
