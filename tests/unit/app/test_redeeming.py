"""Another server takes its time with a grant that is redeemed for a client, and the world moves on meanwhile.

With the serving process that is put together for real: what it asks, before it hands a token on, is the configuration
that is in force by then, and what is revoked by then (IDC-60, SEC-23).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.clock import FixedClock
from tests.fakes.company import TICKETS, TICKETS_API
from tests.fakes.door import Response, call
from tests.fakes.kept_log import SECRET, entries
from tests.fakes.redeeming import TOKEN, TheirServer
from tests.fakes.wire import encoded

from actas.admin.objects import ObjectKind, Snapshot, changed
from actas.admin.record import Author
from actas.app import redeeming
from actas.app.assembly import Assembly, assembly
from actas.app.foundation import foundation
from actas.app.prepared import prepare
from actas.core.lineage import LATER, Lineage, Revoked
from actas.core.party import Actor, Identity
from actas.core.permit import Permit
from actas.core.ports import Answer
from actas.core.wire import ID_TOKEN, TOKEN_EXCHANGE
from actas.settings.load import Draft, read
from actas.subjects.revoked import mark_of_party
from actas.trust.redeemers import Redeemers

OKTA = "https://acme.okta.example"
CONFIGURATION = f"""\
version: 1
server: {{ issuer: "http://127.0.0.1:8693", data: ./data }}
issuers:
  - {{ name: okta, type: oidc, issuer: "{OKTA}", sign_in: {{ client_id: acme }} }}
users:
  - {{ name: alice, password: {{ file: client.secret }} }}
clients:
  - name: web
    kind: app
    auth: {{ method: client_secret, secret: {{ file: client.secret }} }}
    grants: [token_exchange, authorization_code]
    redirect_uris: ["https://web.acme.example/callback"]
connections:
  - name: web-to-tickets
    direction: issue
    client: web
    resource: {{ issuer: "{TICKETS}", client_id: acme-actas, resource: "{TICKETS_API}", scopes: ["tickets:read"] }}
    people: {{ from: [actas, okta] }}
    redeem: {{ client_secret: {{ file: theirs.secret }} }}
"""
HELPDESK = """\
  - name: helpdesk
    kind: app
    auth: { method: client_secret, secret: { file: client.secret } }
    grants: [token_exchange]
"""
AUTHOR = Author(via="api")
Meanwhile = Callable[["Waiting"], Awaitable[None]]


def draft(folder: Path, text: str = CONFIGURATION) -> Draft:
    (folder / "actas.yaml").write_text(text, encoding="utf-8")
    for name in ("client.secret", "theirs.secret"):
        secret = folder / name
        if not secret.exists():
            secret.write_text(SECRET, encoding="utf-8")
            secret.chmod(0o600)
    return read([folder / "actas.yaml"], dev=True, environ={})


class SlowServer(TheirServer):
    """It has a grant, and answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.has_it, self.let = asyncio.Event(), asyncio.Event()

    async def post(self, url: str, body: bytes, **how: Any) -> Answer:
        self.has_it.set()
        await self.let.wait()
        return await super().post(url, body, **how)

    def close(self) -> None:
        """As the way out has it."""


class Waiting:
    """A serving process, one of whose clients waits for a token of the tickets' server."""

    def __init__(self, house: Assembly, there: SlowServer, folder: Path) -> None:
        self.house = house
        self.there = there
        self.folder = folder

    async def id_token(self, sub: str, *, named: tuple[str, ...] = (), **claims: Any) -> str:
        """An ID token of ours for web, of somebody who signed in a moment ago.

        Args:
            named: who is named in its lineage; empty for them and web.
        """
        base, now = self.house.base, int(self.house.base.clock.now())
        marks = [mark_of_party(base.ring, Identity(base.issuer, name)) for name in named or (sub, "web")]
        said: dict[str, Any] = {
            "iss": base.issuer, "sub": sub, "aud": "web", "iat": now, "exp": now + 300, "jti": "told-1",
            "sid": "s-1", "txn": "t-1", "auth_time": now, "acr": "pwd", "amr": ["pwd"],
            "lineage": Lineage(tuple(marks), now).claim(),
            **claims,
        }  # fmt: skip
        return (await base.ring.sign(said, typ="JWT", purpose="id_token", algorithm="RS256")).reveal()

    async def asks(self, token: str) -> Response:
        form = {
            "grant_type": str(TOKEN_EXCHANGE), "client_id": "web", "client_secret": SECRET,
            "subject_token": token, "subject_token_type": str(ID_TOKEN), "resource": TICKETS_API,
        }  # fmt: skip
        return await call(self.house.gate.endpoints["/token"], body=encoded(form))

    async def switch(self, kind: ObjectKind, name: str) -> None:
        """Have an administrator disable something."""

        def edit(kept: Snapshot) -> list[Any]:
            one = kept.get(kind, name)
            assert one is not None
            return [changed("disabled", one, disabled=True)]

        await self.house.steward.change(edit, AUTHOR)

    async def rewrite(self, *changes: tuple[str, str]) -> None:
        """Have somebody change the file."""
        text = CONFIGURATION
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        await self.house.steward.read_again(lambda: draft(self.folder, text))

    async def revoke(self, name: str) -> None:
        """Have everything revoked that somebody got until now."""
        base = self.house.base
        mark, now = mark_of_party(base.ring, Identity(base.issuer, name)), int(base.clock.now())
        await base.revoked.add([Revoked(mark=mark, up_to=now, until=LATER, entry="x_byhand")])


