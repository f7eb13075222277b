"""Who becomes known by a grant: written down first, and kept then (ID-JAG section 3.1, REL-01)."""

from __future__ import annotations

from typing import Any, Final

import pytest
from structlog.testing import capture_logs
from tests.fakes.company import IDP
from tests.fakes.refused_grants import accepting

from actas.core.errors import AuditUnavailable, OAuthError, StoreUnavailable
from actas.core.person import VouchedPerson

NEW: Final = "corp-idp:id-alice"
LETS_IN: Final[dict[str, Any]] = {"match": "subject", "unknown": "create"}


@pytest.mark.requirement("JAG-65", "REL-01")
async def test_nobody_is_kept_before_the_entry_that_tells_of_them_is_written() -> None:
    here, seen = accepting(**LETS_IN)(), []
    keep = here.known.remember

    async def remember(person: VouchedPerson) -> None:
        seen.append([one["created"] for one in here.writer.events])
        await keep(person)

    here.known.remember = remember  # type: ignore[method-assign]
    await here.post(here.redeeming(here.grant()))
    assert seen == [[NEW]]
    assert await here.known.was_here(NEW, IDP)


@pytest.mark.requirement("JAG-65", "REL-01", "REL-02")
async def test_nobody_becomes_known_by_a_grant_that_could_not_be_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = accepting(**LETS_IN)()

    async def close(_: Any) -> Any:
        raise AuditUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(here.minutes, "close", close)
        with pytest.raises(OAuthError) as refused:
            await here.post(here.redeeming(here.grant()))
    assert refused.value.reason == "audit_unavailable"
    assert not await here.known.was_here(NEW, IDP)
    strict = accepting(**{**LETS_IN, "unknown": "refuse"})()
    assert not await strict.known.was_here(NEW, IDP)


@pytest.mark.requirement("JAG-65", "REL-19")
async def test_somebody_who_could_not_be_kept_becomes_known_by_their_next_grant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = accepting(**LETS_IN)()

    async def keep(_: Any) -> None:
        raise StoreUnavailable("it is away")

    with monkeypatch.context() as broken, capture_logs() as said:
        broken.setattr(here.known_store, "keep", keep)
        assert (await here.post(here.redeeming(here.grant()))).body["access_token"]
    assert [(one["who"], one["detail"]) for one in said] == [(NEW, "it is away")]
    assert not await here.known.was_here(NEW, IDP)
    await here.post(here.redeeming(here.grant(jti="grant-2")))
    assert [one["created"] for one in here.writer.events] == [NEW, NEW]
    assert await here.known.was_here(NEW, IDP)
