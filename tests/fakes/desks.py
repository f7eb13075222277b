"""The desks beside the pipeline of a ``House``, and what explains exchanges, over its configuration."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from actas.admin.rehearsal import Rehearsal
from actas.audit.log import Minutes
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.dpop import ProofChecker
from actas.clients.throttle import Throttle
from actas.core.records import Record
from actas.core.wire import DEVICE_CODE
from actas.introspection import Introspection
from actas.kinds.impersonation_pages import Paging
from actas.kinds.impersonations import Impersonations
from actas.kinds.kind import Kind
from actas.revocation import Feed, Revocation
from actas.shown import Presence
from actas.signin.device_requests import DeviceRequests
from actas.store.catalog import Catalog
from actas.store.memory_impersonations import MemoryImpersonations
from actas.store.memory_sign_in import MemoryDeviceCodes
from actas.subjects.access_token import AccessTokenValidator
from actas.subjects.device_code import DeviceCodes
from actas.subjects.device_records import AskedDevice
from actas.subjects.named import NamedPeople
from actas.subjects.refresh_token import Renewals
from actas.subjects.validator import Validators
from actas.supervision import Supervision
from tests.fakes.company import ISSUER, secret_of
from tests.fakes.in_memory import FreshFollower, ListedRevocations
from tests.fakes.visits import Visits

OPAQUE_KEY = b"an opaque key of thirty-two bytes"[:32]


class Desks(Visits):
    """What else answers; ``House`` has what they answer from."""

    authenticator: ClientAuthenticator
    proofs: ProofChecker
    throttle: Throttle
    own_tokens: AccessTokenValidator
    validators: Validators
    renewals: Renewals
    named: NamedPeople
    devices: DeviceCodes
    auditors: Collection[str]
    catalog: Catalog
    minutes: Minutes
    follower: FreshFollower
    revoked: ListedRevocations
    impersonations: MemoryImpersonations
    waiting: MemoryDeviceCodes
    acting: Impersonations
    kinds: Sequence[Kind]

    def introspection(self) -> Introspection:
        """What says whether a token is good under this configuration."""
        return Introspection(
            clients=self.authenticator,
            tokens=self.own_tokens,
            renewals=self.renewals,
            named=self.named,
            auditors=self.auditors,
            apis=self.catalog,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )

    def revocation(self) -> Revocation:
        """What ends tokens under this configuration."""
        return Revocation(
            issuer=ISSUER,
            clients=self.authenticator,
            tokens=self.own_tokens,
            renewals=self.renewals,
            revoked=self.revoked,
            marking=self.ring,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )

    def supervision(self) -> Supervision:
        """What shows impersonations, has them approved and ends them under this configuration."""
        return Supervision(
            issuer=ISSUER,
            clients=self.authenticator,
            presence=Presence(
                tokens=self.validators,
                proofs=self.proofs,
                throttle=self.throttle,
                url=f"{ISSUER}/impersonations",
            ),
            kept=self.impersonations,
            impersonations=self.acting,
            paging=Paging(OPAQUE_KEY),
            policy=self.catalog.policy,
            clock=self.clock,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )

    def feed(self) -> Feed:
        """What says what was revoked under this configuration."""
        return Feed(
            clients=self.authenticator,
            revoked=self.revoked,
            age=self.follower.age,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )

    def rehearsal(self) -> Rehearsal:
        """What explains exchanges under this configuration."""
        return Rehearsal(
            issuer=ISSUER,
            clients=self.catalog,
            apis=self.catalog,
            connections=self.catalog.connections,
            subjects=self.validators,
            named=self.named.look_up,
            people=self.catalog,
            kinds=self.kinds,
            policy=self.catalog.policy,
            clock=self.clock,
        )

    async def device(self, who: str = "web", **changes: Any) -> str:
        """The code of a device that alice let do what ``authorization`` says."""
        code, asked = await self.device_asks(who)
        found = await self.devices.waiting(asked.user_code)
        assert found is not None
        record = Record(entry="x_device", event="authorization:granted", body=b"{}", at=self.clock.now())
        authorization = self.authorization(who, **changes)
        assert await self.waiting.decide(self.devices.allowing(found[0], authorization, record=record))
        return code

    async def device_asks(self, who: str = "web") -> tuple[str, AskedDevice]:
        """A device that waits: its code, and what it asked."""
        asked = AskedDevice(
            client=who,
            user_code="",
            scope=frozenset({"openid", "orders:read"}),
            apis=("actas-userinfo", "orders"),
            source="192.0.2.7",
            began=0,
            ends_at=0,
        )
        code, asked = await self.devices.begin(asked, room=0)
        return code.reveal(), asked

    def poll_form(self, who: str, code: str) -> dict[str, Any]:
        """The form by which a device asks whether somebody has decided."""
        known = {"client_id": who, "client_secret": secret_of(who)}
        return {"grant_type": str(DEVICE_CODE), "device_code": code, **known}

    async def device_form(self, who: str = "web", **changes: Any) -> dict[str, Any]:
        """The form by which a device gets what it was let have."""
        asked = {name: changes.pop(name) for name in ("device_code",) if name in changes}
        code = await self.device(changes.pop("client", who), **changes)
        return {**self.poll_form(who, code), **asked}

    def device_requests(self) -> DeviceRequests:
        """What gives codes to devices under this configuration."""
        return DeviceRequests(
            address=f"{ISSUER}/device",
            registered=self.catalog,
            codes=self.devices,
            clients=self.authenticator,
            audit=self.minutes,
            fresh=self.follower.require_fresh,
        )
