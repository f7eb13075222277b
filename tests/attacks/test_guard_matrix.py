"""A check that is present on one path and absent on its sister.

The commonest way by which a token service was broken in recent years: the refresh path forgets that the
client was disabled, the exchange path forgets the audience, the admin path forgets the policy
(CVE-2026-1486, CVE-2026-1609, CVE-2026-2603, CVE-2026-93999). Here every path to a token is tried with every
guard tripped alone, and each cell must be a refusal by that guard. A path or a check that is added without
its cells fails.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fakes.attempts import Attempt
from tests.fakes.guard import Guard
from tests.fakes.guards import GUARDS
from tests.fakes.house import KINDS, House, claims_of
from tests.fakes.paths import PATHS

from actas.app import parts
from actas.core.errors import OAuthError
from actas.kinds.checks import EVERY_KIND


def cells() -> Iterator[tuple[Attempt, Guard]]:
    for path in PATHS:
        for guard in GUARDS:
            if isinstance(guard.trip(path), Attempt):
                yield path, guard


@pytest.mark.requirement("SEC-01", "SEC-86")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.path)
async def test_every_path_is_granted_while_no_guard_is_tripped(path: Attempt) -> None:
    house = path.house()
    answer = await path.send(house)
    event = house.writer.events[-1]
    assert (event["outcome"], event["kind"]) == ("granted", path.kind)
    assert event["given"]["jti"] == claims_of(answer)["jti"]


@pytest.mark.requirement("SEC-01", "SEC-04", "SEC-86")
@pytest.mark.parametrize(
    ("path", "guard"), [pytest.param(path, guard, id=f"{path.path}: {guard.name}") for path, guard in cells()]
)
async def test_every_guard_refuses_on_every_path(path: Attempt, guard: Guard) -> None:
    tripped = guard.trip(path)
    assert isinstance(tripped, Attempt)
    house = tripped.house()
    error = await refusal(tripped, house)
    assert error.reason == guard.reason, error.detail
    assert guard.naming in error.detail
    if not tripped.broken_audit:
        (event,) = house.writer.events
        assert (event["outcome"], event["reason"], event["id"]) == ("refused", guard.reason, error.entry)
        assert "given" not in event


@pytest.mark.requirement("SEC-01")
def test_every_kind_of_the_product_is_a_path() -> None:
    assert parts.KINDS == KINDS
    assert {path.kind for path in PATHS} == {kind.name for kind in parts.KINDS}


@pytest.mark.requirement("SEC-01")
def test_every_must_of_the_specifications_is_a_guard() -> None:
    musts = {*EVERY_KIND, *(check for kind in parts.KINDS for check in kind.checks)}
    tripped = {guard.check for guard in GUARDS if guard.check is not None}
    # No request can trip it: a form of client_credentials that names anybody else is malformed. It is
    # tripped in tests/test_guards_are_needed.py.
    assert {check.__name__ for check in musts - tripped} == {"client_speaks_for_itself"}


@pytest.mark.requirement("SEC-01")
def test_every_cell_that_is_empty_says_why() -> None:
    empty = [guard.trip(path) for path in PATHS for guard in GUARDS]
    reasons = {one for one in empty if isinstance(one, str)}
    assert len(list(cells())) >= 150
    assert all(reasons)


async def refusal(attempt: Attempt, house: House) -> OAuthError:
    try:
        answer = await attempt.send(house)
    except OAuthError as error:
        return error
    raise AssertionError(f"it was granted: {claims_of(answer)}")
