"""The management listener, without a server around it."""

from __future__ import annotations

from tests.fakes.door import call

from actas.web.health import management_app
from actas.web.tally import Snapshot


async def test_numbers_that_would_not_be_true_are_refused_in_a_sentence() -> None:
    def full() -> Snapshot:
        raise OSError(28, "No space left on device")

    reply = await call(management_app({}, full), path="/metrics", method="GET", headers=(), body=b"")
    assert reply.status == 503
    assert reply.body == b"the numbers of this process cannot be shared: No space left on device\n"
