"""An impersonated token at this server's own doors (SEC-48).

Whoever acts as a customer holds a token with the customer's ``sub``. At an API it is as good as the customer's
own. Here it would open what belongs to the customer alone: who acts as them, what apps may do for them, their
name and e-mail address; and an administrator's token would open the configuration. So no door of ours takes
it. The doors are read from the router: one that is new is tried without anybody thinking of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.fakes.door import FORM, call
from tests.fakes.doors import ISSUER, METHODS, Doors
from tests.fakes.served import Company

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.settings.load import read
from actas.web.api.routes import BASE, ROUTES
from actas.web.gate import BELOW

PERSON = b"Carol of Customers"


@dataclass
class Place(Doors):
    """With an impersonated token of its own: dana as carol, by what ``name`` names."""

    name: str = ""


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    company = Company(tmp_path, issuer=ISSUER)
    tree = company.tree
    tree["users"] = [{"name": "carol", "display_name": PERSON.decode(), "email": "carol@example.com"}]
    company.signed_in_to()
    tree["admins"] = [{"client": "nightly", "role": "owner"}]
    company.looked_into()
    company.write()
    draft = read([company.file], environ=company.environ, dev=True)
    async with foundation(draft, dev=True, create=True) as base, assembly(base) as house:
        made = Place(company, house)
        form = company.exchange("assistant", company.id_token("dana"), **asking())
        begun = (await made.post("/token", form)).json
        made.token, made.name = str(begun["access_token"]), str(begun["impersonation"])
        yield made


def asking(**more: Any) -> dict[str, Any]:
    return {
        "subject_token_type": str(ID_TOKEN), "requested_subject": "actas:carol", "reason": "it does not load",
        "audience": "orders", "scope": None, **more,
    }  # fmt: skip


@pytest.mark.requirement("SEC-48")
async def test_no_door_opens_further_for_an_impersonated_token(place: Place) -> None:
    assert {"/token", "/userinfo", "/account", "/authorize", "/impersonations"} <= set(place.doors)
    for path, door in place.doors.items():
        for method in METHODS:
            plain = await call(door, method=method, path=path, headers=[FORM, (b"origin", ISSUER.encode())])
            tried = await call(door, method=method, path=path, headers=[FORM, *place.carries()])
            assert tried.status == plain.status or tried.status in (401, 403), (path, method, tried)
            assert PERSON not in tried.body, (path, method)
            assert b"carol@" not in tried.body, (path, method)


@pytest.mark.requirement("SEC-48", "SEC-80")
async def test_no_route_of_the_management_api_lets_it_in(place: Place) -> None:
    (application,) = [door for path, door in place.house.gate.endpoints.items() if path.endswith(BELOW)]
    for route in ROUTES:
        path = f"{BASE}{route.path}".replace("{kind}", "clients").replace("{name}", "desk")
        headers = [(b"content-type", b"application/json"), *place.carries()]
        reply = await call(application, method=route.method, path=path, headers=headers, body=b"{}")
        assert reply.status in (401, 403), (route.method, path, reply)


@pytest.mark.requirement("SEC-48")
async def test_it_proves_nobody_and_begins_nothing(place: Place) -> None:
    company, token = place.company, place.token
    actor = {"actor_token": token, "actor_token_type": str(ACCESS_TOKEN)}
    shown = {
        "client_id": "assistant", "client_secret": company.secrets["assistant"],
        "subject_token": token, "subject_token_type": str(ACCESS_TOKEN),
    }  # fmt: skip
    forms: list[tuple[str, dict[str, Any], set[str]]] = [
        ("/token", company.exchange("orders", token, audience="inventory", scope=None), {"no_rule"}),
        (
            "/token",
            company.exchange("assistant", company.id_token("dana"), **asking(**actor)),
            {"malformed_request"},
        ),
        (
            "/token",
            company.exchange("assistant", token, **asking(subject_token_type=str(ACCESS_TOKEN))),
            {"impersonated"},
        ),
        ("/token", {**company.for_alice(), **actor}, {"impersonated", "bad_actor"}),
        (
            "/token",
            company.own("orders", client_secret=None, client_assertion=token),
            {"bad_client_auth", "malformed_request"},
        ),
        *(
            ("/impersonations", {**shown, "action": action, "impersonation": place.name}, {"impersonated"})
            for action in ("list", "approve", "refuse", "end")
        ),
    ]
    for path, form, reasons in forms:
        reply = await place.post(path, form)
        assert reply.status in (400, 401, 403), (path, form, reply)
        assert reply.json["error_uri"].rpartition("#")[2] in reasons, (path, form, reply.json)


@pytest.mark.requirement("SEC-48")
async def test_it_asks_about_no_token_and_revokes_none(place: Place) -> None:
    """It is told about, to whom it is for; whoever holds it alone is nobody here."""
    other = str((await place.post("/token", place.company.for_alice())).json["access_token"])
    bearer = (b"authorization", b"Bearer " + place.token.encode())
    for path in ("/introspect", "/revoke"):
        for token in (place.token, other):
            assert (await place.post(path, {"token": token}, bearer)).status == 401
    asked = {"client_id": "orders", "client_secret": place.company.secrets["orders"], "token": place.token}
    assert (await place.post("/introspect", asked)).json["active"]
