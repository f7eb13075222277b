"""A store that cannot say: nobody is let in, and nothing is taken for "has none" or "not used yet" (REL-19)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.codes import code_of

from actas.core.errors import StoreUnavailable
from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.signin.credentials import Credentials
from actas.signin.one_time_codes import OneTimeCodes
from actas.signin.records import CredentialRecords
from actas.store.memory import MemoryCredentials

ALICE, GOOD = "actas:alice", "correct horse battery"


@pytest.fixture
def codes(records: CredentialRecords, clock: FixedClock) -> OneTimeCodes:
    return OneTimeCodes(records, pepper=bytes(32), issuer="Acme", clock=clock, chance=SystemChance())


@pytest.mark.requirement("REL-19")
@pytest.mark.parametrize("call", ["read", "write"])
async def test_whatever_fails_nobody_is_let_in(
    call: str,
    credentials: Credentials,
    codes: OneTimeCodes,
    store: MemoryCredentials,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await credentials.set_password(ALICE, GOOD)
    secret = (await codes.begin(ALICE, account="alice")).secret.reveal()
    assert await codes.confirm(ALICE, code_of(secret, clock.now()), name="phone")
    recovery, *_ = await codes.make_recovery(ALICE)
    clock.advance(90)
    shown = code_of(secret, clock.now())
    tries: tuple[Callable[[], Awaitable[bool]], ...] = (
        lambda: credentials.check_password(ALICE, GOOD, initial=Secret("the very first one")),
        lambda: codes.check(ALICE, shown),
        lambda: codes.check_recovery(ALICE, recovery.reveal()),
    )

    async def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("the database failed")

    with monkeypatch.context() as patched:
        patched.setattr(store, call, fails)
        for attempt in tries:
            with pytest.raises(StoreUnavailable):
                await attempt()
    # Nothing was used up by what could not be kept.
    assert [await attempt() for attempt in tries] == [True, True, True]
    assert [await attempt() for attempt in tries[1:]] == [False, False]
