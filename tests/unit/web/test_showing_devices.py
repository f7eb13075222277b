"""What people are shown who connect a device."""

from __future__ import annotations

import msgspec
import pytest
from tests.fakes.connecting import Connecting

from actas.core.party import Identity
from actas.core.sign_in import SignIn
from actas.web.showing_devices import _consent

OKTA = Identity("https://sts.acme.example", "okta:~9f86d081884c7d65")


@pytest.mark.parametrize(
    ("said", "called"), [({"name": "Zoë"}, "Zoë"), ({"name": ""}, OKTA.subject), ({}, OKTA.subject)]
)
def test_who_came_from_an_issuer_is_called_as_it_called_them(said: dict[str, str], called: str) -> None:
    sign_in = SignIn(
        person=OKTA,
        origin=Identity("https://okta.example", "zoë"),
        origin_name="okta",
        groups=(),
        claims=dict(said),
        at=1,
        acr="okta:pwd",
        amr=(),
        sid="s",
        ends_at=2,
    )
    assert sign_in.called == called


async def test_the_question_names_them_so() -> None:
    here = Connecting()
    step = await here.shown(await here.ask(), await here.visitor())
    step = msgspec.structs.replace(step, person=None, account=OKTA.subject, called="Zoë")
    view = _consent(step, action="/device", csrf="c", my_access="/account", registered=here.house.catalog)
    assert (view.person, view.account) == ("Zoë", OKTA.subject)
