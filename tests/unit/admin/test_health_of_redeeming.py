"""Looking over connections by which this server redeems grants for a client: who it is there, and where it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import TICKETS, connection
from tests.fakes.redeeming import SECRET, standing_in
from tests.fakes.two_domains import states
from tests.unit.admin.test_health import OUR_KEY, counterpart, health, the

from actas.core.secret import Secret
from actas.trust.registry import AsClient, OwnKey

CLIENT_KEY = replace(OUR_KEY, kid="c-1", purpose="client")
BY_KEY = AsClient(client_id="acme-actas", own_key=OwnKey(algorithm="ES256", named="issuer"))
OTHER = "https://api.tickets.example/other"


async def test_what_shows_the_other_server_who_we_are_is_named_and_a_secret_is_not() -> None:
    checks = await health(counterpart()).of(standing_in())
    found = the(checks, "credential")
    assert (found.state, found.says) == ("good", "it is shown a secret, as acme-actas")
    assert SECRET not in str(checks)
    by_key = the(
        await health(counterpart(), own=(OUR_KEY, CLIENT_KEY)).of(standing_in(ourselves=BY_KEY)), "credential"
    )
    assert (by_key.state, by_key.says) == (
        "good",
        "it is shown what c-1 signs (ES256, at /sign-in/keys), as acme-actas",
    )


async def test_one_that_gives_its_client_the_grant_shows_nobody_anything() -> None:
    checks = await health(counterpart()).of(connection())
    assert "credential" not in states([one.document() for one in checks])


async def test_a_secret_that_is_not_here_is_said() -> None:
    nothing = standing_in(ourselves=AsClient(client_id="acme-actas"))
    found = the(await health(counterpart()).of(nothing), "credential")
    assert (found.state, found.says) == ("bad", "the secret that it gave out is not here")
    assert found.remedy == "redeem.client_secret names it"
    empty = AsClient(client_id="acme-actas", secret=Secret("x"))
    assert the(await health(counterpart()).of(standing_in(ourselves=empty)), "credential").state == "good"


@pytest.mark.requirement("SEC-91")
@pytest.mark.parametrize(
    "own",
    [
        (OUR_KEY,),
        (OUR_KEY, replace(CLIENT_KEY, algorithm="RS256")),
        (OUR_KEY, replace(CLIENT_KEY, state="retired")),
        (OUR_KEY, replace(CLIENT_KEY, state="prepared")),
    ],
    ids=["signs grants", "another algorithm", "retired", "prepared"],
)
async def test_a_key_that_does_not_show_who_we_are_is_none_for_it(own: Any) -> None:
    found = the(await health(counterpart(), own=own).of(standing_in(ourselves=BY_KEY)), "credential")
    assert (found.state, bool(found.remedy)) == ("bad", True)
    assert found.says == "there is no ES256 key that shows others who we are yet"


@pytest.mark.requirement("SEC-36")
@pytest.mark.parametrize(
    ("endpoint", "hosts", "state", "said"),
    [
        (f"{TICKETS}/token", (), "good", ""),
        ("https://tokens.example/token", ("tokens.example",), "good", ""),
        ("https://tokens.example/token", (), "bad", "tokens.example"),
        (None, (), "bad", "names no token endpoint"),
    ],
)
async def test_where_it_takes_grants_is_looked_at_as_the_request_will(
    endpoint: str | None, hosts: tuple[str, ...], state: str, said: str
) -> None:
    one = standing_in(hosts=frozenset(hosts))
    found = the(await health(counterpart(token_endpoint=endpoint)).of(one), "token endpoint")
    assert (found.state, said in found.says, bool(found.remedy)) == (state, True, state == "bad")


async def test_a_connection_stands_beside_its_like_alone() -> None:
    """A request for a grant and one for what comes of it are never for the same connection."""
    given, redeemed = connection(), standing_in("redeemed", resources=(OTHER,))
    for one in (given, redeemed):
        checks = await health(counterpart(), every=(given, redeemed)).of(one)
        assert "resource" not in states([check.document() for check in checks])
    for other in (standing_in("again"), standing_in("again", grant="jwt")):
        for one, by in ((redeemed, other), (other, redeemed)):
            said = the(await health(counterpart(), every=(redeemed, other)).of(one), "resource")
            assert (said.state, f"by {by.name} too" in said.says) == ("warn", True)
