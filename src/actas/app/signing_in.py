"""Signing in over a foundation: what proves who people are, what keeps sessions, and who answers browsers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from actas.app.elsewhere import elsewhere
from actas.app.foundation import Foundation
from actas.app.own_tokens import (
    codes,
    consents,
    cursors_key,
    device_codes,
    impersonations,
    sessions,
)
from actas.app.parts import Shared, authenticator, once, proofs
from actas.app.proving import ProvingKit, records_of
from actas.core.ports import SystemChance
from actas.core.suggest import did_you_mean
from actas.core.wire import DEVICE_CODE
from actas.crypto.password_hash import PasswordHashes
from actas.kinds.impersonation_pages import Paging
from actas.signin.account import Account
from actas.signin.acting import ActingAsMe
from actas.signin.apps import Strangers
from actas.signin.authorizing import Authorizing
from actas.signin.device_requests import DeviceRequests
from actas.signin.devices import Devices, Shown, UserCodeGuessing
from actas.signin.elsewhere import Elsewhere
from actas.signin.flow import LIFE, Content, Flow
from actas.signin.granting import Granting
from actas.signin.hints import Hints
from actas.signin.leaving import Leave, Leaving
from actas.signin.naming import Naming
from actas.signin.providers import offered
from actas.signin.proving import Begun
from actas.signin.pushed import LIFE as PUSHED
from actas.signin.pushed import Kept, PushedRequests
from actas.signin.pushing import Pushing
from actas.signin.suiting import Suiting
from actas.web.account import AccountPages
from actas.web.admission import Admission
from actas.web.asgi import Application
from actas.web.buttons import Buttons
from actas.web.elsewhere import SigningInElsewhere
from actas.web.pages import assets
from actas.web.pages.rendering import Pages
from actas.web.securing import OwnPages
from actas.web.showing import Showing
from actas.web.showing_devices import DEVICE
from actas.web.signing_in import SigningIn
from actas.web.visitor import Visitors


def signing_in(
    base: Foundation, shared: Shared, *, prefix: str, admission: Admission
) -> dict[str, Application]:
    """Return who answers each path at which people sign in; nobody, while people sign in to no client."""
    if not base.catalog.people_sign_in:
        return {}
    kit = _Kit(base, shared, prefix)
    desk = SigningIn(
        authorizing=kit.authorizing(),
        proving=kit.proof.proving,
        by_passkey=kit.proof.by_passkey(),
        leaving=kit.leaving(),
        devices=kit.devices(),
        showing=kit.showing,
        visitors=kit.visitors,
        audit=shared.minutes,
        admission=admission,
    )
    away = SigningInElsewhere(
        kit.elsewhere(),
        names=[one.name for one in offered(base.catalog.issuers.values(), None)],
        desk=desk,
        visitors=kit.visitors,
    )
    mine = AccountPages(
        kit.account(),
        prefix=prefix,
        showing=kit.showing,
        visitors=kit.visitors,
        registered=base.catalog,
        audit=shared.minutes,
        admission=admission,
    )
    keeping = kit.proof.keeping()
    own = OwnPages(keeping, prefix=prefix, showing=kit.showing, visitors=kit.visitors, admission=admission)
    both = {
        **desk.endpoints(),
        **mine.endpoints(),
        **away.endpoints(),
        **kit.proof.endpoints(own, keeping),
    }
    on_devices = base.catalog.used_by_apps(DEVICE_CODE)
    found = {
        f"{prefix}{path}": endpoint
        for path, endpoint in both.items()
        if on_devices or not path.startswith(DEVICE)
    }
    return {**found, **assets.endpoints(prefix)}


def pushing(base: Foundation, shared: Shared) -> Pushing:
    """Return what takes the authorization requests that apps push, over a configuration."""
    return Pushing(
        clients=authenticator(base, shared),
        registered=base.catalog,
        hints=_hints(base),
        made=_pushed(base, shared),
        proofs=proofs(base, shared, path="/par"),
        clock=base.clock,
        audit=shared.minutes,
        fresh=shared.require_issuing,
    )


def device_requests(base: Foundation, shared: Shared, *, address: str) -> DeviceRequests:
    """Return what gives codes to devices, over a configuration.

    Args:
        address: of the page at which people type them.
    """
    return DeviceRequests(
        address=address,
        registered=base.catalog,
        codes=device_codes(base),
        clients=authenticator(base, shared),
        audit=shared.minutes,
        fresh=shared.require_issuing,
    )


@contextlib.asynccontextmanager
async def hashing(base: Foundation) -> AsyncGenerator[PasswordHashes]:
    """What hashes people's passwords, for as long as a process serves."""
    await records_of(base).count_seals()
    with contextlib.closing(PasswordHashes(pepper=base.ring.password_pepper)) as hashes:
        yield hashes