@asynccontextmanager
async def waiting(folder: Path) -> AsyncGenerator[Waiting]:
    there, clock = SlowServer(), FixedClock()
    async with (
        foundation(draft(folder), dev=True, create=True, clock=clock) as base,
        assembly(base) as house,
    ):
        out = house.shared.out
        house.shared.out.redeemers = Redeemers(there, clock)
        out.fetch = there  # type: ignore[assignment]
        await house.put_in_force(prepare(base, base.files), generation=house.steward.generation)
        yield Waiting(house, there, folder)


async def came_of(it: Waiting, token: str, meanwhile: Meanwhile) -> tuple[Response, list[dict[str, Any]]]:
    """Ask, do something while the other server has the grant, and return what was answered and written."""
    before = len(entries(it.house.base))
    asking = asyncio.create_task(it.asks(token))
    has = asyncio.create_task(it.there.has_it.wait())
    await asyncio.wait({asking, has}, return_when="FIRST_COMPLETED")
    assert has.done(), asking.result()
    await meanwhile(it)
    it.there.let.set()
    reply = await asking
    about = [
        one for one in entries(it.house.base)[before:] if one["event"].startswith(("exchange", "abroad"))
    ]
    return reply, about


async def nothing(_: Waiting) -> None:
    """The world stands still."""


def refused(
    it: Waiting, reply: Response, written: list[dict[str, Any]], *, code: str, reason: str
) -> dict[str, Any]:
    """What was written of a token that came, exists, and was not handed on."""
    given, after = written
    assert (given["event"], after["event"]) == ("exchange:granted", "abroad:refused")
    assert (reply.status, reply.json["error"], after["reason"]) == (400, code, reason)
    assert after["redeemed"]["came"]["digest"] == it.house.base.ring.digest(TOKEN)
    assert TOKEN not in reply.body.decode() + str(written)
    return after


@pytest.mark.requirement("IDC-60")
async def test_where_nothing_changed_the_token_is_handed_on(tmp_path: Path) -> None:
    async with waiting(tmp_path) as it:
        reply, written = await came_of(it, await it.id_token("actas:alice"), nothing)
        assert (reply.status, reply.json["access_token"]) == (200, TOKEN)
        assert [one["event"] for one in written] == ["exchange:granted", "abroad:granted"]


@pytest.mark.requirement("IDC-60")
async def test_a_change_that_is_nothing_to_it_keeps_nothing_back(tmp_path: Path) -> None:
    async def described(it: Waiting) -> None:
        await it.rewrite(("direction: issue\n", "direction: issue\n    description: Tickets\n"))

    async with waiting(tmp_path) as it:
        reply, _ = await came_of(it, await it.id_token("actas:alice"), described)
        assert reply.status == 200


async def paused(it: Waiting) -> None:
    await it.switch("connections", "web-to-tickets")


async def paused_in_the_file(it: Waiting) -> None:
    await it.rewrite(("direction: issue\n", "direction: issue\n    disabled: true\n"))


async def taken_away(it: Waiting) -> None:
    await it.rewrite((CONFIGURATION[CONFIGURATION.index("connections:") :], ""))


async def for_the_client_no_more(it: Waiting) -> None:
    await it.rewrite(("    redeem: { client_secret: { file: theirs.secret } }\n", ""))


async def for_others(it: Waiting) -> None:
    await it.rewrite(("people: { from: [actas, okta] }", "people: { from: [okta] }"))


async def for_less(it: Waiting) -> None:
    await it.rewrite(('["tickets:read"]', '["tickets:comment"]'))


