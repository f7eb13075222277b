"""The management API over a serving process: the deeds of ``admin`` on the store of record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from actas.admin.deeds import Deeds, Edit
from actas.admin.entrance import Entrance
from actas.admin.filing import Filing
from actas.admin.objects import Change, Digest, Snapshot
from actas.admin.record import Author
from actas.admin.refusals import NotAccepted
from actas.app.connections import health, trial
from actas.app.foundation import Foundation
from actas.app.own_tokens import cursors_key, impersonations, own_tokens
from actas.app.parts import Shared, nonces, proofs
from actas.app.policy_tests import run_policy_tests
from actas.app.proving import resetting
from actas.app.steward import Steward
from actas.core.ports import Json, JsonObject
from actas.crypto.passwords import digest_secret, generate_secret
from actas.policy.decide import Policy
from actas.settings.definitions import Definitions
from actas.settings.faults import ConfigurationFaults
from actas.settings.schema_json import json_schema
from actas.web.api.application import application
from actas.web.api.call import Desk
from actas.web.asgi import Application
from actas.web.errors import ErrorWriter

TESTS_WITHIN: Final = 15.0
"""Seconds for the policy tests of one call: whoever asked waits for them, and so does everybody behind."""


class StoreOfRecord:
    """Implements ``admin.deeds.Keeping`` on a steward."""

    def __init__(self, base: Foundation, steward: Steward) -> None:
        self._base = base
        self._steward = steward
        self._testing = asyncio.Lock()

    async def snapshot(self) -> Snapshot:
        return await self._steward.snapshot()

    async def change(self, edit: Edit, author: Author) -> Snapshot:
        try:
            return (await self._steward.change(edit, author)).snapshot
        except ConfigurationFaults as broken:
            raise _not_accepted(broken) from broken

    async def rehearse(self, edit: Edit) -> tuple[tuple[Change, ...], Snapshot, Sequence[JsonObject]]:
        try:
            changes, prepared, kept = await self._steward.rehearse(edit)
        except ConfigurationFaults as broken:
            raise _not_accepted(broken) from broken
        return changes, kept, await self.tested(prepared.definitions, prepared.catalog.policy)

    async def tested(self, definitions: Definitions, policy: Policy) -> list[JsonObject]:
        """Run the policy tests of a configuration, and return each with its ``problems``.

        In a thread, and one after the other: whoever may only read brings the rules and the tests, and those
        can take long. Everybody else is answered meanwhile.
        """
        async with self._testing:
            return await asyncio.to_thread(_tested, definitions, policy, at=self._base.clock.now())

    def made_secret(self) -> tuple[str, Digest]:
        secret = generate_secret()
        value = digest_secret(secret, pepper=self._base.ring.secret_pepper)
        return secret, Digest(value=value, made_at=int(self._base.clock.now()))


def management(base: Foundation, shared: Shared, steward: Steward, *, prefix: str) -> Application:
    """Return the management API under a configuration.

    Args:
        prefix: the path of the issuer.
    """
    store = StoreOfRecord(base, steward)
    server = base.definitions.server

    def state() -> JsonObject:
        return {"in_force": steward.generation, "behind": steward.behind}

    desk = Desk(
        issuer=base.issuer,
        entrance=Entrance(
            issuer=base.issuer,
            tokens=own_tokens(base),
            proofs=proofs(base, shared),
            directory=base.catalog,
            fresh=shared.follower.require_fresh,
        ),
        nonces=nonces(base),
        deeds=Deeds(store),
        filing=Filing(store),
        keeping=store,
        policy=base.catalog.policy,
        clients=base.catalog.clients,
        by_document=base.catalog.named_by_document(),
        apis=base.catalog,
        connections=base.catalog.connections,
        health=health(base, shared.out),
        trial=trial(base, shared.out),
        state=state,
        tests=lambda: store.tested(base.definitions, base.catalog.policy),
        cursors=cursors_key(base),
        schema=json_schema,
        resetting=resetting(base, shared),
        kept=base.impersonations,
        impersonations=impersonations(base, shared.minutes),
        audit=shared.minutes,
        errors=ErrorWriter(docs=server.docs, issuer=base.issuer, dev=base.dev),
    )
    return application(desk, prefix=prefix)


def _tested(definitions: Definitions, policy: Policy, *, at: float) -> list[JsonObject]:
    """Run the policy tests of a configuration, and return each with its ``problems``."""
    return [
        {"name": one.test.name, "place": one.test.place, "problems": list[Json](one.problems)}
        for one in run_policy_tests(definitions, policy, at=int(at), within=TESTS_WITHIN)
    ]


def _not_accepted(broken: ConfigurationFaults) -> NotAccepted:
    errors = broken.errors
    faults: list[JsonObject] = [
        {"place": one.place, "path": one.path, "message": one.message, "severity": one.severity}
        for one in broken.faults
    ]
    first = str(errors[0]) if errors else "it does not hold"
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return NotAccepted(detail=first + more, faults=faults[:200])