def _pushed(base: Foundation, shared: Shared) -> PushedRequests:
    chance = SystemChance()
    return PushedRequests(
        issuer=base.issuer,
        flow=Flow("pushed", Kept, key=base.ring.opaque_key, chance=chance, clock=base.clock, life=PUSHED),
        marks=once(base, shared),
        chance=chance,
        clock=base.clock,
    )


def _hints(base: Foundation) -> Hints:
    return Hints(issuer=base.issuer, keys=base.ring)


class _Kit:
    """What the endpoints share, over one configuration."""

    def __init__(self, base: Foundation, shared: Shared, prefix: str) -> None:
        self._base = base
        self._shared = shared
        self._chance = SystemChance()
        self._sessions = sessions(base)
        self._consents = consents(base)
        self._begun = self._flow("begun", Begun)
        self.proof = ProvingKit(base, shared, signed_in=self._sessions, begun=self._begun)
        self.visitors = Visitors(issuer=base.issuer, mark=base.ring.mark, chance=self._chance)
        self.showing = Showing(
            prefix=prefix,
            docs=base.definitions.server.docs,
            pages=Pages(
                prefix=prefix,
                installation="Actas",
                setting="development" if base.dev else "production",
            ),
            visitors=self.visitors,
            registered=base.catalog,
            asked_of_passkeys=self.proof.asked_of_passkeys if self.proof.passkeys_work else None,
            buttons=Buttons(
                prefix=prefix,
                visitors=self.visitors,
                offered=lambda client: offered(base.catalog.issuers.values(), client),
                passwords=bool(base.catalog.people),
            ),
        )

    def _flow(self, kind: str, content: type[Content], *, life: int = LIFE) -> Flow[Content]:
        base = self._base
        return Flow(kind, content, key=base.ring.opaque_key, chance=self._chance, clock=base.clock, life=life)

    def authorizing(self) -> Authorizing:
        base, shared = self._base, self._shared
        return Authorizing(
            issuer=base.issuer,
            directory=base.catalog,
            sessions=self._sessions,
            granting=self._granting(),
            codes=codes(base, once(base, shared)),
            pushed=_pushed(base, shared),
            hints=_hints(base),
            suiting=Suiting(holds=self.proof.credentials, clock=base.clock),
            strangers=Strangers(shared.out.published(base, shared.meter)),
            naming=Naming(base.catalog, names=base.catalog.apps, suggested=did_you_mean, clock=base.clock),
            begun=self._begun,
            audit=shared.minutes,
            clock=base.clock,
            fresh=shared.require_issuing,
        )

    def devices(self) -> Devices:
        base, shared = self._base, self._shared
        return Devices(
            directory=base.catalog,
            sessions=self._sessions,
            codes=device_codes(base),
            granting=self._granting(),
            guessing=UserCodeGuessing(shared.throttle),
            begun=self._begun,
            shown=self._flow("device", Shown),
            audit=shared.minutes,
            fresh=shared.require_issuing,
        )

    def _granting(self) -> Granting:
        base = self._base
        return Granting(
            issuer=base.issuer,
            directory=base.catalog,
            consents=self._consents,
            audit=self._shared.minutes,
            chance=self._chance,
            clock=base.clock,
        )

    def elsewhere(self) -> Elsewhere:
        return elsewhere(self._base, self._shared, opening=self.proof.opening, begun=self._begun)

    def leaving(self) -> Leaving:
        base, shared = self._base, self._shared
        return Leaving(
            directory=base.catalog,
            hints=_hints(base),
            sessions=self._sessions,
            endings=self.proof.endings,
            leave=self._flow("leave", Leave),
            audit=shared.minutes,
            fresh=shared.follower.require_fresh,
        )

    def account(self) -> Account:
        base, shared = self._base, self._shared
        return Account(
            issuer=base.issuer,
            directory=base.catalog,
            sessions=self._sessions,
            endings=self.proof.endings,
            consents=self._consents,
            acting=ActingAsMe(
                kept=base.impersonations,
                impersonations=impersonations(base, shared.minutes),
                paging=Paging(cursors_key(base)),
                clock=base.clock,
            ),
            credentials=self.proof.credentials,
            audit=shared.minutes,
            chance=self._chance,
            clock=base.clock,
            fresh=shared.follower.require_fresh,
        )
