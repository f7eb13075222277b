"""What people prove who they are with over a foundation, and the pages on which they look after it."""

from __future__ import annotations

from actas.app.foundation import Foundation
from actas.app.own_tokens import sessions
from actas.app.parts import Shared, once
from actas.core.ports import JsonObject, SystemChance
from actas.crypto.passkey import PasskeyRules, may_be_used_at
from actas.signin.beginning import CODE_WITHIN, Beginning, Begun, Half, Opening, Visitor
from actas.signin.by_passkey import ByPasskey
from actas.signin.credentials import Credentials
from actas.signin.ending import Endings
from actas.signin.flow import Flow
from actas.signin.guessing import SignInGuessing
from actas.signin.one_time_codes import OneTimeCodes
from actas.signin.owner import Keeping
from actas.signin.passkey_care import PasskeyCare
from actas.signin.passkeys import Passkeys
from actas.signin.proving import Proving
from actas.signin.records import CredentialRecords
from actas.signin.resetting import Resetting
from actas.signin.securing import Securing
from actas.signin.sessions import Sessions
from actas.store.credentials import SqlCredentials
from actas.web.asgi import Application
from actas.web.passkeys import PasskeyPages
from actas.web.securing import OwnPages, SecurityPages


def records_of(base: Foundation) -> CredentialRecords:
    """Return what reads and changes what people have."""
    return CredentialRecords(SqlCredentials(base.database), sealer=base.keys.sealer, chance=SystemChance())


def resetting(base: Foundation, shared: Shared) -> Resetting:
    """Return what takes away what people have lost, and what deleted people had."""
    return Resetting(
        issuer=base.issuer,
        credentials=Credentials(records_of(base), hashes=shared.hashes, clock=base.clock),
        sessions=sessions(base),
        audit=shared.minutes,
        chance=SystemChance(),
        clock=base.clock,
    )


class ProvingKit:
    """What the endpoints share that have to do with it, over one configuration.

    Args:
        signed_in: who is signed in.
        begun: seals what a browser carries.
    """

    def __init__(self, base: Foundation, shared: Shared, *, signed_in: Sessions, begun: Flow[Begun]) -> None:
        self._base = base
        self._shared = shared
        self._sessions = signed_in
        self._begun = begun
        self._chance = SystemChance()
        records = records_of(base)
        pepper = base.ring.password_pepper
        self.credentials = Credentials(records, hashes=shared.hashes, clock=base.clock)
        self._codes = OneTimeCodes(
            records, pepper=pepper, issuer=base.issuer, clock=base.clock, chance=self._chance
        )
        self._passkeys = Passkeys(
            records,
            rules=PasskeyRules(issuer=base.issuer, name="Actas"),
            marks=once(base, shared),
            pepper=pepper,
            issuer=base.issuer,
            clock=base.clock,
            chance=self._chance,
        )
        self._guessing = SignInGuessing(shared.throttle, records, mark=base.ring.mark)
        self.endings = Endings(issuer=base.issuer, sessions=signed_in, audit=shared.minutes)
        self.opening = Opening(
            issuer=base.issuer, sessions=signed_in, endings=self.endings, begun=begun, audit=shared.minutes
        )
        self._beginning = Beginning(
            issuer=base.issuer, opening=self.opening, guessing=self._guessing, clock=base.clock
        )
        self.proving = Proving(
            directory=base.catalog,
            credentials=self.credentials,
            one_time_codes=self._codes,
            guessing=self._guessing,
            beginning=self._beginning,
            begun=begun,
            half=Flow(
                "half",
                Half,
                key=base.ring.opaque_key,
                chance=self._chance,
                clock=base.clock,
                life=CODE_WITHIN,
            ),
            audit=shared.minutes,
            clock=base.clock,
            fresh=shared.require_issuing,
        )

    @property
    def passkeys_work(self) -> bool:
        """Whether browsers make passkeys for this server, and anybody has one: people of ours alone may."""
        return may_be_used_at(self._base.issuer) and bool(self._base.catalog.people)

    def asked_of_passkeys(self, visitor: Visitor) -> JsonObject:
        """Return what a browser is asked for that is to use a passkey."""
        return self._passkeys.challenge(session=visitor.browser)

    def by_passkey(self) -> ByPasskey:
        """Return what looks at passkeys that are used."""
        return ByPasskey(
            directory=self._base.catalog,
            proving=self.proving,
            passkeys=self._passkeys,
            guessing=self._guessing,
            beginning=self._beginning,
            begun=self._begun,
            audit=self._shared.minutes,
            fresh=self._shared.require_issuing,
        )

    def keeping(self) -> Keeping:
        """Return what says who may change what they sign in with."""
        return Keeping(
            issuer=self._base.issuer,
            directory=self._base.catalog,
            proving=self.proving,
            sessions=self._sessions,
            audit=self._shared.minutes,
            chance=self._chance,
            clock=self._base.clock,
            fresh=self._shared.require_issuing,
        )

    def endpoints(self, own: OwnPages, keeping: Keeping) -> dict[str, Application]:
        """Return who answers the paths of the pages on which people look after it."""
        securing = Securing(keeping, credentials=self.credentials, codes=self._codes, guessing=self._guessing)
        found = SecurityPages(securing, own).endpoints()
        if self.passkeys_work:
            care = PasskeyCare(keeping, credentials=self.credentials, passkeys=self._passkeys)
            found |= PasskeyPages(care, own, clock=self._base.clock).endpoints()
        return found
