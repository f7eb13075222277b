"""Coming back to life with a person, or an app, that was switched off for a while.

Somebody's laptop is stolen, or an app's refresh tokens leak: the administrator disables the person or the app, sees to
it, and enables them again. Whoever took something before waits for that day. What was given to somebody before they
were switched off has ended for good, whatever switched them off: a file, the API, a deletion, or a file that changed
while no server ran; and whoever comes later than that is let in (SEC-23, REL-21).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    CORP_FOR_PEOPLE,
    IDP,
    ISSUER,
    PEOPLE,
    client,
    on_devices,
    secret_of,
    signing_in,
)
from tests.fakes.connecting import Connecting
from tests.fakes.house import House
from tests.fakes.kept_log import CONFIGURATION, SECRET, entries

from actas.admin.objects import ObjectKind, Snapshot, changed
from actas.admin.record import Author
from actas.admin.revoking import APART
from actas.app.assembly import Assembly, assembly
from actas.app.foundation import Foundation, foundation
from actas.app.own_tokens import sessions
from actas.core.client import Client
from actas.core.lineage import Lineage, Revoked
from actas.core.party import Identity
from actas.core.records import Record
from actas.core.sign_in import SignIn
from actas.core.wire import REFRESH
from actas.settings.load import Draft, read
from actas.signin.sessions import Session
from actas.subjects.revoked import mark_of_issuer, mark_of_party, marks_of_person

USERS = """\
users:
  - { name: alice, password: { file: client.secret } }
  - { name: bob, password: { file: client.secret } }
"""
LOCKED = USERS.replace("alice, ", "alice, disabled: true, ")
LEFT = USERS.replace("  - { name: alice, password: { file: client.secret } }\n", "")
AUTHOR = Author(via="api")


def configured(folder: Path, users: str = USERS, *, text: str = CONFIGURATION) -> Draft:
    (folder / "actas.yaml").write_text(text + users, encoding="utf-8")
    secret = folder / "client.secret"
    if not secret.exists():
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(0o600)
    return read([folder / "actas.yaml"], dev=True, environ={})


@asynccontextmanager
async def serving(draft: Draft, clock: FixedClock) -> AsyncGenerator[Assembly]:
    async with foundation(draft, dev=True, create=True, clock=clock) as base, assembly(base) as house:
        yield house


async def signed_in(base: Foundation, name: str) -> str:
    """The text of a session of somebody who signs in now."""
    identity = Identity(base.issuer, f"actas:{name}")

    def sign_in(sid: str, ends_at: int) -> SignIn:
        return SignIn(
            person=identity, origin=identity, origin_name="actas", groups=(), claims={},
            at=int(base.clock.now()), acr="pwd", amr=("pwd",), sid=sid, ends_at=ends_at,
        )  # fmt: skip

    def never(_session: Session) -> Record:
        raise AssertionError("no session is replaced here")

    text, _ = await sessions(base).begin(
        sign_in, source="192.0.2.7", browser="Firefox", replaces=None, ended=never
    )
    return text.reveal()


OKTA = "https://acme.okta.example"
THROUGH = f"""\
issuers:
  - {{ name: okta, type: oidc, issuer: "{OKTA}", sign_in: {{ client_id: acme }} }}
