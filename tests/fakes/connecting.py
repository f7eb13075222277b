"""People at browsers who connect devices, over a ``House``: what answers them, and their sessions."""

from __future__ import annotations

from typing import Any

from actas.clients.throttle import Limits, Step
from actas.core.errors import OAuthError
from actas.core.party import Caller, Identity
from actas.core.person import subject_of
from actas.core.records import Record
from actas.core.sign_in import SignIn
from actas.exchange import Answer
from actas.signin.consents import Consents
from actas.signin.devices import Devices, Shown, UserCodeGuessing
from actas.signin.flow import Flow
from actas.signin.granting import Granting
from actas.signin.proving import Begun, Visitor
from actas.signin.sessions import Session
from actas.signin.steps import AskDeviceConsent
from actas.signin.steps import Step as Next
from actas.store.memory_sign_in import MemoryConsents
from tests.fakes.company import CLIENTS, ISSUER, PEOPLE, client, on_devices, secret_of
from tests.fakes.house import OPAQUE_KEY, House
from tests.fakes.sessions import sessions_of

LIMITS = Limits(
    failed_device_code=(Step(3, 600),),
    failed_device_code_source=(Step(8, 600),),
    failed_tokens=(Step(5, 600),),
)
TV = on_devices(client("web", kind="app"), display="Television")


class Connecting:
    """Everything that a person with a device meets.

    Attributes:
        house: the pipeline that the device asks.
        desk: where it gets its codes.
        pages: what answers the person.
    """

    def __init__(self, *clients: Any, **changes: Any) -> None:
        people = changes.pop("people", PEOPLE)
        limits = changes.pop("limits", LIMITS)
        self.house = house = House(
            clients=[*CLIENTS[:3], *(clients or (TV,))], people=people, limits=limits, **changes
        )
        self.clock = house.clock
        self.desk = house.device_requests()
        self.kept = MemoryConsents(house.waiting)
        self.sessions = sessions_of(house)
        self.consents = Consents(
            issuer=ISSUER, store=self.kept, revocations=house.revoked, marking=house.ring, clock=house.clock
        )
        self.pages = Devices(
            directory=house.catalog,
            sessions=self.sessions,
            codes=house.devices,
            granting=Granting(
                issuer=ISSUER,
                directory=house.catalog,
                consents=self.consents,
                audit=house.minutes,
                chance=house.chance,
                clock=house.clock,
            ),
            guessing=UserCodeGuessing(house.throttle),
            begun=self.flow("begun", Begun),
            shown=self.flow("device", Shown),
            audit=house.minutes,
            fresh=house.follower.require_fresh,
        )

    def flow(self, kind: str, content: type[Any]) -> Flow[Any]:
        return Flow(kind, content, key=OPAQUE_KEY, chance=self.house.chance, clock=self.clock)

    async def ask(
        self, form: str = "scope=openid+orders:read", *, who: str = "web", **how: Any
    ) -> dict[str, Any]:
        """What a device is told that asks for codes."""
        credentials = f"&client_id={who}&client_secret={secret_of(who)}"
        address = how.pop("address", "192.0.2.7")
        caller = Caller(address=address, authorization=None)
        return await self.desk((form + how.pop("credentials", credentials)).encode(), caller)

    async def poll(self, told: dict[str, Any], who: str = "web", **more: str) -> Answer:
        """The device asks whether somebody has decided."""
        return await self.house.post({**self.house.poll_form(who, told["device_code"]), **more})

    async def refused(self, told: dict[str, Any], who: str = "web", **more: str) -> OAuthError:
        """As ``poll``, where the answer is no, or not yet."""
        return await self.house.turned_away({**self.house.poll_form(who, told["device_code"]), **more})

    async def visitor(
        self, name: str | None = "alice", *, source: str = "198.51.100.9", browser: str = ""
    ) -> Visitor:
        """Somebody at a browser, their own if none is named, who has signed in when they have a name."""
        text = None if name is None else await self._sign_in(name)
        browser = browser or f"browser of {name}"
        return Visitor(source=source, agent="Firefox", browser=browser, session=text)

    async def shown(self, told: dict[str, Any], visitor: Visitor) -> AskDeviceConsent:
        """The question that somebody is asked who types the code of a device."""
        step = await self.pages.typed(told["user_code"], visitor)
        assert isinstance(step, AskDeviceConsent), step
        return step

    async def decide(self, told: dict[str, Any], visitor: Visitor, *, allowed: bool = True) -> Next:
        """Somebody types the code, and says yes or no."""
        step = await self.shown(told, visitor)
        return await self.pages.decide(step.flow, allowed=allowed, visitor=visitor)

    async def _sign_in(self, name: str) -> str:
        identity = Identity(ISSUER, subject_of(name))
        person = self.house.catalog.person(identity.subject)
        assert person is not None

        def sign_in(sid: str, ends_at: int) -> SignIn:
            return SignIn(
                person=identity, origin=identity, origin_name="actas", groups=person.groups, claims={},
                at=int(self.clock.now()), acr="pwd", amr=("pwd",), sid=sid, ends_at=ends_at,
            )  # fmt: skip

        def never(_session: Session) -> Record:
            raise AssertionError("no session is replaced here")

        text, _ = await self.sessions.begin(
            sign_in, source="198.51.100.9", browser="Firefox", replaces=None, ended=never
        )
        return text.reveal()
