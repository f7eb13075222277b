"""Identity chaining, appendix B.2 and B.3: this server redeems the grant for a client that has no way to the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import pytest
from tests.fakes import chaining, crossing
from tests.fakes.company import TICKETS, TICKETS_API, connection
from tests.fakes.crossing import APPS, SHOWN, refresh_token
from tests.fakes.house import ISSUER, PEOPLE, House, allow
from tests.fakes.prover import Prover, x5t
from tests.fakes.redeeming import (
    CAME,
    ENDPOINT,
    SECRET,
    TOKEN,
    answered,
    handed_on,
    not_handed_on,
    standing_in,
    wish,
)

from actas.core.abroad import ChainWord
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, GRANT_JWT, ID_JAG, JWT, JWT_BEARER
from actas.crypto import jose
from actas.trust.registry import AsClient, OwnKey

PLAIN: dict[str, Any] = {
    "grant": "jwt",
    "tells_email": False,
    "people": chaining.PEOPLE_OF_OURS,
    "sold": chaining.SOLD,
}


def house(*connections: Any, **changes: Any) -> House:
    base: dict[str, Any] = {"clients": APPS, "people": PEOPLE, "connections": connections or (standing_in(),)}
    return House(**{**base, **changes})


def wish_plain(it: House, who: str = "web", **parameters: Any) -> dict[str, Any]:
    asked = {"subject_token_type": str(ACCESS_TOKEN), "audience": TICKETS, "resource": None, **parameters}
    return wish(it, chaining.held(it, who), who, **asked)


@pytest.mark.requirement("IDC-60")
async def test_a_client_gets_the_token_that_the_other_server_gives_for_its_grant() -> None:
    it = house()
    given = await handed_on(it)
    assert given.body == {**CAME, "issued_token_type": str(ACCESS_TOKEN)}
    ((address, form, headers),) = it.there.sent
    assert address == ENDPOINT
    assert {**form, "assertion": ""} == {"grant_type": str(JWT_BEARER), "assertion": ""}
    assert headers["Authorization"].startswith("Basic ")
    grant = crossing.read(it, it.there.grant)
    assert (grant["aud"], grant["client_id"]) == (TICKETS, "acme-actas")
    assert (grant["sub"], grant["resource"], grant["scope"]) == ("actas:alice", TICKETS_API, "tickets:read")
    assert grant["act"] == {"iss": ISSUER, "sub": "web", "sub_profile": "web_app"}
    assert "cnf" not in grant
    assert "requested_cnf" not in grant


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    "named",
    [
        {"audience": TICKETS, "resource": None},
        {"audience": TICKETS},
        {"audience": TICKETS, "requested_token_type": None},
        {"requested_token_type": None},
        {"audience": TICKETS_API, "resource": None},
        {"audience": "urn:tickets", "resource": None},
    ],
)
async def test_the_server_or_its_api_is_named_as_an_api_here_would_be(named: dict[str, Any]) -> None:
    it = house(standing_in(audiences=frozenset({"urn:tickets"})))
    assert (await handed_on(it, **named)).body["access_token"] == TOKEN


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    "token", [{"subject_token_type": str(ACCESS_TOKEN)}, {"subject_token_type": str(JWT)}, SHOWN]
)
async def test_what_shows_a_person_for_an_id_jag_shows_them_here_and_nothing_else_does(
    token: dict[str, Any],
) -> None:
    it = house()
    if token is SHOWN:
        form = wish(it, await refresh_token(it), **token)
        assert (await it.post(form)).body["access_token"] == TOKEN
        return
    refused = await it.turned_away(wish(it, chaining.held(it), **token))
    assert refused.code == "invalid_request"
    assert it.there.sent == []


@pytest.mark.requirement("IDC-60", "IDC-52")
async def test_an_access_token_buys_a_plain_grant_that_is_redeemed_with_the_api_beside_it() -> None:
    it = house(standing_in(**PLAIN))
    given = await it.post(wish_plain(it))
    assert given.body["access_token"] == TOKEN
    form = it.there.sent[-1][1]
    assert form["resource"] == TICKETS_API
    grant = chaining.read(it, form["assertion"])
    assert (grant["client_id"], grant["scope"]) == ("acme-actas", "tickets:read")
    assert jose.parse(form["assertion"]).unverified_header["typ"] == GRANT_JWT
    refused = await it.turned_away(wish_plain(it, scope="tickets:burn"))
    assert (refused.code, refused.reason) == ("invalid_scope", "excess")
    assert len(it.there.sent) == 1


@pytest.mark.requirement("IDC-60", "IDC-56")
@pytest.mark.parametrize("chain", ["keep", "prune", "pairwise"])
async def test_who_acts_is_told_as_the_connection_says(chain: ChainWord) -> None:
    it = house(standing_in(**PLAIN, chain=chain))
    acts = {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"}
    token = chaining.held(it, act=acts)
    await it.post({**wish_plain(it), "subject_token": token})
    told = chaining.read(it, it.there.grant)["act"]
    names = [told["sub"], *([told["act"]["sub"]] if "act" in told else [])]
    if chain == "keep":
        assert names == ["web", "assistant"]
    elif chain == "prune":
        assert names == ["web"]
    else:
        assert len(names) == 2
        assert not {"web", "assistant"} & {*names}
    given = it.writer.events[-2]["given"]
    assert [one["sub"] for one in given["actors"]] == ["web", "assistant"]


async def test_an_id_jag_names_no_client_where_the_connection_tells_of_none() -> None:
    it = house(standing_in(names_agents=False))
    await handed_on(it)
    assert "act" not in crossing.read(it, it.there.grant)


@pytest.mark.requirement("IDC-61")
@pytest.mark.parametrize("kind", ["id_jag", "jwt"])
async def test_the_grant_asks_for_a_token_that_is_bound_to_the_key_of_the_client(kind: str) -> None:
    it, prover = house(standing_in(**(PLAIN if kind == "jwt" else {}))), Prover()
    it.there.answer = answered({**CAME, "token_type": "dpop"})
    form = wish_plain(it) if kind == "jwt" else wish(it)
    given = await it.post(form, proofs=[prover.proof()])
    assert given.body["token_type"] == "DPoP"
    read = chaining.read if kind == "jwt" else crossing.read
    grant = read(it, it.there.grant)
    assert grant["requested_cnf"] == {"jkt": prover.jkt}
    assert "cnf" not in grant


@pytest.mark.requirement("IDC-61")
@pytest.mark.parametrize(("proves", "scheme"), [(True, "Bearer"), (False, "DPoP")])
async def test_a_token_of_another_scheme_than_was_asked_for_is_not_handed_on(
    proves: bool, scheme: str
) -> None:
    it = house()
    it.there.answer = answered({**CAME, "token_type": scheme})
    refused = await not_handed_on(it, proofs=[Prover().proof()] if proves else [])
    assert refused.status == 502
    assert refused.reason == ("unbound_there" if proves else "bad_answer_there")
    assert TOKEN not in str(it.writer.lines)


async def test_a_token_that_would_be_bound_to_a_certificate_is_asked_for_by_no_grant() -> None:
    it, shown = house(standing_in(**PLAIN)), b"the DER of a certificate"
    held = chaining.held(it, cnf={"x5t#S256": x5t(shown)})
    refused = await it.turned_away({**wish_plain(it), "subject_token": held}, certificate=shown)
    assert (refused.code, refused.reason) == ("invalid_request", "binding_needed")
    assert it.there.sent == []


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize("named", ["issuer", "token_endpoint"])
async def test_a_key_of_a_purpose_of_its_own_shows_who_we_are(named: Any) -> None:
    ourselves = AsClient(client_id="acme-actas", own_key=OwnKey(algorithm="ES256", named=named))
    it = house(standing_in(ourselves=ourselves))
    await handed_on(it)
    _, form, headers = it.there.sent[-1]
    assert "Authorization" not in headers
    assert (form["client_id"], form["client_assertion_type"][-10:]) == ("acme-actas", "jwt-bearer")
    jws = jose.parse(form["client_assertion"])
    key = it.ring.public_key(str(jws.unverified_kid), purpose="client")
    assert key is not None
    assert it.ring.public_key(str(jws.unverified_kid), purpose="grant") is None
    claims = jose.verify(jws, key=key, types=frozenset({"JWT"}), issuer="acme-actas", now=it.clock.now())
    assert (claims["sub"], claims["aud"]) == ("acme-actas", TICKETS if named == "issuer" else ENDPOINT)


@pytest.mark.parametrize("by_form", [True, False])
async def test_a_secret_is_sent_as_the_other_server_takes_it(by_form: bool) -> None:
    it = house()
    it.there.says = {"by_form": by_form}
    await handed_on(it)
    _, form, headers = it.there.sent[-1]
    assert (form.get("client_secret") == SECRET) is by_form
    assert ("Authorization" in headers) is not by_form
    assert quote_plus(SECRET) not in str(it.writer.lines)


@pytest.mark.requirement("IDC-60", "SEC-61")
async def test_such_a_connection_gives_its_client_no_grant_and_another_redeems_none() -> None:
    it = house()
    for asked in ({"requested_token_type": str(ID_JAG)}, {"requested_token_type": str(JWT)}):
        form = wish(it, **asked, audience=TICKETS, resource=None)
        refused = await it.turned_away(form)
        assert (refused.code, refused.reason) == ("invalid_target", "no_connection")
    other = house(connection())
    refused = await other.turned_away(wish(other))
    assert (refused.code, refused.reason) == ("invalid_target", "unknown_target")
    assert it.there.sent == other.there.sent == []


async def test_one_client_may_have_both_and_is_given_what_it_asks_for() -> None:
    it = house(standing_in(), connection("given"), replace(chaining.plain("plain"), place="x:1"))
    grant = await it.post(crossing.grant_form(it))
    assert grant.body["issued_token_type"] == str(ID_JAG)
    assert crossing.read(it, str(grant.body["access_token"]))["client_id"] == "acme-web"
    assert (await handed_on(it)).body["access_token"] == TOKEN
    # A request that names no type is for a plain grant, as before (IDC-14).
    untyped = await it.post(wish_plain(it, requested_token_type=None))
    assert untyped.body["issued_token_type"] == str(JWT)


async def test_what_is_an_api_here_is_never_another_domains() -> None:
    rule = allow("web-narrows", "downscope", "web", "orders")
    it = house(standing_in(resources=("https://orders.acme.example",)), rules=[rule])
    token = chaining.held(it, aud="https://orders.acme.example")
    form = it.form("web", token, resource="https://orders.acme.example", scope="orders:read")
    given = await it.post(form)
    assert given.body["access_token"] != TOKEN
    assert it.there.sent == []


async def test_a_client_of_its_own_reaches_no_server_by_that() -> None:
    it = house()
    form = {**it.own_form("web"), "grant_type": str(CLIENT_CREDENTIALS), "resource": TICKETS_API}
    refused = await it.turned_away(form)
    assert refused.reason == "unknown_target"
    assert it.there.sent == []