"""


async def signed_in_through_okta(base: Foundation) -> str:
    """The text of a session of somebody who signs in now through another issuer."""
    person, origin = Identity(base.issuer, "okta:erin"), Identity(OKTA, "erin")

    def sign_in(sid: str, ends_at: int) -> SignIn:
        return SignIn(
            person=person, origin=origin, origin_name="okta", groups=(), claims={},
            at=int(base.clock.now()), acr="okta:pwd", amr=("okta:pwd",), sid=sid, ends_at=ends_at,
        )  # fmt: skip

    def never(_session: Session) -> Record:
        raise AssertionError("no session is replaced here")

    text, _ = await sessions(base).begin(
        sign_in, source="192.0.2.7", browser="Firefox", replaces=None, ended=never
    )
    return text.reveal()


async def is_in(base: Foundation, text: str) -> bool:
    return await sessions(base).find(text) is not None


def holds(base: Foundation, name: str, since: float) -> bool:
    """Whether a token that names somebody is good, if nobody has switched them off."""
    mark = mark_of_party(base.ring, Identity(base.issuer, name))
    return base.revoked.against(Lineage((mark,), int(since))) is None


async def switch(house: Assembly, kind: ObjectKind, name: str, *, disabled: bool) -> None:
    def edit(kept: Snapshot) -> list[object]:
        one = kept.get(kind, name)
        assert one is not None
        return [changed("disabled" if disabled else "enabled", one, disabled=disabled)]

    await house.steward.change(edit, AUTHOR)  # type: ignore[arg-type]


@pytest.mark.requirement("SEC-23", "REL-21")
@pytest.mark.parametrize("how", ["api", "file", "left out"])
async def test_a_person_who_comes_back_is_not_signed_in_where_they_were(tmp_path: Path, how: str) -> None:
    clock = FixedClock()
    async with serving(configured(tmp_path), clock) as house:
        before, began = await signed_in(house.base, "alice"), clock.now()
        others = await signed_in(house.base, "bob")
        assert await is_in(house.base, before)
        if how == "api":
            await switch(house, "users", "alice", disabled=True)
        else:
            users = LOCKED if how == "file" else LEFT
            await house.steward.read_again(lambda: configured(tmp_path, users))
        assert not await is_in(house.base, before)
        clock.advance(APART + 1)
        if how == "api":
            await switch(house, "users", "alice", disabled=False)
        else:
            await house.steward.read_again(lambda: configured(tmp_path))
        assert not await is_in(house.base, before)
        assert not holds(house.base, "actas:alice", began)
        assert await is_in(house.base, await signed_in(house.base, "alice"))
        assert await is_in(house.base, others)


@pytest.mark.requirement("SEC-23", "REL-21")
@pytest.mark.parametrize("users", [LOCKED, LEFT])
async def test_it_is_the_same_when_the_file_changed_while_no_server_ran(tmp_path: Path, users: str) -> None:
    clock = FixedClock()
    async with serving(configured(tmp_path), clock) as house:
        before = await signed_in(house.base, "alice")
    clock.advance(60)
    async with serving(configured(tmp_path, users), clock) as house:
        assert not await is_in(house.base, before)
    clock.advance(60)
    async with serving(configured(tmp_path), clock) as house:
        assert not await is_in(house.base, before)
        assert await is_in(house.base, await signed_in(house.base, "alice"))


@pytest.mark.requirement("SEC-23", "REL-21")
async def test_another_node_ends_it_too_and_the_log_says_by_what(tmp_path: Path) -> None:
    clock = FixedClock()
    draft = configured(tmp_path)
    async with serving(draft, clock) as here, serving(draft, clock) as there:
        before = await signed_in(there.base, "alice")
        await switch(here, "users", "alice", disabled=True)
        await switch(here, "users", "alice", disabled=False)
        await there.base.revoked.refresh()
        assert not await is_in(there.base, before)
        mark = mark_of_party(there.base.ring, Identity(there.base.issuer, "actas:alice"))
        ended = there.base.revoked.against(Lineage((mark,), int(clock.now())))
        changed_by = [one for one in entries(here.base) if one["event"] == "configuration:changed"]
        what = [(one["id"], one["changes"][0]["what"]) for one in changed_by[-2:]]
        assert ended is not None
        assert what[0] == (ended.entry, "disabled")


@pytest.mark.requirement("SEC-23")
@pytest.mark.parametrize("how", ["api", "file", "deleted"])
async def test_what_an_app_was_given_before_it_was_switched_off_stays_dead(tmp_path: Path, how: str) -> None:
    clock = FixedClock()
    text = CONFIGURATION.replace("name: web\n", "name: web\n    disabled: true\n")
    async with serving(configured(tmp_path), clock) as house:
        began = clock.now()
        assert holds(house.base, "web", began)
        if how == "api":
            await switch(house, "clients", "web", disabled=True)
        elif how == "file":
            await house.steward.read_again(lambda: configured(tmp_path, text=text))
        else:
            gone = CONFIGURATION[
                CONFIGURATION.index("  - name: web\n") : CONFIGURATION.index("  - name: orders\n    kind")
            ]
            rule = CONFIGURATION[
                CONFIGURATION.index("  - name: web-own") : CONFIGURATION.index("  - name: orders-to")
            ]
            less = CONFIGURATION.replace(gone, "").replace(rule, "")
            await house.steward.read_again(lambda: configured(tmp_path, text=less))
        clock.advance(APART + 1)
        if how == "api":
            await switch(house, "clients", "web", disabled=False)
        else:
            await house.steward.read_again(lambda: configured(tmp_path))
        assert not holds(house.base, "web", began)
        assert holds(house.base, "web", clock.now())
        assert holds(house.base, "orders", began)


@pytest.mark.requirement("SEC-23", "REL-01")
async def test_what_another_change_beat_ends_nothing(tmp_path: Path) -> None:
    """A change is made whole or not at all, with what it ends."""
    clock = FixedClock()
    async with serving(configured(tmp_path), clock) as house:
        kept = await house.steward.snapshot()
        one = kept.get("users", "alice")
        assert one is not None
        drawn_up = house.steward._drawn_up(kept, (changed("disabled", one, disabled=True),), AUTHOR)
        assert [entry.entry for entry in drawn_up.ended] == [drawn_up.entry]
        await switch(house, "users", "bob", disabled=True)
        assert not await house.base.store.commit(drawn_up, by="late")
        assert holds(house.base, "actas:alice", clock.now())
        assert not holds(house.base, "actas:bob", clock.now())


def without_refresh(one: Client) -> Client:
    """An app to which nothing is given that has to be kept, and that could be found to have ended then."""
    return replace(one, grants=one.grants - {REFRESH})


async def switched_off_and_on(house: House, name: str) -> None:
    """What is left of it: everything that an app had a part in until now has ended (``switched_off``)."""
    mark = mark_of_party(house.ring, Identity(ISSUER, name))
    now = int(house.clock.now())
    await house.revoked.add([Revoked(mark=mark, up_to=now + APART, until=now + 9999, entry="x_off")])
    house.clock.advance(APART + 1)


@pytest.mark.requirement("SEC-23", "OP-8")
async def test_a_code_from_before_an_app_was_switched_off_gives_nothing_after() -> None:
    """Whoever has the code waits for that day: an API that follows no revocations would take what it gave."""
    house = House(clients=[without_refresh(signing_in(client("web", kind="app")))], people=PEOPLE)
    form = await house.code_form("web")
    await switched_off_and_on(house, "web")
    assert (await house.turned_away(form)).reason == "revoked"
    assert (await house.post(await house.code_form("web"))).body["access_token"]


@pytest.mark.requirement("SEC-23", "DG-8")
async def test_nor_does_the_code_of_a_device_that_somebody_connected_before() -> None:
    here = Connecting(without_refresh(on_devices(client("web", kind="app"))))
    told = await here.ask()
    await here.decide(told, await here.visitor())
    await switched_off_and_on(here.house, "web")
    assert (await here.refused(told)).reason == "revoked"


@pytest.mark.requirement("SEC-23", "REL-21")
@pytest.mark.parametrize("how", ["api", "left out"])
async def test_whoever_came_through_an_issuer_that_was_switched_off_signs_in_anew(
    tmp_path: Path, how: str
) -> None:
    """It was broken into, so it was switched off until that was mended: whom it let in by then is out for good."""
    clock = FixedClock()
    async with serving(configured(tmp_path, USERS + THROUGH), clock) as house:
        before, own = await signed_in_through_okta(house.base), await signed_in(house.base, "alice")
        began = int(clock.now())
        person, origin = Identity(house.base.issuer, "okta:erin"), Identity(OKTA, "erin")
        held = Lineage(marks_of_person(house.base.ring, person, origin), began)
        assert await is_in(house.base, before)
        if how == "api":
            await switch(house, "issuers", "okta", disabled=True)
        else:
            await house.steward.read_again(lambda: configured(tmp_path))
        assert not await is_in(house.base, before)
        clock.advance(APART + 1)
        if how == "api":
            await switch(house, "issuers", "okta", disabled=False)
        else:
            await house.steward.read_again(lambda: configured(tmp_path, USERS + THROUGH))
        assert not await is_in(house.base, before)
        assert house.base.revoked.against(held) is not None
        assert await is_in(house.base, await signed_in_through_okta(house.base))
        assert await is_in(house.base, own)


@pytest.mark.requirement("SEC-23", "OP-77")
async def test_nor_does_an_app_go_on_that_they_signed_in_to() -> None:
    house = House(clients=[signing_in(client("web", kind="app"))], people=PEOPLE, issuers=(CORP_FOR_PEOPLE,))
    erin = {
        "person": Identity(ISSUER, "corp-idp:id-erin"),
        "origin": Identity(IDP, "id-erin"),
        "origin_name": "corp-idp",
    }
    form = await house.code_form("web", **erin)
    given = await house.post(await house.code_form("web", id="authorization-2", **erin))
    now = int(house.clock.now())
    gone = Revoked(mark=mark_of_issuer(house.ring, IDP), up_to=now + APART, until=now + 9999, entry="x_off")
    await house.revoked.add([gone])
    house.clock.advance(APART + 1)
    assert (await house.turned_away(form)).reason == "revoked"
    again = {
        "grant_type": "refresh_token", "client_id": "web", "client_secret": secret_of("web"),
        "refresh_token": given.body["refresh_token"],
    }  # fmt: skip
    assert (await house.turned_away(again)).code == "invalid_grant"
    fresh = await house.post(await house.code_form("web", id="authorization-3", **erin))
    assert fresh.body["access_token"]
