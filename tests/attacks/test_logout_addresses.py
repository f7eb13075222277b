"""The address at which an app is told that somebody left, used to reach what the app cannot.

Whoever may register an app writes its ``backchannel_logout_uri``: the metadata service of a cloud, a router on
the private network, a database on this computer, an address with a second header or a second request in it. Or
an honest one, whose server redirects, answers without end, or never: so that a signed token goes elsewhere, or
nobody else is told. And whoever got a logout token shows it as something that it is not.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.company import client, signing_in
from tests.fakes.configuration import acme, alter, sentences
from tests.fakes.hostile_issuer import Answer, HostileIssuer, endless, redirect, stall
from tests.fakes.house import CLIENTS, ISSUER, NOW, PEOPLE, House
from tests.fakes.told_app import ScriptedPost, claims_of_logout, look, telling

from actas.core.errors import BadToken, OAuthError
from actas.core.lineage import LATER, Revoked
from actas.core.party import PresentedToken
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT
from actas.net.fetch import GuardedFetch
from actas.subjects.authorization_code import mark_of_session


async def left(told_at: str) -> House:
    """A house in which somebody signed in to an app that is told at an address, and left."""
    app = signing_in(client("web", kind="app"), told_at=told_at)
    sts = House(clients=[*CLIENTS[:3], app], people=PEOPLE)
    await sts.post(await sts.code_form())
    mark = mark_of_session(sts.ring, ISSUER, "session-1")
    await sts.revoked.add([Revoked(mark=mark, up_to=LATER, until=NOW + 9000, entry="e")])
    return sts


async def why_not(sts: House, fetch: GuardedFetch) -> str:
    """Why an app was not told."""
    await look(telling(sts, fetch))
    (trouble,) = await sts.apps.troubles()
    assert [one for one in sts.writer.events if one["event"] == "logout:delivered"] == []
    return trouble.detail


@pytest.mark.requirement("SEC-34", "OP-84")
@pytest.mark.parametrize(
    "address",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://192.168.1.1/left",
        "https://[fd00:ec2::254]/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://0.0.0.0/",
        "http://127.0.0.1:5432/",
    ],
)
async def test_no_address_that_only_the_server_reaches_is_told(address: str) -> None:
    fetch = GuardedFetch()
    detail = await why_not(await left(address), fetch)
    assert "only public addresses are connected to" in detail or "plain http" in detail
    fetch.close()


@pytest.mark.requirement("SEC-35", "OP-85")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_token_follows_a_redirect(status: int) -> None:
    fetch = GuardedFetch(dev=True)
    async with HostileIssuer() as app, HostileIssuer() as elsewhere:
        app.answers["/left"] = redirect(status, f"{elsewhere.origin}/left")
        await why_not(await left(f"{app.origin}/left"), fetch)
        assert app.count() == 1
        assert elsewhere.requests == []
    fetch.close()


@pytest.mark.requirement("SEC-38", "OP-85")
@pytest.mark.parametrize("way", ["endless", "stall", "drip"])
async def test_an_app_that_never_ends_its_answer_ends_nothing_else(way: str) -> None:
    fetch = GuardedFetch(dev=True)
    answers = {"endless": endless(), "stall": stall(), "drip": Answer(body=b" " * 10_000, pace="drip")}

    class Quick:
        """The same way out, for those who cannot wait five seconds."""

        async def post(self, url: str, body: bytes, *, headers: Any, within: float | None = None) -> Any:
            assert within is not None
            assert within <= 5.0
            return await fetch.post(url, body, headers=headers, within=within / 20)

    async with HostileIssuer() as app:
        app.answers["/left"] = answers[way]
        sts = await left(f"{app.origin}/left")
        async with asyncio.timeout(30):
            await look(telling(sts, Quick()))
        (trouble,) = await sts.apps.troubles()
        assert trouble.tries == 1
        assert len(trouble.detail) <= 300
    fetch.close()


@pytest.mark.requirement("SEC-35", "OP-84")
@pytest.mark.parametrize(
    "address",
    [
        "https://web.acme.example/left\r\nX-Admin: yes",
        "https://web.acme.example/left\nHost: elsewhere",
        "https://web.acme.example/left HTTP/1.1",
        "https://user:word@web.acme.example/left",
        "https://web.acme.example/left#part",
        "http://web.acme.example/left",
        "http://127.0.0.1:9000/left",
        "ftp://web.acme.example/left",
        "/left",
    ],
)
def test_an_address_that_says_more_than_where_is_no_setting(tmp_path: Path, address: str) -> None:
    tree = acme()
    web = {"redirect_uris": ["https://web.acme.example/callback"], "backchannel_logout_uri": address}
    alter(tree, "clients", "partner-gateway", web)
    (found,) = sentences(tmp_path, tree)
    assert "backchannel_logout_uri" in found
    alter(
        tree, "clients", "partner-gateway", {"backchannel_logout_uri": "https://web.acme.example/left?app=1"}
    )
    assert sentences(tmp_path, tree) == []


@pytest.mark.requirement("SEC-22", "SEC-91", "OP-84")
async def test_a_logout_token_is_nothing_but_a_logout_token() -> None:
    sts, post = await left("https://web.acme.example/left"), ScriptedPost()
    await look(telling(sts, post))
    body = post.sent[0][1]
    claims_of_logout(body, sts.ring.published(), issuer=ISSUER, client="web", now=NOW)
    token = body.decode().removeprefix("logout_token=")
    for declared in (ACCESS_TOKEN, ID_TOKEN, JWT):
        with pytest.raises((BadToken, OAuthError)):
            await sts.validators.prove(PresentedToken(declared, Secret(token), "subject"))
