"""A stand-in for the server, for the tests of services that use this SDK. Installs a pytest fixture.

::

    @pytest.fixture
    def client(fake_actas):
        fake_actas.stand_in(protect, actas)  # the `Protect` and the `Actas` of your service
        return TestClient(app)


    def test_an_agent_may_read(client, fake_actas):
        token = fake_actas.token("alice", via=["assistant"], scopes=["orders:read"])
        assert client.get("/orders/7", headers=token.headers()).status_code == 200

Nothing leaves the process: discovery, keys and tokens are answered in memory, and the tokens are
real ones, signed with a key made for the test, so that your service checks them as it always does.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Final, Protocol, cast, runtime_checkable

import httpx2
import pytest

from actas_sdk.dpop import DpopKey
from actas_sdk.fake_books import lineage
from actas_sdk.fake_crossing import Agreement
from actas_sdk.fake_requests import Asked
from actas_sdk.fake_server import FakeServer
from actas_sdk.flow import REAL, World
from actas_sdk.granting import GrantKind
from actas_sdk.party import KINDS, Party, PartyKind
from actas_sdk.strict_json import Json, JsonObject
from actas_sdk.token import Token
from actas_sdk.verify import chain_of

__all__ = ["Asked", "FakeActas"]

_FOR_GOOD: Final = 4_102_444_800
"""Seconds since the epoch: 2100."""

_PROFILES: Final = {kind: profile for profile, kind in KINDS.items()}


class Part(Protocol):
    """A part of a service that talks to the server: an `Actas`, a `Verifier` or a `Protect`."""

    @property
    def issuer(self) -> str:
        """The server it talks to."""
        ...

    def rewired(self, transport: httpx2.MockTransport) -> AbstractContextManager[None]:
        """Talk to ``transport`` until the block ends."""
        ...


@runtime_checkable
class _Checks(Protocol):
    """A part that checks tokens for one API."""

    @property
    def audience(self) -> str:
        """The API."""
        ...


class FakeActas:
    """A server for one test.

    Args:
        issuer: the issuer it answers as, until it stands in for somebody's.
        audience: the API its tokens are for, until it stands in for that of a `Protect`.
        world: time and chance.

    Attributes:
        issuer: the issuer it answers as.
        audience: the API its tokens are for unless a test says otherwise.
        transport: where to send requests, for a client that is made by hand:
            ``httpx2.AsyncClient(transport=fake_actas.transport)``.
    """

    def __init__(
        self,
        issuer: str = "https://sts.test",
        *,
        audience: str = "https://api.test",
        world: World = REAL,
    ) -> None:
        self.audience = audience
        self._world = world
        self._server = FakeServer(issuer, world=world)
        self.transport = httpx2.MockTransport(self._server.answer)
        self._standing_in = ExitStack()

    @property
    def issuer(self) -> str:
        """The issuer it answers as."""
        return self._server.issuer

    @property
    def exchanges(self) -> list[Asked]:
        """Every request for a token, oldest first, refused ones too."""
        return self._server.asked

    def stand_in(self, *parts: Part) -> None:
        """Answer instead of the server that these parts of a service talk to, until the test ends.

        From here on this fake has their issuer, and the audience of the one that checks tokens.

        Raises:
            ValueError: the parts talk to different servers.
        """
        issuers = {part.issuer for part in parts}
        if len(issuers) > 1:
            raise ValueError("these parts talk to different servers; use one fake for each")
        for part in parts:
            self._server.issuer = part.issuer
            if isinstance(part, _Checks):
                self.audience = part.audience
            self._standing_in.enter_context(part.rewired(self.transport))

    def token(
        self,
        person: str = "alice",
        *,
        via: Iterable[str | Party] = (),
        scopes: Iterable[str] = (),
        to: str | None = None,
        kind: PartyKind = "person",
        life: int = 300,
        dpop: DpopKey | None = None,
        reference: bool = False,
        claims: Mapping[str, Json] | None = None,
    ) -> Token:
        """Return a token, signed unless it is a reference.

        Args:
            person: whom it speaks about.
            via: who acts for them, oldest first; a bare name is an agent.
            scopes: what it may do.
            to: the API it is for; None for `audience`.
            kind: what ``person`` is.
            life: seconds from now; none left for a token that has expired.
            dpop: the key it is bound to; then ``token.headers(method, url)`` proves it.
            reference: whether it is a text that means nothing, to be asked about (RFC 7662), and no JWT.
            claims: put over the others, to make something odd.
        """
        now = int(self._world.now())
        actors = [Party(id=each, kind="agent") if isinstance(each, str) else each for each in via]
        audience, granted = to or self.audience, sorted(scopes)
        said = self._claims(Party(id=person, kind=kind), actors, issued_at=min(now, now + life))
        said |= {"aud": audience, "scope": " ".join(granted), "exp": now + life}
        if dpop is not None:
            said["cnf"] = {"jkt": dpop.thumbprint}
        said.update(claims or {})
        return Token(
            self._server.refer_to(said) if reference else self._server.sign(said),
            audience=audience,
            scopes=granted,
            chain=chain_of(said),
            expires_at=now + life,
            key=dpop,
        )

    def id_token(self, person: str = "alice", *, to: str, life: int = 300) -> Token:
        """Return what an app gets when somebody has signed in: an ID token, which buys grants for others.

        Args:
            person: who signed in.
            to: the app: its client id.
            life: seconds from now; none left for one that has expired.
        """
        now = int(self._world.now())
        said = self._claims(Party(id=person, kind="person"), (), issued_at=min(now, now + life))
        said |= {"aud": to, "auth_time": said["iat"], "exp": now + life}
        return Token(self._server.sign(said, typ="JWT"), audience=to, expires_at=now + life)

    def beyond(
        self,
        issuer: str,
        *,
        audience: str,
        client_id: str,
        scopes: Iterable[str] = (),
        grant: GrantKind = "id_jag",
    ) -> FakeActas:
        """Return the server of another company, for whose API this one gives grants from now on.

        Both are behind one `transport`, and whoever this one stands in for reaches the other. It redeems each
        grant once, records what it was asked, and refuses on command, as this one does.

        Args:
            issuer: its issuer identifier.
            audience: the address of the API there; its tokens are for that.
            client_id: who your service is to it.
            scopes: what a grant is good for when nobody asks for a scope.
            grant: which grants: ``id_jag``, which `id_token` buys, or ``jwt``, which `token` buys too.

        Raises:
            ValueError: there is such a server already.
        """
        if any(one.there.issuer == issuer for one in self._server.agreed):
            raise ValueError(f"{issuer} is there already")
        other = FakeActas(issuer, audience=audience, world=self._world)
        agreed = Agreement(
            home=self._server,
            there=other._server,
            audience=audience,
            client_id=client_id,
            scopes=frozenset(scopes),
            kind=grant,
        )
        self._server.agreed.append(agreed)
        other._server.redeems = agreed
        self._standing_in.callback(other.close)
        return other

    def _claims(self, person: Party, actors: Sequence[Party], *, issued_at: int) -> JsonObject:
        """Return what a token says of who has a part in it."""
        said: JsonObject = {
            "iss": self.issuer,
            "client_id": actors[-1].id if actors else person.id,
            "iat": issued_at,
            "jti": self._world.new_id(),
            **_named(person),
        }
        said |= _acting(actors, issuer=self.issuer)
        said["lineage"] = _begun(said, person.id, *(actor.id for actor in actors))
        return said

    def revoke(self, what: Token | str) -> None:
        """End a token and all that was exchanged from it; or all that somebody has a part in so far.

        Whoever follows what is revoked (`Verifier` with ``revocation``) and is stood in for knows at once.

        Args:
            what: a token of this fake, or the name of a person, an agent or a service.
        """
        if isinstance(what, Token):
            self._server.revoke("token", self._server.jti_of(what.reveal()), up_to=_FOR_GOOD)
        else:
            self._server.revoke("party", what, up_to=int(self._world.now()))

    def refuse(self, reason: str) -> None:
        """Refuse every exchange from now on, as a server would for ``reason`` (such as ``no_rule``).

        Raises:
            ValueError: there is no such reason.
        """
        self._server.refuse(reason)

    def allow(self) -> None:
        """Grant again, and be up again."""
        self._server.refuse(None)
        self._server.down_for = None

    def go_down(self, *, retry_after: int = 60) -> None:
        """Answer everything with 503 from now on, keys too.

        Args:
            retry_after: seconds to ask for. From three on, clients do not wait but give up at once.
        """
        self._server.down_for = retry_after

    def close(self) -> None:
        """Stop standing in for anybody."""
        self._standing_in.close()


@pytest.fixture
def fake_actas() -> Generator[FakeActas]:
    """A stand-in for the server, for one test."""
    fake = FakeActas()
    yield fake
    fake.close()


def _begun(said: JsonObject, *parties: str) -> str:
    """Return the lineage of a token that begins with its person."""
    known = [("party", each) for each in parties]
    return lineage("", ("token", str(said["jti"])), *known, since=cast("int", said["iat"]))


def _acting(actors: Iterable[Party], *, issuer: str) -> JsonObject:
    act: JsonObject = {}
    for actor in actors:
        act = {"act": {"iss": actor.issuer or issuer, **_named(actor), **act}}
    return act


def _named(party: Party) -> JsonObject:
    profile = {} if party.kind is None else {"sub_profile": _PROFILES[party.kind]}
    return {"sub": party.id, **profile}