async def for_who_signed_in_lately(it: Waiting) -> None:
    await it.rewrite(("direction: issue\n", "direction: issue\n    sign_in: { max_age: 1h }\n"))


async def for_another_client(it: Waiting) -> None:
    await it.rewrite(
        ("connections:\n", HELPDESK + "connections:\n"), ("    client: web\n", "    client: helpdesk\n")
    )


async def to_another_host_of_its(it: Waiting) -> None:
    await it.rewrite(("redeem: { client_secret", "redeem: { hosts: [tokens.example], client_secret"))


async def to_another_server(it: Waiting) -> None:
    await it.rewrite((f'issuer: "{TICKETS}", client_id', 'issuer: "https://auth.wiki.example", client_id'))


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    "meanwhile",
    [
        to_another_host_of_its,
        paused,
        paused_in_the_file,
        taken_away,
        for_the_client_no_more,
        to_another_server,
        for_others,
        for_less,
        for_who_signed_in_lately,
        for_another_client,
    ],
)
async def test_a_connection_that_would_not_lead_there_any_more_hands_nothing_on(
    tmp_path: Path, meanwhile: Meanwhile
) -> None:
    async with waiting(tmp_path) as it:
        came = await came_of(it, await it.id_token("actas:alice"), meanwhile)
        after = refused(it, *came, code="invalid_target", reason="connection_paused")
        assert "web-to-tickets" in after["detail"]


async def client_disabled(it: Waiting) -> None:
    await it.switch("clients", "web")


async def person_disabled(it: Waiting) -> None:
    await it.switch("users", "alice")


async def person_gone(it: Waiting) -> None:
    await it.rewrite(("- { name: alice, ", "- { name: bob, "))


@pytest.mark.requirement("IDC-60", "SEC-23")
@pytest.mark.parametrize(
    ("meanwhile", "named"),
    [
        (client_disabled, True),
        (person_disabled, True),
        (person_disabled, False),
        (person_gone, True),
        (person_gone, False),
    ],
)
async def test_somebody_who_is_locked_out_meanwhile_gets_nothing(
    tmp_path: Path, meanwhile: Meanwhile, named: bool
) -> None:
    """A token of a release that named nobody in it is none the better for that."""
    async with waiting(tmp_path) as it:
        token = await it.id_token("actas:alice", named=() if named else ("nobody",))
        after = refused(it, *await came_of(it, token, meanwhile), code="invalid_request", reason="revoked")
        assert ("was revoked while" in after["detail"]) is named


@pytest.mark.requirement("IDC-60", "SEC-23")
@pytest.mark.parametrize("whose", ["actas:alice", "web"])
async def test_what_is_revoked_meanwhile_gets_nothing_and_the_log_says_by_what(
    tmp_path: Path, whose: str
) -> None:
    async with waiting(tmp_path) as it:
        came = await came_of(it, await it.id_token("actas:alice"), lambda one: one.revoke(whose))
        after = refused(it, *came, code="invalid_request", reason="revoked")
        assert "entry x_byhand" in after["detail"]


@pytest.mark.requirement("IDC-60", "SEC-23")
async def test_somebody_for_whom_an_issuer_vouched_gets_nothing_when_that_is_trusted_no_more(
    tmp_path: Path,
) -> None:
    async def distrusted(it: Waiting) -> None:
        await it.switch("issuers", "okta")

    async with waiting(tmp_path) as it:
        vouched = {"format": "iss_sub", "iss": OKTA, "sub": "erin"}
        came = await came_of(it, await it.id_token("okta:erin", sub_id=vouched), distrusted)
        refused(it, *came, code="invalid_request", reason="revoked")


@pytest.mark.requirement("IDC-60", "SEC-23")
@pytest.mark.parametrize("trusted", [True, False])
async def test_a_chain_in_which_somebody_is_trusted_no_more_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    """For her acts an agent of another issuer's, which is disabled meanwhile."""
    whole, acts = redeeming.require_still, Actor(Identity(OKTA, "bot"), "agent")

    def of_a_chain(base: Any, shared: Any, permit: Permit) -> None:
        whole(base, shared, structs.replace(permit, actors=(acts,)))

    async def distrusted(it: Waiting) -> None:
        await it.switch("issuers", "okta")

    monkeypatch.setattr(redeeming, "require_still", of_a_chain)
    async with waiting(tmp_path) as it:
        token = await it.id_token("actas:alice")
        reply, written = await came_of(it, token, nothing if trusted else distrusted)
        if trusted:
            assert reply.status == 200
        else:
            refused(it, reply, written, code="invalid_request", reason="revoked")
